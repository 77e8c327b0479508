use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authenticator::{CeremonyLink, Unshared};
use cardea_agent::{
    Agent, Arrival, Board, Browser as Opener, Config, DeviceId, DeviceSource, Locker, Modules,
    Open, Pace, Pairing, Pinentry, Readers,
};
use firmware_sim::Simulator;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Browser, World};

/// The PIN that the person at a desktop chooses, and enters when asked.
pub const PIN: &str = "271828";

/// A person's computer with the agent, a reader, and a pinentry that answers.
pub struct Desktop {
    /// The agent.
    pub agent: Agent,
    reader: Reader,
    folder: TempDir,
}

/// Keeps the address that it is to open, whole or not at all.
const BROWSER: &str = r#"#!/bin/sh
folder=$(dirname "$0")
printf %s "$1" >"$folder/opening" && mv "$folder/opening" "$folder/opened"
"#;

/// A reader without PC/SC: cards are put on it by the test.
#[derive(Clone, Default)]
struct Reader(Arc<Mutex<Option<Board>>>);

impl DeviceSource for Reader {
    fn start(self: Box<Self>, board: Board) -> std::io::Result<Box<dyn Send>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(board);
        Ok(Box::new(()))
    }
}

/// What opens a card.
fn opens(card: &Arc<Simulator>) -> Open {
    let card = Arc::clone(card);
    Arc::new(move || {
        let link: Box<dyn CeremonyLink> = Box::new(Unshared(card.link()));
        Ok(link)
    })
}

/// A pinentry that keeps what it shows, and does what the person [`Desktop::will`] do: unless that
/// is said, it enters [`PIN`] and agrees to everything. On the way to a PIN that is said, it agrees as well:
/// nobody types one where none is asked for, and a slow module has the agent ask for a card meanwhile.
const PINENTRY: &str = r#"#!/bin/sh
folder=$(dirname "$0")
echo OK
while read -r command rest; do
  case "$command" in
    SETNOTOK) third=there; echo OK ;;
    SETDESC|SETERROR) printf '%s %s\n' "$command" "$rest" >>"$folder/shown"; echo OK ;;
    GETPIN|CONFIRM)
      echo "$command" >>"$folder/shown"
      answer=$(sed -n 1p "$folder/answers")
      case "$command $third $answer" in
        'CONFIRM '*' pin '*) echo OK; continue ;;
        # Nobody presses or chooses what is not there: they look at the dialog until it goes.
        *'  another'|*'  this') read -r rest; exit 0 ;;
      esac
      sed -i 1d "$folder/answers"
      case "$answer" in
        pin*) echo "D ${answer#pin }"; echo OK ;;
        another) echo 'ERR 83886194 Not confirmed' ;;
        cancel) echo 'ERR 83886179 Operation cancelled' ;;
        *) if [ "$command" = GETPIN ]; then echo "D 271828"; fi; echo OK ;;
      esac ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
"#;

impl Desktop {
    /// A desktop whose agent runs and is enrolled nowhere.
    ///
    /// # Panics
    ///
    /// When the agent does not start.
    pub fn start() -> Self {
        Self::with_taps_of(Duration::ZERO)
    }

    /// The same, where a card that leaves sooner after its answer was only tapped.
    ///
    /// # Panics
    ///
    /// When the agent does not start.
    pub fn with_taps_of(tap: Duration) -> Self {
        Self::made(|config| config.tap = tap)
    }

    /// The same with the PC/SC readers of this process, and a module that knows the certificates of
    /// the cards in them.
    ///
    /// # Panics
    ///
    /// When the agent does not start.
    pub fn at_readers(modules: Modules) -> Self {
        Self::made(|config| (config.devices, config.modules) = (Box::new(Readers), Some(modules)))
    }

    #[expect(clippy::expect_used, reason = "fixtures")]
    fn made(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let locks = format!("#!/bin/sh\necho locked >>'{}/locks'\n", folder.path().display());
        let programs = [("pinentry", PINENTRY), ("locker", &locks), ("browser", BROWSER)];
        let [program, locker, opener] = programs.map(|(name, text)| {
            let program = folder.path().join(name);
            std::fs::write(&program, text).expect("a program");
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("its mode");
            program
        });
        for list in ["answers", "shown"] {
            std::fs::write(folder.path().join(list), "").expect("a list");
        }
        let reader = Reader::default();
        let mut config = Config {
            state_dir: folder.path().join("state"),
            socket: None,
            pinentry: Pinentry::new(program),
            locker: Locker::new(locker),
            tap: Duration::ZERO,
            browser: Some(Opener::program(opener)),
            session_bus: None,
            devices: Box::new(reader.clone()),
            modules: None,
            device_name: "ward-3-pc".into(),
            pace: Pace::default(),
        };
        change(&mut config);
        let agent = Agent::start(config).expect("an agent");
        Self { agent, reader, folder }
    }

    /// What the person does at the next dialogs: `pin 123456`, `ok`, `another`, `this` (and not the other,
    /// where there is one) or `cancel`.
    ///
    /// # Panics
    ///
    /// When it cannot be written down.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub fn will(&self, answers: &[&str]) {
        std::fs::write(self.folder.path().join("answers"), answers.join("\n")).expect("a list");
        std::fs::write(self.folder.path().join("shown"), "").expect("a list");
    }

    /// What the dialogs have shown since [`Desktop::will`], and each question as `GETPIN` or
    /// `CONFIRM`.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub fn saw(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("shown")).expect("a list")
    }

    /// Puts a factory-fresh simulated card on the reader.
    ///
    /// # Panics
    ///
    /// When the simulator does not start.
    pub fn put_new_card(&self, seed: u64) -> Arc<Simulator> {
        let card = Self::new_card(seed);
        self.put(&card);
        card
    }

    /// A factory-fresh simulated card that lies nowhere yet.
    ///
    /// # Panics
    ///
    /// When the simulator does not start.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub fn new_card(seed: u64) -> Arc<Simulator> {
        Arc::new(Simulator::start(firmware_sim::Config::seeded(seed)).expect("a card"))
    }

    /// Puts a card on the reader: the name of its stay.
    pub fn put(&self, card: &Arc<Simulator>) -> DeviceId {
        self.board().arrived("test reader".into(), Arrival::Now, opens(card))
    }

    /// Takes it away.
    pub fn take(&self, stay: DeviceId) {
        self.board().left(stay);
    }

    /// Whether the desktop was locked.
    pub fn is_locked(&self) -> bool {
        self.folder.path().join("locks").exists()
    }

    #[expect(clippy::expect_used, reason = "fixtures")]
    fn board(&self) -> Board {
        let board = self.reader.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        board.expect("an agent watches this reader")
    }

    /// The address that the agent has opened in the person's browser.
    pub async fn opened(&self) -> String {
        let told = self.folder.path().join("opened");
        loop {
            if let Ok(address) = std::fs::read_to_string(&told) {
                return address;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sets the agent up from the page of a login that waits: tenant and account as it shows them.
    ///
    /// # Panics
    ///
    /// When the two are not paired.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn set_up(
        &self,
        world: &World,
        browser: &mut Browser,
        step: &str,
    ) -> (String, String) {
        let code = browser.post_json(&format!("{step}/pair"), &json!({})).await.member("code");
        let pairing = self.pair(world, code.as_str().expect("a code")).await;
        let offer = pairing.offer().clone();
        assert_eq!((offer.browser.as_str(), offer.os.as_str()), ("Chrome", "Linux"));
        let answer = browser.come_back(pairing.address()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        pairing.confirmed().await.expect("a confirmed agent");
        self.agent.connected().await;
        (offer.tenant.as_str().to_owned(), offer.account.as_str().to_owned())
    }

    /// Types the server's address and a code into the agent.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn pair(&self, world: &World, code: &str) -> Pairing {
        let server = world.origin.parse().expect("an address");
        let code = code.parse().expect("a code");
        self.agent.pair(&server, &code).await.expect("an offer")
    }
}

/// Has the page ask the agent, and waits for what it hears in the end.
///
/// # Panics
///
/// When the request does not reach the agent.
pub async fn ask_agent(browser: &mut Browser, step: &str) -> Value {
    let state = |event: &Value| event.get("state").and_then(Value::as_str).map(str::to_owned);
    let mut events = browser.events(&format!("{step}/events")).await;
    let pushed = browser.post_json(&format!("{step}/agent"), &json!({})).await;
    assert_eq!(state(&pushed.json()).as_deref(), Some("pushed"), "{pushed:?}");
    let ticket = pushed.member("ticket");
    loop {
        let event = events.next().await;
        // The page may still stand at what became of the request before.
        let is_of_before = event.get("ticket").is_some_and(|of| *of != ticket);
        if !is_of_before
            && !matches!(state(&event).as_deref(), Some("pushed" | "claimed" | "paired"))
        {
            return event;
        }
    }
}
