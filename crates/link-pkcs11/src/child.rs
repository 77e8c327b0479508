//! The child: loads the module, and does what the pipe says, one thing after the other.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::dup;
use rustix::stdio::{dup2_stdin, dup2_stdout, stdin, stdout};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::frame::{self, MAX_QUESTION};
use crate::message::{Answer, Fault, Question};
use crate::wire::{self, Frame};

mod sign;
mod token;

use token::Module;

/// Serves the agent at the other end of standard input and output until that is closed.
///
/// To be called by a process of its own, before it has other threads; the caller has made its
/// memory its own before (not dumpable, no core).
pub fn run() -> ExitCode {
    leave_network();
    match take_pipes() {
        Ok((questions, answers)) => serve(&questions, &mut File::from(answers)),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Smart cards need no network. Where the system does not let us, we stay as we are.
fn leave_network() {
    for flags in [UnshareFlags::NEWNET, UnshareFlags::NEWUSER | UnshareFlags::NEWNET] {
        #[expect(unsafe_code, reason = "rustix has no other")]
        // SAFETY: the table of file descriptors stays shared.
        if unsafe { unshare_unsafe(flags) }.is_ok() {
            return;
        }
    }
}

/// The questions as they come, and where the answers go. The module gets neither: what it prints
/// goes nowhere.
fn take_pipes() -> io::Result<(Receiver<Frame>, OwnedFd)> {
    let mut questions = File::from(dup(stdin())?);
    let answers = dup(stdout())?;
    let nowhere = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    dup2_stdin(&nowhere)?;
    dup2_stdout(&nowhere)?;
    let (heard, frames) = channel();
    std::thread::Builder::new().name("questions".into()).spawn(move || {
        while let Ok(frame) = frame::read(&mut questions, MAX_QUESTION) {
            if heard.send(frame).is_err() {
                break;
            }
        }
        // The agent is gone, or does not want the answer any more. The module may hang.
        std::process::exit(0);
    })?;
    Ok((frames, answers))
}

fn serve(frames: &Receiver<Frame>, answers: &mut File) -> ExitCode {
    let mut module = None;
    loop {
        let next = wire::next(|| frames.recv());
        let answer = next.map(|(question, pin)| answer(&mut module, question, pin));
        let written = answer.map_err(io::Error::other).and_then(|answer| {
            let json = serde_json::to_vec(&answer)?;
            frame::write(answers, &json)
        });
        if written.is_err() {
            return ExitCode::FAILURE;
        }
    }
}

fn answer(module: &mut Option<Module>, question: Question, pin: Option<Frame>) -> Answer {
    let answered = match (question, &*module) {
        (Question::Open(path), _) => Module::load(&path).map(|loaded| {
            let library = loaded.library();
            *module = Some(loaded);
            Answer::Opened(library)
        }),
        (_, None) => Err(Fault::Module("no module is loaded".to_owned())),
        (Question::Tokens(None), Some(module)) => module.tokens().map(Answer::Tokens),
        (Question::Tokens(Some(known)), Some(module)) => {
            module.tokens_other_than(&known).map(Answer::Tokens)
        }
        (Question::Look(token), Some(module)) => module.look(&token).map(Answer::Card),
        (Question::Sign(sign), Some(module)) => {
            sign::sign(module, &sign, pin).map(Answer::Signature)
        }
    };
    answered.unwrap_or_else(Answer::Failed)
}
