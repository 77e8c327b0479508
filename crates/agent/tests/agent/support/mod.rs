//! What the tests are made of.

pub(crate) mod notifications;
pub(crate) mod person;
pub(crate) mod server;
pub(crate) mod terminal;
pub(crate) mod tokens;
pub(crate) mod used;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, SystemTime};

use agent_protocol::{
    Ceremony, Context, Create, CredentialDescriptor, CredentialParameter, Jti, MatchCode, Outcome,
    Purpose, ResidentKey, SignedRequest, Ticket, User, UserVerification, WhenLifted,
};
use authenticator::{CeremonyLink, Control, CtapLink, LinkError, Unshared};
use cardea_agent::{
    Agent, Arrival, Board, Config, DeviceId, DeviceSource, Locker, Modules, Open, OpenError, Pace,
    Readers, ServerAddress, Signer,
};
use firmware_sim::{Holder, SimLink, Simulator, VirtualKey};
use link_hid::{HidLink, Hidraw};

use person::Person;
use server::Server;

/// No event of these tests takes so long, unless it never comes.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Waits for an event.
pub(crate) async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, event).await.expect("it happens soon")
}

/// Waits until something is so that tells nobody when it is. Between the looks, the processor
/// belongs to what is waited for.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    soon(async {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        while !is_so().await {
            looks.tick().await;
        }
    })
    .await;
}

pub(crate) async fn until_asked(holder: &Holder) {
    let holder = holder.clone();
    tokio::task::spawn_blocking(move || assert!(holder.wait_until_asked(SOON))).await.unwrap();
}

pub(crate) async fn until_not_asked(holder: &Holder) {
    let holder = holder.clone();
    tokio::task::spawn_blocking(move || assert!(holder.wait_until_not_asked(SOON))).await.unwrap();
}

/// What the agent logs, for a person who looks at a failed test.
fn log() {
    let filter = tracing_subscriber::EnvFilter::new("cardea_agent=debug");
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
}

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cardea-agent-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct SlowLink {
    link: SimLink,
    said: Arc<AtomicBool>,
}

impl CtapLink for SlowLink {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let answer = self.link.call(request, control);
        if matches!(answer, Err(LinkError::Cancelled)) {
            std::thread::sleep(Duration::from_millis(500));
            self.said.store(true, Ordering::Release);
        }
        answer
    }
}

/// A key that is plugged in.
pub(crate) struct Plugged {
    id: DeviceId,
    key: VirtualKey,
    open: Open,
}

/// A reader without PC/SC: cards are put on it and taken away by the test.
#[derive(Clone, Default)]
pub(crate) struct Reader(Arc<Mutex<Option<Board>>>);

impl Reader {
    fn board(&self) -> Board {
        self.0.lock().unwrap().clone().expect("an agent watches this reader")
    }

    pub(crate) fn put(&self, card: &Arc<Simulator>) -> DeviceId {
        self.put_into("test reader", card)
    }

    pub(crate) fn put_into(&self, reader: &str, card: &Arc<Simulator>) -> DeviceId {
        self.appear(reader, card, Arrival::Now)
    }

    /// A card that was there before the smart card service was.
    pub(crate) fn find(&self, card: &Arc<Simulator>) -> DeviceId {
        self.appear("found reader", card, Arrival::Before)
    }

    fn appear(&self, reader: &str, card: &Arc<Simulator>, arrival: Arrival) -> DeviceId {
        let card = Arc::clone(card);
        let open = move || {
            let link: Box<dyn CeremonyLink> = Box::new(Unshared(card.link()));
            Ok(link)
        };
        self.board().arrived(reader.into(), arrival, Arc::new(open))
    }

    /// A key that takes its time to say the last word about a command that was cancelled; the flag
    /// tells that it has.
    pub(crate) fn plug_in_slow(&self, simulator: &Arc<Simulator>) -> Arc<AtomicBool> {
        let (simulator, said) = (Arc::clone(simulator), Arc::<AtomicBool>::default());
        let flag = Arc::clone(&said);
        let open = move || {
            let link = SlowLink { link: simulator.link(), said: Arc::clone(&flag) };
            let link: Box<dyn CeremonyLink> = Box::new(Unshared(link));
            Ok(link)
        };
        self.board().plugged_in("slow key".into(), Arrival::Now, Arc::new(open));
        said
    }

    /// A card that opens only when `gate` does.
    pub(crate) fn put_before(&self, gate: &Arc<Barrier>, card: &Arc<Simulator>) -> DeviceId {
        let (gate, card) = (Arc::clone(gate), Arc::clone(card));
        let open = move || {
            gate.wait();
            let link: Box<dyn CeremonyLink> = Box::new(Unshared(card.link()));
            Ok(link)
        };
        self.board().arrived("test reader".into(), Arrival::Now, Arc::new(open))
    }

    /// A key on USB.
    pub(crate) fn plug_in(&self, simulator: &Simulator) -> Plugged {
        static NONCES: AtomicU64 = AtomicU64::new(1);
        let socket = std::env::temp_dir().join(format!(
            "cardea-key-{}-{}",
            std::process::id(),
            NONCES.fetch_add(1, Ordering::Relaxed)
        ));
        let key = simulator.key(&socket).unwrap();
        let nonces = || NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let open: Open = Arc::new(move || {
            let wire = Hidraw::connect(&socket).map_err(|e| OpenError(e.into()))?;
            let link: Box<dyn CeremonyLink> = Box::new(Unshared(HidLink::new(wire, nonces)));
            Ok(link)
        });
        let id = self.board().plugged_in("test key".into(), Arrival::Now, Arc::clone(&open));
        Plugged { id, key, open }
    }

    /// A key that was unplugged comes back, or is found by another agent.
    pub(crate) async fn plug_back(&self, plugged: &mut Plugged) {
        until(async || cardea_agent::inspect(&plugged.open).await.is_ok()).await;
        let open = Arc::clone(&plugged.open);
        plugged.id = self.board().plugged_in("test key".into(), Arrival::Now, open);
    }

    /// The system tells that a key has left.
    pub(crate) fn is_unplugged(&self, plugged: &Plugged) {
        self.take(plugged.id);
    }

    pub(crate) fn unplug(&self, Plugged { id, key, .. }: Plugged) {
        drop(key);
        self.take(id);
    }

    /// A card that this opens.
    pub(crate) fn put_by(&self, open: Open) -> DeviceId {
        self.board().arrived("test reader".into(), Arrival::Now, open)
    }

    /// A card with certificates.
    pub(crate) fn put_signer(&self, reader: &str, arrival: Arrival, signer: Signer) -> DeviceId {
        self.board().card_arrived(reader.into(), arrival, signer)
    }

    /// A card that is no FIDO card.
    pub(crate) fn put_other(&self) -> DeviceId {
        let open = || Err(OpenError("no FIDO application".into()));
        self.board().arrived("test reader".into(), Arrival::Now, Arc::new(open))
    }

    pub(crate) fn take(&self, id: DeviceId) {
        self.board().left(id);
    }
}

impl DeviceSource for Reader {
    fn start(self: Box<Self>, board: Board) -> std::io::Result<Box<dyn Send>> {
        *self.0.lock().unwrap() = Some(board);
        Ok(Box::new(()))
    }
}

/// A factory-fresh card whose holder touches it when asked.
pub(crate) fn new_card(seed: u64) -> Arc<Simulator> {
    Arc::new(Simulator::start(firmware_sim::Config::seeded(seed)).unwrap())
}

/// A desktop: a folder, a person, a reader; and an agent on it.
pub(crate) struct Desktop {
    pub(crate) folder: Folder,
    pub(crate) person: Person,
    pub(crate) reader: Reader,
    /// Where notifications are shown.
    pub(crate) session_bus: Option<String>,
    pub(crate) modules: Option<Modules>,
    /// Whether the real readers are watched, and not that of the test.
    real_readers: bool,
    /// How long a tap may take.
    pub(crate) tap: Duration,
    /// How long the computer has slept.
    pub(crate) slept: fn() -> Duration,
    pub(crate) agent: Option<Agent>,
}

impl Desktop {
    /// A desktop whose agent runs.
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    /// The same with smart cards that a module knows.
    pub(crate) fn with(modules: Option<Modules>) -> Self {
        Self::made(modules, false)
    }

    /// The same at the real readers.
    pub(crate) fn at_readers(modules: Modules) -> Self {
        Self::made(Some(modules), true)
    }

    fn made(modules: Option<Modules>, real_readers: bool) -> Self {
        log();
        let folder = Folder::new();
        let person = Person::new(folder.path());
        let (reader, tap, session_bus) = (Reader::default(), Duration::ZERO, None);
        let (agent, slept): (_, fn() -> Duration) = (None, || Duration::ZERO);
        let mut desktop =
            Self { folder, person, reader, session_bus, modules, real_readers, tap, slept, agent };
        desktop.start();
        desktop
    }

    /// Starts the agent, again if it ran before.
    pub(crate) fn start(&mut self) {
        self.agent = None;
        // Its socket goes with its tasks, which the runtime ends when it comes to it.
        while std::os::unix::net::UnixStream::connect(self.socket()).is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let pace = Pace {
            ping: Duration::from_secs(25),
            retry_first: Duration::from_millis(20),
            retry_most: Duration::from_millis(200),
            slept: self.slept,
        };
        let config = Config {
            state_dir: self.state(),
            socket: Some(cardea_agent::Socket::At(self.socket())),
            pinentry: self.person.pinentry(),
            locker: Locker::new(self.locker()),
            tap: self.tap,
            browser: None,
            session_bus: self.session_bus.clone(),
            devices: if self.real_readers {
                Box::new(Readers)
            } else {
                Box::new(self.reader.clone())
            },
            modules: self.modules.clone(),
            device_name: "Ada's computer".into(),
            pace,
        };
        self.agent = Some(Agent::start(config).unwrap());
    }

    pub(crate) fn agent(&self) -> &Agent {
        self.agent.as_ref().expect("the agent runs")
    }

    /// A program that notes that it was to lock the desktop.
    fn locker(&self) -> PathBuf {
        let program = self.folder.path().join("locker");
        let text = format!("#!/bin/sh\necho \"$@\" >>'{}'\n", self.locks().display());
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        program
    }

    /// What it has noted.
    pub(crate) fn locks(&self) -> PathBuf {
        self.folder.path().join("locks")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("run").join("agent.sock")
    }

    /// Names of the files of the state, without the lock.
    pub(crate) fn state_files(&self) -> usize {
        std::fs::read_dir(self.state()).unwrap().count().saturating_sub(1)
    }

    /// Pairs with the server, page and all.
    pub(crate) async fn pair(&self, server: &Server) {
        let address: ServerAddress = server.origin.parse().unwrap();
        let code = "KRQM-BXPT".parse().unwrap();
        let pairing = soon(self.agent().pair(&address, &code)).await.unwrap();
        server.page_confirms();
        soon(pairing.confirmed()).await.unwrap();
        soon(self.agent().connected()).await;
    }
}

/// A desktop that is paired with a server.
pub(crate) async fn paired() -> (Desktop, Server) {
    let (desktop, server) = (Desktop::new(), Server::start().await);
    desktop.pair(&server).await;
    (desktop, server)
}

/// A ticket that nobody had before.
pub(crate) fn new_ticket() -> Ticket {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Ticket::from_random(bytes)
}

pub(crate) fn seconds() -> u64 {
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// A request to sign in with one of `allow`.
pub(crate) fn login(server: &Server, allow: Vec<CredentialDescriptor>) -> SignedRequest {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut jti = [0; 16];
    jti[..8].copy_from_slice(&number.to_be_bytes());
    SignedRequest {
        iss: server.origin.clone(),
        aud: server.device(),
        tenant: "acme".into(),
        txn: "txn-1".into(),
        purpose: Purpose::Login,
        origin: server.origin.clone(),
        rp_id: "localhost".into(),
        challenge: "AAECAwQFBgcICQoLDA0ODw".into(),
        user_verification: UserVerification::Required,
        ceremony: Ceremony::Get(allow),
        kinds: vec!["fido2".into()],
        user: "ada@acme.example".into(),
        app: "Account".into(),
        context: Context {
            browser: Some("Firefox".into()),
            os: Some("Linux".into()),
            other_network: false,
        },
        when_lifted: WhenLifted::Nothing,
        match_code: MatchCode::try_from("47".to_owned()).unwrap(),
        iat: seconds(),
        exp: seconds() + 120,
        jti: Jti::from_random(jti),
    }
}

/// A request for a new credential.
pub(crate) fn enrol(server: &Server, exclude: Vec<CredentialDescriptor>) -> SignedRequest {
    let create = Create {
        user: User {
            id: "AQIDBA".into(),
            name: "ada@acme.example".into(),
            display_name: "Ada".into(),
        },
        exclude_credentials: exclude,
        pub_key_cred_params: vec![CredentialParameter { kind: "public-key".into(), alg: -7 }],
        resident_key: ResidentKey::Required,
        attestation: Some("direct".into()),
    };
    let ceremony = Ceremony::Create(create);
    SignedRequest { purpose: Purpose::Enrol, ceremony, ..login(server, Vec::new()) }
}

/// The credential of an outcome, as an allow-list names it.
pub(crate) fn descriptor(outcome: &Outcome) -> CredentialDescriptor {
    let Outcome::Registration(credential) = outcome else { panic!("no registration: {outcome:?}") };
    CredentialDescriptor {
        id: credential["id"].as_str().unwrap().to_owned(),
        kind: "public-key".into(),
        transports: Vec::new(),
    }
}
