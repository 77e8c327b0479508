//! Answers of passkeys, verified.

use login::{Evidence, Shown, Waiting};
use passkeys::{Assertion, NewPasskey, PasskeyError};
use store::{CredentialKind, Passkey, Rows};

use super::answer::{Judged, NewCard, Shows};
use super::{Ceremony, Refused};
use crate::app::App;

/// An assertion, and the passkey that has given it.
///
/// # Errors
///
/// A problem when the store fails.
pub(super) async fn shows(
    app: &App,
    rows: &mut Rows,
    waiting: &Waiting,
    ceremony: &Ceremony,
    response: &[u8],
) -> Judged<Shows> {
    let finished = app.passkeys.finish_authentication(&ceremony.state, response, waiting.person);
    let assertion = match finished {
        Ok(assertion) => assertion,
        Err(error) => return Ok(Err(Refused(error.code()))),
    };
    let card = rows.credential_by_id(&assertion.webauthn_id).await?;
    let enrolled = card.and_then(|card| {
        let evidence = evidence(card.passkey()?, &assertion);
        Some(Shows { card, evidence, renewed: None })
    });
    Ok(enrolled.ok_or(Refused(PasskeyError::Credential.code())))
}

/// What a passkey's answer shows.
pub(crate) fn evidence(passkey: &Passkey, assertion: &Assertion) -> Evidence {
    Evidence {
        user_verified: assertion.user_verified,
        shown: Shown::Fido2 {
            hardware_attested: passkey.hardware_attested,
            counter: assertion.counter,
        },
    }
}

/// A registration.
pub(super) fn registers(
    app: &App,
    ceremony: &Ceremony,
    response: &[u8],
) -> Result<NewCard, Refused> {
    let passkey = app.passkeys.finish_registration(&ceremony.state, response);
    let passkey = passkey.map_err(|error| Refused(error.code()))?;
    let evidence = Evidence {
        user_verified: true, // finish_registration refuses anything else
        shown: Shown::Fido2 {
            hardware_attested: passkey.hardware_attested,
            counter: passkey.counter,
        },
    };
    let (webauthn_id, kind) = enrolled(passkey);
    Ok(NewCard { webauthn_id, kind, evidence })
}

/// A passkey that was registered, as its row has it.
pub(crate) fn enrolled(passkey: NewPasskey) -> (Vec<u8>, CredentialKind) {
    let kind = CredentialKind::Fido2(Passkey {
        record: passkey.passkey,
        counter: passkey.counter,
        aaguid: passkey.aaguid,
        transports: passkey.transports,
        backup_eligible: passkey.backup_eligible,
        hardware_attested: passkey.hardware_attested,
    });
    (passkey.webauthn_id, kind)
}
