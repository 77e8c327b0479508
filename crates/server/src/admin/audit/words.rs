//! What an audit event says, for people. The stable name stands beside it.

use serde_json::Value as Json;
use store::AuditEvent;

use super::applications;
use super::names::{Names, text};
use crate::account::page::enrolled;
use crate::pages::words::Failure;

/// The event as a sentence without its person; none for an event that this version does not know.
pub(in crate::admin) fn sentence(event: &AuditEvent, names: &Names) -> Option<String> {
    let detail = &event.detail;
    of_sign_in(&event.kind, detail, names)
        .or_else(|| of_person(&event.kind, detail, names))
        .or_else(|| of_provider(&event.kind, detail, names))
        .or_else(|| of_tenant(&event.kind, detail))
        .or_else(|| of_entra(&event.kind, detail))
        .or_else(|| applications::sentence(&event.kind, detail))
}

/// What people do themselves.
fn of_sign_in(kind: &str, detail: &Json, names: &Names) -> Option<String> {
    let card = || names.card(detail);
    Some(match kind {
        "login.upstream" => format!("Signed in at {}", names.provider(detail)),
        "login.signed-in" if detail.get("one_tap").is_some() => {
            format!("Signed in with {}, by the tap that Microsoft Entra had asked for", card())
        }
        "login.signed-in" if text(detail, "door") == "console" => {
            format!("Signed in to the console with {}", card())
        }
        "login.signed-in" => format!("Signed in to the account page with {}", card()),
        "eam.asked" => "Microsoft Entra asked for a card".into(),
        "eam.proved" => format!("Proved to Microsoft Entra with {}", card()),
        "eam.left" => "Left without using a card for Microsoft Entra".into(),
        "login.refused" => {
            let why = Failure::of(text(detail, "reason")).title;
            format!("A card was refused: {why}")
        }
        "login.awaits-browser" => {
            "A card has answered, and the browser that asked was to come back first".into()
        }
        "login.given-up" => "Too many answers were refused: the sign-in was ended".into(),
        "login.code" => "Used a one-time code".into(),
        "login.by-pairing" => {
            format!("Began to sign in with a card at Cardea on {}", names.device(detail))
        }
        "login.invitation" => "Took up an invitation".into(),
        "card.enrolled" => {
            format!("Enrolled {}, {}", card(), enrolled(text(detail, "permit")))
        }
        "card.confirmed" => format!("Confirmed a change with {}", card()),
        "card.certificate-renewed" => format!("Used a renewed certificate: {}", card()),
        "card.certificate-revoked" => {
            format!("Its authority revoked the certificate of {}: what rested on it ended", card())
        }
        "card.removed" => format!("Removed {}", card()),
        "session.ended" => ended(detail, names),
        "session.signed-out" => "Signed out".into(),
        "agent.lift-refused" => format!(
            "The agent on {} said that a card was taken away which lies at another computer",
            names.device(detail)
        ),
        "agent.offered" => format!("The agent on {} offered itself", names.device(detail)),
        "agent.removed" => format!("Removed the agent on {}", names.device(detail)),
        "agent.paired" => format!("Paired the agent on {}", names.device(detail)),
        "agent.declined-twice" => format!(
            "Two requests were declined at the agent on {}: somebody may be asking in their name",
            names.device(detail)
        ),
        "agent.opened-elsewhere" => format!(
            "The agent on {} was to be confirmed in another browser than the one that signs in: \
             somebody may have tried to sign in as them",
            names.device(detail)
        ),
        _ => return None,
    })
}

/// What becomes of Microsoft Entra's requests for external MFA, and of the keys that answer them.
fn of_entra(kind: &str, detail: &Json) -> Option<String> {
    Some(match kind {
        "eam.refused" => {
            let rule = text(detail, "rule");
            let why = match text(detail, "reason") {
                "entra-other-method" => "none of the person's cards is what it asks for",
                "no-card-allowed" => "the person has no card",
                "person-disabled" => "the person is disabled",
                _ => "it could not be checked",
            };
            format!("A request of Microsoft Entra was refused ({rule}): {why}")
        }
        "doctor.person-made" => {
            "A person with a simulated key was made for a check on the server's machine".into()
        }
        "doctor.person-put-away" => "The person of that check was put away".into(),
        "eam.connection-saved" => {
            format!("The connection {} for external MFA was saved", text(detail, "client_id"))
        }
        "eam.connection-deleted" => {
            format!("The connection {} for external MFA was deleted", text(detail, "client_id"))
        }
        "signing-key.made" => "Made a signing key".into(),
        "signing-key.rotated" => "The next signing key was published ahead of its time".into(),
        _ => return None,
    })
}

/// How a session has ended.
fn ended(detail: &Json, names: &Names) -> String {
    let device = || names.device(detail);
    match text(detail, "reason") {
        "card-lifted" => format!("A session ended: its card left the reader at {}", device()),
        "agent-lost" => format!("A session ended: the agent on {} did not come back", device()),
        "tapped-elsewhere" => {
            format!("The session at {} ended: its card was tapped at another computer", device())
        }
        _ => "Ended one of their sessions".into(),
    }
}

/// What administrators do about people.
fn of_person(kind: &str, detail: &Json, names: &Names) -> Option<String> {
    Some(match kind {
        "admin.invited" => "An invitation for an administrator was made on the server".into(),
        "agent.renamed" => {
            let (from, to) = (text(detail, "from"), text(detail, "to"));
            format!("The agent on {from} was given the name {to}")
        }
        "agent.revoked" => format!("The agent on {} was revoked", names.device(detail)),
        "card.revoked" => format!("The card {} was revoked", names.card(detail)),
        "code.issued" => "A one-time code for a first card was issued".into(),
        "person.disabled" => "The person was disabled".into(),
        "person.enabled" => "The person was enabled".into(),
        "sessions.ended" => "All sessions of the person were ended".into(),
        _ => return None,
    })
}

fn of_provider(kind: &str, detail: &Json, names: &Names) -> Option<String> {
    let provider = names.provider(detail);
    let is = |name: &str| detail.get(name).and_then(Json::as_bool) == Some(true);
    Some(match kind {
        "mapper.deleted" => {
            format!("The mapper {} of {provider} was deleted", text(detail, "name"))
        }
        "mapper.saved" => format!("The mapper {} of {provider} was saved", text(detail, "name")),
        "person.groups-kept" => format!(
            "The person is in too many groups for {provider} to send, and Microsoft Graph did not \
             name them: what is stored stays"
        ),
        "provider.deleted" => format!("The provider {provider} was deleted"),
        "provider.groups-answered" if text(detail, "answer") == "clear" => {
            format!("Answered that people without groups from {provider} have none")
        }
        "provider.groups-answered" => format!("Answered that {provider} no longer sends groups"),
        "provider.groups-asked" => {
            format!("People came from {provider} without groups: the console asks about it")
        }
        "provider.saved" if is("new") => format!("The provider {provider} was added"),
        "provider.saved" => format!("The settings of {provider} were saved"),
        "provider.tested" if is("passed") => format!("{provider} was tested, and works"),
        "provider.tested" => format!("{provider} was tested, and does not work"),
        _ => return None,
    })
}

fn of_tenant(kind: &str, detail: &Json) -> Option<String> {
    Some(match kind {
        "policy.saved" => "The tenant settings were saved".into(),
        "x509.rules-saved" => "What is taken of smart cards was saved".into(),
        "x509.authority-saved" => {
            format!("The authority {} of smart cards was saved", text(detail, "name"))
        }
        "x509.authority-deleted" => {
            format!("The authority {} of smart cards was deleted", text(detail, "name"))
        }
        "tenant.created" => "The tenant was made".into(),
        "tenant.renamed" => format!("The tenant was renamed to {}", text(detail, "to")),
        _ => return None,
    })
}

/// The facts of an event on one line: of what was changed, only what is another now.
pub(super) fn facts(detail: &Json) -> String {
    let (from, to) = (detail.get("from"), detail.get("to"));
    if let (Some(Json::Object(from)), Some(Json::Object(to))) = (from, to) {
        let changed = to.iter().filter(|(name, value)| from.get(*name) != Some(*value));
        let line = |(name, value): (&String, &Json)| {
            let was = from.get(name).map(plain).unwrap_or_default();
            format!("{name}: {was} → {}", plain(value))
        };
        let lines: Vec<String> = changed.map(line).collect();
        return if lines.is_empty() { "nothing changed".into() } else { lines.join(" · ") };
    }
    plain(detail)
}

/// A value without the marks of JSON.
fn plain(value: &Json) -> String {
    match value {
        Json::Null => "–".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Json::Object(fields) => {
            let one = |(name, value): (&String, &Json)| format!("{name}: {}", plain(value));
            fields.iter().map(one).collect::<Vec<_>>().join(" · ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_settings_the_facts_are_what_has_changed() {
        let (was, is) = (json!({ "a": 1, "b": "x" }), json!({ "a": 1, "b": { "days": 7 } }));
        assert_eq!(facts(&json!({ "from": was, "to": is })), "b: x → days: 7");
        assert_eq!(facts(&json!({ "from": was, "to": was })), "nothing changed");
        assert_eq!(facts(&json!({ "from": "Acme", "to": "Birch" })), "from: Acme · to: Birch");
        assert_eq!(facts(&json!({ "auth_time": null, "l": [1, "b"] })), "auth_time: – · l: 1, b");
    }
}
