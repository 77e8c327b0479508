//! From the hand that takes the card to the end of its session, and from the hand that pulls it out of a
//! ceremony to the word about it.

use std::time::Duration;

use cardea_agent::Readers;
use e2e::{Browser, World};
use firmware_sim::{Pcscd, Simulator, VirtualCard};
use identity::{CardLifted, FirstCard, TenantPolicy};
use link_pcsc::{Event, Monitor};
use load::clock;
use load::report::{Sample, line};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use crate::desk::{
    Events, FLUTTERS, STEP, agent, come_again, put_back, set_up, sign_in, soon, told,
};
use crate::{Bounds, Failure};

const ACCOUNT: &str = "/realms/acme/account/";
const ENDED: Duration = Duration::from_secs(1);
const SAID: Duration = Duration::from_secs(2);
/// The last commands of a sign-in: whatever the agent looks at before it asks for the PIN is over.
const LAST: u64 = 4;

/// A desk whose card holds its sessions.
struct Desk {
    world: World,
    browser: Browser,
    simulator: Simulator,
    events: Events,
    folder: TempDir,
    _monitor: Monitor,
    _body: VirtualCard,
}

pub(crate) async fn measure(pcscd: &Pcscd, times: u32, bounds: &mut Bounds) -> Result<(), Failure> {
    let mut desk = Desk::new(pcscd).await?;
    let (mut of_hand, mut of_reader) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let (hand, reader) = desk.lifted().await?;
        of_hand.push(hand);
        of_reader.push(reader);
    }
    let (of_hand, of_reader) = (Sample::of(of_hand), Sample::of(of_reader));
    line("card lifted to session ended", of_hand.p50_and_p99());
    line("  of it, from the reader's event", of_reader.p50_and_p99());
    bounds.set("card lifted to end, longest", of_hand.quantile(1000), ENDED);

    let commands = desk.commands().await?;
    let mut said = Vec::new();
    for nth in (0..times).map(|n| commands.saturating_sub(u64::from(n) % LAST)) {
        said.push(desk.pulled_at(nth).await?);
    }
    let said = Sample::of(said);
    line("card pulled in ceremony to word", said.p50_and_p99());
    bounds.set("card pulled to word, longest", said.quantile(1000), SAID);
    Ok(())
}

impl Desk {
    async fn new(pcscd: &Pcscd) -> Result<Self, Failure> {
        let world = World::with_policy(TenantPolicy {
            first_card: FirstCard::FreshEntraSignIn,
            card_lifted: CardLifted::EndsSession,
            ..TenantPolicy::default()
        })
        .await;
        let (folder, simulator) =
            (tempfile::tempdir()?, Simulator::start(firmware_sim::Config::seeded(4))?);
        let body = simulator.card(&pcscd.first_reader())?;
        let (sender, mut events) = unbounded_channel();
        let monitor = Monitor::start(move |event| drop(sender.send((clock::now(), event))))?;
        told(&mut events, |event| matches!(event, Event::CardInserted(_))).await?;
        let browser = set_up(&world, &agent(folder.path(), Box::new(Readers))?).await?;
        Ok(Self { world, browser, simulator, events, folder, _monitor: monitor, _body: body })
    }

    /// Takes the card away from under a session: how long after the hand, and after the reader's event,
    /// the session had ended and its tab knew.
    async fn lifted(&mut self) -> Result<(Duration, Duration), Failure> {
        let agent = agent(self.folder.path(), Box::new(Readers))?;
        soon("the agent connects", agent.connected()).await?;
        sign_in(&self.world, &mut self.browser).await?;
        self.browser.get(ACCOUNT).await;
        let mut tab = self.browser.events(&format!("{ACCOUNT}events")).await;
        while self.events.try_recv().is_ok() {}
        let hand = clock::now();
        self.simulator.holder().remove();
        let event = soon("the tab hears of it", tab.next()).await?;
        let ended = clock::now();
        if event.get("state").and_then(Value::as_str) != Some("ended") {
            return Err(format!("the session has not ended: {event}").into());
        }
        if self.browser.get(ACCOUNT).await.status == 200 {
            return Err("the session goes on".into());
        }
        let is_removal = |event: &Event| matches!(event, Event::CardRemoved { .. });
        let reader = told(&mut self.events, is_removal).await?;
        self.comes_back().await?;
        let since = |at| ended.saturating_duration_since(at);
        Ok((since(hand), since(reader)))
    }

    /// How many commands a sign-in has.
    async fn commands(&mut self) -> Result<u64, Failure> {
        let agent = agent(self.folder.path(), Box::new(Readers))?;
        soon("the agent connects", agent.connected()).await?;
        let before = self.simulator.holder().commands_seen();
        sign_in(&self.world, &mut self.browser).await?;
        Ok(self.simulator.holder().commands_seen().saturating_sub(before))
    }

    /// Pulls the card out at the `nth` command of a sign-in: how long it took until the page was told.
    async fn pulled_at(&mut self, nth: u64) -> Result<Duration, Failure> {
        let agent = agent(self.folder.path(), Box::new(Readers))?;
        soon("the agent connects", agent.connected()).await?;
        come_again(&self.world, &mut self.browser).await?;
        let (holder, hand) = (self.simulator.holder(), self.simulator.holder());
        holder.hold_at(nth);
        let pulls = async move {
            while !hand.is_held() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let pulled = clock::now();
            hand.remove();
            pulled
        };
        let asks = async {
            let event = e2e::ask_agent(&mut self.browser, STEP).await;
            (event, clock::now())
        };
        let (asked, pulled) = soon("a word about it", async { tokio::join!(asks, pulls) }).await?;
        let (event, said) = asked;
        if event.get("reason").and_then(Value::as_str) != Some("removed") {
            return Err(format!("not removed: {event}").into());
        }
        told(&mut self.events, |event| matches!(event, Event::CardRemoved { .. })).await?;
        self.comes_back().await?;
        Ok(said.saturating_duration_since(pulled))
    }

    async fn comes_back(&mut self) -> Result<(), Failure> {
        tokio::time::sleep(FLUTTERS).await;
        put_back(&self.simulator, &mut self.events).await
    }
}
