//! The part of a page in which somebody proves or enrols a card: `parts/ceremony.html` and
//! `card.js`.
//!
//! All views are in the page, one of them is shown; the script shows another as things go on. A
//! page that is loaded again while a prompt is out is rendered with the view of that moment, and
//! the script takes it up there.

use super::words::Failure;

/// A ceremony with a card, a key or a phone.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// URL under which `options`, `finish`, `agent`, `events` and `pair` are, without a slash at
    /// the end: `/realms/acme/login/card`.
    pub base: String,
    /// What it is for.
    pub purpose: Purpose,
    /// How long the login lives from now, in seconds; the page asks for new challenges and
    /// prompts no longer than that. Zero where nothing ends.
    pub expires_in: u32,
    /// The agent that this browser is paired with.
    pub agent: Agent,
    /// Whether this browser can use a card on a reader by itself ([`reader_in_browser`]); if not, the
    /// offer of an agent is more than a line.
    pub reader_in_browser: bool,
    /// Whether this browser reaches each card and key of the person by itself ([`reached_by_browser`]):
    /// then it is the way that is offered first, and nothing is asked of an agent by itself.
    pub browser_first: bool,
    /// What is shown at first.
    pub view: View,
    /// What went wrong before.
    pub failure: Option<&'static Failure>,
    /// The server's address as a person types it into the agent: `https://login.acme.example`.
    pub server: String,
    /// Where to start again when the login has expired; empty where there is no such place.
    pub start_again: String,
    /// Whether the page goes there by itself, because somebody waits for the answer; it counts the
    /// last minute down.
    pub leaves_at_end: bool,
}

/// What a ceremony is for; the words differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Enrol a card. The other purposes ask for a card that is there, and send a prompt to an
    /// agent that is online at once; this one waits until the card has its name.
    Add,
    /// Prove a card, to add another one.
    AddAnother,
    /// Prove a card, to confirm a change in the console.
    Confirm,
    /// Prove a card, because the application asks for it of somebody who is signed in.
    GoOn,
    /// Prove a card, to remove another one.
    Remove,
    /// Prove a card, to go on with a login.
    SignIn,
}

impl Purpose {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::AddAnother => "add-another",
            Self::Confirm => "confirm",
            Self::GoOn => "go-on",
            Self::Remove => "remove",
            Self::SignIn => "sign-in",
        }
    }
}

/// The agent, as far as the page can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Not offered here.
    Unavailable,
    /// This browser is paired with none; the page offers to set one up.
    Unpaired,
    /// Paired, but its computer is off, locked or not connected.
    Offline {
        /// Name of the computer.
        device: String,
    },
    /// Paired and connected: the prompt goes there.
    Online {
        /// Name of the computer.
        device: String,
    },
}

impl Agent {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Unpaired => "unpaired",
            Self::Offline { .. } => "offline",
            Self::Online { .. } => "online",
        }
    }

    pub(super) fn device(&self) -> &str {
        match self {
            Self::Unavailable | Self::Unpaired => "",
            Self::Offline { device } | Self::Online { device } => device,
        }
    }
}

/// What is shown. Each is a panel of `parts/ceremony.html`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The choice of ways.
    Choose,
    /// The browser's own window is in front.
    Browser,
    /// A prompt is out at the agent.
    Agent(AgentPrompt),
    /// An agent is being set up.
    SetUp(SetUp),
    /// Done; the next page comes.
    Done,
    /// The login has expired.
    Over,
}

impl View {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Browser => "browser",
            Self::Agent(_) => "agent",
            Self::SetUp(_) => "set-up",
            Self::Done => "done",
            Self::Over => "over",
        }
    }
}

/// A prompt at the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentPrompt {
    /// By which the server's events name it. Empty until the server has given it.
    pub ticket: String,
    /// How far it is.
    pub progress: AgentProgress,
    /// The two digits that page and agent show. Empty until the server has given them.
    pub match_code: String,
    /// How long it lives from now, in seconds.
    pub expires_in: u32,
}

/// How far a prompt at the agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentProgress {
    /// On its way.
    Pushed,
    /// The agent shows it.
    Claimed,
}

impl AgentProgress {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Claimed => "claimed",
        }
    }
}

/// An agent that is being set up from within this login. Its code does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct SetUp {
    /// The code to type into the agent, `KRQM-BXPT`. Empty until the server has given it.
    pub code: String,
    /// How long it lives from now, in seconds.
    pub expires_in: u32,
    /// Name of the computer that used the code, once it has.
    pub device: Option<String>,
}

impl std::fmt::Debug for SetUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetUp").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Whether a browser that calls itself `user_agent` can use a FIDO2 card on a reader. Only Windows
/// brings that along; elsewhere browsers speak to keys by USB and to phones, and cards need the
/// agent. Decides about an offer and a line of words, so a wrong guess does no harm.
pub fn reader_in_browser(user_agent: &str) -> bool {
    user_agent.contains("Windows NT")
}

/// Whether browsers that are not on Windows reach by themselves what is connected in these ways
/// (WebAuthn Level 3, 5.8.4 `AuthenticatorTransport`): a key by USB, a passkey of the computer, a phone.
/// What may be a card on a reader, and what tells nothing of itself, is not reached.
pub fn reached_by_browser(transports: &[String]) -> bool {
    let reached = |transport: &String| matches!(transport.as_str(), "hybrid" | "internal" | "usb");
    !transports.is_empty() && transports.iter().all(reached)
}

impl Ceremony {
    /// Whether the first way is the agent's.
    pub(super) fn agent_first(&self) -> bool {
        self.agent.code() == "online" && !self.browser_first
    }

    pub(super) fn shows(&self, panel: &str) -> bool {
        self.view.code() == panel
    }

    pub(super) fn prompt(&self) -> AgentPrompt {
        match &self.view {
            View::Agent(prompt) => prompt.clone(),
            _ => AgentPrompt {
                ticket: String::new(),
                progress: AgentProgress::Pushed,
                match_code: String::new(),
                expires_in: 60,
            },
        }
    }

    pub(super) fn set_up(&self) -> SetUp {
        match &self.view {
            View::SetUp(set_up) => set_up.clone(),
            _ => SetUp { code: String::new(), expires_in: 0, device: None },
        }
    }

    pub(super) fn offers_set_up(&self) -> bool {
        self.agent == Agent::Unpaired
    }

    pub(super) fn needs_set_up_for_reader(&self) -> bool {
        self.agent == Agent::Unpaired && !self.reader_in_browser
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_windows_offers_a_card_on_a_reader_to_its_browsers() {
        for (user_agent, reader) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/147.0", true),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", false),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1", false),
            ("", false),
        ] {
            assert_eq!(reader_in_browser(user_agent), reader, "{user_agent}");
        }
    }

    #[test]
    fn browsers_reach_keys_and_passkeys_and_not_what_may_be_a_card() {
        for (transports, reached) in [
            (&["usb"][..], true),
            (&["internal", "hybrid"], true),
            (&["nfc", "usb"], false),
            (&["smart-card"], false),
            (&["ble"], false),
            (&["a-new-one"], false),
            (&[], false),
        ] {
            let texts: Vec<_> = transports.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(reached_by_browser(&texts), reached, "{transports:?}");
        }
    }
}
