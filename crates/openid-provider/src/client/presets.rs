//! Applications by name: what to ask an administrator, how they are registered then, and what is to be
//! copied into them.

mod data;

pub use data::PRESETS;

use url::form_urlencoded::byte_serialize;

use super::ClientSettings;
use crate::Issuer;
use crate::authorization::with_query;
use crate::redirect_uri::is_plain;

/// Most addresses that can be typed into one field.
const MAX_ANSWER: usize = 16 * 1024;

/// An application, or a kind of them.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// What [`ClientSettings::preset`] keeps.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
    /// The `client_id` that it is best called by, where it matters.
    pub client_id: Option<&'static str>,
    /// What the administrator is asked.
    pub asks: &'static [Ask],
    /// What is to be copied into the application.
    pub settings: &'static [Setting],
    /// How it is registered, but for addresses.
    register: fn(ClientSettings) -> ClientSettings,
    /// Where answers go; `{name}` stands for an answer.
    redirect_uris: &'static [&'static str],
    /// Where a browser may go after the logout.
    post_logout_redirect_uris: &'static [&'static str],
    /// Where it is told of a session's end, if it can be.
    backchannel_logout_uri: Option<&'static str>,
}

/// A question to the administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The name of the field.
    pub name: &'static str,
    /// What is asked.
    pub label: &'static str,
    /// What an answer looks like.
    pub example: &'static str,
    /// What an answer is.
    pub answer: AnswerKind,
    /// Whether it may be left empty.
    pub optional: bool,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerKind {
    /// Whole addresses, with white space between them.
    Addresses,
    /// A host, with or without port and path; `https://` before it and a slash behind it do no harm.
    Host,
    /// A word that stands in a path.
    Word,
}

/// A setting of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the application calls it.
    pub name: &'static str,
    /// What goes there.
    pub value: SettingValue,
}

/// What goes into a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// `client_id`.
    ClientId,
    /// The secret, which is shown once.
    ClientSecret,
    /// The address of the discovery document.
    Discovery,
    /// The issuer.
    Issuer,
    /// The authorization endpoint.
    Authorization,
    /// The token endpoint.
    Token,
    /// The userinfo endpoint.
    Userinfo,
    /// The logout endpoint.
    EndSession,
    /// Where a browser goes to be signed out, and from there to the first address for that.
    SignOut,
    /// The same, as the end of an address at which the application signs out itself.
    SignOutBy(&'static str),
    /// Host and port of the issuer.
    Host,
    /// The first redirect URI.
    RedirectUri,
    /// Always this.
    Fixed(&'static str),
}

/// A preset is not filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// The field is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The field holds something else.
    #[error("{0} does not look like the example")]
    Malformed(&'static str),
}

impl Preset {
    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// How the application is registered; `answers` by the names of [`Preset::asks`]. Whether the
    /// addresses do is for [`ClientSettings::check`].
    ///
    /// # Errors
    ///
    /// See [`PresetError`].
    pub fn fill(&self, answers: &[(&str, &str)]) -> Result<ClientSettings, PresetError> {
        let mut given = Vec::new();
        for ask in self.asks {
            let answer = answers.iter().find(|(name, _)| *name == ask.name);
            given.push((ask.name, ask.read(answer.map(|(_, text)| text.trim()))?));
        }
        let settings =
            (self.register)(ClientSettings { preset: self.name.into(), ..Default::default() });
        Ok(ClientSettings {
            redirect_uris: filled(self.redirect_uris, &given),
            post_logout_redirect_uris: filled(self.post_logout_redirect_uris, &given),
            backchannel_logout_uri: filled(self.backchannel_logout_uri.as_slice(), &given).pop(),
            ..settings
        })
    }
}

impl Ask {
    /// The answer, as one or many; none when it may be left out and was.
    fn read(&self, text: Option<&str>) -> Result<Vec<String>, PresetError> {
        let text = text.unwrap_or_default();
        if text.is_empty() {
            let none = self.optional.then(Vec::new);
            return none.ok_or(PresetError::Missing(self.name));
        }
        // What stands in an answer is no place for another answer.
        let short =
            Some(text).filter(|text| text.len() <= MAX_ANSWER && !text.contains(['{', '}']));
        let answers = short.and_then(|text| match self.answer {
            AnswerKind::Addresses => Some(text.split_whitespace().map(str::to_owned).collect()),
            AnswerKind::Host => host(text).map(|host| vec![host]),
            AnswerKind::Word => super::is_client_id(text).then(|| vec![text.to_owned()]),
        });
        answers.ok_or(PresetError::Malformed(self.name))
    }
}

fn host(text: &str) -> Option<String> {
    let host = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/');
    let good = !host.is_empty() && !host.contains("//") && !host.contains(['?', '*']);
    (good && is_plain(&format!("https://{host}/"))).then(|| host.to_owned())
}

/// The templates with the answers in them, one for each answer of a field that has many; a template
/// whose field was left empty makes none.
fn filled(templates: &[&str], given: &[(&str, Vec<String>)]) -> Vec<String> {
    let mut all: Vec<String> = templates.iter().map(|template| (*template).to_owned()).collect();
    for (name, answers) in given {
        let place = format!("{{{name}}}");
        let each = all.into_iter().flat_map(|template| {
            let has = template.contains(&place);
            let with = answers.iter().map(|answer| template.replace(&place, answer)).collect();
            if has { with } else { vec![template] }
        });
        all = each.collect();
    }
    all
}

impl SettingValue {
    /// The text that goes there; `None` for the secret, which nobody knows any more.
    pub fn text(
        self,
        issuer: &Issuer,
        client_id: &str,
        settings: &ClientSettings,
    ) -> Option<String> {
        Some(match self {
            Self::ClientSecret => return None,
            Self::ClientId => client_id.to_owned(),
            Self::Discovery => issuer.configuration(),
            Self::Issuer => issuer.as_str().to_owned(),
            Self::Authorization => issuer.authorization_endpoint(),
            Self::Token => issuer.token_endpoint(),
            Self::Userinfo => issuer.userinfo_endpoint(),
            Self::EndSession => issuer.end_session_endpoint(),
            Self::SignOut => sign_out(issuer, client_id, settings),
            Self::SignOutBy(own) => {
                let url = sign_out(issuer, client_id, settings);
                format!("{own}{}", byte_serialize(url.as_bytes()).collect::<String>())
            }
            Self::Host => issuer.host().to_owned(),
            Self::RedirectUri => settings.redirect_uris.first().cloned().unwrap_or_default(),
            Self::Fixed(text) => text.to_owned(),
        })
    }
}

/// An application that knows no ID token any more is known by its `client_id` (RP-Initiated Logout 1.0 §2).
fn sign_out(issuer: &Issuer, client_id: &str, settings: &ClientSettings) -> String {
    let on = settings.post_logout_redirect_uris.first().map(String::as_str);
    let on = on.map(|uri| ("post_logout_redirect_uri", uri));
    let fields: Vec<_> = [("client_id", client_id)].into_iter().chain(on).collect();
    with_query(&issuer.end_session_endpoint(), &fields)
}

#[cfg(test)]
mod tests;
