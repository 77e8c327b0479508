//! How an application is registered, in the console and by `cardea client`: its id, its secret, what is
//! to be copied into it, and what the audit trail keeps of it.

use openid_provider::client::presets::{AnswerKind, Preset, PresetError, SettingValue};
use openid_provider::client::{ClientAuthentication, SettingsError, is_client_id, new_secret};
use openid_provider::{ClientSettings, Issuer};
use secrets::{Secret, TokenHash};
use serde_json::{Map, Value as Json};
use store::{Client, StoreError, Writing};

use crate::entropy;

/// The most applications of a tenant.
pub(crate) const MOST: usize = 500;
/// The most of an address that is said again, in characters.
const SHOWN: usize = 80;

/// What has become of a new application.
pub(crate) enum Added {
    /// Another one has its id.
    Taken,
    /// The tenant has as many as it may have.
    Full,
    /// It is written, with its secret if it has one.
    Written(Option<Secret>),
}

/// A setting of the application, and what goes there.
pub(crate) struct Copied {
    pub(crate) name: &'static str,
    /// None for a secret that was shown before.
    pub(crate) value: Option<String>,
}

/// A new `client_id`; made of the name when nothing is said.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn client_id(text: &str, name: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let id = if text.is_empty() { id_of(name) } else { text.to_owned() };
    // The console's addresses have a meaning for these.
    if ["new", ".", ".."].contains(&id.as_str()) {
        return Err("This word has another meaning here. Choose another one.");
    }
    let good = is_client_id(&id).then_some(id);
    good.ok_or("A client ID has 1 to 128 letters from a to z, digits, and the signs - . _ ~.")
}

fn id_of(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "application".to_owned() } else { words.join("-").to_ascii_lowercase() }
}

/// How an application is registered that a preset describes.
///
/// # Errors
///
/// The question whose answer is wrong, or `name` where there is none, and what to do.
pub(crate) fn fill(
    preset: &Preset,
    answers: &[(&str, &str)],
) -> Result<ClientSettings, (&'static str, String)> {
    let settings = preset.fill(answers).map_err(|error| unfilled(preset, error))?;
    match settings.check() {
        Ok(()) => Ok(settings),
        Err(error) => Err((question(preset, error.setting()), wrong(&error))),
    }
}

/// The question that a setting comes from.
fn question(preset: &Preset, setting: &str) -> &'static str {
    let asked = |name: &str| preset.asks.iter().map(|ask| ask.name).find(|known| *known == name);
    let logout = (setting == "post_logout_redirect_uris").then(|| asked("logout_uris")).flatten();
    let first = || preset.asks.first().map_or("name", |ask| ask.name);
    logout.or_else(|| asked(setting)).unwrap_or_else(first)
}

fn unfilled(preset: &Preset, error: PresetError) -> (&'static str, String) {
    let (PresetError::Missing(name) | PresetError::Malformed(name)) = error else {
        return ("name", format!("This cannot be filled in: {error}."));
    };
    let Some(ask) = preset.asks.iter().find(|ask| ask.name == name) else {
        return (name, format!("This cannot be filled in: {error}."));
    };
    let words = match (error, ask.answer) {
        (PresetError::Missing(_), _) => "Fill this in, such as",
        (_, AnswerKind::Host) => {
            "Only the host, with its port or path if it has one, and no http://, such as"
        }
        (_, AnswerKind::Word) => "A word of letters, digits and the signs - . _ ~, such as",
        (_, AnswerKind::Addresses) => "Whole addresses, one on each line, without { and }, such as",
    };
    (name, format!("{words} {}", ask.example))
}

/// What is wrong with a registration, as a sentence.
pub(crate) fn wrong(error: &SettingsError) -> String {
    match error {
        SettingsError::Wildcard(_, uri) => format!(
            "“{}”: write the whole address. A * at its end would let answers go anywhere below it.",
            cut(uri)
        ),
        SettingsError::NotPlain(_, uri) => format!(
            "“{}” is no address that can be compared to the letter: no spaces, no #, no user name in \
             it, at most 1024 characters.",
            cut(uri)
        ),
        SettingsError::Form(_, uri, form) => format!("“{}” {form}.", cut(uri)),
        other => sentence(&other.to_string()),
    }
}

fn cut(uri: &str) -> String {
    let mut shown: String = uri.chars().take(SHOWN).collect();
    if shown.len() < uri.len() {
        shown.push('…');
    }
    shown
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// Whether it proves with a secret that it is itself.
pub(crate) fn has_secret(settings: &ClientSettings) -> bool {
    settings.authentication == ClientAuthentication::ClientSecret
}

/// Writes a new application, with a secret if it has one.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn add(tx: &mut Writing, client: &Client) -> Result<Added, StoreError> {
    if tx.count_applications_to_add().await? >= MOST {
        return Ok(Added::Full);
    }
    if !tx.add_client(client).await? {
        return Ok(Added::Taken);
    }
    if !client.settings.as_ref().is_some_and(has_secret) {
        return Ok(Added::Written(None));
    }
    Ok(Added::Written(add_secret(tx, &client.client_id).await?))
}

/// Makes a secret. None when there are two already.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn add_secret(
    tx: &mut Writing,
    client_id: &str,
) -> Result<Option<Secret>, StoreError> {
    let (secret, hash) = new_secret(entropy::bytes());
    Ok(tx.add_client_secret(client_id, &hash).await?.then_some(secret))
}

/// What is to be copied into the application, by the names that it has for it.
pub(crate) fn copied(
    issuer: &Issuer,
    client_id: &str,
    settings: &ClientSettings,
    secret: Option<&Secret>,
) -> Vec<Copied> {
    let preset = Preset::find(&settings.preset);
    let generic = || Preset::find(&ClientSettings::default().preset);
    let all = preset.or_else(generic).map(|preset| preset.settings).unwrap_or_default();
    let all = all.iter().filter(|one| {
        // Who proves by a key is told of no secret.
        one.value != SettingValue::ClientSecret || has_secret(settings)
    });
    let value = |value: SettingValue| match value {
        SettingValue::ClientSecret => secret?.expose_text().map(str::to_owned),
        other => other.text(issuer, client_id, settings),
    };
    all.map(|one| Copied { name: one.name, value: value(one.value) }).collect()
}

/// What the audit trail tells of a new application.
pub(crate) fn added(client: &Client) -> Json {
    let mut detail = facts(client);
    detail.insert("client".into(), client.client_id.clone().into());
    detail.into()
}

/// What the audit trail tells of a change: only what is another now.
pub(crate) fn changed(was: &Client, is: &Client) -> Json {
    let (mut from, mut to) = (facts(was), facts(is));
    let same =
        |name: &String, value: &Json, other: &Map<String, Json>| other.get(name) == Some(value);
    let before = from.clone();
    from.retain(|name, value| !same(name, value, &to));
    to.retain(|name, value| !same(name, value, &before));
    serde_json::json!({ "client": is.client_id, "from": from, "to": to })
}

/// Name and registration; of keys, which are long, a fingerprint.
fn facts(client: &Client) -> Map<String, Json> {
    let settings = serde_json::to_value(&client.settings).unwrap_or_default();
    let mut facts = if let Json::Object(facts) = settings { facts } else { Map::new() };
    if let Some(Json::String(keys)) = facts.get("jwks") {
        let print = hex(TokenHash::of(keys.as_bytes()).as_bytes());
        facts.insert("jwks".into(), print.into());
    }
    facts.insert("name".into(), client.name.clone().into());
    facts
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests;
