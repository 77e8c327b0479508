//! Mia at her desk: a browser that is paired with an agent, her card, and somebody who watches its reader.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use cardea_agent::{Agent, Config, DeviceSource, Locker, Pace, Pinentry};
use e2e::{Browser, World};
use entra_stand_in::Person;
use firmware_sim::Simulator;
use link_pcsc::{Event, FLUTTER};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Failure;
use crate::own_time::PIN;

pub(crate) const STEP: &str = "/realms/acme/login/card";
pub(crate) const SESSION: &str = "__Host-sid-acme";
/// No step takes so long, unless it never ends.
pub(crate) const SOON: Duration = Duration::from_secs(20);

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

/// An agent that has not counted the prompts before: people do not tap three times a minute.
pub(crate) fn agent(folder: &Path, devices: Box<dyn DeviceSource>) -> Result<Agent, Failure> {
    Ok(Agent::start(Config {
        state_dir: folder.join("state"),
        socket: None,
        pinentry: pinentry(folder)?,
        locker: Locker::new("/nonexistent"),
        tap: Duration::ZERO,
        browser: None,
        session_bus: None,
        devices,
        modules: None,
        device_name: "ward-3-pc".into(),
        pace: Pace::default(),
    })?)
}

pub(crate) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> Result<T, Failure> {
    let waited = tokio::time::timeout(SOON, event).await;
    waited.map_err(|_| format!("nothing came of this: {what}").into())
}

/// Mia signs in, pairs this browser with the agent, and enrols the card that the agent sees.
pub(crate) async fn set_up(world: &World, agent: &Agent) -> Result<Browser, Failure> {
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
pub(crate) async fn claim(browser: &mut Browser, done: &Value) -> Result<(), Failure> {
    let location = done.get("location").and_then(Value::as_str);
    let location = location.ok_or_else(|| format!("the card was not taken: {done}"))?;
    let answer = browser.get(location).await;
    if browser.cookie(SESSION).is_some() {
        Ok(())
    } else {
        Err(format!("no session: {answer:?}").into())
    }
}

/// Comes to the card step once more, has the agent ask for the card, and signs in.
pub(crate) async fn sign_in(world: &World, browser: &mut Browser) -> Result<(), Failure> {
    come_again(world, browser).await?;
    let done = soon("a sign-in", e2e::ask_agent(browser, STEP)).await?;
    claim(browser, &done).await
}

/// Comes to the card step once more.
pub(crate) async fn come_again(world: &World, browser: &mut Browser) -> Result<(), Failure> {
    browser.drop_cookie(SESSION);
    world.entra_leg(browser, &mut Person::new("mia@acme.example")).await?;
    Ok(())
}

/// What the reader tells, and when.
pub(crate) type Events = UnboundedReceiver<(Instant, Event)>;

/// Takes the card away, and waits until the reader has noticed: one that is back sooner has only
/// fluttered.
pub(crate) async fn take_away(simulator: &Simulator, events: &mut Events) -> Result<(), Failure> {
    simulator.holder().remove();
    told(events, |event| matches!(event, Event::CardRemoved { .. })).await?;
    tokio::time::sleep(FLUTTERS).await;
    Ok(())
}

/// Puts the card back, and waits until the reader has noticed.
pub(crate) async fn put_back(simulator: &Simulator, events: &mut Events) -> Result<(), Failure> {
    simulator.holder().insert();
    told(events, |event| matches!(event, Event::CardInserted(_))).await?;
    Ok(())
}

/// When the reader told this, of what it has not told yet.
pub(crate) async fn told(
    events: &mut Events,
    is_it: impl Fn(&Event) -> bool,
) -> Result<Instant, Failure> {
    loop {
        let told = soon("the reader tells of its card", events.recv()).await?;
        let (at, event) = told.ok_or("the reader is not watched any more")?;
        if is_it(&event) {
            return Ok(at);
        }
    }
}

/// A card that is back sooner was not put there again.
pub(crate) const FLUTTERS: Duration = FLUTTER.saturating_add(Duration::from_millis(50));
