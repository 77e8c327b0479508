//! Waits for a touch of one authenticator, and for nothing else.

use crate::{
    AnswerError, CeremonyError, Command, CommandError, Control, CtapLink, RelyingParty, Status,
    User, execute, get_info, make_credential, selection,
};

/// `.dummy` is no RP ID that anybody can have: what is made for it is of no use.
const NOBODY: &str = ".dummy";

/// Waits until the authenticator, which says `info` of itself, is touched: what it gives out for
/// that is of no use to anybody.
///
/// # Errors
///
/// [`CeremonyError::Cancelled`]; [`CeremonyError::TimedOut`], also when the authenticator has
/// waited as long as it likes: it may be asked again; [`CeremonyError::Denied`]; or that it failed
/// or left.
pub fn wait_for_touch(
    link: &mut dyn CtapLink,
    info: &get_info::Response,
    control: &mut Control<'_>,
) -> Result<(), CeremonyError> {
    if has_selection(info) {
        return Ok(execute(link, &selection::Request, control)?);
    }
    old_way(link, control)
}

/// CTAP 2.1 §6.9 is mandatory from `FIDO_2_1` on; the prototype of it lacks the command.
fn has_selection(info: &get_info::Response) -> bool {
    info.versions.iter().any(|version| version.starts_with("FIDO_2_") && !is_older(version))
}

fn is_older(version: &str) -> bool {
    matches!(version, "FIDO_2_0" | "FIDO_2_1_PRE")
}

/// What CTAP 2.0 has instead (§6.1.2 step 1): makeCredential with an empty `pinUvAuthParam` waits
/// for a touch and is refused then. One that knows no PIN makes a credential for nobody, which it
/// does not keep.
fn old_way(link: &mut dyn CtapLink, control: &mut Control<'_>) -> Result<(), CeremonyError> {
    let mut has_waited = false;
    let Control { deadline, cancel, on_keepalive } = control;
    let mut hear = |keepalive| {
        has_waited = true;
        on_keepalive(keepalive);
    };
    let mut control = Control { deadline: *deadline, cancel, on_keepalive: &mut hear };
    match execute(link, &EmptyPinUvAuthParam, &mut control) {
        Ok(()) => Ok(()),
        Err(CommandError::Answer(AnswerError::Status(status))) if says_touched(status) => {
            // One that refuses at once has waited for nobody.
            if has_waited { Ok(()) } else { Err(CeremonyError::TimedOut) }
        }
        Err(error) => Err(error.into()),
    }
}

fn says_touched(status: Status) -> bool {
    matches!(status, Status::PIN_INVALID | Status::PIN_AUTH_INVALID | Status::PIN_NOT_SET)
}

/// makeCredential with an empty `pinUvAuthParam`.
struct EmptyPinUvAuthParam;

impl Command for EmptyPinUvAuthParam {
    const CODE: u8 = make_credential::Request::CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        let rp = RelyingParty { id: NOBODY.into(), name: NOBODY.into() };
        let user = User { id: vec![1], name: NOBODY.into(), display_name: NOBODY.into() };
        make_credential::only_a_touch(&rp, &user)
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        make_credential::Request::decode(answer).map(drop)
    }
}
