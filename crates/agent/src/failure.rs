//! Why the program ends.

use crate::command::devices::ChoiceError;
use crate::words::PINENTRIES;
use crate::{ErrandError, ServiceError, SettingsError};

/// Why the program ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot protect the memory of this process")]
    Harden(#[source] std::io::Error),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot take the socket that the service manager hands over")]
    Given(#[source] std::io::Error),
    #[error("give --{0}, or set {1}")]
    Place(&'static str, &'static str),
    #[error("no pinentry program found; install {PINENTRIES}, or give --pinentry")]
    NoPinentry,
    #[error(transparent)]
    Start(#[from] crate::StartError),
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("no agent is running; start one with: cardea-agent run")]
    NoDaemon(#[source] std::io::Error),
    #[error("the agent went away; as a service it says why in: journalctl --user -u cardea-agent")]
    Gone(#[source] std::io::Error),
    #[error("the agent that runs is of another version than this command; restart it")]
    Unexpected,
    #[error("{0}")]
    Refused(String),
    #[error(
        "no browser is known here: set BROWSER to the program of the one that you started in, and choose \
         Cardea there again"
    )]
    NoBrowser,
    #[error("cannot open the browser; choose Cardea on its page again")]
    Browser(#[source] std::io::Error),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(
        "which server? copy the whole command from the page: cardea-agent pair CODE --server ADDRESS"
    )]
    WhichServer,
    #[error("cannot look at the readers; cardea-agent doctor says what to do")]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    #[error("{0}: {1}")]
    Errand(String, ErrandError),
    #[error(
        "{0}: another device is there than when you were asked, so nothing was changed. Take it out \
         if you did not mean it, and start again."
    )]
    Another(String),
    #[error("nothing was changed")]
    Unconfirmed,
    #[error("nothing was changed: nobody is at a terminal to be asked; in a script, give --yes")]
    NobodyToAsk,
    #[error("{0}")]
    Id(&'static str),
    #[error("something is wrong: see the lines with ✘")]
    Ill,
    #[error("cannot write to the terminal")]
    Terminal(#[from] std::io::Error),
}
