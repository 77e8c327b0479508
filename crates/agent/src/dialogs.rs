//! The person of a ceremony, met by the pinentry program.

use std::time::Instant;

use authenticator::card_signer::CardPin;
use authenticator::{
    Account, FingerPrompt, NewPinPrompt, Person, Pin, PinFormError, PinPrompt, Until,
};
use tokio::runtime::Handle;

use crate::board::Kind;
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::ceremony::Waiting;
use crate::entry::Entry;
use crate::pinentry::{Choice, Dialog, Pinentry, PinentryError};
use crate::words;

/// Asks from the thread that talks to the card. A question ends with the ceremony: its dialog is
/// gone as soon as somebody cancels or time runs out.
pub(crate) struct Dialogs {
    pub(crate) handle: Handle,
    pub(crate) pinentry: Pinentry,
    pub(crate) cancel: Cancel,
    /// Who asks for what: every dialog says it.
    pub(crate) who_asks: String,
    /// Says that a new PIN is wanted, and what it must be.
    pub(crate) new_pin: fn(NewPinPrompt) -> String,
    /// What the authenticator waits for, which is a dialog of its own.
    pub(crate) waiting: Waiting,
    /// Hears that the authenticator waits for its holder.
    pub(crate) on_touch: fn(),
    /// Whether the person has entered a PIN.
    pub(crate) entry: Entry,
    /// Whether a question could not be asked at all.
    pub(crate) failed: bool,
}

/// What a PIN is wanted for.
struct PinQuestion<'a> {
    description: &'a str,
    /// What must be known before it is typed.
    error: Option<String>,
    /// Whether the person makes it up now, and types it twice.
    is_new: bool,
    deadline: Instant,
}

impl Dialogs {
    /// Whether the person takes this device, which the dialog names, for what is asked for.
    pub(crate) fn takes(&mut self, kind: Kind, deadline: Instant) -> bool {
        self.agrees(words::IS_IT_YOURS, words::use_this(kind), deadline)
    }

    /// Waits for an answer. `None`: there is none, and the ceremony ends.
    fn answer<T>(
        &mut self,
        deadline: Instant,
        question: impl Future<Output = Result<Option<T>, PinentryError>>,
    ) -> Option<T> {
        self.answer_while(deadline, question, &mut || {})
    }

    /// The same. Does `meanwhile` as soon as the question is asked.
    fn answer_while<T>(
        &mut self,
        deadline: Instant,
        question: impl Future<Output = Result<Option<T>, PinentryError>>,
        meanwhile: &mut dyn FnMut(),
    ) -> Option<T> {
        // One dialog at a time.
        self.waiting.is_over();
        let deadline = tokio::time::Instant::from_std(deadline);
        let cancel = self.cancel.clone();
        let answer = self.handle.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Ok(None),
                () = tokio::time::sleep_until(deadline) => Ok(None),
                answer = question => answer,
                () = async { meanwhile(); std::future::pending().await } => Ok(None),
            }
        });
        answer.unwrap_or_else(|error| {
            tracing::error!(error = %Causes(&error), "cannot ask the person");
            self.failed = true;
            None
        })
    }

    /// The last try only at the person's explicit word.
    fn dares_last_try(&mut self, until: Until<'_>) -> bool {
        self.agrees(words::LAST_TRY, words::TRY_ANYWAY, until.deadline)
    }

    /// Whether the person says yes.
    pub(crate) fn agrees(&mut self, question: &str, ok: &str, deadline: Instant) -> bool {
        let (pinentry, description) = (self.pinentry.clone(), self.describe(question));
        let dialog =
            Dialog { title: words::TITLE, description: &description, ok, ..Dialog::default() };
        let question = async { pinentry.confirm(&dialog).await.map(Some) };
        self.answer(deadline, question) == Some(Choice::Ok)
    }

    /// Asks for the PIN of a smart card, of which `about` says which one it is.
    pub(crate) fn enter_card_pin(
        &mut self,
        about: &str,
        error: Option<String>,
        deadline: Instant,
    ) -> Option<CardPin> {
        let description = &self.describe(about);
        let question = PinQuestion { description, error, is_new: false, deadline };
        self.type_pin(question, CardPin::new, &mut || {})
    }

    /// Has the person type a PIN, until it is one that `read` takes.
    fn type_pin<P>(
        &mut self,
        question: PinQuestion<'_>,
        read: fn(&str) -> Result<P, PinFormError>,
        meanwhile: &mut dyn FnMut(),
    ) -> Option<P> {
        let PinQuestion { description, mut error, is_new, deadline } = question;
        let pinentry = self.pinentry.clone();
        loop {
            let dialog = Dialog {
                title: words::TITLE,
                description,
                error: error.as_deref(),
                prompt: if is_new { words::NEW_PIN } else { words::PIN },
                ok: words::CONTINUE,
                not_ok: None,
            };
            let typed = if is_new {
                let again = Dialog { error: None, prompt: words::SAME_PIN, ..dialog };
                self.answer(deadline, pinentry.choose_pin(&dialog, &again, words::MISMATCH))?
            } else {
                self.answer_while(deadline, pinentry.ask_pin(&dialog), meanwhile)?
            };
            if !self.entry.enter() {
                return None;
            }
            match read(&typed) {
                Ok(pin) => return Some(pin),
                // No card has such a PIN, so none is asked: this costs no try.
                Err(form) => error = Some(words::pin_form(form)),
            }
        }
    }

    /// Which of several the person means; each is asked about by its words.
    pub(crate) fn choose(
        &mut self,
        several: &[String],
        ok: &str,
        deadline: Instant,
    ) -> Option<usize> {
        let pinentry = self.pinentry.clone();
        for (index, words) in several.iter().enumerate() {
            let description = self.describe(words);
            let dialog = Dialog {
                title: words::TITLE,
                description: &description,
                ok,
                not_ok: Some(words::ANOTHER),
                ..Dialog::default()
            };
            let question = async { pinentry.confirm(&dialog).await.map(Some) };
            match self.answer(deadline, question)? {
                Choice::Ok => return Some(index),
                Choice::NotOk => {}
                Choice::Cancel => return None,
            }
        }
        None
    }

    fn describe(&self, more: &str) -> String {
        if more.is_empty() { self.who_asks.clone() } else { format!("{}\n\n{more}", self.who_asks) }
    }
}

impl Person for Dialogs {
    fn enter_pin(&mut self, prompt: &PinPrompt, until: Until<'_>) -> Option<Pin> {
        self.enter_pin_while(prompt, until, &mut || {})
    }

    fn enter_pin_while(
        &mut self,
        prompt: &PinPrompt,
        until: Until<'_>,
        meanwhile: &mut dyn FnMut(),
    ) -> Option<Pin> {
        if prompt.last_try() && !self.dares_last_try(until) {
            return None;
        }
        let (description, error) = (&self.who_asks.clone(), words::pin_error(*prompt));
        let deadline = until.deadline;
        let question = PinQuestion { description, error, is_new: false, deadline };
        self.type_pin(question, Pin::new, meanwhile)
    }

    fn choose_pin(&mut self, prompt: &NewPinPrompt, until: Until<'_>) -> Option<Pin> {
        let description = &self.describe(&(self.new_pin)(*prompt));
        let (error, deadline) = (words::new_pin_error(*prompt), until.deadline);
        let question = PinQuestion { description, error, is_new: true, deadline };
        self.type_pin(question, Pin::new, &mut || {})
    }

    fn choose_account(&mut self, accounts: &[Account], until: Until<'_>) -> Option<usize> {
        let several: Vec<_> = accounts.iter().map(words::account).collect();
        self.choose(&several, words::THIS_ACCOUNT, until.deadline)
    }

    fn touch_needed(&mut self) {
        (self.on_touch)();
        self.waiting.is_over();
    }

    fn finger_needed(&mut self, prompt: &FingerPrompt) {
        self.waiting.for_finger(*prompt);
    }
}

/// Whether `deadline` has passed.
pub(crate) fn is_over(deadline: Instant) -> bool {
    crate::clock::now() >= deadline
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The person types a PIN as soon as they are asked.
    const PINENTRY: &str = r#"
echo OK
while read -r command rest; do
  case "$command" in GETPIN) echo "D 271828"; echo OK;; *) echo OK;; esac
done"#;

    fn typed(entry: &Entry) -> Option<CardPin> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let arguments = ["-c", PINENTRY].map(std::ffi::OsString::from);
        let mut dialogs = Dialogs {
            handle: runtime.handle().clone(),
            pinentry: Pinentry::new("/bin/sh").with_arguments(arguments),
            cancel: Cancel::new(),
            who_asks: String::new(),
            new_pin: words::choose_pin,
            waiting: Waiting::new(),
            on_touch: || {},
            entry: entry.clone(),
            failed: false,
        };
        let now = crate::clock::now();
        let deadline = now.checked_add(std::time::Duration::from_secs(20)).unwrap();
        dialogs.enter_card_pin("", None, deadline)
    }

    #[test]
    fn a_pin_that_comes_after_another_device_has_taken_the_place_goes_to_nobody() {
        let entry = Entry::default();
        assert!(entry.displace());
        assert!(typed(&entry).is_none() && !entry.is_entered());
    }

    #[test]
    fn no_device_takes_the_place_of_one_for_which_a_pin_was_entered() {
        let entry = Entry::default();
        assert!(typed(&entry).is_some());
        assert!(!entry.displace() && entry.is_entered());
        assert!(typed(&entry).is_some(), "one that was wrong is entered again");
    }
}
