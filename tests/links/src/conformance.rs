//! The claims. Each is a function of one body, which was just put in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use authenticator::{CeremonyLink, Control, Keepalive, LinkError};
use firmware_sim::{Moment, Touch};

use crate::Body;
use crate::requests::{GET_INFO, SELECTION, enrol, get_assertion_of, sign_in};

pub(crate) const SOON: Duration = Duration::from_secs(10);
/// The deadline of a call that something else must end. The firmware gives up after 30 s.
const LATER: Duration = Duration::from_secs(60);

/// A claim about a body.
pub type Claim<B> = fn(&B);

/// All of them by name, in the order in which `tests/conformance.rs` makes a test of each.
pub fn claims<B: Body>() -> [(&'static str, Claim<B>); 9] {
    [
        ("get_info_is_answered", get_info_is_answered),
        ("requests_of_every_length_arrive", requests_of_every_length_arrive),
        ("a_ceremony_with_long_messages_succeeds", a_ceremony_with_long_messages_succeeds),
        ("a_touch_that_is_needed_is_told", a_touch_that_is_needed_is_told),
        ("a_cancel_during_the_touch_ends_at_once", a_cancel_during_the_touch_ends_at_once),
        ("a_deadline_during_the_touch_ends_at_once", a_deadline_during_the_touch_ends_at_once),
        (
            "a_call_that_is_cancelled_before_asks_nothing",
            a_call_that_is_cancelled_before_asks_nothing,
        ),
        (
            "a_removal_ends_the_link_and_a_new_one_works",
            a_removal_ends_the_link_and_a_new_one_works,
        ),
        ("a_removal_during_the_touch_is_noticed", a_removal_during_the_touch_is_noticed),
    ]
}

pub(crate) type Link = Box<dyn CeremonyLink>;

pub(crate) fn within<T>(time: Duration, run: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + time;
    run(&mut Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} })
}

pub(crate) fn call(link: &mut Link, request: &[u8]) -> Result<Vec<u8>, LinkError> {
    within(SOON, |control| link.call(request, control))
}

/// The link answers, with nothing of what was before.
fn is_ready(link: &mut Link) {
    let info = call(link, GET_INFO).unwrap();
    assert_eq!(info.first(), Some(&0x00));
    assert!(info.len() > 100, "{} bytes are no getInfo", info.len());
    assert_eq!(call(link, GET_INFO).unwrap(), info);
}

/// The authenticator says what it is, as often as it is asked.
pub fn get_info_is_answered(body: &impl Body) {
    is_ready(&mut body.link());
}

/// Requests around every edge of packets and APDUs arrive as they were sent: the answer is that
/// of the simulator's own link.
pub fn requests_of_every_length_arrive(body: &impl Body) {
    let mut link = body.link();
    let mut own: Link = Box::new(authenticator::Unshared(body.simulator().link()));
    let edges = [57, 116, 175, 234, 240, 255, 256, 480, 720, 960, 1_024, 2_048, 3_000];
    for length in edges.into_iter().flat_map(|edge| edge - 2..=edge + 2) {
        if length < 90 {
            continue;
        }
        let request = get_assertion_of(length);
        let expected = call(&mut own, &request).unwrap();
        assert_eq!(call(&mut link, &request).unwrap(), expected, "{length}");
    }
    is_ready(&mut link);
}

/// A whole registration and a sign-in, with lists and answers that take several packets.
pub fn a_ceremony_with_long_messages_succeeds(body: &impl Body) {
    let mut link = body.link();
    let registration = within(SOON, |control| enrol(&mut link, control)).unwrap();
    let id = registration.id.0;
    let assertion = within(SOON, |control| sign_in(&mut link, &id, control)).unwrap();
    assert_eq!(assertion.id.0, id);
}

/// While the authenticator waits for a touch, the caller hears it, if there is a way to tell.
pub fn a_touch_that_is_needed_is_told(body: &impl Body) {
    let mut link = body.link();
    let holder = body.simulator().holder();
    let after = Duration::from_millis(350);
    holder.touches_next(if tells(body) { Touch::Refuse } else { Touch::After(after) });
    let mut told = 0;
    // Where it is told, nobody touches before it was told three times.
    let mut on_keepalive = |keepalive| {
        told += usize::from(keepalive == Keepalive::UP_NEEDED);
        if told == 3 {
            holder.touch();
        }
    };
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + SOON;
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut on_keepalive };
    assert_eq!(link.call(SELECTION, &mut control).unwrap(), [0x00]);
    assert_eq!(told >= 3, tells(body), "{told}");
}

fn tells<B: Body>(_: &B) -> bool {
    B::TELLS_KEEPALIVES
}

/// Who cancels waits no longer; the light goes out, and the next call is clean.
pub fn a_cancel_during_the_touch_ends_at_once(body: &impl Body) {
    let mut link = body.link();
    is_ready(&mut link);
    let holder = body.simulator().holder();
    holder.touches_next(Touch::Refuse);
    let cancel = AtomicBool::new(false);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            assert!(holder.wait_until_asked(SOON));
            cancel.store(true, Ordering::Release);
        });
        let deadline = Instant::now() + LATER;
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        link.call(SELECTION, &mut control).unwrap_err()
    });
    assert!(matches!(error, LinkError::Cancelled), "{error:?}");
    // A card is left with an APDU that nobody waits for: the touch ends it.
    holder.touch();
    is_ready(&mut link);
}

/// The deadline ends a wait, and the next call is clean.
pub fn a_deadline_during_the_touch_ends_at_once(body: &impl Body) {
    let mut link = body.link();
    is_ready(&mut link);
    let holder = body.simulator().holder();
    holder.touches(Touch::Refuse);
    // Until it falls into the wait for the touch, however slow the machine is.
    let (asked, mut limit) = (holder.times_asked(), Duration::from_millis(400));
    while holder.times_asked() == asked {
        let error = within(limit, |control| link.call(SELECTION, control)).unwrap_err();
        assert!(matches!(error, LinkError::Deadline), "{error:?}");
        limit *= 2;
    }
    holder.touches(Touch::Now);
    holder.touch();
    is_ready(&mut link);
}

/// What was cancelled before it began never reaches the authenticator.
pub fn a_call_that_is_cancelled_before_asks_nothing(body: &impl Body) {
    let mut link = body.link();
    is_ready(&mut link);
    let holder = body.simulator().holder();
    let (seen, asked) = (holder.commands_seen(), holder.times_asked());
    let cancel = AtomicBool::new(true);
    let deadline = Instant::now() + SOON;
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
    let error = link.call(SELECTION, &mut control).unwrap_err();
    assert!(matches!(error, LinkError::Cancelled), "{error:?}");
    let error = within(Duration::ZERO, |control| link.call(SELECTION, control)).unwrap_err();
    assert!(matches!(error, LinkError::Deadline), "{error:?}");
    assert_eq!((holder.commands_seen(), holder.times_asked()), (seen, asked));
}

/// An authenticator that is pulled out is removed, for this link for good; put back, it answers
/// to another.
pub fn a_removal_ends_the_link_and_a_new_one_works(body: &impl Body) {
    let mut link = body.link();
    let holder = body.simulator().holder();
    for moment in [Moment::Before, Moment::After] {
        is_ready(&mut link);
        holder.remove_at(1, moment);
        let error = call(&mut link, GET_INFO).unwrap_err();
        assert!(matches!(error, LinkError::Removed(_)), "{moment:?}: {error:?}");
        let error = call(&mut link, GET_INFO).unwrap_err();
        assert!(matches!(error, LinkError::Removed(_)), "{moment:?}: {error:?}");
        back(&mut link, body);
    }
}

/// An authenticator that is pulled out while it waits for a touch is removed.
pub fn a_removal_during_the_touch_is_noticed(body: &impl Body) {
    let mut link = body.link();
    is_ready(&mut link);
    let holder = body.simulator().holder();
    holder.touches_next(Touch::Refuse);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            assert!(holder.wait_until_asked(SOON));
            holder.remove();
        });
        call(&mut link, SELECTION).unwrap_err()
    });
    assert!(matches!(error, LinkError::Removed(_)), "{error:?}");
    back(&mut link, body);
    is_ready(&mut link);
}

/// Puts the authenticator back in. It takes a moment to be noticed that it was gone.
pub(crate) fn back(link: &mut Link, body: &impl Body) {
    let begun = Instant::now();
    let holder = body.simulator().holder();
    body.wait_until_gone();
    holder.insert();
    *link = body.link();
    while let Err(error) = call(link, GET_INFO) {
        assert!(matches!(error, LinkError::Removed(_)), "{error:?}");
        assert!(begun.elapsed() < SOON, "it never came back");
        *link = body.link();
    }
}
