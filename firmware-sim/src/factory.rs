//! What is done to an authenticator before it is handed out: its PIN and its rules. It is done by
//! the commands by which an administrator would do it, so that the firmware keeps to it.

use std::io;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use authenticator::management::{Management, ManagementError};
use authenticator::{Account, Control, NewPinPrompt, Person, Pin, PinPrompt, Unshared, Until};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::shared::now;
use crate::{Config, PinPolicy, Simulator};

/// Its own stream of randomness: what is done here changes nothing about the card's keys.
const STREAM: u64 = 0xFAC7;
/// How often a PIN may be tried before the card is blocked (CTAP 2.1 §6.5.2.2).
const TRIES: u8 = 8;
/// PINs have 4 to 63 characters (CTAP 2.1 §6.5.1).
const LENGTHS: std::ops::RangeInclusive<u32> = 4..=63;
/// An errand takes milliseconds.
const ERRAND: Duration = Duration::from_secs(20);

/// Whether these rules can be kept.
pub(crate) fn check(policy: &PinPolicy) -> io::Result<()> {
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if policy.pin.is_none() && policy.tries_left.is_some() {
        return refuse("there are tries only of a PIN: choose one, too");
    }
    if policy.pin.is_none() && policy.force_change {
        return refuse("only a PIN can be changed: choose one, too");
    }
    if policy.tries_left.is_some_and(|left| left > TRIES) {
        return refuse("a PIN has at most 8 tries");
    }
    if policy.min_length.is_some_and(|length| !LENGTHS.contains(&length)) {
        return refuse("the shortest PIN has 4 to 63 characters");
    }
    let length = policy.pin.as_deref().map_or(u32::MAX, characters);
    if length < policy.min_length.unwrap_or(*LENGTHS.start()) {
        return refuse("the PIN is shorter than the shortest one that is allowed");
    }
    Ok(())
}

fn characters(pin: &str) -> u32 {
    u32::try_from(pin.chars().count()).unwrap_or(u32::MAX)
}

/// Makes a new authenticator what it shall be.
pub(crate) fn prepare(simulator: &Simulator, config: &Config) -> io::Result<()> {
    let policy = &config.pin_policy;
    if *policy == PinPolicy::default() {
        return Ok(());
    }
    let mut noise = ChaCha20Rng::seed_from_u64(config.seed);
    noise.set_stream(STREAM);
    let mut run = |pin: &str, errand: Errand| {
        errand_of(simulator, pin, &mut noise, errand)
            .map_err(|error| io::Error::other(format!("cannot prepare the card: {error}")))
    };
    if let Some(length) = policy.min_length {
        run("", Errand::MinLength(length))?;
    }
    if let Some(pin) = &policy.pin {
        run(pin, Errand::SetPin)?;
    }
    let pin = policy.pin.as_deref().unwrap_or_default();
    if policy.always_uv {
        run(pin, Errand::AlwaysUv)?;
    }
    if policy.force_change {
        run(pin, Errand::ForceChange)?;
    }
    if let Some(left) = policy.tries_left {
        for _ in left..TRIES {
            // Three in a row are as many as it takes between two power-ups.
            simulator.holder().power_cycle();
            // It is refused, which is what counts.
            let _ = run(&wrong(pin), Errand::ChangePin);
        }
    }
    simulator.holder().power_cycle();
    simulator.shared.lock().commands = 0;
    Ok(())
}

/// Another one of the same length.
fn wrong(pin: &str) -> String {
    pin.chars().map(|letter| if letter == '0' { '1' } else { '0' }).collect()
}

#[derive(Clone, Copy)]
enum Errand {
    MinLength(u32),
    SetPin,
    ChangePin,
    AlwaysUv,
    ForceChange,
}

fn errand_of(
    simulator: &Simulator,
    pin: &str,
    noise: &mut ChaCha20Rng,
    errand: Errand,
) -> Result<(), ManagementError> {
    let mut link = Unshared(simulator.link());
    let mut person = Maker { pin, is_asked: false };
    let cancel = AtomicBool::new(false);
    let deadline = now().checked_add(ERRAND).unwrap_or_else(now);
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
    let mut entropy = |bytes: &mut [u8]| noise.fill_bytes(bytes);
    let mut management = Management::new(&mut link, &mut person, &mut control, &mut entropy);
    match errand {
        Errand::MinLength(length) => management.set_min_pin_length(length),
        Errand::SetPin => management.set_pin(),
        Errand::ChangePin => management.change_pin(),
        Errand::AlwaysUv => management.set_always_uv(true),
        Errand::ForceChange => management.force_pin_change(),
    }
}

/// Who makes the card: enters the PIN once.
struct Maker<'a> {
    pin: &'a str,
    is_asked: bool,
}

impl Person for Maker<'_> {
    fn enter_pin(&mut self, _: &PinPrompt, _: Until<'_>) -> Option<Pin> {
        let was_asked = std::mem::replace(&mut self.is_asked, true);
        if was_asked { None } else { Pin::new(self.pin).ok() }
    }

    fn choose_pin(&mut self, _: &NewPinPrompt, _: Until<'_>) -> Option<Pin> {
        Pin::new(self.pin).ok()
    }

    fn choose_account(&mut self, _: &[Account], _: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}
