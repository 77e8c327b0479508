//! Each fault of the simulator against our own client, over each body: an error that says what was
//! wrong, within the deadline; one PIN at most; and the next call clean.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use authenticator::{CeremonyError, LinkError};
use firmware_sim::{Body as Way, Config, Fault, Simulator};

use crate::Body;
use crate::conformance::{Link, SOON, back, call, within};
use crate::requests::{Cardholder, GET_INFO, enrol, sign_in_as};

/// How long a call may take in which something goes wrong: longer than our client waits for the
/// rest of an answer that has begun.
const LIMIT: Duration = Duration::from_secs(3);
/// The same for a whole sign-in, of which there are many.
pub(crate) const SHORT: Duration = Duration::from_millis(1_200);
/// Beyond a deadline, no error takes longer.
pub(crate) const AFTERWARDS: Duration = Duration::from_secs(10);

/// What comes of a getInfo.
enum Outcome {
    /// The fault cannot happen there, and is refused.
    Refused,
    /// The answer, after all.
    Answer,
    /// An answer, but not that one.
    Other,
    Removed,
    Deadline,
    /// The link says that the device breaks the protocol, with this cause.
    Breaks(&'static str),
}

/// The table. A new fault does not compile until it has its line here.
fn outcome(fault: Fault, way: Way) -> Outcome {
    use Outcome::{Answer, Breaks, Deadline, Other, Refused, Removed};
    match (fault, way) {
        (Fault::Remove(_), _) => Removed,
        (Fault::Delay(_), _) => Answer,
        (Fault::WrongChannel, Way::Key) | (Fault::EndlessKeepalive, _) => Deadline,
        (Fault::Duplicate, Way::Key) => Breaks("key sent command 10 where its answer was due"),
        (Fault::EndlessMore, Way::Card) => Breaks("answer of the card does not end"),
        (Fault::Duplicate | Fault::WrongChannel | Fault::EndlessMore, _) => Refused,
        (Fault::Garbage, Way::Card) => Breaks("card answered with status word"),
        // What is wrong first depends on the seed.
        (Fault::Garbage, Way::Key) => Breaks("key "),
        (Fault::LengthLong, Way::Key) => Breaks("key began an answer and did not finish it"),
        // A card of the same make says the same of itself, but for its PIN.
        (
            Fault::AnotherCard
            | Fault::Garbage
            | Fault::LengthLong
            | Fault::LengthShort
            | Fault::Deep,
            _,
        ) => Other,
    }
}

/// Which command of a getInfo is the one whose answer is meant: to a card it goes after a SELECT.
/// A key has opened its channel.
fn get_info_at(way: Way) -> u64 {
    match way {
        Way::Link | Way::Key => 1,
        Way::Card => 2,
    }
}

/// What comes of a getInfo is what the table says, in time, and the next one is clean.
pub fn each_fault_is_told_and_the_next_call_is_clean<B: Body>(body: &B) {
    let holder = body.simulator().holder();
    set_up(body);
    let mut link = body.link();
    let info = call(&mut link, GET_INFO).unwrap();
    for fault in Fault::ALL {
        let expected = outcome(fault, B::WAY);
        let planned = holder.fault_at(get_info_at(B::WAY), fault);
        assert_eq!(planned.is_err(), matches!(expected, Outcome::Refused), "{fault}: {planned:?}");
        if planned.is_err() {
            continue;
        }
        let begun = Instant::now();
        let result = within(LIMIT, |control| link.call(GET_INFO, control));
        assert!(begun.elapsed() < LIMIT + AFTERWARDS, "{fault}: {:?}", begun.elapsed());
        assert_eq!(holder.faults_to_come(), 0, "{fault}: it did not happen");
        is_as_expected(fault, &expected, &result, &info);
        if matches!(expected, Outcome::Removed) {
            back(&mut link, body);
        }
        let next = call(&mut link, GET_INFO);
        assert_eq!(next.unwrap_or_else(|error| panic!("{fault}: {error:?}")), info, "{fault}");
    }
}

fn is_as_expected(
    fault: Fault,
    expected: &Outcome,
    result: &Result<Vec<u8>, LinkError>,
    info: &[u8],
) {
    let is_expected = match (expected, result) {
        (Outcome::Answer, Ok(answer)) => answer == info,
        (Outcome::Other, Ok(answer)) => answer != info,
        (Outcome::Removed, Err(LinkError::Removed(_)))
        | (Outcome::Deadline, Err(LinkError::Deadline)) => true,
        (Outcome::Breaks(cause), Err(LinkError::Protocol(said))) => {
            said.to_string().starts_with(cause)
        }
        _ => false,
    };
    assert!(is_expected, "{fault}: {result:?}");
}

/// PIN and credential, by the simulator's own link, which is quicker.
pub(crate) fn set_up(body: &impl Body) {
    let mut own: Link = Box::new(authenticator::Unshared(body.simulator().link()));
    within(SOON, |control| enrol(&mut own, control)).unwrap();
}

/// Whatever goes wrong at whatever command of a sign-in, it ends in time, the PIN reaches the card
/// once at most, and the next sign-in succeeds. `place` puts an authenticator there.
pub fn a_sign_in_with_any_fault_ends_and_sends_no_second_pin<B: Body>(
    seed: u64,
    place: impl FnOnce(Simulator) -> B,
) {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let config = Config { trace: Some(trace.clone()), ..Config::seeded(seed) };
    let body = place(Simulator::start(config).unwrap());
    let holder = body.simulator().holder();
    set_up(&body);
    let mut link = body.link();
    let mut sent = 0;
    for fault in Fault::ALL.into_iter().filter(|fault| fault.fits(B::WAY).is_ok()) {
        for nth in 1.. {
            holder.fault_at(nth, fault).unwrap();
            let (begun, before) = (Instant::now(), pins(&trace));
            let result = sign_in(&mut link, SHORT);
            let (took, pins) = (begun.elapsed(), pins(&trace) - before);
            assert!(took < SHORT + AFTERWARDS, "{fault} {nth}: {took:?}");
            assert!(pins <= 1, "{fault} {nth}: {pins} PINs");
            sent += pins;
            if holder.faults_to_come() > 0 {
                result.unwrap_or_else(|error| panic!("{fault} {nth}: {error:?}"));
                holder.no_faults();
                break;
            }
            if !holder.is_inserted() {
                let error = result.unwrap_err();
                assert!(matches!(error, CeremonyError::Removed(_)), "{fault} {nth}: {error:?}");
                back(&mut link, &body);
            }
            let next = sign_in(&mut link, SOON);
            next.unwrap_or_else(|error| panic!("after {fault} {nth}: {error:?}"));
        }
    }
    assert!(sent > 20, "{sent} PINs: the faults came before");
}

pub(crate) fn sign_in(link: &mut Link, limit: Duration) -> Result<(), CeremonyError> {
    within(limit, |control| sign_in_as(&mut Cardholder::once(), link, control)).map(drop)
}

/// How many PINs have reached the authenticator: the trace does not tell them, and nothing else of
/// what is said to it.
pub(crate) fn pins(trace: &Path) -> usize {
    let text = fs::read_to_string(trace).unwrap();
    text.lines().filter(|line| line.contains(" > ") && line.contains('{')).count()
}
