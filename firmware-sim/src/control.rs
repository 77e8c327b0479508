//! What a person does to the card, as lines of text.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::str::SplitWhitespace;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crate::{Fault, Holder, Moment, PacketFault, Touch};

/// The lines that [`obey`] understands.
pub const HELP: &str = "\
touch          touch now, if the card asks
auto           touch whenever the card asks
delay MS       touch so many milliseconds after the card asks
manual         do not touch until a line says touch
remove         pull the card out
remove-at N    pull the card out at the n-th command from now
hold-at N      do nothing about the n-th command from now
go-on          do it after all
fault-at N NAME [MS]
               this goes wrong with the answer to the n-th command from now
fault-from N NAME [MS]
               from that one on, it goes wrong each time
faults         the names of what can go wrong; MS is for delay alone
packet-at N NAME
               this goes wrong with the n-th packet that a key says from now
packet-faults  their names
no-faults      nothing goes wrong any more
insert         put the card in
power-cycle    take its power away and give it back
status         is it in, does it ask, how many commands
quit           end the program";

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done; with what there is to say.
    Done(String),
    /// Not understood, or nothing to do it to.
    Refused(String),
    /// The program shall end.
    Quit,
}

/// Does what one line says.
pub fn obey(line: &str, holder: &Holder) -> Reply {
    let mut words = line.split_whitespace();
    let (verb, argument) = (words.next().unwrap_or_default(), words.next());
    let number = argument.and_then(|argument| argument.parse::<u64>().ok());
    match (verb, number) {
        ("touch", _) if holder.touch() => {}
        ("touch", _) => return Reply::Refused("the card does not ask for a touch".into()),
        ("auto", _) => holder.touches(Touch::Now),
        ("delay", Some(ms)) => holder.touches(Touch::After(Duration::from_millis(ms))),
        ("manual", _) => holder.touches(Touch::Refuse),
        ("remove", _) => holder.remove(),
        ("remove-at", Some(nth @ 1..)) => holder.remove_at(nth, Moment::Before),
        ("hold-at", Some(nth @ 1..)) => holder.hold_at(nth),
        ("fault-at" | "fault-from", Some(nth @ 1..)) => {
            return fault(verb == "fault-from", nth, words, holder);
        }
        ("packet-at", Some(nth @ 1..)) => return packet_fault(nth, words.next(), holder),
        ("packet-faults", _) => {
            return Reply::Done(PacketFault::ALL.map(PacketFault::name).join(" "));
        }
        ("no-faults", _) => holder.no_faults(),
        ("faults", _) => return Reply::Done(Fault::ALL.map(Fault::name).join(" ")),
        ("go-on", _) => holder.go_on(),
        ("insert", _) => holder.insert(),
        ("power-cycle", _) => holder.power_cycle(),
        ("status", _) => return Reply::Done(status(holder)),
        ("help", _) => return Reply::Done(HELP.into()),
        ("quit", _) => return Reply::Quit,
        ("delay" | "hold-at" | "remove-at" | "fault-at" | "fault-from" | "packet-at", _) => {
            return Reply::Refused(format!("{verb} wants a number"));
        }
        _ => return Reply::Refused("unknown; try help".into()),
    }
    Reply::Done("ok".into())
}

fn fault(from_then_on: bool, nth: u64, mut words: SplitWhitespace<'_>, holder: &Holder) -> Reply {
    let Some(name) = words.next() else {
        return Reply::Refused("which fault? try faults".into());
    };
    let planned = Fault::parse(name, words.next()).and_then(|fault| {
        if from_then_on { holder.fault_from(nth, fault) } else { holder.fault_at(nth, fault) }
    });
    match planned {
        Ok(()) => Reply::Done("ok".into()),
        Err(refused) => Reply::Refused(refused.to_string()),
    }
}

fn packet_fault(nth: u64, name: Option<&str>, holder: &Holder) -> Reply {
    let fault = PacketFault::parse(name.unwrap_or_default());
    match fault.and_then(|fault| holder.packet_fault_at(nth, fault)) {
        Ok(()) => Reply::Done("ok".into()),
        Err(refused) => Reply::Refused(refused.to_string()),
    }
}

fn status(holder: &Holder) -> String {
    let place = if holder.is_inserted() { "in" } else { "out" };
    let asks = if holder.is_asked() { ", asks for a touch" } else { "" };
    let holds = if holder.is_held() { ", held" } else { "" };
    let faults = match holder.faults_to_come() {
        0 => String::new(),
        count => format!(", {count} faults to come"),
    };
    format!("{place}, {} commands{asks}{holds}{faults}", holder.commands_seen())
}

/// Obeys line after line until one says quit (true) or there are no more (false).
///
/// # Errors
///
/// When reading or answering fails.
pub fn converse(lines: impl BufRead, mut answers: impl Write, holder: &Holder) -> io::Result<bool> {
    for line in lines.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match obey(&line, holder) {
            Reply::Done(text) => writeln!(answers, "{text}")?,
            Reply::Refused(text) => writeln!(answers, "error: {text}")?,
            Reply::Quit => return Ok(true),
        }
        answers.flush()?;
    }
    Ok(false)
}

/// Takes the place of a socket that nobody listens to any more.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let abandoned = UnixStream::connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if abandoned {
        crate::leftover::remove(path)?;
    }
    UnixListener::bind(path)
}

/// Obeys whoever connects to a Unix socket, one after the other. `quit` is told when one says so.
///
/// # Errors
///
/// When the socket cannot be made.
pub fn listen(path: &Path, holder: Holder, quit: Sender<()>) -> io::Result<()> {
    let listener = bind(path)?;
    thread::Builder::new().name("control".into()).spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Ok(lines) = stream.try_clone() else { continue };
            // Whoever hangs up half-way is not an error of ours.
            if converse(BufReader::new(lines), stream, &holder).unwrap_or(false) {
                let _ = quit.send(());
                return;
            }
        }
    })?;
    Ok(())
}
