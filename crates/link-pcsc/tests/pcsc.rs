//! A simulated card behind a real pcscd.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use authenticator::{
    Account, Assertion, AuthenticateRequest, CeremonyError, CeremonyLink, Control, CtapLink, Leave,
    LinkError, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest, RelyingParty, ResidentKey,
    Unshared, Until, User, UserVerification, authenticate, register,
};
use firmware_sim::{Config, Holder, Moment, Pcscd, Simulator, Touch, VirtualCard, isolated};
use link_pcsc::{Event, InsertedCard, Monitor, Options, PcscLink};
use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};

const SOON: Duration = Duration::from_secs(10);
/// The deadline of a call that something else must end.
const LATER: Duration = Duration::from_secs(60);
const FIRST: &CStr = c"Virtual PCD 00 00";
const PIN: &str = "2468";
const GET_INFO: &[u8] = &[0x04];
/// SELECT of an application that the card does not have: after it, no application is selected.
const SELECT_NONE: &[u8] = b"\x00\xA4\x04\x00\x05\xF0\x00\x00\x00\x01\x00";

/// Types the same PIN whenever asked.
struct Cardholder(&'static str);

impl Person for Cardholder {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(self.0).ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(self.0).ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}

/// A card in the first reader, and who watches it.
struct Desk {
    holder: Holder,
    events: Receiver<Event>,
    _monitor: Monitor,
    _card: VirtualCard,
    simulator: Simulator,
}

impl Desk {
    /// The card is there before anybody looks.
    fn new(pcscd: &Pcscd, seed: u64) -> Self {
        let simulator = Simulator::start(Config::seeded(seed)).unwrap();
        let card = simulator.card(&pcscd.first_reader()).unwrap();
        assert!(card.wait_until_powered(SOON));
        let (sender, events) = channel();
        let monitor = Monitor::start(move |event| drop(sender.send(event))).unwrap();
        Self { holder: simulator.holder(), events, _monitor: monitor, _card: card, simulator }
    }

    fn wait_for<T>(&self, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(SOON).expect("the event never came");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    fn inserted(&self) -> InsertedCard {
        self.wait_for(|event| match event {
            Event::CardInserted(card) if card.reader.as_c_str() == FIRST => Some(card),
            _ => None,
        })
    }

    fn removed(&self) {
        self.wait_for(|event| matches!(event, Event::CardRemoved { .. }).then_some(()));
    }

    /// Gives the card PIN and credential, in this process, where it is quicker.
    fn enrol(&self) {
        let mut link = Unshared(self.simulator.link());
        with_control(|control| enrol(&mut link, control)).unwrap();
    }
}

fn with_control<T>(run: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + SOON;
    run(&mut Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} })
}

fn entropy() -> impl FnMut(&mut [u8]) {
    let mut state = 7_u8;
    move |buffer| {
        state = state.wrapping_mul(5).wrapping_add(3);
        buffer.fill(state);
    }
}

fn enrol(link: &mut dyn CeremonyLink, control: &mut Control<'_>) -> Result<(), CeremonyError> {
    let request = RegisterRequest {
        origin: "https://login.example.com".into(),
        rp: RelyingParty { id: "login.example.com".into(), name: "Example".into() },
        challenge: vec![1; 32],
        user: User { id: vec![1; 16], name: "anna".into(), display_name: "Anna".into() },
        exclude: Vec::new(),
        resident_key: ResidentKey::Required,
        user_verification: UserVerification::Required,
        transports: Vec::new(),
    };
    register(link, &request, &mut Cardholder(PIN), control, &mut entropy()).map(drop)
}

fn sign_in_with(
    pin: &'static str,
    link: &mut dyn CeremonyLink,
    control: &mut Control<'_>,
) -> Result<Assertion, CeremonyError> {
    let request = AuthenticateRequest {
        origin: "https://login.example.com".into(),
        rp_id: "login.example.com".into(),
        challenge: vec![2; 32],
        allow: Vec::new(),
        user_verification: UserVerification::Required,
    };
    authenticate(link, &request, &mut Cardholder(pin), control, &mut entropy())
}

fn sign_in(link: &mut dyn CeremonyLink) -> Result<Assertion, CeremonyError> {
    with_control(|control| sign_in_with(PIN, link, control))
}

/// Another program at the same card.
fn another_program(mode: ShareMode) -> pcsc::Card {
    let context = Context::establish(Scope::User).unwrap();
    context.connect(FIRST, mode, Protocols::ANY).unwrap()
}

fn select_none(card: &pcsc::Card) -> Result<(), pcsc::Error> {
    card.transmit(SELECT_NONE, &mut [0; 300]).map(drop)
}

#[test]
fn a_fresh_card_is_registered_and_signs_in() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 1);
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        let begun = Instant::now();
        with_control(|control| enrol(&mut link, control)).unwrap();
        let registered = begun.elapsed();
        let begun = Instant::now();
        let assertion = sign_in(&mut link).unwrap();
        let signed = begun.elapsed();
        assert_eq!(assertion.response.user_handle.unwrap().0, [1; 16]);
        println!("registered in {registered:?}, signed in in {signed:?}");
    })
    .unwrap();
}

#[test]
fn a_card_that_was_there_is_told_from_one_that_comes() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 2);
        let was_there = desk.inserted();
        assert_eq!(was_there.inserted_at, None);
        assert!(!was_there.atr.is_empty());

        desk.holder.remove();
        desk.removed();
        // One that is back sooner has only fluttered.
        thread::sleep(Duration::from_millis(750));
        let prompt = Instant::now();
        desk.holder.insert();
        let came = desk.inserted();
        assert!(came.inserted_at.is_some_and(|at| prompt <= at && at <= Instant::now()));
        assert_ne!(came.event_count, was_there.event_count);
    })
    .unwrap();
}

#[test]
fn a_cancel_ends_at_once_and_the_late_answer_belongs_to_nobody() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 3);
        desk.enrol();
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        desk.holder.touches_next(Touch::Refuse);
        let cancel = Arc::new(AtomicBool::new(false));
        let canceller = {
            let (holder, cancel) = (desk.holder.clone(), Arc::clone(&cancel));
            thread::spawn(move || {
                assert!(holder.wait_until_asked(SOON));
                cancel.store(true, Ordering::Release);
            })
        };
        let deadline = Instant::now() + LATER;
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        let error = sign_in_with(PIN, &mut link, &mut control).unwrap_err();
        canceller.join().unwrap();
        assert!(matches!(error, CeremonyError::Cancelled), "{error:?}");

        // It has ended before the card, which still waits. When it answers, the next ceremony must not hear it.
        assert!(desk.holder.touch());
        let assertion = sign_in(&mut link).unwrap();
        assert_eq!(assertion.response.user_handle.unwrap().0, [1; 16]);
    })
    .unwrap();
}

#[test]
fn a_deadline_ends_a_wait() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 4);
        desk.enrol();
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        desk.holder.touches(Touch::Refuse);
        // Until it falls into the wait for the touch, however slow the machine is.
        let (asked, mut limit) = (desk.holder.times_asked(), Duration::from_millis(700));
        while desk.holder.times_asked() == asked {
            let cancel = AtomicBool::new(false);
            let deadline = Instant::now() + limit;
            let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
            let error = sign_in_with(PIN, &mut link, &mut control).unwrap_err();
            assert!(matches!(error, CeremonyError::TimedOut), "{error:?}");
            limit *= 2;
        }
        assert!(desk.holder.touch(), "it has ended before the card, which still waits");
    })
    .unwrap();
}

#[test]
fn a_card_that_is_pulled_out_at_any_apdu_is_removed_and_works_when_it_is_back() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 5);
        desk.enrol();
        let mut card = desk.inserted();
        // Each message but those in the transaction has its own SELECT: 2 + 2 + 1 + 3.
        for nth in 1..=8 {
            let moment = if nth % 2 == 0 { Moment::Before } else { Moment::After };
            let mut link = PcscLink::new(&card, Options::default());
            desk.holder.remove_at(nth, moment);
            let error = sign_in(&mut link).unwrap_err();
            assert!(matches!(error, CeremonyError::Removed(_)), "{nth}: {error:?}");
            desk.removed();
            desk.holder.insert();
            card = desk.inserted();
        }
        sign_in(&mut PcscLink::new(&card, Options::default())).unwrap();
    })
    .unwrap();
}

#[test]
fn a_card_that_lost_its_power_while_nobody_looked_signs_in() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 15);
        desk.enrol();
        let card = desk.inserted();
        let mut link = PcscLink::new(&card, Options::default());
        sign_in(&mut link).unwrap();
        // As after a sleep of the computer: it has forgotten what was selected, tokens and all, and the
        // service has noticed nothing.
        desk.holder.power_cycle();
        sign_in(&mut link).unwrap();
        desk.holder.power_cycle();
        sign_in(&mut PcscLink::new(&card, Options::default())).unwrap();
        assert!(desk.events.try_recv().is_err(), "somebody has looked");
    })
    .unwrap();
}

#[test]
fn another_card_in_the_same_reader_hears_nothing_of_the_ceremony() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 6);
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        desk.holder.remove();
        desk.removed();
        desk.holder.insert();
        desk.inserted();
        let seen = desk.holder.commands_seen();
        let error = with_control(|control| link.call(GET_INFO, control)).unwrap_err();
        assert!(matches!(error, LinkError::Removed(_)), "{error:?}");
        assert_eq!(desk.holder.commands_seen(), seen);
    })
    .unwrap();
}

#[test]
fn a_program_that_selects_something_else_does_not_disturb() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 7);
        desk.enrol();
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        let other = another_program(ShareMode::Shared);
        for _ in 0..3 {
            with_control(|control| link.call(GET_INFO, control)).unwrap();
            select_none(&other).unwrap();
        }
        sign_in(&mut link).unwrap();
    })
    .unwrap();
}

#[test]
fn the_card_is_reset_after_a_ceremony_and_not_before_a_new_try() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 8);
        desk.enrol();
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        let mut other = another_program(ShareMode::Shared);
        sign_in(&mut link).unwrap();
        assert_eq!(select_none(&other), Err(pcsc::Error::ResetCard));
        other.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard).unwrap();

        // Three wrong ones in a row are counted by the card only as long as it is not reset.
        let error = with_control(|control| sign_in_with("9999", &mut link, control)).unwrap_err();
        assert!(matches!(error, CeremonyError::PinAuthBlocked), "{error:?}");
    })
    .unwrap();
}

#[test]
fn the_card_is_reset_when_the_link_is_dropped() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 9);
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        let other = another_program(ShareMode::Shared);
        with_control(|control| link.begin(control)).unwrap();
        drop(link);
        // Waits for the end of the link's transaction, which is the reset.
        assert_eq!(select_none(&other), Err(pcsc::Error::ResetCard));
    })
    .unwrap();
}

#[test]
fn a_transaction_keeps_the_others_off_until_it_ends() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 10);
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        let other = another_program(ShareMode::Shared);
        with_control(|control| link.begin(control)).unwrap();
        let other = thread::spawn(move || select_none(&other));
        for _ in 0..50 {
            let answer = with_control(|control| link.call(GET_INFO, control)).unwrap();
            assert_eq!(answer.first(), Some(&0x00), "somebody selected another application");
        }
        link.end(Leave::AsIs);
        assert_eq!(other.join().unwrap(), Ok(()));
    })
    .unwrap();
}

#[test]
fn a_card_that_another_program_keeps_for_itself_is_in_use() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 11);
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        let other = another_program(ShareMode::Exclusive);
        let error = with_control(|control| link.call(GET_INFO, control)).unwrap_err();
        assert!(matches!(error, LinkError::InUse(_)), "{error:?}");
        drop(other);
        with_control(|control| link.call(GET_INFO, control)).unwrap();
    })
    .unwrap();
}

#[test]
fn the_monitor_outlives_a_restart_of_the_service() {
    isolated::run(|pcscd| {
        let desk = Desk::new(pcscd, 12);
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        with_control(|control| link.call(GET_INFO, control)).unwrap();
        let directory = pcscd.socket().parent().unwrap().to_owned();
        kill(pcscd);
        desk.removed();
        desk.wait_for(|event| matches!(event, Event::ServiceDown(_)).then_some(()));
        let error = with_control(|control| link.call(GET_INFO, control)).unwrap_err();
        assert!(matches!(error, LinkError::Removed(_)), "{error:?}");

        let again = Pcscd::start_in(&directory).unwrap();
        desk.wait_for(|event| matches!(event, Event::ServiceUp).then_some(()));
        let second = Simulator::start(Config::seeded(13)).unwrap();
        let _card = second.card(&again.first_reader()).unwrap();
        let mut link = PcscLink::new(&desk.inserted(), Options::default());
        with_control(|control| link.call(GET_INFO, control)).unwrap();
    })
    .unwrap();
}

fn kill(pcscd: &Pcscd) {
    let status = std::process::Command::new("kill").args(["-9", &pcscd.id().to_string()]).status();
    assert!(status.unwrap().success());
}

#[test]
fn the_monitor_ends_at_once() {
    isolated::run(|pcscd| {
        let _desk = Desk::new(pcscd, 14);
        // Each would wait for a day.
        let begun = Instant::now();
        for _ in 0..20 {
            let (sender, events) = channel();
            let monitor = Monitor::start(move |event| drop(sender.send(event))).unwrap();
            while !matches!(events.recv_timeout(SOON).unwrap(), Event::CardInserted(_)) {}
            drop(monitor);
            // Also when it has only just begun, and its wait has not.
            drop(Monitor::start(|_| {}).unwrap());
        }
        assert!(begun.elapsed() < 6 * SOON, "{:?}", begun.elapsed());
    })
    .unwrap();
}
