use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authenticator::{
    Account, Assertion, AuthenticateRequest, CeremonyError, CeremonyLink, Control, CtapLink,
    Keepalive, LinkError, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest, RelyingParty,
    ResidentKey, Unshared, Until, User, UserVerification, authenticate, register,
};
use firmware_sim::{Config, Holder, Simulator, VirtualKey};
use link_hid::{HidLink, Hidraw, Report, ReportError, Reports};

pub(crate) const SOON: Duration = Duration::from_secs(10);
/// The deadline of a call that something else must end. A key gives up after 30 s.
pub(crate) const LATER: Duration = Duration::from_secs(60);
pub(crate) const GET_INFO: &[u8] = &[0x04];
/// authenticatorSelection: asks for a touch, and for nothing else.
pub(crate) const SELECTION: &[u8] = &[0x0B];
const PIN: &str = "2468";

/// A key at a socket, and who holds it.
pub(crate) struct Desk {
    pub(crate) simulator: Simulator,
    pub(crate) holder: Holder,
    folder: tempfile::TempDir,
    _key: VirtualKey,
}

impl Desk {
    pub(crate) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let simulator = Simulator::start(Config::seeded(seed)).unwrap();
        let key = simulator.key(&folder.path().join("key")).unwrap();
        Self { holder: simulator.holder(), simulator, folder, _key: key }
    }

    /// With PIN and credential, which it gets in this process, where it is quicker.
    pub(crate) fn enrolled(seed: u64) -> Self {
        let desk = Self::new(seed);
        let mut link = Unshared(desk.simulator.link());
        with_control(|control| enrol(&mut link, control)).unwrap();
        desk
    }

    /// Waits for the key to be plugged in, if it is not yet.
    pub(crate) fn open(&self) -> Hidraw {
        Hidraw::connect(&self.folder.path().join("key")).unwrap()
    }

    pub(crate) fn link(&self) -> HidLink<Hidraw> {
        HidLink::new(self.open(), nonces())
    }
}

/// Different ones for different links.
pub(crate) fn nonces() -> impl FnMut() -> [u8; 8] + Send {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    || COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes()
}

pub(crate) fn with_control<T>(run: impl FnOnce(&mut Control<'_>) -> T) -> T {
    within(SOON, run)
}

pub(crate) fn within<T>(time: Duration, run: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + time;
    run(&mut Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} })
}

pub(crate) fn call(link: &mut dyn CtapLink, request: &[u8]) -> Result<Vec<u8>, LinkError> {
    with_control(|control| link.call(request, control))
}

/// Cancels when the key has asked for a touch and said so three times; gives the error, and the
/// keepalives that were heard.
pub(crate) fn cancel_at_touch(
    holder: &Holder,
    run: impl FnOnce(&mut Control<'_>) -> LinkError,
) -> (LinkError, Vec<Keepalive>) {
    let cancel = AtomicBool::new(false);
    let mut heard = Vec::new();
    let mut on_keepalive = |keepalive| {
        heard.push(keepalive);
        if heard.len() >= 3 && holder.is_asked() {
            cancel.store(true, Ordering::Release);
        }
    };
    let deadline = Instant::now() + LATER;
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut on_keepalive };
    let error = run(&mut control);
    (error, heard)
}

/// Types the same PIN whenever asked, and counts.
pub(crate) struct Cardholder(pub(crate) usize);

impl Person for Cardholder {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        self.0 += 1;
        Pin::new(PIN).ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}

fn entropy() -> impl FnMut(&mut [u8]) {
    let mut state = 7_u8;
    move |buffer| {
        state = state.wrapping_mul(5).wrapping_add(3);
        buffer.fill(state);
    }
}

pub(crate) fn enrol(
    link: &mut dyn CeremonyLink,
    control: &mut Control<'_>,
) -> Result<(), CeremonyError> {
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
    register(link, &request, &mut Cardholder(0), control, &mut entropy()).map(drop)
}

pub(crate) fn sign_in(
    link: &mut dyn CeremonyLink,
    person: &mut Cardholder,
    control: &mut Control<'_>,
) -> Result<Assertion, CeremonyError> {
    let request = AuthenticateRequest {
        origin: "https://login.example.com".into(),
        rp_id: "login.example.com".into(),
        challenge: vec![2; 32],
        // Long, so that the request takes several packets.
        allow: Vec::new(),
        user_verification: UserVerification::Required,
    };
    authenticate(link, &request, person, control, &mut entropy())
}

/// What happens to a report on its way.
pub(crate) trait Trouble: Send {
    /// A report goes out, the `nth` of all, from 1. An error: the key is gone.
    fn outward(&mut self, _nth: usize, _report: &Report) -> Result<(), ReportError> {
        Ok(())
    }

    /// A report has come in, the `nth`. What comes in its place, in order.
    fn inward(&mut self, _nth: usize, report: Report) -> Result<Vec<Report>, ReportError> {
        Ok(vec![report])
    }
}

/// A wire with trouble on it, and a record of all that went out.
pub(crate) struct Troubled<T> {
    pub(crate) wire: Hidraw,
    pub(crate) trouble: T,
    pub(crate) sent: Arc<Mutex<Vec<Report>>>,
    received: usize,
    waiting: VecDeque<Report>,
}

impl<T: Trouble> Troubled<T> {
    pub(crate) fn new(wire: Hidraw, trouble: T) -> Self {
        Self { wire, trouble, sent: Arc::default(), received: 0, waiting: VecDeque::default() }
    }
}

impl<T: Trouble> Reports for Troubled<T> {
    fn write(&mut self, report: &Report) -> Result<(), ReportError> {
        let nth = {
            let mut sent = self.sent.lock().unwrap();
            sent.push(*report);
            sent.len()
        };
        self.trouble.outward(nth, report)?;
        self.wire.write(report)
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, ReportError> {
        if let Some(report) = self.waiting.pop_front() {
            return Ok(Some(report));
        }
        let Some(report) = self.wire.read(timeout)? else { return Ok(None) };
        self.received += 1;
        self.waiting.extend(self.trouble.inward(self.received, report)?);
        Ok(self.waiting.pop_front())
    }
}
