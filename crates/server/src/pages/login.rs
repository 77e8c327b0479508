//! The login page: the ways in that a tenant offers.

use askama::Template;

use super::sample::{Text, frame};
use super::words::{self, Failure};
use super::{Agent, Ceremony, Frame, Purpose, View};

/// `GET` of a door without a session: which way in?
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// Where we are.
    pub frame: Frame,
    /// The application for which somebody signs in, by its name; none for a page of our own.
    pub application: Option<String>,
    /// Which of this browser's logins: sent as `login` with each form and with the ceremony.
    /// Empty where there is only one.
    pub login: String,
    /// "Use your card", where the tenant's policy has it.
    pub use_card: Option<Ceremony>,
    /// The agent with which a card alone signs in here: that of this browser.
    pub agent: Agent,
    /// Whether "Show more ways to log in" is open. It is, in any case, when there is no other
    /// way.
    pub more_open: bool,
    /// The providers that are shown, in the order of the tenant.
    pub providers: Vec<ProviderChoice>,
    /// Something to say first.
    pub notice: Option<LoginNotice>,
}

/// A provider on the login page.
#[derive(Clone, Debug)]
pub struct ProviderChoice {
    /// Its alias, for the URL.
    pub alias: String,
    /// Its name for people: "Sign in with …".
    pub display_name: String,
}

/// Why the person sees the login page again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginNotice {
    /// They chose "Cancel" at the provider.
    CancelledAtProvider,
    /// The application asks for somebody else than who is signed in.
    OtherAccount,
    /// They removed the card with which they had signed in.
    CardRemoved,
    /// Their card left its reader, which ended their session.
    CardLifted,
    /// The agent that watched their card did not come back, which ended their session.
    AgentLost,
    /// Their card was tapped at another computer, which ended their session.
    TappedElsewhere,
    /// Their session is over: too old, or ended elsewhere.
    SessionOver,
}

impl LoginNotice {
    /// Its words.
    pub fn words(self) -> &'static words::Notice {
        match self {
            Self::CancelledAtProvider => &words::LOGIN_CANCELLED_AT_PROVIDER,
            Self::OtherAccount => &words::LOGIN_OTHER_ACCOUNT,
            Self::CardRemoved => &words::LOGIN_CARD_REMOVED,
            Self::CardLifted => &words::LOGIN_CARD_LIFTED,
            Self::AgentLost => &words::LOGIN_AGENT_LOST,
            Self::TappedElsewhere => &words::LOGIN_TAPPED_ELSEWHERE,
            Self::SessionOver => &words::LOGIN_SESSION_OVER,
        }
    }
}

impl LoginPage {
    /// The ceremony of "Use your card" in this tenant. It runs in the browser alone: with an agent,
    /// the pairing of this browser begins a login first, whose own page asks.
    pub fn use_card_ceremony(frame: &Frame, expires_in: u32, reader_in_browser: bool) -> Ceremony {
        Ceremony {
            base: frame.url("login/use-card"),
            purpose: Purpose::SignIn,
            expires_in,
            agent: Agent::Unavailable,
            reader_in_browser,
            browser_first: false,
            view: View::Choose,
            failure: None,
            server: String::new(),
            start_again: String::new(),
            leaves_at_end: false,
        }
    }

    /// Whether a card on a reader is of no use here.
    fn needs_agent_for_reader(&self) -> bool {
        let by_browser = |ceremony: &Ceremony| ceremony.reader_in_browser;
        self.agent == Agent::Unpaired && !self.use_card.as_ref().is_some_and(by_browser)
    }

    fn more_is_open(&self) -> bool {
        self.more_open || self.use_card.is_none()
    }

    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let azure = || ProviderChoice { alias: text("azure"), display_name: text("Azure") };
        let card_first = Self {
            application: None,
            login: text("1"),
            use_card: Some(Self::use_card_ceremony(&frame(text), 600, true)),
            agent: Agent::Unpaired,
            more_open: false,
            providers: vec![azure()],
            notice: None,
            frame: frame(text),
        };
        let mut linux = card_first.clone();
        linux.use_card = Some(Self::use_card_ceremony(&frame(text), 600, false));
        let online = Agent::Online { device: text("ward-3-pc") };
        let offline = Agent::Offline { device: text("ward-3-pc") };
        let mut refused = card_first.clone();
        refused.more_open = true;
        if let Some(ceremony) = &mut refused.use_card {
            ceremony.failure = Some(Failure::of("card-first-refused"));
        }
        let for_application = Self { application: Some(text("Syncro")), ..card_first.clone() };
        let partners =
            ProviderChoice { alias: text("partners"), display_name: text("Partner clinics") };
        vec![
            ("card-first", card_first.clone()),
            ("card-at-agent", Self { agent: online, ..card_first.clone() }),
            ("card-at-agent-offline", Self { agent: offline, ..card_first.clone() }),
            ("card-first-linux", linux),
            ("more-ways", Self { more_open: true, ..card_first.clone() }),
            ("card-refused", refused),
            (
                "providers",
                Self { use_card: None, providers: vec![azure(), partners], ..card_first.clone() },
            ),
            (
                "cancelled-at-provider",
                Self {
                    use_card: None,
                    notice: Some(LoginNotice::CancelledAtProvider),
                    ..card_first.clone()
                },
            ),
            ("card-removed", Self { notice: Some(LoginNotice::CardRemoved), ..card_first.clone() }),
            ("card-lifted", Self { notice: Some(LoginNotice::CardLifted), ..card_first.clone() }),
            ("agent-lost", Self { notice: Some(LoginNotice::AgentLost), ..card_first.clone() }),
            (
                "tapped-elsewhere",
                Self { notice: Some(LoginNotice::TappedElsewhere), ..card_first.clone() },
            ),
            ("session-over", Self { notice: Some(LoginNotice::SessionOver), ..card_first.clone() }),
            ("for-application", for_application.clone()),
            ("other-account", Self { notice: Some(LoginNotice::OtherAccount), ..for_application }),
            ("no-way", Self { use_card: None, providers: Vec::new(), ..card_first }),
        ]
    }
}
