//! What is said to Entra of a card.

use entra_eam::{Choice, Credential as Method, Demand, KeyStorage, MethodError};
use login::{Door, Waiting};
use store::{Credential, CredentialKind, EamRequest, Rows};

use crate::http::problem::Problem;

/// Why a card is refused that Entra's demand does not take, as a stable name.
pub(super) const OTHER_METHOD: &str = "entra-other-method";

/// What the answer to Entra will say of the card that has answered; none at another door. The error
/// is that this card does not do.
///
/// # Errors
///
/// [`Problem`] when the store fails, or Entra does not wait any more.
pub(super) async fn choice(
    rows: &mut Rows,
    waiting: &Waiting,
    card: Option<&Credential>,
) -> Result<Result<Option<Choice>, MethodError>, Problem> {
    if waiting.started.request.door != Door::Eam {
        return Ok(Ok(None));
    }
    // What has not verified is refused for that.
    let Some(card) = card else { return Ok(Ok(None)) };
    let transaction = rows.eam_transaction_by_handle(&waiting.handle).await?;
    let transaction = transaction.ok_or(Problem::LoginGone)?;
    Ok(choose(&transaction.request, card).map(Some))
}

/// What is said of a card, by what Entra demands.
///
/// # Errors
///
/// [`MethodError`] when this card does not do.
pub(crate) fn choose(request: &EamRequest, card: &Credential) -> Result<Choice, MethodError> {
    Demand::parse(Some(&request.claims))?.choose(method(card))
}

/// What a card is to Entra (EAM-21).
pub(crate) fn method(card: &Credential) -> Method {
    match &card.kind {
        CredentialKind::Fido2(passkey) if passkey.hardware_attested => {
            Method::Fido2(KeyStorage::Hardware)
        }
        // That nothing attests hardware does not show that it is software.
        CredentialKind::Fido2(_) => Method::Fido2(KeyStorage::Unknown),
        CredentialKind::X509Card(_) => Method::X509Card,
    }
}

#[cfg(test)]
mod tests {
    use identity::Moment;
    use ids::{CredentialId, UserId};
    use store::{CardCertificate, Passkey};
    use uuid::Uuid;

    use super::*;

    fn card(kind: CredentialKind) -> Credential {
        Credential {
            id: CredentialId(Uuid::from_u128(1)),
            person: UserId(Uuid::from_u128(2)),
            webauthn_id: Vec::new(),
            label: String::new(),
            kind,
            permit: String::new(),
            created_at: Moment(0),
            last_used_at: None,
            revoked_at: None,
        }
    }

    fn passkey(hardware_attested: bool) -> Credential {
        card(CredentialKind::Fido2(Passkey {
            record: String::new(),
            counter: 0,
            aaguid: None,
            transports: vec!["internal".into()],
            backup_eligible: true,
            hardware_attested,
        }))
    }

    fn certificate() -> Credential {
        card(CredentialKind::X509Card(CardCertificate {
            issuer: Vec::new(),
            serial: Vec::new(),
            name_hash: [0; 32],
            subject: String::new(),
            issuer_name: String::new(),
            not_after: Moment(0),
        }))
    }

    #[test]
    fn t14_what_is_said_of_a_card_is_what_its_kind_and_attestation_show() {
        assert_eq!(method(&passkey(true)), Method::Fido2(KeyStorage::Hardware));
        assert_eq!(method(&passkey(false)), Method::Fido2(KeyStorage::Unknown));
        assert_eq!(method(&certificate()), Method::X509Card);
        let demand = |amr: &str| EamRequest {
            client_id: String::new(),
            return_address: String::new(),
            sub: String::new(),
            nonce: None,
            state: None,
            claims: format!(
                r#"{{"id_token":{{"acr":{{"values":["possession"]}},"amr":{{"values":["{amr}"]}}}}}}"#
            ),
            client_request_id: None,
            authority: String::new(),
        };
        for (amr, hardware, unknown, smart_card) in [
            ("fido", true, true, false),
            ("hwk", true, false, false),
            ("swk", false, false, false),
            ("sc", false, false, true),
            ("pop", true, true, true),
            ("fpt", false, false, false),
        ] {
            let does = |card: &Credential| choose(&demand(amr), card).is_ok();
            let found = [passkey(true), passkey(false), certificate()].map(|card| does(&card));
            assert_eq!(found, [hardware, unknown, smart_card], "{amr}");
        }
    }
}
