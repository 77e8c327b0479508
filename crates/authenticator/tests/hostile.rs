//! An authenticator that lies: answers of a real one, changed at random.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests measure time and fail by panicking"
)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is for one lifetime only, and does not fit"
)]

#[expect(dead_code, reason = "another test uses the rest")]
mod common;

use std::fs;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use authenticator::management::{Management, ManagementError};
use authenticator::{
    Account, CeremonyError, Control, CtapLink, LinkError, NewPinPrompt, Person, Pin, PinPrompt,
    Unshared, Until, authenticate, register,
};
use common::{Cardholder, PIN, World, authenticate_request, register_request};
use firmware_sim::Config;

/// The most that a liar may cause in an errand: 1,024 parties and entries, and what comes before them.
const MOST_ENTRIES: usize = 3_200;
const ROUNDS: u64 = 3_000;
/// The errands are shorter, and there are more of them.
const ERRANDS: u64 = 2_000;
/// More commands than the longest honest ceremony needs, and the most that a liar may cause:
/// eight PINs of three commands, and 64 accounts.
const MOST_COMMANDS: usize = 100;

/// What all liars of a run together may make this process take, in kibibytes. The firmware and
/// the honest conversation take some 60 MiB of it.
const MOST_MEMORY: u64 = 256 * 1024;

/// The most that this process has ever held in memory, in kibibytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A small generator, so that a failure is repeated by its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Says a byte string again, changed in one to three places.
fn mutate(answer: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(answer.len());
        let byte = u8::try_from(random.next() & 0xFF).unwrap();
        match random.below(8) {
            0 => answer.truncate(at),
            1 => answer.insert(at, byte),
            2 if at < answer.len() => drop(answer.remove(at)),
            3 => answer.extend(vec![byte; random.below(2_000)]),
            4 if at < answer.len() => answer[at] ^= 1 << random.below(8),
            5 => answer.splice(0..0, [0x00]).for_each(drop),
            _ if at < answer.len() => answer[at] = byte,
            _ => answer.push(byte),
        }
    }
}

/// Says what another said before, and lies from some answer on.
struct Liar<'a> {
    answers: &'a [Vec<u8>],
    random: Random,
    /// The answer at which the lies begin.
    from: usize,
    calls: usize,
}

impl CtapLink for Liar<'_> {
    fn call(&mut self, _request: &[u8], _control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let n = self.calls;
        self.calls += 1;
        let mut answer = self.answers[n.min(self.answers.len() - 1)].clone();
        if n >= self.from {
            mutate(&mut answer, &mut self.random);
        }
        Ok(answer)
    }
}

/// Always answers.
struct Patient;

impl Person for Patient {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_account(&mut self, accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        accounts.len().checked_sub(1)
    }

    fn touch_needed(&mut self) {}
}

/// Runs a ceremony per seed against a liar, and counts how they end.
///
/// Whoever lies never makes us take more than [`MOST_MEMORY`] in all.
fn lie(
    what: &str,
    answers: &[Vec<u8>],
    seed_of_ours: u8,
    ceremony: impl Fn(
        &mut Liar<'_>,
        &mut Control<'_>,
        &mut authenticator::Entropy<'_>,
    ) -> Option<CeremonyError>,
) {
    let cancel = AtomicBool::new(false);
    let (mut fooled, mut malformed) = (0, 0);
    for seed in 1..=ROUNDS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let from = random.below(answers.len());
        let mut liar = Liar { answers, random, from, calls: 0 };
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        // The same bytes as when the answers were recorded: so the secret is the same, too.
        let mut ours = seed_of_ours;
        let mut entropy = move |buffer: &mut [u8]| {
            ours = ours.wrapping_mul(5).wrapping_add(3);
            buffer.fill(ours);
        };
        match ceremony(&mut liar, &mut control, &mut entropy) {
            None => fooled += 1,
            Some(CeremonyError::Malformed) => malformed += 1,
            Some(_) => {}
        }
        assert!(liar.calls <= MOST_COMMANDS, "seed {seed}: {} commands", liar.calls);
    }
    let peak = peak_memory();
    assert!(peak < MOST_MEMORY, "{peak} KiB");
    println!("{what}: {ROUNDS} liars, {malformed} malformed, {fooled} indistinguishable");
    assert!(malformed > ROUNDS / 4, "the lies do not reach the parsers: {malformed}");
}

#[test]
fn an_authenticator_that_lies_cannot_break_a_registration() {
    let (world, _) = World::registered(Config::seeded(31));
    lie("registration", &world.answers, 1, |liar, control, entropy| {
        let mut link = Unshared(&mut *liar);
        register(&mut link, &register_request(), &mut Patient, control, entropy).err()
    });
}

#[test]
fn an_authenticator_that_lies_cannot_break_an_authentication() {
    let (mut world, _) = World::registered(Config::seeded(32));
    let mut request = register_request();
    request.user.id = vec![2; 16];
    world.register(&request, &mut Cardholder::types([PIN])).unwrap();
    let request = authenticate_request(Vec::new());
    world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    lie("authentication", &world.answers, 3, |liar, control, entropy| {
        let mut link = Unshared(&mut *liar);
        authenticate(&mut link, &request, &mut Patient, control, entropy).err()
    });
}

/// Runs one errand of a holder per seed against a liar, each of [`ERRANDS`] seeds.
fn lie_in_errand(
    what: &str,
    world: &mut World,
    person: &mut Cardholder,
    errand: fn(&mut Management<'_, '_>) -> Result<(), ManagementError>,
) {
    let honest = world.run(person, |link, person, control, entropy| {
        errand(&mut Management::new(link, person, control, entropy))
    });
    honest.unwrap();
    let answers = world.answers.clone();
    let cancel = AtomicBool::new(false);
    let mut worst = 0;
    for seed in 1..=ERRANDS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let from = random.below(answers.len());
        let mut liar = Liar { answers: &answers, random, from, calls: 0 };
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        let mut entropy = |buffer: &mut [u8]| buffer.fill(7);
        let mut link = Unshared(&mut liar);
        let mut patient = Patient;
        let result =
            errand(&mut Management::new(&mut link, &mut patient, &mut control, &mut entropy));
        if let Err(error) = result {
            assert!(error.words().ends_with('.'), "seed {seed}: {error:?}");
        }
        worst = worst.max(liar.calls);
    }
    assert!(worst <= MOST_ENTRIES, "{what}: {worst} commands");
    let peak = peak_memory();
    assert!(peak < MOST_MEMORY, "{what}: {peak} KiB");
}

#[test]
fn an_authenticator_that_lies_cannot_break_an_errand() {
    let (mut world, _) = World::registered(Config::seeded(33));
    let pin = || Cardholder::types([PIN]);
    lie_in_errand("inspection", &mut world, &mut Cardholder::default(), |m| m.inspect().map(drop));
    lie_in_errand("list", &mut world, &mut pin(), |m| m.credentials().map(drop));
    lie_in_errand("always UV", &mut world, &mut pin(), |m| m.set_always_uv(true));
    lie_in_errand("shortest PIN", &mut world, &mut pin(), |m| m.set_min_pin_length(4));
    let mut person = Cardholder { new_pin: Some(PIN), ..pin() };
    lie_in_errand("change of PIN", &mut world, &mut person, |m| m.change_pin());
    world.simulator.holder().power_cycle();
    lie_in_errand("reset", &mut world, &mut Cardholder::default(), |m| m.reset());
    let mut person = Cardholder { new_pin: Some(PIN), ..Cardholder::default() };
    lie_in_errand("first PIN", &mut world, &mut person, |m| m.set_pin());
}
