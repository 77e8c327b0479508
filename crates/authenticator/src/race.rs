//! Several authenticators at once: which of them can answer, and which of those the person wants.
//!
//! [`preflight`] asks each on a thread of its own, without a touch. [`choose`] then lets those
//! that can answer wait for a touch, all at once: the first that is touched is the person's
//! choice, and the others stop waiting. The ceremony goes on with that one.
//!
//! A card that lay on its reader before anybody asked must not take part in [`choose`]: it would
//! touch itself. It counts by its PIN, or by the person's word.

mod touch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::ceremony::{batches, request_length};
use crate::{
    AnswerError, CeremonyError, CommandError, Control, CtapLink, Keepalive, Status, execute,
    get_assertion, get_info,
};

/// How often a race looks at the caller's flag. Answers do not wait for it.
const LOOK: Duration = Duration::from_millis(10);

/// What one authenticator can do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds one of the credentials, or the request is one that any authenticator answers.
    CanAnswer,
    /// It shows none of the credentials, but may hide one until the person is verified
    /// (`credProtect`, CTAP 2.1 §12.1). Asked only where no other can answer.
    MayHideIt,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Any authenticator will do: for a registration, or without an allow-list.
    Any,
    /// One of these credentials of `rp_id`.
    Credential {
        /// Whose they are.
        rp_id: &'a str,
        /// Their IDs.
        allow: &'a [Vec<u8>],
    },
}

/// Asks each of `links` whether it can answer, all at once and without a touch. The answers stand
/// in the order of the links; an authenticator that fails or leaves costs the others nothing.
pub fn preflight<L: CtapLink>(
    links: &mut [L],
    wanted: Wanted<'_>,
    deadline: Instant,
    cancel: &AtomicBool,
) -> Vec<Result<Standing, CeremonyError>> {
    thread::scope(|scope| {
        let ask = |link: &mut L| {
            let mut control = Control { deadline, cancel, on_keepalive: &mut |_| {} };
            standing(link, wanted, &mut control)
        };
        let threads: Vec<_> = links.iter_mut().map(|link| scope.spawn(move || ask(link))).collect();
        // A thread that panicked has said nothing about its authenticator.
        threads.into_iter().map(|t| t.join().unwrap_or(Err(CeremonyError::Malformed))).collect()
    })
}

/// The authenticators that a person may choose from: those that can answer; if there are none,
/// those that may hide what is looked for.
pub fn contenders(standings: &[Result<Standing, CeremonyError>]) -> Vec<usize> {
    let which = |wanted: Standing| -> Vec<usize> {
        let all = standings.iter().enumerate();
        all.filter(|(_, is)| matches!(is, Ok(is) if *is == wanted)).map(|(n, _)| n).collect()
    };
    let sure = which(Standing::CanAnswer);
    if sure.is_empty() { which(Standing::MayHideIt) } else { sure }
}

/// Has the person choose one of `links` by touching it: its index. The only one is chosen without
/// a touch. When this returns, no other waits for a touch any more.
///
/// # Errors
///
/// [`CeremonyError::Cancelled`] and [`CeremonyError::TimedOut`] when nobody chose; else, when
/// all have failed, why the last of them did.
pub fn choose<L: CtapLink>(
    links: &mut [L],
    deadline: Instant,
    cancel: &AtomicBool,
    on_keepalive: &(dyn Fn(usize, Keepalive) + Sync),
) -> Result<usize, CeremonyError> {
    match links.len() {
        0 => return Err(CeremonyError::NoCredential),
        1 => return Ok(0),
        _ => {}
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (say, said) = mpsc::channel();
        for (n, link) in links.iter_mut().enumerate() {
            let (say, over) = (say.clone(), &over);
            scope.spawn(move || {
                let mut on_keepalive = |what| on_keepalive(n, what);
                let mut control =
                    Control { deadline, cancel: over, on_keepalive: &mut on_keepalive };
                // Nobody listens once the race is over.
                let _ = say.send((n, touch::wait(link, &mut control)));
            });
        }
        drop(say);
        let result = first(&said, cancel);
        // The scope ends only after the others have had their last word.
        over.store(true, Ordering::Release);
        result
    })
}

type Said = (usize, Result<(), CeremonyError>);

/// The first that was touched. One that fails is out; the others go on waiting.
fn first(said: &mpsc::Receiver<Said>, cancel: &AtomicBool) -> Result<usize, CeremonyError> {
    let mut last = CeremonyError::TimedOut;
    loop {
        if cancel.load(Ordering::Acquire) {
            return Err(CeremonyError::Cancelled);
        }
        match said.recv_timeout(LOOK) {
            Ok((n, Ok(()))) => return Ok(n),
            Ok((_, Err(error))) => last = error,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(last),
        }
    }
}

fn standing<L: CtapLink>(
    link: &mut L,
    wanted: Wanted<'_>,
    control: &mut Control<'_>,
) -> Result<Standing, CeremonyError> {
    let info = execute(link, &get_info::Request, control)?;
    if !info.speaks_ctap2() {
        return Err(CeremonyError::NotCtap2);
    }
    match wanted {
        Wanted::Any | Wanted::Credential { allow: [], .. } => Ok(Standing::CanAnswer),
        Wanted::Credential { rp_id, allow } => holds(link, &info, rp_id, allow, control),
    }
}

/// Looks for one of `allow`. No client data has the hash that is signed: the signature is of no
/// use to anybody.
fn holds<L: CtapLink>(
    link: &mut L,
    info: &get_info::Response,
    rp_id: &str,
    allow: &[Vec<u8>],
    control: &mut Control<'_>,
) -> Result<Standing, CeremonyError> {
    let mut request = get_assertion::Request {
        rp_id,
        client_data_hash: &[0; 32],
        allow_list: &[],
        up: false,
        uv: info.option("uv").map(|_| false),
        token: None,
    };
    let list = batches(allow, info, request_length(&request));
    for batch in &list {
        request.allow_list = batch;
        match execute(link, &request, control) {
            Ok(_) => return Ok(Standing::CanAnswer),
            Err(CommandError::Answer(AnswerError::Status(status))) if hides(status) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let verifies = info.has("clientPin") || info.has("uv");
    let protects = info.extensions.iter().any(|known| known == "credProtect");
    if !list.is_empty() && verifies && protects {
        Ok(Standing::MayHideIt)
    } else {
        Err(CeremonyError::NoCredential)
    }
}

/// Whether an authenticator that answers so may have none, or none that it shows to a stranger.
fn hides(status: Status) -> bool {
    matches!(status, Status::NO_CREDENTIALS | Status::PUAT_REQUIRED | Status::INVALID_CREDENTIAL)
}

#[cfg(test)]
mod tests;
