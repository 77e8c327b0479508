use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::Pin;

/// The person, as the client of a ceremony meets them: questions, and what they must know to
/// answer. A program implements this with its dialogs.
///
/// Every question blocks. While it waits it watches [`Until`], and gives up (`None`) when the
/// moment has passed or somebody has cancelled; the client then finds out which it was.
pub trait Person {
    /// Asks for the PIN of the authenticator. `None`: the person does not want to go on.
    ///
    /// Each `Some` is one confirmation and is submitted once, never again.
    fn enter_pin(&mut self, prompt: &PinPrompt, until: Until<'_>) -> Option<Pin>;

    /// The same, and calls `meanwhile`, which needs no answer of theirs, at least once before it
    /// returns a PIN: best while they type.
    fn enter_pin_while(
        &mut self,
        prompt: &PinPrompt,
        until: Until<'_>,
        meanwhile: &mut dyn FnMut(),
    ) -> Option<Pin> {
        meanwhile();
        self.enter_pin(prompt, until)
    }

    /// Has the person choose the first PIN of a factory-fresh authenticator, and type it twice.
    fn choose_pin(&mut self, prompt: &NewPinPrompt, until: Until<'_>) -> Option<Pin>;

    /// Has the person choose with which of several accounts to go on; the index into `accounts`.
    fn choose_account(&mut self, accounts: &[Account], until: Until<'_>) -> Option<usize>;

    /// Tells the person that the authenticator now waits for them: a touch, or the card held to the
    /// reader. Does not block.
    fn touch_needed(&mut self);

    /// Tells the person that the authenticator now finds out by itself who they are: a finger on
    /// its sensor. Does not block.
    fn finger_needed(&mut self, _prompt: &FingerPrompt) {
        self.touch_needed();
    }
}

/// How long a question may wait.
#[derive(Clone, Copy, Debug)]
pub struct Until<'a> {
    /// The end of the ceremony.
    pub deadline: Instant,
    /// Set when the ceremony is void.
    pub cancel: &'a AtomicBool,
}

/// What a person must know before they type a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinPrompt {
    /// How many wrong PINs the authenticator still takes before it blocks for good.
    pub tries_left: u32,
    /// What became of the PIN before.
    pub last_error: Option<PinError>,
    /// Why it is asked for although the authenticator knows fingers.
    pub instead_of_finger: Option<FingerError>,
}

impl PinPrompt {
    /// At so many tries or fewer the person is warned.
    const WARN_AT: u32 = 3;

    /// Whether the person should be warned of the block that is near.
    pub fn warn(&self) -> bool {
        self.tries_left <= Self::WARN_AT
    }

    /// Whether a wrong PIN now blocks the authenticator: to be tried only at the person's
    /// explicit word.
    pub fn last_try(&self) -> bool {
        self.tries_left <= 1
    }
}

/// Why a PIN was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinError {
    /// It is not the PIN of this authenticator.
    Wrong,
}

/// What a person must know before they put a finger on the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FingerPrompt {
    /// How many fingers that it does not know the authenticator still takes before it wants the
    /// PIN; `None` where it does not say.
    pub tries_left: Option<u32>,
    /// What became of the finger before.
    pub last_error: Option<FingerError>,
}

/// Why a finger was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FingerError {
    /// The authenticator does not know it.
    NotRecognised,
    /// The authenticator takes no finger any more, until it was told the PIN.
    Blocked,
}

/// What a person must know before they choose a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewPinPrompt {
    /// Shortest PIN that the authenticator takes, in characters.
    pub min_length: u32,
    /// What was wrong with the choice before.
    pub last_error: Option<NewPinError>,
}

/// Why a new PIN was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewPinError {
    /// It is shorter than [`NewPinPrompt::min_length`].
    TooShort,
    /// The authenticator has rules of its own, and this PIN breaks one.
    Policy,
}

/// An account that the authenticator has a credential for. Names are empty where the
/// authenticator gives them only after user verification, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// User name.
    pub name: String,
    /// Name for people.
    pub display_name: String,
}
