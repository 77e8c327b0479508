//! The server and the agent together, when one of the two people at the desk gives up: the one at
//! the page, or the one at the dialog. What follows is an order of events; the limit is only for
//! what never comes.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use authenticator::{CeremonyLink, Unshared};
use cardea_agent::{Agent, Arrival, Board, Config, DeviceSource, Locker, Pace, Pinentry};
use e2e::{Browser, World};
use entra_stand_in::Person;
use firmware_sim::Simulator;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

const STEP: &str = "/realms/acme/login/card";
/// No event of these tests takes so long, unless it never comes.
const SOON: Duration = Duration::from_secs(20);

/// A dialog says that it is there, holds its pipe open as long as it is, and is declined at the
/// person's word.
const PINENTRY: &str = r#"
echo OK
while read -r command rest; do
  case "$command" in
    GETPIN|CONFIRM)
      exec 3>"$1/there"
      echo "$command" >&3
      read -r word <"$1/word"
      echo 'ERR 83886179 Operation cancelled';;
    *) echo OK;;
  esac
done
"#;

async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, event).await.unwrap()
}

/// A reader with one card, which lay there before anybody asked.
struct Reader(Arc<Simulator>);

impl DeviceSource for Reader {
    fn start(self: Box<Self>, board: Board) -> std::io::Result<Box<dyn Send>> {
        let open = move || {
            let link: Box<dyn CeremonyLink> = Box::new(Unshared(self.0.link()));
            Ok(link)
        };
        board.arrived("test reader".into(), Arrival::Before, Arc::new(open));
        Ok(Box::new(()))
    }
}

/// A computer with the agent, a new card on its reader, and a person before the dialogs.
struct Desk {
    agent: Agent,
    card: Arc<Simulator>,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for pipe in ["there", "word"] {
            assert!(
                Command::new("mkfifo").arg(folder.path().join(pipe)).status().unwrap().success()
            );
        }
        let folder_name = folder.path().as_os_str();
        let arguments = ["-c".as_ref(), PINENTRY.as_ref(), "sh".as_ref(), folder_name];
        let card = Arc::new(Simulator::start(firmware_sim::Config::seeded(1)).unwrap());
        let config = Config {
            state_dir: folder.path().join("state"),
            socket: None,
            pinentry: Pinentry::new("/bin/sh").with_arguments(arguments.map(OsStr::to_owned)),
            locker: Locker::new("/nonexistent"),
            tap: Duration::ZERO,
            browser: None,
            session_bus: None,
            devices: Box::new(Reader(Arc::clone(&card))),
            modules: None,
            device_name: "ward-3-pc".into(),
            pace: Pace::default(),
        };
        Self { agent: Agent::start(config).unwrap(), card, folder }
    }

    /// Waits for the next dialog: when it is there, and when it is gone.
    fn dialog(&self) -> (oneshot::Receiver<()>, oneshot::Receiver<()>) {
        let (there, is_there) = oneshot::channel();
        let (gone, is_gone) = oneshot::channel();
        let pipe = self.folder.path().join("there");
        // A thread that nobody waits for: one that hears nothing ends with the test.
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(std::fs::File::open(pipe).unwrap());
            pipe.read_line(&mut String::new()).unwrap();
            let _ = there.send(());
            pipe.read_to_end(&mut Vec::new()).unwrap();
            let _ = gone.send(());
        });
        (is_there, is_gone)
    }

    /// The person says no to the dialog that is there.
    fn decline(&self) {
        let pipe = self.folder.path().join("word");
        std::thread::spawn(move || std::fs::write(pipe, "no\n"));
    }
}

/// Mia at the card step, with the agent of `desk` paired.
async fn at_card_step(world: &World, desk: &Desk) -> Browser {
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await.unwrap();
    let code = browser.post_json(&format!("{STEP}/pair"), &json!({})).await.member("code");
    let server = world.origin.parse().unwrap();
    let pairing = desk.agent.pair(&server, &code.as_str().unwrap().parse().unwrap()).await.unwrap();
    browser.come_back(pairing.address()).await;
    soon(pairing.confirmed()).await.unwrap();
    soon(desk.agent.connected()).await;
    browser
}

/// What became of all requests so far.
async fn requests(world: &World) -> Vec<String> {
    let rows = world.dump().await.rows("ticket");
    rows.iter().map(|row| row["state"].trim_matches('\'').to_owned()).collect()
}

async fn ask(browser: &mut Browser) -> Value {
    let pushed = browser.post_json(&format!("{STEP}/agent"), &json!({})).await.json();
    assert_eq!(pushed["state"], "pushed", "{pushed}");
    pushed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gives_up_takes_the_dialog_away_and_the_ceremony_is_void() {
    let (world, desk) = (World::start().await, Desk::new());
    let mut browser = at_card_step(&world, &desk).await;
    let (there, gone) = desk.dialog();
    ask(&mut browser).await;
    soon(there).await.unwrap();
    browser.post_json(&format!("{STEP}/agent/cancel"), &json!({})).await;
    // Nobody has said a word to the dialog: it would be there for ever.
    soon(gone).await.unwrap();
    assert_eq!(requests(&world).await, ["refused"]);
    assert_eq!(desk.card.holder().times_asked(), 0, "the card has made nothing");

    // The next request is another, and has its own dialog.
    let (there, gone) = desk.dialog();
    ask(&mut browser).await;
    soon(there).await.unwrap();
    desk.decline();
    soon(gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_declines_at_the_dialog_is_told_so_by_the_page() {
    let (world, desk) = (World::start().await, Desk::new());
    let mut browser = at_card_step(&world, &desk).await;
    let mut events = browser.events(&format!("{STEP}/events")).await;
    let (there, gone) = desk.dialog();
    let pushed = ask(&mut browser).await;
    soon(there).await.unwrap();
    desk.decline();
    // Only the agent's word ends the wait of the page before the challenge does.
    let told = loop {
        let event = soon(events.next()).await;
        if event["state"] == "refused" {
            break event;
        }
    };
    let ticket = &pushed["ticket"];
    assert_eq!(told, json!({ "state": "refused", "ticket": ticket, "reason": "cancelled" }));
    soon(gone).await.unwrap();
    assert_eq!(requests(&world).await, ["refused"]);
    assert_eq!(desk.card.holder().times_asked(), 0, "the card has made nothing");
    let page = browser.get(STEP).await.body;
    assert!(page.contains("data-view=\"choose\""), "{page}");
}
