use std::collections::BTreeMap;

use ids::UserId;
use serde_json::{Map, Value};

use crate::client::ClientSettings;
use crate::{Scope, ScopeWord};

/// The claims about a person that we know ourselves, as they are asked for one by one.
pub const PERSON_CLAIMS: [&str; 6] =
    ["name", "given_name", "family_name", "preferred_username", "email", "email_verified"];

/// Claims that no mapper may make: they are ours, or say what a token is.
pub const RESERVED: [&str; 24] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "at_hash",
    "c_hash",
    "events",
    "client_id",
    "scope",
    "gid",
    "cnf",
    "act",
    "active",
    "token_type",
    "username",
];

/// What is known of a person.
#[derive(Clone, Copy, Debug)]
pub struct PersonFacts<'a> {
    /// Their id, for `sub`: the same at every client.
    pub sub: UserId,
    /// For `preferred_username`.
    pub username: &'a str,
    /// For `name`.
    pub display_name: Option<&'a str>,
    /// For `email`.
    pub email: Option<&'a str>,
    /// Whether somebody has shown that it is theirs.
    pub email_verified: bool,
    /// Attributes by name; `firstName` and `lastName` leave as `given_name` and `family_name`.
    pub attributes: &'a BTreeMap<String, Vec<String>>,
}

impl PersonFacts<'_> {
    /// What leaves to a client with `settings` that was granted `scope`, and that asked for `asked` one
    /// by one (Core §5.4, §5.5). Scopes count for the ID token as for userinfo: many clients read the
    /// one alone. Without a value there is no claim (Core §5.3.2).
    pub fn claims(
        &self,
        settings: &ClientSettings,
        scope: &Scope,
        asked: &[String],
    ) -> Map<String, Value> {
        let mut claims = Map::new();
        let wanted = |name: &str, word| scope.has(word) || asked.iter().any(|other| other == name);
        for name in PERSON_CLAIMS {
            let value = self.value(name).filter(|_| wanted(name, scope_of(name)));
            claims.extend(value.map(|value| (name.to_owned(), value)));
        }
        for mapper in &settings.mappers {
            let values = self.attributes.get(&mapper.attribute).filter(|values| !values.is_empty());
            let ours = is_ours(&mapper.claim);
            let value = values.filter(|_| !ours).map(|values| listed(values, mapper.list));
            claims.extend(value.map(|value| (mapper.claim.clone(), value)));
        }
        claims
    }

    fn value(&self, name: &str) -> Option<Value> {
        let attribute = |name: &str| self.attributes.get(name)?.first().map(String::as_str);
        let text = match name {
            "name" => self.display_name,
            "given_name" => attribute("firstName"),
            "family_name" => attribute("lastName"),
            "preferred_username" => Some(self.username),
            "email" => self.email,
            "email_verified" => return self.email.map(|_| self.email_verified.into()),
            _ => None,
        };
        text.filter(|text| !text.is_empty()).map(Value::from)
    }
}

/// Whether a claim is made by us alone.
pub(crate) fn is_ours(claim: &str) -> bool {
    RESERVED.contains(&claim) || PERSON_CLAIMS.contains(&claim)
}

fn scope_of(claim: &str) -> ScopeWord {
    if claim.starts_with("email") { ScopeWord::Email } else { ScopeWord::Profile }
}

fn listed(values: &[String], list: bool) -> Value {
    match values {
        [one] if !list => Value::from(one.as_str()),
        many => Value::from(many),
    }
}

/// The body of the userinfo endpoint: `sub`, and `claims` of [`PersonFacts::claims`].
pub fn userinfo(sub: UserId, mut claims: Map<String, Value>) -> Vec<u8> {
    claims.insert("sub".to_owned(), Value::from(sub.to_string()));
    // Texts and lists of texts: there is nothing that JSON could not say.
    serde_json::to_vec(&claims).unwrap_or_default()
}

#[cfg(test)]
mod tests;
