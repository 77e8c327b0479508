//! The same assertion over the same reader, by our client and by python-fido2, in turns.

use std::sync::mpsc::channel;
use std::time::Duration;

use authenticator::Unshared;
use firmware_sim::{Config, Pcscd, Simulator};
use link_pcsc::{Event, InsertedCard, Monitor, Options, PcscLink};
use load::report::{Sample, line, milliseconds};

use crate::own_time::{enrol, sign_in, timed};
use crate::python::Python;
use crate::{Arguments, Bounds, Failure};

/// How often the two take turns: what slows the machine slows both.
const TURNS: u32 = 4;

pub(crate) fn measure(
    pcscd: &Pcscd,
    arguments: &Arguments,
    bounds: &mut Bounds,
) -> Result<(), Failure> {
    let simulator = Simulator::start(Config::seeded(2))?;
    let id = enrol(&mut Unshared(simulator.link()))?;
    simulator.holder().power_cycle();
    let _body = simulator.card(&pcscd.first_reader())?;
    let card = inserted()?;
    let count = arguments.assertions.div_ceil(TURNS);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let mut link = PcscLink::new(&card, Options::default());
        ours.push(timed(count, || sign_in(&mut link, &id).map(drop))?);
        drop(link);
        theirs.push(Python::assertions(&arguments.python, &id, count)?);
    }
    let (ours, theirs) = (Sample::all(ours), Sample::all(theirs));
    line("assertion with PIN over pcscd", ours.p50_and_p99());
    line("  python-fido2, the same", theirs.p50_and_p99());
    let ratio = theirs.quantile(500).as_secs_f64() / ours.quantile(500).as_secs_f64();
    line("  ours is faster, times", format_args!("{ratio:.1}"));
    let most = theirs.quantile(500);
    line("  bound", milliseconds(most));
    bounds.set("assertion, p50, beside python-fido2", ours.quantile(500), most);
    Ok(())
}

/// The card, once the reader has it.
fn inserted() -> Result<InsertedCard, Failure> {
    let (sender, events) = channel();
    let _monitor = Monitor::start(move |event| drop(sender.send(event)))?;
    loop {
        if let Event::CardInserted(card) = events.recv_timeout(Duration::from_secs(20))? {
            return Ok(card);
        }
    }
}
