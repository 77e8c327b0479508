use super::lists::{batches, credential_of, length};
use super::verification::{Purpose, Scope, choose};
use super::{CeremonyError, Run, Verified, check_answer, check_request};
use crate::client_data::{Ceremony, ClientData};
use crate::client_pin::Permissions;
use crate::json::{AssertionResponse, Base64Url};
use crate::pin_uv::Entropy;
use crate::{Account, Assertion, AuthenticateRequest, CeremonyLink, Control, Leave, Person};
use crate::{get_assertion, get_next_assertion};

/// How many accounts a person is offered at most.
const MAX_ACCOUNTS: u32 = 64;

/// Has the authenticator behind `link` sign.
///
/// # Errors
///
/// See [`CeremonyError`]; whichever it is, the link has been told that the ceremony is over.
///
/// # Security
///
/// Origin and RP ID must come from somebody who may name them: the enrolled server, signed. Who
/// can choose them gets an assertion for any site.
pub fn authenticate(
    link: &mut dyn CeremonyLink,
    request: &AuthenticateRequest,
    person: &mut dyn Person,
    control: &mut Control<'_>,
    entropy: &mut Entropy<'_>,
) -> Result<Assertion, CeremonyError> {
    check_request(&request.origin, &request.rp_id, &request.challenge)?;
    let client_data = ClientData::new(Ceremony::Get, &request.challenge, &request.origin);
    let mut run = Run::new(link, person, control, entropy);
    let (credential_id, signed) = sign(&mut run, request, &client_data)?;
    Ok(Assertion::new(
        credential_id,
        AssertionResponse {
            client_data_json: Base64Url(client_data.json),
            authenticator_data: Base64Url(signed.auth_data),
            signature: Base64Url(signed.signature),
            user_handle: signed.user_handle.map(Base64Url),
        },
    ))
}

fn sign(
    run: &mut Run<'_, '_>,
    request: &AuthenticateRequest,
    client_data: &ClientData,
) -> Result<(Vec<u8>, get_assertion::Response), CeremonyError> {
    let info = run.info()?;
    let rp_id = request.rp_id.as_str();
    let command = get_assertion::Request {
        rp_id,
        client_data_hash: &client_data.hash,
        allow_list: &[],
        up: true,
        uv: None,
        token: None,
    };
    let allow = batches(&request.allow, &info, length(&command));
    if allow.is_empty() && !request.allow.is_empty() {
        return Err(CeremonyError::NoCredential);
    }

    let method = choose(&info, request.user_verification, Purpose::Authenticate)?;
    let scope = Scope { permissions: Permissions::GetAssertion, rp_id: Some(rp_id) };
    let answers = run.verified(method, &info, scope, |run, verified| {
        let allow = run.narrow(rp_id, allow.clone(), verified)?;
        if allow.is_empty() && !request.allow.is_empty() {
            return Err(CeremonyError::NoCredential);
        }
        run.announce(verified);
        let first = run.command(&get_assertion::Request {
            allow_list: &allow,
            uv: verified.uv,
            token: verified.token.as_ref(),
            ..command
        })?;
        all_answers(run, first, &allow, rp_id, verified)
    })?;
    one_of(run, answers)
}

/// An answer, and the credential that gave it.
type Answer = (Vec<u8>, get_assertion::Response);

/// Fetches the assertions of further accounts, where the person may choose among several.
fn all_answers(
    run: &mut Run<'_, '_>,
    first: get_assertion::Response,
    allow: &[Vec<u8>],
    rp_id: &str,
    verified: &Verified,
) -> Result<Vec<Answer>, CeremonyError> {
    // With a list the first one will do: all of it belongs to one account.
    let count = if allow.is_empty() { first.number_of_credentials.unwrap_or(1) } else { 1 };
    let mut answers = Vec::new();
    let mut next = Some(first);
    for n in 1..=count.clamp(1, MAX_ACCOUNTS) {
        let Some(answer) = next.take() else { break };
        check_answer(&answer.data, rp_id, verified)?;
        let id = credential_of(allow, answer.credential_id.clone())?;
        answers.push((id, answer));
        if n < count.min(MAX_ACCOUNTS) {
            next = Some(run.command(&get_next_assertion::Request)?);
        }
    }
    Ok(answers)
}

/// The only answer, or the one that the person chooses.
fn one_of(run: &mut Run<'_, '_>, mut answers: Vec<Answer>) -> Result<Answer, CeremonyError> {
    // All is signed: nobody is kept waiting for the authenticator while a person reads.
    run.end(Leave::Reset);
    let chosen = if answers.len() > 1 {
        let accounts: Vec<Account> =
            answers.iter().map(|(_, answer)| answer.account.clone()).collect();
        let chosen = run.person.choose_account(&accounts, run.until());
        chosen.filter(|n| *n < answers.len()).ok_or_else(|| run.unanswered())?
    } else {
        0
    };
    if answers.is_empty() { Err(CeremonyError::Malformed) } else { Ok(answers.swap_remove(chosen)) }
}
