use ids::LoginId;
use login::Audit;
use store::AuditEntry;

/// The audit event of a step, under its stable name.
pub(super) fn entry(audit: &Audit, login: Option<LoginId>) -> AuditEntry {
    use serde_json::json;
    let (kind, person, detail) = match audit {
        Audit::UpstreamVouched { person, provider } => {
            ("login.upstream", *person, json!({ "provider": provider }))
        }
        Audit::InvitationUsed { person } => ("login.invitation", *person, json!({})),
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
        Audit::SignedIn { person, card, door } => {
            ("login.signed-in", *person, json!({ "card": card, "door": door }))
        }
        Audit::ProofRefused { person, reason } => {
            ("login.refused", *person, json!({ "reason": reason }))
        }
    };
    AuditEntry { kind, person: Some(person), actor: Some(person), login, detail }
}
