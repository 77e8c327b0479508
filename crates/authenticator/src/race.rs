//! Several authenticators at once: which of them can answer, and which of those the person wants.
//!
//! [`look`] asks one, without a touch, whether it can answer. [`contenders`] names those among
//! which the person chooses. [`wait_for_touch`] lets one wait for a touch and for nothing else:
//! called for each of them on a thread of its own, the first that returns is the person's choice,
//! and the others are cancelled. The ceremony goes on with that one.
//!
//! A card that lay on its reader before anybody asked must not wait for a touch: it would touch
//! itself. It counts by its PIN, or by the person's word.

mod touch;

pub use touch::wait_for_touch;

use crate::ceremony::verification::{self, Purpose};
use crate::ceremony::{batches, discoverable, request_length};
use crate::{
    AnswerError, AuthenticateRequest, CeremonyError, CommandError, Control, CtapLink,
    RegisterRequest, Status, UserVerification, cose, execute, get_assertion, get_info,
};

/// What one authenticator can do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds one of the credentials, or the request is one that it answers without.
    CanAnswer,
    /// It shows none of the credentials, but may hide one until the person is verified
    /// (`credProtect`, CTAP 2.1 §12.1), or does not say without a touch. Asked only where no
    /// other can answer.
    MayHideIt,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// An assertion.
    Assertion(&'a AuthenticateRequest),
    /// A new credential.
    Credential(&'a RegisterRequest),
}

/// Asks one authenticator, without a touch, whether it can answer.
///
/// # Errors
///
/// Why it cannot: [`CeremonyError::NoCredential`], [`CeremonyError::Excluded`], or an ability or
/// a state that the request asks for and it lacks. Also when it fails or leaves.
pub fn look(
    link: &mut dyn CtapLink,
    wanted: Wanted<'_>,
    control: &mut Control<'_>,
) -> Result<(get_info::Response, Standing), CeremonyError> {
    let info = execute(link, &get_info::Request, control)?;
    if !info.speaks_ctap2() {
        return Err(CeremonyError::NotCtap2);
    }
    let standing = match wanted {
        Wanted::Assertion(request) => may_sign(link, &info, request, control)?,
        Wanted::Credential(request) => may_register(link, &info, request, control)?,
    };
    Ok((info, standing))
}

/// Those among which a person may choose: those that can answer; if there are none, those that may
/// hide what is looked for.
pub fn contenders(standings: &[Standing]) -> Vec<usize> {
    let which = |wanted: Standing| -> Vec<usize> {
        let all = standings.iter().enumerate();
        all.filter(|(_, is)| **is == wanted).map(|(n, _)| n).collect()
    };
    let sure = which(Standing::CanAnswer);
    if sure.is_empty() { which(Standing::MayHideIt) } else { sure }
}

fn may_sign(
    link: &mut dyn CtapLink,
    info: &get_info::Response,
    request: &AuthenticateRequest,
    control: &mut Control<'_>,
) -> Result<Standing, CeremonyError> {
    let standing = match holds(link, info, &request.rp_id, &request.allow, control)? {
        // Without a list any discoverable credential will do, and is not looked for.
        Holding::None if request.allow.is_empty() && info.has("rk") => Standing::CanAnswer,
        Holding::One => Standing::CanAnswer,
        Holding::Unknown => Standing::MayHideIt,
        Holding::None => return Err(CeremonyError::NoCredential),
    };
    can_verify(info, request.user_verification, Purpose::Authenticate)?;
    Ok(standing)
}

fn may_register(
    link: &mut dyn CtapLink,
    info: &get_info::Response,
    request: &RegisterRequest,
    control: &mut Control<'_>,
) -> Result<Standing, CeremonyError> {
    if !info.algorithms.is_empty() && !info.algorithms.contains(&cose::ES256) {
        return Err(CeremonyError::UnsupportedAlgorithm);
    }
    let discoverable = discoverable(request.resident_key, info)?;
    can_verify(info, request.user_verification, Purpose::Register { discoverable })?;
    match holds(link, info, &request.rp.id, &request.exclude, control)? {
        Holding::One => Err(CeremonyError::Excluded),
        // One that it hides it refuses by itself, after a touch.
        Holding::Unknown | Holding::None => Ok(Standing::CanAnswer),
    }
}

fn can_verify(
    info: &get_info::Response,
    wish: UserVerification,
    purpose: Purpose,
) -> Result<(), CeremonyError> {
    verification::choose(info, wish, purpose).map(drop)
}

/// What an authenticator says of a list of credentials.
enum Holding {
    /// It holds one of them.
    One,
    /// It may hold one, and does not say.
    Unknown,
    /// It holds none.
    None,
}

/// Looks for one of `ids`. No client data has the hash that is signed: the signature is of no use
/// to anybody.
fn holds(
    link: &mut dyn CtapLink,
    info: &get_info::Response,
    rp_id: &str,
    ids: &[Vec<u8>],
    control: &mut Control<'_>,
) -> Result<Holding, CeremonyError> {
    let mut request = get_assertion::Request {
        rp_id,
        client_data_hash: &[0; 32],
        allow_list: &[],
        up: false,
        uv: info.option("uv").map(|_| false),
        token: None,
    };
    let list = batches(ids, info, request_length(&request));
    let mut says = true;
    for batch in &list {
        request.allow_list = batch;
        match execute(link, &request, control) {
            Ok(_) => return Ok(Holding::One),
            Err(CommandError::Answer(AnswerError::Status(status))) if has_none(status) => {}
            Err(CommandError::Answer(AnswerError::Status(status))) if is_shy(status) => {
                says = false;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let verifies = info.has("clientPin") || info.has("uv");
    let protects = info.extensions.iter().any(|known| known == "credProtect");
    let hides = !list.is_empty() && verifies && protects;
    Ok(if hides || !says { Holding::Unknown } else { Holding::None })
}

/// Whether an authenticator that answers so has none, or none that it shows to a stranger.
fn has_none(status: Status) -> bool {
    matches!(status, Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL)
}

/// Whether an authenticator that answers so does not search without a touch or the person.
fn is_shy(status: Status) -> bool {
    matches!(
        status,
        Status::PUAT_REQUIRED
            | Status::UP_REQUIRED
            | Status::UNSUPPORTED_OPTION
            | Status::INVALID_OPTION
    )
}

#[cfg(test)]
mod tests;
