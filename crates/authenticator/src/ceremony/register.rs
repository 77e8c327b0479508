use super::lists::{batches, length};
use super::verification::{Purpose, Scope, choose};
use super::{CeremonyError, Run, check_answer, check_request};
use crate::client_data::{Ceremony, ClientData};
use crate::client_pin::Permissions;
use crate::json::{AttestationResponse, Base64Url};
use crate::pin_uv::Entropy;
use crate::{CeremonyLink, Control, Person, RegisterRequest, Registration, ResidentKey};
use crate::{get_info, make_credential};

/// Makes a credential on the authenticator behind `link`.
///
/// A factory-fresh authenticator gets its first PIN on the way, chosen by the person.
///
/// # Errors
///
/// See [`CeremonyError`]; whichever it is, the link has been told that the ceremony is over.
///
/// # Security
///
/// Origin and RP ID must come from somebody who may name them: the enrolled server, signed.
pub fn register(
    link: &mut dyn CeremonyLink,
    request: &RegisterRequest,
    person: &mut dyn Person,
    control: &mut Control<'_>,
    entropy: &mut Entropy<'_>,
) -> Result<Registration, CeremonyError> {
    check_request(&request.origin, &request.rp.id, &request.challenge)?;
    if !(1..=64).contains(&request.user.id.len()) {
        return Err(CeremonyError::Request("the user handle has not 1 to 64 bytes"));
    }
    let client_data = ClientData::new(Ceremony::Create, &request.challenge, &request.origin);

    let mut run = Run::new(link, person, control, entropy);
    let info = run.info()?;
    let response = make(&mut run, request, &client_data, &info)?;
    drop(run);

    let transports = Some(info.transports).filter(|known| !known.is_empty());
    Ok(Registration::new(
        response.credential_id,
        AttestationResponse {
            client_data_json: Base64Url(client_data.json),
            attestation_object: Base64Url(response.attestation_object),
            transports: transports.unwrap_or_else(|| request.transports.clone()),
        },
    ))
}

fn make(
    run: &mut Run<'_, '_>,
    request: &RegisterRequest,
    client_data: &ClientData,
    info: &get_info::Response,
) -> Result<make_credential::Response, CeremonyError> {
    let rp_id = request.rp.id.as_str();
    let discoverable = discoverable(request.resident_key, info)?;
    let command = make_credential::Request {
        client_data_hash: &client_data.hash,
        rp: &request.rp,
        user: &request.user,
        exclude_list: &[],
        cred_protect: cred_protect(discoverable, info),
        discoverable,
        uv: None,
        token: None,
    };
    let exclude = batches(&request.exclude, info, length(&command));
    let permissions = match exclude.len() {
        0 | 1 => Permissions::MakeCredential,
        _ => Permissions::MakeCredentialAndGetAssertion,
    };

    let method = choose(info, request.user_verification, Purpose::Register { discoverable })?;
    let scope = Scope { permissions, rp_id: Some(rp_id) };
    run.verified(method, info, scope, |run, verified| {
        // The authenticator itself says that a credential is excluded, after a touch.
        let exclude = run.narrow(rp_id, exclude.clone(), verified)?;
        run.announce(verified);
        let response = run.command(&make_credential::Request {
            exclude_list: &exclude,
            uv: verified.uv,
            token: verified.token.as_ref(),
            ..command
        })?;
        check_answer(&response.data, rp_id, verified)?;
        Ok(response)
    })
}

/// Whether the credential is made discoverable.
pub(crate) fn discoverable(
    wish: ResidentKey,
    info: &get_info::Response,
) -> Result<bool, CeremonyError> {
    match wish {
        ResidentKey::Discouraged => Ok(false),
        ResidentKey::Preferred => Ok(info.has("rk")),
        ResidentKey::Required if info.has("rk") => Ok(true),
        ResidentKey::Required => Err(CeremonyError::NoDiscoverable),
    }
}

/// A discoverable credential is not shown to whoever merely holds the authenticator: it takes the
/// verified person, or its ID. With the ID alone it is still found, before anybody types a PIN
/// (see [`crate::race`]); so not the highest level.
fn cred_protect(discoverable: bool, info: &get_info::Response) -> Option<u8> {
    /// `userVerificationOptionalWithCredentialIDList`, CTAP 2.1 §12.1.
    const WITH_ID_OR_VERIFIED: u8 = 0x02;
    let known = info.extensions.iter().any(|known| known == "credProtect");
    (discoverable && known).then_some(WITH_ID_OR_VERIFIED)
}
