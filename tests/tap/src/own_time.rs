//! What the CTAP client costs in a ceremony, over a link in the same process: all that it says to the card and
//! makes of its answers. Tickets, dialogs and calls to the server are not in it: see [`crate::agent_time`].

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use authenticator::{
    Account, Assertion, AuthenticateRequest, CeremonyError, CeremonyLink, Control, CtapLink,
    LinkError, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest, RelyingParty, ResidentKey,
    Unshared, Until, User, UserVerification, authenticate, register,
};
use firmware_sim::{Config, Simulator};
use load::clock;
use load::report::{Sample, line};

use crate::{Bounds, Failure};

const MOST: Duration = Duration::from_millis(1);
pub(crate) const PIN: &str = "271828";
pub(crate) const RP_ID: &str = "login.example.com";
pub(crate) const ORIGIN: &str = "https://login.example.com";

/// Measures ceremonies, less the time that the card takes for its answers.
pub(crate) fn measure(count: u32, bounds: &mut Bounds) -> Result<(), Failure> {
    let simulator = Simulator::start(Config::seeded(1))?;
    let mut link = Unshared(Timed { link: simulator.link(), waited: Duration::ZERO });
    let id = enrol(&mut link)?;
    let mut own = Vec::new();
    for _ in 0..count {
        link.0.waited = Duration::ZERO;
        let began = clock::now();
        sign_in(&mut link, &id)?;
        own.push(began.elapsed().saturating_sub(link.0.waited));
    }
    let own = Sample::of(own);
    line("CTAP client's own time per ceremony", own.p50_and_p99());
    bounds.set("CTAP client's own time, p99", own.quantile(990), MOST);
    Ok(())
}

/// Counts how long the card takes.
struct Timed<L> {
    link: L,
    waited: Duration,
}

impl<L: CtapLink> CtapLink for Timed<L> {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let began = clock::now();
        let answer = self.link.call(request, control);
        self.waited = self.waited.saturating_add(began.elapsed());
        answer
    }
}

/// Enters its PIN at once.
struct Holder;

impl Person for Holder {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        Some(0)
    }

    fn touch_needed(&mut self) {}
}

fn control<T>(run: impl FnOnce(&mut Control<'_>) -> T) -> Result<T, Failure> {
    let cancel = AtomicBool::new(false);
    let deadline = clock::now().checked_add(Duration::from_secs(30)).ok_or("no deadline")?;
    Ok(run(&mut Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} }))
}

/// Random enough for a card that protects nobody.
fn entropy() -> impl FnMut(&mut [u8]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move |buffer: &mut [u8]| {
        for byte in buffer {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[0];
        }
    }
}

/// Sets the PIN of a new card, and makes a credential; its id.
pub(crate) fn enrol(link: &mut dyn CeremonyLink) -> Result<Vec<u8>, Failure> {
    let request = RegisterRequest {
        origin: ORIGIN.into(),
        rp: RelyingParty { id: RP_ID.into(), name: "Example".into() },
        challenge: vec![7; 32],
        user: User { id: vec![1; 16], name: "ada".into(), display_name: "Ada".into() },
        exclude: Vec::new(),
        resident_key: ResidentKey::Required,
        user_verification: UserVerification::Required,
        transports: vec!["smart-card".into()],
    };
    let made = control(|control| register(link, &request, &mut Holder, control, &mut entropy()))??;
    Ok(made.raw_id.0)
}

/// One assertion with the PIN.
pub(crate) fn sign_in(link: &mut dyn CeremonyLink, id: &[u8]) -> Result<Assertion, Failure> {
    let request = AuthenticateRequest {
        origin: ORIGIN.into(),
        rp_id: RP_ID.into(),
        challenge: vec![7; 32],
        allow: vec![id.to_vec()],
        user_verification: UserVerification::Required,
    };
    let signed: Result<Assertion, CeremonyError> =
        control(|control| authenticate(link, &request, &mut Holder, control, &mut entropy()))?;
    Ok(signed?)
}

/// How long each of `count` runs took.
pub(crate) fn timed(
    count: u32,
    mut run: impl FnMut() -> Result<(), Failure>,
) -> Result<Sample, Failure> {
    let mut all = Vec::new();
    for _ in 0..count {
        let began: Instant = clock::now();
        run()?;
        all.push(began.elapsed());
    }
    Ok(Sample::of(all))
}
