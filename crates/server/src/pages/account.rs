//! The account page: who I am here, my cards, my sessions.

use askama::Template;

use super::sample::{Text, alice, frame, when};
use super::words;
use super::{Account, Frame, When};

/// `GET /realms/{slug}/account/` with a session.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Where we are.
    pub frame: Frame,
    /// Who.
    pub account: Account,
    /// E-mail address as imported.
    pub email: Option<String>,
    /// Attributes as imported, in the order of their names.
    pub attributes: Vec<Attribute>,
    /// Cards and keys, newest first.
    pub cards: Vec<CardRow>,
    /// Where to `POST` to add another: the card step asks for one of these first.
    pub add: String,
    /// Open sessions, this one first.
    pub sessions: Vec<SessionRow>,
    /// Computers whose agent one of their browsers is paired with, the oldest first.
    pub computers: Vec<ComputerRow>,
    /// What was just done.
    pub notice: Option<Notice>,
    /// Whether the session may end by itself while the page is open, which it is to hear.
    pub follows: bool,
}

/// An attribute of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A card, key or phone of the person.
#[derive(Clone, Debug)]
pub struct CardRow {
    /// Its id, for URLs.
    pub id: String,
    /// The name that the person gave it.
    pub label: String,
    /// Its model, or what kind of thing it is.
    pub model: String,
    /// When it was added.
    pub added: When,
    /// When it was last used; to be added it was.
    pub last_used: When,
    /// Who allowed it, in a few words, such as `with a one-time code from an administrator`.
    pub enrolled: String,
    /// Where to `POST` to remove it, or why not: the card step asks for another one first.
    pub removal: Result<String, LastCard>,
}

/// What a card says of its make, for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// In words, such as `YubiKey 5 NFC`, or `Card` when the number says nothing to us.
    pub words: String,
    /// Its number among authenticators, if it told one.
    pub aaguid: Option<String>,
}

/// The card cannot be removed here: it is the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCard;

/// An open session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id, for URLs; no secret.
    pub id: String,
    /// Browser and system, as far as known: `Firefox on Linux`.
    pub browser: String,
    /// Since when.
    pub since: When,
    /// Whether it is the one that shows this page.
    pub current: bool,
}

/// A computer on which a browser is paired with the agent.
#[derive(Clone, Debug)]
pub struct ComputerRow {
    /// Its id, for URLs; no secret.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Since when.
    pub since: When,
    /// When a card last answered through it.
    pub last_used: Option<When>,
}

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A card was added.
    CardAdded,
    /// A card has a new name.
    CardRenamed,
    /// A card was removed.
    CardRemoved,
    /// A session was ended, or all others.
    SessionEnded,
    /// A computer has a new name.
    ComputerRenamed,
    /// A computer was removed.
    ComputerRemoved,
}

impl Notice {
    /// Its words.
    pub fn words(self) -> &'static words::Notice {
        match self {
            Self::CardAdded => &words::CARD_ADDED,
            Self::CardRenamed => &words::CARD_RENAMED,
            Self::CardRemoved => &words::CARD_REMOVED,
            Self::SessionEnded => &words::SESSION_ENDED,
            Self::ComputerRenamed => &words::COMPUTER_RENAMED,
            Self::ComputerRemoved => &words::COMPUTER_REMOVED,
        }
    }
}

impl AccountPage {
    /// Where the ceremony that adds a card to this account begins.
    pub fn add_url(frame: &Frame) -> String {
        frame.url("account/cards/add")
    }

    /// Where the ceremony that removes the card with this id begins.
    pub fn removal_url(frame: &Frame, id: &str) -> String {
        frame.url(&format!("account/cards/{id}/remove"))
    }

    fn other_sessions(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }

    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let one = sample_page(text);
        let mut two = one.clone();
        two.cards = sample_cards(text);
        let bare = Self {
            email: None,
            attributes: Vec::new(),
            cards: Vec::new(),
            sessions: one.sessions.iter().filter(|session| session.current).cloned().collect(),
            computers: Vec::new(),
            ..one.clone()
        };
        vec![
            ("one-card", one.clone()),
            ("two-cards", two.clone()),
            ("certificate", Self { cards: sample_certificate(text), ..one }),
            ("added", Self { notice: Some(Notice::CardAdded), ..two.clone() }),
            ("renamed", Self { notice: Some(Notice::CardRenamed), ..two.clone() }),
            ("removed", Self { notice: Some(Notice::CardRemoved), ..two.clone() }),
            ("session-ended", Self { notice: Some(Notice::SessionEnded), ..two.clone() }),
            ("computer-renamed", Self { notice: Some(Notice::ComputerRenamed), ..two.clone() }),
            ("computer-removed", Self { notice: Some(Notice::ComputerRemoved), ..two }),
            ("bare", bare),
        ]
    }
}

fn sample_page(text: Text<'_>) -> AccountPage {
    let attribute = |name: &str, values: &[&str]| Attribute {
        name: text(name),
        values: values.iter().map(|value| text(value)).collect(),
    };
    let session = |id: &str, browser: &str, since: When, current| SessionRow {
        id: text(id),
        browser: text(browser),
        since,
        current,
    };
    let computer = |id: &str, name: &str, last_used| ComputerRow {
        id: text(id),
        name: text(name),
        since: when(text, "3 November 2026", "2026-11-03T09:30:00Z"),
        last_used,
    };
    let now = when(text, "Today, 08:12", "2026-11-23T08:12:00Z");
    let before = when(text, "Yesterday, 17:40", "2026-11-22T17:40:00Z");
    let mut only = sample_cards(text);
    only.truncate(1);
    for card in &mut only {
        card.removal = Err(LastCard);
    }
    AccountPage {
        account: alice(text),
        email: Some(text("alice.martin@acme.example")),
        attributes: vec![
            attribute("department", &["Cardiology"]),
            attribute("group", &["Ward 3", "Nurses", "On-call rota"]),
            attribute("sub", &["AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"]),
        ],
        cards: only,
        add: AccountPage::add_url(&frame(text)),
        sessions: vec![
            session("s1", "Firefox on Linux", now.clone(), true),
            session("s2", "Edge on Windows", before, false),
        ],
        computers: vec![computer("d1", "ward-3-pc", Some(now)), computer("d2", "office-2", None)],
        notice: None,
        follows: true,
        frame: frame(text),
    }
}

fn sample_card(text: Text<'_>, id: &str, (label, model, enrolled): (&str, &str, &str)) -> CardRow {
    CardRow {
        id: text(id),
        label: text(label),
        model: text(model),
        added: when(text, "3 November 2026", "2026-11-03T09:30:00Z"),
        last_used: when(text, "Today, 08:12", "2026-11-23T08:12:00Z"),
        enrolled: text(enrolled),
        removal: Ok(AccountPage::removal_url(&frame(text), &text(id))),
    }
}

fn sample_cards(text: Text<'_>) -> Vec<CardRow> {
    let badge = ("Staff badge", "Card", "with a one-time code from an administrator");
    let key = ("Blue key at home", "YubiKey 5 NFC", "after a tap of another card");
    vec![sample_card(text, "c1", badge), sample_card(text, "c2", key)]
}

fn sample_certificate(text: Text<'_>) -> Vec<CardRow> {
    let model =
        "Smart card certificate issued by CN=Acme cards, O=Acme Hospital, valid until 1 March 2031";
    let card = ("Hospital card", model, "with a one-time code from an administrator");
    vec![sample_card(text, "c3", card)]
}
