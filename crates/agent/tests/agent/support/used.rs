//! Cards and keys on which people have credentials.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use authenticator::{
    Account, Control, NewPinPrompt, Pin, PinPrompt, RegisterRequest, RelyingParty, ResidentKey,
    Unshared, Until, User, UserVerification, register,
};
use firmware_sim::{Config, Simulator};

use super::SOON;
use super::terminal::PIN;

/// A name that takes over a terminal: a title, a colour by the one-byte CSI, a line of its own.
pub(crate) const HOSTILE: &str = "ev\u{1b}]0;x\u{7}il\u{9b}31m\nyes";

/// Types the PIN whenever it is asked for.
struct Owner;

impl authenticator::Person for Owner {
    fn enter_pin(&mut self, _: &PinPrompt, _: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_pin(&mut self, _: &NewPinPrompt, _: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_account(&mut self, _: &[Account], _: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}

pub(crate) fn control<'a>(
    cancel: &'a AtomicBool,
    hears: &'a mut (dyn FnMut(authenticator::Keepalive) + Send),
) -> Control<'a> {
    Control { deadline: Instant::now() + SOON, cancel, on_keepalive: hears }
}

/// A card on which these users have credentials of a server.
pub(crate) fn used_by(seed: u64, users: &[&str]) -> Simulator {
    let simulator = Simulator::start(Config::seeded(seed)).unwrap();
    let names = users.iter().map(|user| (*user, HOSTILE));
    use_by(&simulator, "login.example.com", names);
    simulator
}

/// Sets its PIN, and gives each of these people, by account and name, a credential of `server`.
pub(crate) fn use_by<'a>(
    simulator: &Simulator,
    server: &str,
    users: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    for (number, (name, display_name)) in (0..).zip(users) {
        let request = RegisterRequest {
            origin: format!("https://{server}"),
            rp: RelyingParty { id: server.into(), name: "Acme".into() },
            challenge: vec![7; 32],
            user: User {
                id: vec![number; 16],
                name: name.to_owned(),
                display_name: display_name.to_owned(),
            },
            exclude: Vec::new(),
            resident_key: ResidentKey::Required,
            user_verification: UserVerification::Required,
            transports: Vec::new(),
        };
        let (cancel, mut link) = (AtomicBool::new(false), Unshared(simulator.link()));
        let hears = &mut |_| {};
        let mut entropy = |bytes: &mut [u8]| bytes.fill(9);
        let made =
            register(&mut link, &request, &mut Owner, &mut control(&cancel, hears), &mut entropy);
        made.unwrap();
    }
}
