//! What an audit event about applications says.

use serde_json::Value as Json;

use super::names::text;

/// The event as a sentence without its person.
pub(super) fn sentence(kind: &str, detail: &Json) -> Option<String> {
    let client = text(detail, "client");
    Some(match kind {
        "oidc.signed-in" => format!("Signed in to the application {client}"),
        "oidc.refreshed" => format!("The application {client} got new tokens for the person"),
        "oidc.code-reused" => format!(
            "A code of the application {client} came a second time: all that came of it has ended, \
             for one of the two had no right to it"
        ),
        "oidc.refresh-reused" => format!(
            "A refresh token of the application {client} came again after it was exchanged: all that \
             came of it has ended, for one of the two had no right to it"
        ),
        "oidc.logout-told" => {
            format!("The application {client} was told that a session of the person has ended")
        }
        "oidc.logout-given-up" => format!(
            "The application {client} could not be told that a session of the person has ended, and is \
             not tried any more: it may let them go on. {}",
            text(detail, "reason")
        ),
        "oidc.revoked" => format!("The application {client} gave back what it was granted"),
        "client.added" => format!("The application {client} was added"),
        "client.changed" => format!("The settings of the application {client} were saved"),
        "client.secret-added" => {
            format!("A new client secret of the application {client} was made")
        }
        "client.secret-removed" => {
            format!("A client secret of the application {client} was removed")
        }
        "client.disabled" => format!("The application {client} was disabled"),
        "client.enabled" => format!("The application {client} was enabled"),
        "client.removed" => format!("The application {client} was removed"),
        "oidc.client-token" => format!("The application {client} got a token for itself"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_event_about_applications_is_a_sentence() {
        for kind in [
            "signed-in",
            "refreshed",
            "code-reused",
            "refresh-reused",
            "revoked",
            "logout-told",
            "logout-given-up",
        ] {
            let said = sentence(&format!("oidc.{kind}"), &json!({ "client": "files" }));
            assert!(said.is_some_and(|said| said.contains("files")), "{kind}");
        }
        for kind in
            ["added", "changed", "secret-added", "secret-removed", "disabled", "enabled", "removed"]
        {
            let said = sentence(&format!("client.{kind}"), &json!({ "client": "files" }));
            assert!(said.is_some_and(|said| said.contains("files")), "{kind}");
        }
        assert!(sentence("oidc.client-token", &json!({})).is_some());
        assert_eq!(sentence("oidc.unknown", &json!({})), None);
    }
}
