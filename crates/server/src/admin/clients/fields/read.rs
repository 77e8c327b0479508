//! What the form says.

use jose::Alg;
use openid_provider::ClientSettings;
use openid_provider::client::{
    CardRule, ClaimMapper, ClientAuthentication, ClientKind, SettingsError,
};

use super::{FRESH, Form, KEYS, NOTHING, SECRET, SESSION, WITHIN, may_keep_a_secret};
use crate::admin::form::{Problems, clean, name, yes_or_no};
use crate::registration::wrong;

impl Form {
    /// Name and registration that are to be written. What is not said stays as it was, and so does what
    /// this kind of application does not have.
    pub(in super::super) fn changed(
        &self,
        was_called: &str,
        was: &ClientSettings,
    ) -> Result<(String, ClientSettings), Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", self.said("name").map_or(Ok(was_called.into()), name));
        let mut settings = was.clone();
        if let Some(home) = self.said("home_uri") {
            settings.home_uri = Some(clean(home)).filter(|home| !home.is_empty());
        }
        if was.signs_people_in() {
            self.addresses(&mut settings, &mut problems);
            self.people(&mut settings, &mut problems);
            self.switch("offline_access", &mut settings.offline_access, &mut problems);
        }
        if let Some(text) = self.said("signing_alg") {
            let alg = Alg::parse(text.trim()).ok_or("Choose one of the two.");
            match alg {
                Ok(alg) => settings.signing_alg = alg,
                Err(text) => problems.add("signing_alg", text),
            }
        }
        if may_keep_a_secret(was) {
            self.proof(&mut settings, &mut problems);
        }
        // One thing at a time is wrong by the rules: they are asked when all of it can be read.
        if problems.is_empty()
            && let Err(error) = settings.check()
        {
            let minutes = matches!(error, SettingsError::Minutes);
            problems.add(if minutes { "card_minutes" } else { error.setting() }, wrong(&error));
        }
        problems.or((name, settings))
    }

    fn addresses(&self, settings: &mut ClientSettings, problems: &mut Problems) {
        if let Some(text) = self.said("redirect_uris") {
            settings.redirect_uris = lines(text);
        }
        if let Some(text) = self.said("post_logout_redirect_uris") {
            settings.post_logout_redirect_uris = lines(text);
        }
        if let Some(uri) = self.said("backchannel_logout_uri") {
            settings.backchannel_logout_uri = Some(clean(uri)).filter(|uri| !uri.is_empty());
        }
        let session_required = &mut settings.backchannel_logout_session_required;
        self.switch("backchannel_logout_session_required", session_required, problems);
    }

    /// Who may sign in, with which card, and what is told about them.
    fn people(&self, settings: &mut ClientSettings, problems: &mut Problems) {
        if let Some(text) = self.said("allowed_groups") {
            settings.allowed_groups = lines(text);
        }
        if let Some(word) = self.said("card") {
            match self.card(word.trim()) {
                Ok(card) => settings.card = card,
                Err((field, text)) => problems.add(field, text),
            }
        }
        self.switch("attested_only", &mut settings.attested_only, problems);
        if let Some(text) = self.said("mappers") {
            settings.mappers = problems.take("mappers", mappers(text));
        }
    }

    fn card(&self, word: &str) -> Result<CardRule, (&'static str, &'static str)> {
        match word {
            SESSION => Ok(CardRule::Session),
            FRESH => Ok(CardRule::Fresh),
            WITHIN => {
                let minutes = self.said("card_minutes").unwrap_or_default().trim().parse();
                let minutes = minutes.map_err(|_| ("card_minutes", "Enter a number of minutes."));
                minutes.map(CardRule::WithinMinutes)
            }
            _ => Err(("card", "Choose one of the three.")),
        }
    }

    /// How it proves that it is itself.
    fn proof(&self, settings: &mut ClientSettings, problems: &mut Problems) {
        match self.said("authentication").map(str::trim) {
            None => {}
            Some(SECRET) => settings.authentication = ClientAuthentication::ClientSecret,
            Some(KEYS) => settings.authentication = ClientAuthentication::PrivateKeyJwt,
            Some(NOTHING) => settings.authentication = ClientAuthentication::None,
            Some(_) => problems.add("authentication", "Choose one of these."),
        }
        if let Some(text) = self.said("jwks") {
            let text = text.trim();
            if holds_a_private_key(text) {
                problems.add("jwks", PRIVATE);
            }
            settings.jwks = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        if settings.kind == ClientKind::Web {
            self.switch("without_pkce", &mut settings.without_pkce, problems);
        }
    }

    fn switch(&self, field: &'static str, of: &mut bool, problems: &mut Problems) {
        if let Some(text) = self.said(field) {
            *of = problems.take(field, yes_or_no(text, *of));
        }
    }
}

const PRIVATE: &str = "A private key stands in it. Paste the public keys alone, and replace that key: it \
    has left its place.";

/// Members that only private and symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4).
fn holds_a_private_key(text: &str) -> bool {
    let set: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let keys = set.get("keys").and_then(serde_json::Value::as_array);
    let private = |key: &serde_json::Value| key.get("d").or_else(|| key.get("k")).is_some();
    keys.is_some_and(|keys| keys.iter().any(private))
}

/// What stands on the lines of a text, without what cannot be seen; empty lines are none.
pub(in super::super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(clean).filter(|line| !line.is_empty()).collect()
}

/// What marks a claim that is always a list.
const LIST: &str = "[]";

/// One on each line: `attribute = claim`, with `[]` behind a claim that is always a list.
fn mappers(text: &str) -> Result<Vec<ClaimMapper>, String> {
    let mapper = |line: String| {
        let parts = line.split_once('=').map(|(attribute, claim)| (clean(attribute), clean(claim)));
        let parts = parts.filter(|(attribute, claim)| !attribute.is_empty() && !claim.is_empty());
        let (attribute, claim) = parts.ok_or_else(|| {
            format!("“{line}”: write “attribute = claim”, such as “group = groups[]”.")
        })?;
        let list = claim.strip_suffix(LIST).map(str::to_owned);
        Ok(ClaimMapper { attribute, list: list.is_some(), claim: list.unwrap_or(claim) })
    };
    lines(text).into_iter().map(mapper).collect()
}

/// Mappers as the form has them.
pub(super) fn written(mappers: &[ClaimMapper]) -> String {
    let line = |mapper: &ClaimMapper| {
        let list = if mapper.list { LIST } else { "" };
        format!("{} = {}{list}", mapper.attribute, mapper.claim)
    };
    mappers.iter().map(line).collect::<Vec<_>>().join("\n")
}
