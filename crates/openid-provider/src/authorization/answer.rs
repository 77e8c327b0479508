use secrets::Secret;
use url::form_urlencoded;

use super::{RequestError, Target};
use crate::{ErrorCode, Issuer};

/// What goes back to the client through the browser.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// Where to, and the `state` that goes along.
    pub target: &'a Target,
    /// Ours, for `iss` (RFC 9207): with it the client notices whose answer it is.
    pub issuer: &'a Issuer,
    /// What came of the request.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The sealed code.
    Code(Secret),
    /// An error.
    Error {
        /// What the client acts upon.
        code: ErrorCode,
        /// What its developer reads.
        description: String,
    },
}

impl Outcome {
    /// An error whose code says enough.
    pub fn error(code: ErrorCode, description: &str) -> Self {
        Self::Error { code, description: description.to_owned() }
    }
}

impl From<RequestError> for Outcome {
    fn from(error: RequestError) -> Self {
        Self::Error { code: error.code(), description: error.to_string() }
    }
}

impl Answer<'_> {
    /// Names and values, not escaped: the hidden fields of a form. `state` only if one came.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let mut fields = match &self.outcome {
            Outcome::Code(code) => vec![("code", code.expose_text().unwrap_or_default())],
            Outcome::Error { code, description } => {
                vec![("error", code.as_str()), ("error_description", description.as_str())]
            }
        };
        fields.extend(self.target.state.as_deref().map(|state| ("state", state)));
        fields.push(("iss", self.issuer.as_str()));
        fields
    }

    /// The same as an address: the redirect URI, to the character, with the fields in its query.
    pub fn redirect_url(&self) -> String {
        with_query(&self.target.redirect_uri, &self.fields())
    }
}

/// `uri` with `fields` after whatever query it has (RFC 6749 §3.1.2).
pub(crate) fn with_query(uri: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(fields).finish();
    let between = match uri.split_once('?') {
        None => "?",
        Some((_, old)) if old.is_empty() || old.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{between}{query}")
}

#[cfg(test)]
mod tests;
