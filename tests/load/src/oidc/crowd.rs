//! Many who ask at once, each on a connection of their own.

use std::time::{Duration, Instant};

use load::clock;
use load::report::Sample;
use tokio::task::JoinSet;

use super::wire::{Reply, Site, Wire};
use crate::{Failure, process};

/// Somebody who asks again and again.
pub(crate) trait Asker: Send + 'static {
    /// The next request; none when there is nothing more to ask.
    fn next(&mut self) -> Option<Vec<u8>>;

    /// What came back.
    ///
    /// # Errors
    ///
    /// That it is not what counts.
    fn take(&mut self, reply: Reply) -> Result<(), Failure>;
}

/// Connections to one server.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) site: Site,
    /// The server's process.
    pub(crate) process: u32,
    wires: Vec<Wire>,
}

/// What was asked, and what it has cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) count: u32,
    /// CPU time of the server, user and system, in seconds.
    pub(crate) cpu: f64,
    /// Seconds on the wall.
    pub(crate) wall: f64,
    pub(crate) waits: Vec<Duration>,
}

impl Cost {
    /// How many for a second of the server's CPU time.
    pub(crate) fn per_cpu_second(&self) -> f64 {
        f64::from(self.count) / self.cpu
    }

    /// CPU time of one, in microseconds.
    pub(crate) fn each(&self) -> f64 {
        self.cpu * 1e6 / f64::from(self.count)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.cpu += other.cpu;
        self.wall += other.wall;
        self.waits.extend(other.waits);
    }

    /// As the report shows it.
    pub(crate) fn words(&self) -> String {
        let Self { count, cpu, wall, .. } = self;
        let waits = Sample::of(self.waits.clone()).p50_and_p99();
        format!(
            "{:.0} per CPU-second ({:.0} µs each; {count} of them, {:.0}/s, core {:.0} % busy, {waits})",
            self.per_cpu_second(),
            self.each(),
            f64::from(*count) / wall,
            cpu * 100.0 / wall,
        )
    }
}

impl Crowd {
    pub(crate) async fn gather(site: Site, process: u32, many: usize) -> Result<Self, Failure> {
        let mut wires = Vec::with_capacity(many);
        for _ in 0..many {
            wires.push(Wire::open(&site).await?);
        }
        Ok(Self { site, process, wires })
    }

    /// How many can ask at once.
    pub(crate) fn size(&self) -> usize {
        self.wires.len()
    }

    /// Lets all of them ask, until they have nothing more to ask or the time is over. As many as have a
    /// connection do.
    pub(crate) async fn ask<A: Asker>(
        &mut self,
        askers: Vec<A>,
        time: Option<Duration>,
    ) -> Result<(Vec<A>, Cost), Failure> {
        let mut wires = Vec::new();
        for wire in self.wires.drain(..) {
            wires.push(wire.fresh(&self.site).await?);
        }
        let cpu = || process::cpu_seconds(self.process).ok_or("no cpu time");
        let (before, began) = (cpu()?, clock::now());
        let until = time.and_then(|time| began.checked_add(time));
        let mut tasks = JoinSet::new();
        let idle = wires.split_off(askers.len().min(wires.len()));
        for (place, (wire, asker)) in wires.into_iter().zip(askers).enumerate() {
            tasks.spawn(async move { (place, again_and_again(wire, asker, until).await) });
        }
        let mut all = Vec::new();
        while let Some(done) = tasks.join_next().await {
            let (place, done) = done?;
            all.push((place, done?));
        }
        let (wall, used) = (began.elapsed().as_secs_f64(), cpu()? - before);
        all.sort_by_key(|(place, _)| *place);
        let (mut askers, mut waits) = (Vec::new(), Vec::new());
        for (_, (wire, asker, took)) in all {
            self.wires.push(wire);
            askers.push(asker);
            waits.extend(took);
        }
        self.wires.extend(idle);
        let count = u32::try_from(waits.len())?;
        Ok((askers, Cost { count, cpu: used, wall, waits }))
    }
}

async fn again_and_again<A: Asker>(
    mut wire: Wire,
    mut asker: A,
    until: Option<Instant>,
) -> Result<(Wire, A, Vec<Duration>), Failure> {
    let mut waits = Vec::new();
    while until.is_none_or(|until| clock::now() < until) {
        let Some(request) = asker.next() else { break };
        let began = clock::now();
        let reply = wire.ask(&request).await?;
        waits.push(began.elapsed());
        asker.take(reply)?;
    }
    Ok((wire, asker, waits))
}
