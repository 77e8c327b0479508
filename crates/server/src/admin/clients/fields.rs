//! The form of an application's settings.

mod draw;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use openid_provider::ClientSettings;
use openid_provider::client::{CardRule, ClientAuthentication, ClientKind};
use serde::Deserialize;

pub(super) use self::draw::form_page;
pub(super) use self::read::lines;
use crate::admin::form::word;

/// The form as it came. What it does not say stays as it is: a field that is left out is no empty one,
/// which may let everybody in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Form(BTreeMap<String, String>);

const SESSION: &str = "session";
const WITHIN: &str = "within-minutes";
const FRESH: &str = "fresh";
const SECRET: &str = "client-secret";
const KEYS: &str = "private-key-jwt";
const NOTHING: &str = "none";

impl Form {
    pub(super) fn of(name: &str, settings: &ClientSettings) -> Self {
        let (card, minutes) = match settings.card {
            CardRule::Session => (SESSION, None),
            CardRule::WithinMinutes(minutes) => (WITHIN, Some(minutes)),
            CardRule::Fresh => (FRESH, None),
        };
        let fields = [
            ("name", name.to_owned()),
            ("home_uri", settings.home_uri.clone().unwrap_or_default()),
            ("redirect_uris", settings.redirect_uris.join("\n")),
            ("post_logout_redirect_uris", settings.post_logout_redirect_uris.join("\n")),
            ("backchannel_logout_uri", settings.backchannel_logout_uri.clone().unwrap_or_default()),
            (
                "backchannel_logout_session_required",
                word(settings.backchannel_logout_session_required).to_owned(),
            ),
            ("card", card.to_owned()),
            ("card_minutes", minutes.map(|minutes| minutes.to_string()).unwrap_or_default()),
            ("attested_only", word(settings.attested_only).to_owned()),
            ("allowed_groups", settings.allowed_groups.join("\n")),
            ("mappers", read::written(&settings.mappers)),
            ("offline_access", word(settings.offline_access).to_owned()),
            ("signing_alg", settings.signing_alg.as_str().to_owned()),
            ("authentication", authentication(settings.authentication).to_owned()),
            ("jwks", settings.jwks.clone().unwrap_or_default()),
            ("without_pkce", word(settings.without_pkce).to_owned()),
        ];
        Self(fields.into_iter().map(|(field, text)| (field.to_owned(), text)).collect())
    }

    /// The whole form: what was sent over what is stored.
    pub(super) fn over(&self, name: &str, settings: &ClientSettings) -> Self {
        let mut whole = Self::of(name, settings);
        whole.0.extend(self.0.clone());
        whole
    }

    fn said(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }
}

fn authentication(how: ClientAuthentication) -> &'static str {
    match how {
        ClientAuthentication::None => NOTHING,
        ClientAuthentication::ClientSecret => SECRET,
        ClientAuthentication::PrivateKeyJwt => KEYS,
    }
}

/// Whether it is of a kind that can keep a secret, and so has a choice.
fn may_keep_a_secret(settings: &ClientSettings) -> bool {
    matches!(settings.kind, ClientKind::Web | ClientKind::Service)
}
