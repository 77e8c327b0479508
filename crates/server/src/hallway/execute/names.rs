use ids::LoginId;
use login::{Audit, Door};
use store::AuditEntry;

/// The audit event of a step, under its stable name.
pub(super) fn entry(audit: &Audit, login: Option<LoginId>) -> AuditEntry {
    use serde_json::json;
    let (kind, person, detail) = match audit {
        Audit::UpstreamVouched { person, provider } => {
            ("login.upstream", *person, json!({ "provider": provider }))
        }
        Audit::HintVouched { person } => ("eam.asked", *person, json!({})),
        Audit::InvitationUsed { person } => ("login.invitation", *person, json!({})),
        Audit::PairingShown { person, device } => {
            ("login.by-pairing", *person, json!({ "device": device }))
        }
        Audit::CodeAccepted { person } => ("login.code", *person, json!({})),
        Audit::CardEnrolled { person, card, permit } => {
            ("card.enrolled", *person, json!({ "card": card, "permit": permit }))
        }
        Audit::CardConfirmed { person, card } => {
            ("card.confirmed", *person, json!({ "card": card }))
        }
        Audit::CardRemoved { person, card } => ("card.removed", *person, json!({ "card": card })),
        Audit::AnswerWaits { person } => ("login.awaits-browser", *person, json!({})),
        Audit::GivenUp { person } => ("login.given-up", *person, json!({})),
        Audit::SignedIn { person, card, door: Door::Eam, .. } => {
            ("eam.proved", *person, json!({ "card": card }))
        }
        Audit::SignedIn { person, card, door, one_tap } => {
            let mut detail = json!({ "card": card, "door": door });
            if let Some(detail) = detail.as_object_mut().filter(|_| *one_tap) {
                detail.insert("one_tap".into(), true.into());
            }
            ("login.signed-in", *person, detail)
        }
        Audit::ProofRefused { person, reason } => {
            ("login.refused", *person, json!({ "reason": reason }))
        }
    };
    AuditEntry { kind, person: Some(person), actor: Some(person), login, detail }
}
