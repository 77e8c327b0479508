//! From the reader's event to the session cookie: browser, server, agent and card.

use std::time::{Duration, Instant};

use cardea_agent::Readers;
use e2e::{Browser, World};
use firmware_sim::{Pcscd, Simulator};
use link_pcsc::{Event, Monitor};
use load::clock;
use load::report::{Sample, line};
use tokio::sync::mpsc::unbounded_channel;

use crate::desk::{Events, SOON, STEP, agent, claim, come_again, set_up, soon, take_away, told};
use crate::{Arguments, Bounds, Failure, idle};

const FIRST_APDU: Duration = Duration::from_millis(5);
const COOKIE: Duration = Duration::from_millis(40);

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
    let world = World::with_room_for_many().await;
    let simulator = Simulator::start(firmware_sim::Config::seeded(3))?;
    let body = simulator.card(&pcscd.first_reader())?;
    let mut browser = set_up(&world, &agent(folder.path(), Box::new(Readers))?).await?;
    let (sender, mut events) = unbounded_channel();
    let monitor = Monitor::start(move |event| drop(sender.send((clock::now(), event))))?;
    take_away(&simulator, &mut events).await?;
    let mut taps = Vec::new();
    for _ in 0..arguments.taps {
        let agent = agent(folder.path(), Box::new(Readers))?;
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

/// One sign-in, up to the card; then the card is laid on the reader.
async fn tap(
    world: &World,
    browser: &mut Browser,
    simulator: &Simulator,
    events: &mut Events,
) -> Result<Tap, Failure> {
    come_again(world, browser).await?;
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
    let came = told(events, |event| matches!(event, Event::CardInserted(_))).await?;
    let first_apdu = first_apdu.await?.ok_or("no command reached the card")?;
    take_away(simulator, events).await?;
    let since = |at: Instant| at.saturating_duration_since(came);
    Ok(Tap { first_apdu: since(first_apdu), cookie: since(cookie) })
}
