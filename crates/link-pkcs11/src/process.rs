//! The agent's end of the pipes.

use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use authenticator::Until;
use authenticator::card_signer::CardSignerError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::frame::{self, HEAD, MAX_ANSWER, MAX_QUESTION, TooLong};
use crate::message::{Fault, Question, TokenId};
use crate::module::Program;
use crate::wire;

/// So long at most until it is noticed that somebody has cancelled.
pub(crate) const SLICE: Duration = Duration::from_millis(20);

/// Why the child gave no answer. The child that did not is ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChildError {
    /// It cannot be started.
    #[error("cannot start the process for smart card modules")]
    Start(#[source] io::Error),
    /// It has ended: the module has crashed, most likely.
    #[error("the smart card module has crashed")]
    Crashed,
    /// What it says makes no sense.
    #[error("the smart card module's process breaks its protocol")]
    Protocol,
    /// The pipe is broken.
    #[error("cannot talk to the smart card module's process")]
    Pipe(#[source] io::Error),
    /// The deadline passed.
    #[error("the smart card module does not answer")]
    TimedOut,
    /// Somebody has cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The module says why not.
    #[error(transparent)]
    Module(CardSignerError),
}

impl From<TooLong> for ChildError {
    fn from(_: TooLong) -> Self {
        Self::Protocol
    }
}

impl From<Fault> for CardSignerError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::WrongPin(tries) => Self::WrongPin(tries.into()),
            Fault::LastTry => Self::LastTry,
            Fault::Locked => Self::Locked,
            Fault::PinForm => Self::PinForm,
            Fault::KeyPin => Self::KeyPin,
            Fault::PinNotSet => Self::PinNotSet,
            Fault::NoKey => Self::NoKey,
            Fault::Unsupported => Self::Unsupported,
            Fault::Cancelled => Self::Cancelled,
            Fault::Removed => Self::Removed,
            Fault::Swapped => Self::Swapped,
            Fault::Module(words) => Self::Failed(words.into()),
        }
    }
}

impl From<ChildError> for CardSignerError {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::Module(error) => error,
            ChildError::TimedOut => Self::TimedOut,
            ChildError::Cancelled => Self::Cancelled,
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// A running child. Dropping it ends it, whatever it does.
pub(crate) struct Child {
    process: std::process::Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Child {
    pub(crate) fn start(program: &Program) -> Result<Self, ChildError> {
        let mut process = program.command().spawn().map_err(ChildError::Start)?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(ChildError::Protocol);
        };
        let child = Self { process, to, from };
        unblock(&child.to).and_then(|()| unblock(&child.from)).map_err(ChildError::Pipe)?;
        Ok(child)
    }

    /// Asks, and waits for the answer, which [`wire`] reads. After an error the child is of no use.
    pub(crate) fn call(
        &mut self,
        question: &Question,
        pin: Option<&[u8]>,
        until: Until<'_>,
    ) -> Result<Vec<u8>, ChildError> {
        let json = serde_json::to_vec(question).map_err(|_| ChildError::Protocol)?;
        for frame in [Some(&json[..]), pin].into_iter().flatten() {
            self.write(frame, until)?;
        }
        let mut answer = frame::read_by(MAX_ANSWER, |buffer| self.fill(buffer, until))?;
        Ok(std::mem::take(&mut *answer))
    }

    /// The tokens that are there, as soon as they are not the `known` ones.
    pub(crate) fn tokens(
        &mut self,
        known: Option<&[TokenId]>,
        until: Until<'_>,
    ) -> Result<Vec<TokenId>, ChildError> {
        let known = known.map(<[_]>::to_vec);
        wire::tokens(&self.call(&Question::Tokens(known), None, until)?)
    }

    fn write(&mut self, frame: &[u8], until: Until<'_>) -> Result<(), ChildError> {
        if frame.len() > MAX_QUESTION {
            return Err(ChildError::Protocol);
        }
        // In one buffer that does not grow: it may be a PIN.
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD.saturating_add(frame.len())));
        bytes.extend_from_slice(&frame::head(frame).map_err(ChildError::Pipe)?);
        bytes.extend_from_slice(frame);
        let mut left = &bytes[..];
        while !left.is_empty() {
            wait(&self.to, PollFlags::OUT, until)?;
            match self.to.write(left) {
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(error) => passing(error)?,
            }
        }
        Ok(())
    }

    fn fill(&mut self, mut buffer: &mut [u8], until: Until<'_>) -> Result<(), ChildError> {
        use std::io::Read as _;
        while !buffer.is_empty() {
            wait(&self.from, PollFlags::IN, until)?;
            match self.from.read(buffer) {
                Ok(0) => return Err(ChildError::Crashed),
                Ok(read) => buffer = buffer.get_mut(read..).unwrap_or_default(),
                Err(error) => passing(error)?,
            }
        }
        Ok(())
    }
}

/// Errors after which one waits again.
fn passing(error: io::Error) -> Result<(), ChildError> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::BrokenPipe => Err(ChildError::Crashed),
        _ => Err(ChildError::Pipe(error)),
    }
}

fn unblock(pipe: &impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(pipe)?;
    Ok(fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?)
}

/// Waits until something can be done, or the other end is closed.
fn wait(pipe: &impl AsFd, wanted: PollFlags, until: Until<'_>) -> Result<(), ChildError> {
    loop {
        if until.cancel.load(Ordering::Acquire) {
            return Err(ChildError::Cancelled);
        }
        let left = until.deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Err(ChildError::TimedOut);
        }
        let slice = Timespec::try_from(left.min(SLICE)).map_err(|_| ChildError::TimedOut)?;
        match poll(&mut [PollFd::new(pipe, wanted)], Some(&slice)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(ChildError::Pipe(error.into())),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "an adapter may read the clock; here and once")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
mod tests;
