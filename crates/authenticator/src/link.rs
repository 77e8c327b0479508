use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::Keepalive;

/// A connection to an authenticator that speaks CTAP2. One method, so that a
/// transport cannot know about commands and a command cannot know about transports.
pub trait CtapLink: Send {
    /// Sends a request (command byte, CBOR) and waits for the answer (status byte, CBOR).
    ///
    /// Blocks; each authenticator has a thread of its own. After an error other than
    /// [`LinkError::Removed`] the link is ready for the next call: nothing of the old one
    /// may arrive later.
    ///
    /// # Errors
    ///
    /// See [`LinkError`].
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError>;
}

/// A link on which a whole ceremony can run: it keeps every other program off the authenticator
/// from the PIN/UV token to the signature, and makes the authenticator forget afterwards.
///
/// A card in a reader is shared by all programs of the computer; a link to one implements this
/// with a transaction and a reset. A link that nobody else can use is wrapped in [`Unshared`].
pub trait CeremonyLink: CtapLink {
    /// Keeps the others off until [`CeremonyLink::end`]. The client has asked the person for the
    /// PIN before, so that no transaction waits for a person.
    ///
    /// Whatever the authenticator was told before may be forgotten by now, except what it stores.
    ///
    /// # Errors
    ///
    /// See [`LinkError`]; nothing is begun then.
    fn begin(&mut self, control: &mut Control<'_>) -> Result<(), LinkError>;

    /// Lets the others in again, when something was begun. Is called with [`Leave::Reset`] on
    /// every way out of a ceremony, also while unwinding; must not block for long.
    fn end(&mut self, leave: Leave);
}

/// In which state an authenticator is left at the end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// As it is. Only where it gave out nothing: a wrong PIN must go on counting against the
    /// limit of three in a row, which a reset would lift.
    AsIs,
    /// Reset: a PIN/UV token or a user presence that is still good is forgotten.
    Reset,
}

/// A link to an authenticator that no other program can reach: a HID channel of our own, or a
/// simulator in this process. There is nothing to begin and nobody to keep off.
#[derive(Debug)]
pub struct Unshared<L>(pub L);

impl<L: CtapLink> CtapLink for Unshared<L> {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        self.0.call(request, control)
    }
}

impl<L: CtapLink> CeremonyLink for Unshared<L> {
    fn begin(&mut self, _control: &mut Control<'_>) -> Result<(), LinkError> {
        Ok(())
    }

    fn end(&mut self, _leave: Leave) {}
}

impl<L: CtapLink + ?Sized> CtapLink for Box<L> {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        (**self).call(request, control)
    }
}

impl<L: CtapLink + ?Sized> CtapLink for &mut L {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        (**self).call(request, control)
    }
}

impl<L: CeremonyLink + ?Sized> CeremonyLink for Box<L> {
    fn begin(&mut self, control: &mut Control<'_>) -> Result<(), LinkError> {
        (**self).begin(control)
    }

    fn end(&mut self, leave: Leave) {
        (**self).end(leave);
    }
}

/// How long a call may take, who can end it, and who watches.
pub struct Control<'a> {
    /// The link gives up at this moment.
    pub deadline: Instant,
    /// Set by another thread to give up now.
    pub cancel: &'a AtomicBool,
    /// Hears what the authenticator does meanwhile.
    pub on_keepalive: &'a mut (dyn FnMut(Keepalive) + Send),
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// We were asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The deadline passed.
    #[error("no answer before the deadline")]
    Deadline,
    /// The device is gone.
    #[error("device is gone")]
    Removed(#[source] std::io::Error),
    /// Another program uses the device, and lets nobody in.
    #[error("device is in use by another program")]
    InUse(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The device breaks the rules of its transport.
    #[error("device breaks the transport protocol")]
    Protocol(#[source] Box<dyn std::error::Error + Send + Sync>),
}
