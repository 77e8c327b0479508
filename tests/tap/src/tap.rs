//! From the reader's event to the session cookie: browser, server, agent and card.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use cardea_agent::{Agent, Config, Locker, Pace, Pinentry, Readers};
use e2e::{Browser, World};
use entra_stand_in::Person;
use firmware_sim::{Pcscd, Simulator};
use link_pcsc::{Event, Monitor};
use load::clock;
use load::report::{Sample, line};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::own_time::PIN;
use crate::{Arguments, Bounds, Failure, idle};

const STEP: &str = "/realms/acme/login/card";
const FIRST_APDU: Duration = Duration::from_millis(5);
const COOKIE: Duration = Duration::from_millis(40);
/// No step takes so long, unless it never ends.
const SOON: Duration = Duration::from_secs(20);

/// A person who types at once: what is measured is not the person.
fn pinentry(folder: &Path) -> Result<Pinentry, Failure> {
    let program = folder.join("pinentry");
    let script = format!(
        "#!/bin/sh\necho OK\nwhile read -r command rest; do case \"$command\" in\n\
         GETPIN) echo 'D {PIN}'; echo OK;;\nBYE) echo OK; exit 0;;\n*) echo OK;;\nesac; done\n"
    );
    std::fs::write(&program, script)?;
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755))?;
    Ok(Pinentry::new(program))
}

fn agent(folder: &Path) -> Result<Agent, Failure> {
    Ok(Agent::start(Config {
        state_dir: folder.join("state"),
        socket: None,
        pinentry: pinentry(folder)?,
        locker: Locker::new("/nonexistent"),
        tap: Duration::ZERO,
        browser: None,
        session_bus: None,
        devices: Box::new(Readers),
        modules: None,
        device_name: "ward-3-pc".into(),
        pace: Pace::default(),
    })?)
}

async fn soon<T>(what: &str, event: impl Future<Output = T>) -> Result<T, Failure> {
    let waited = tokio::time::timeout(SOON, event).await;
    waited.map_err(|_| format!("nothing came of this: {what}").into())
}

/// What one tap took.
struct Tap {
    first_apdu: Duration,
    cookie: Duration,
}

pub(crate) async fn measure(
    pcscd: &Pcscd,
    arguments: &Arguments,
    bounds: &mut Bounds,
) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::start().await;
    let simulator = Simulator::start(firmware_sim::Config::seeded(3))?;
    let body = simulator.card(&pcscd.first_reader())?;
    let mut browser = set_up(&world, folder.path()).await?;
    let (sender, mut events) = unbounded_channel();
    let monitor = Monitor::start(move |event| drop(sender.send((clock::now(), event))))?;
    take_away(&simulator, &mut events).await?;
    let mut taps = Vec::new();
    for _ in 0..arguments.taps {
        // A new one has not counted the prompts before: people do not tap three times a minute.
        let agent = agent(folder.path())?;
        soon("the agent connects", agent.connected()).await?;
        taps.push(tap(&world, &mut browser, &simulator, &mut events).await?);
    }
    drop((monitor, body));
    let sample = |of: fn(&Tap) -> Duration| Sample::of(taps.iter().map(of).collect());
    let (apdu, cookie) = (sample(|tap| tap.first_apdu), sample(|tap| tap.cookie));
    line("card event to first APDU", apdu.p50_and_p99());
    line("card event to session cookie", cookie.p50_and_p99());
    bounds.set("card event to first APDU, p95", apdu.quantile(950), FIRST_APDU);
    bounds.set("card event to cookie, p95", cookie.quantile(950), COOKIE);
    idle::measure(pcscd, &arguments.agent, folder.path(), bounds).await
}

/// Mia signs in, pairs this browser with the agent, and enrols the card on the reader.
async fn set_up(world: &World, folder: &Path) -> Result<Browser, Failure> {
    let agent = agent(folder)?;
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await?;
    let code = browser.post_json(&format!("{STEP}/pair"), &json!({})).await.member("code");
    let code = code.as_str().ok_or("no code")?.parse()?;
    let pairing = agent.pair(&world.origin.parse()?, &code).await?;
    browser.come_back(pairing.address()).await;
    soon("the pairing is confirmed", pairing.confirmed()).await??;
    soon("the agent connects", agent.connected()).await?;
    let done = soon("a card is enrolled", e2e::ask_agent(&mut browser, STEP)).await?;
    claim(&mut browser, &done).await?;
    Ok(browser)
}

/// Takes what the login ended with.
async fn claim(browser: &mut Browser, done: &Value) -> Result<(), Failure> {
    let location = done.get("location").and_then(Value::as_str);
    let location = location.ok_or_else(|| format!("the card was not taken: {done}"))?;
    let answer = browser.get(location).await;
    if browser.cookie("__Host-sid-acme").is_some() {
        Ok(())
    } else {
        Err(format!("no session: {answer:?}").into())
    }
}

/// One sign-in, up to the card; then the card is laid on the reader.
async fn tap(
    world: &World,
    browser: &mut Browser,
    simulator: &Simulator,
    events: &mut Events,
) -> Result<Tap, Failure> {
    browser.drop_cookie("__Host-sid-acme");
    world.entra_leg(browser, &mut Person::new("mia@acme.example")).await?;
    let holder = simulator.holder();
    let before = holder.commands_seen();
    let waiting = holder.clone();
    let first_apdu = tokio::task::spawn_blocking(move || {
        waiting.wait_for_commands(before.saturating_add(1), SOON).then(clock::now)
    });
    while events.try_recv().is_ok() {}
    let hand = holder.clone();
    // The prompt stands when the card comes.
    let lays_down = async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        hand.insert();
    };
    let (done, ()) = tokio::join!(soon("a tap", e2e::ask_agent(browser, STEP)), lays_down);
    claim(browser, &done?).await?;
    let cookie = clock::now();
    let came = loop {
        if let (at, Event::CardInserted(_)) =
            soon("the reader tells of the card", events.recv()).await?.ok_or("no event")?
        {
            break at;
        }
    };
    let first_apdu = first_apdu.await?.ok_or("no command reached the card")?;
    take_away(simulator, events).await?;
    let since = |at: Instant| at.saturating_duration_since(came);
    Ok(Tap { first_apdu: since(first_apdu), cookie: since(cookie) })
}

type Events = UnboundedReceiver<(Instant, Event)>;

/// Takes the card away, and waits until the reader has noticed: one that is back sooner has only
/// fluttered.
async fn take_away(simulator: &Simulator, events: &mut Events) -> Result<(), Failure> {
    simulator.holder().remove();
    let is_empty = |event: &Event| matches!(event, Event::CardRemoved { .. });
    while !soon("the reader is empty", events.recv())
        .await?
        .is_none_or(|(_, event)| is_empty(&event))
    {}
    tokio::time::sleep(FLUTTERS).await;
    Ok(())
}

/// A card that is back sooner was not put there again.
const FLUTTERS: Duration = Duration::from_millis(750);
