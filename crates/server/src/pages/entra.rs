//! What people see of external MFA for Microsoft Entra besides the card step.

use askama::Template;

use super::Frame;
use super::sample::{Text, frame};

/// The page that sends an answer to Microsoft Entra, by a script or by its button.
#[derive(Clone, Debug, Template)]
#[template(path = "entra.html")]
pub struct EntraPage {
    /// Where we are.
    pub frame: Frame,
    /// What there is to read.
    pub step: EntraStep,
    /// Where the form goes.
    pub action: String,
    /// Its hidden fields.
    pub fields: Vec<(&'static str, String)>,
    /// By which Microsoft's support and our log find the request.
    pub reference: Option<String>,
}

/// What there is to read before the browser goes back to Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntraStep {
    /// The card has proved; the form goes off at once.
    Proved,
    /// The person has left, or time is over; the form goes off at once.
    Leaving,
    /// Something that the person must read; the button takes them back.
    Told(EntraWord),
}

/// Why Entra is told no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntraWord {
    /// The card was revoked a moment ago.
    CardRevoked,
    /// The account is disabled here.
    Disabled,
    /// The person has no card, and nothing lets them enrol one here.
    NoCard,
    /// The request could not be checked.
    NotChecked,
    /// None of the person's cards is what Entra asks for.
    OtherMethod,
    /// Something is away for a while.
    Unavailable,
}

/// A page for whoever opens the address at which Entra's requests arrive.
#[derive(Clone, Debug, Template)]
#[template(path = "entra_idle.html")]
pub struct EntraIdlePage {
    /// Where we are.
    pub frame: Frame,
}

impl EntraWord {
    /// A stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::CardRevoked => "card-revoked",
            Self::Disabled => "person-disabled",
            Self::NoCard => "no-card-allowed",
            Self::NotChecked => "not-checked",
            Self::OtherMethod => "entra-other-method",
            Self::Unavailable => "unavailable",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::CardRevoked => "This card can no longer be used",
            Self::Disabled => "Your account is switched off here",
            Self::NoCard => "You have no card yet",
            Self::NotChecked => "This sign-in could not be checked",
            Self::OtherMethod => "Microsoft Entra asks for something else",
            Self::Unavailable => "This does not work at the moment",
        }
    }

    fn happened(self) -> &'static str {
        match self {
            Self::CardRevoked => "It was removed from your account a moment ago.",
            Self::Disabled => {
                "An administrator has switched your account off, so your card does not count."
            }
            Self::NoCard => {
                "Microsoft Entra asks for your card, and none is on your account. One cannot be added in the middle of this sign-in."
            }
            Self::NotChecked => {
                "What Microsoft Entra has sent with you is too old, or not meant for this place. Nothing was changed."
            }
            Self::OtherMethod => {
                "None of your cards is what it asks for now: it wants another kind of proof than a card gives."
            }
            Self::Unavailable => {
                "We cannot check the request just now. Your account and your cards are fine."
            }
        }
    }

    fn now(self) -> &'static str {
        match self {
            Self::CardRevoked => {
                "Go back, sign in again, and use another card, or ask your administrator for a new one."
            }
            Self::Disabled => "Ask your administrator. Nothing that you do here can change it.",
            Self::NoCard => {
                "Ask your administrator how to get a card. Then go back, and choose another way to prove that it is you."
            }
            Self::NotChecked => {
                "Go back and sign in again. If it happens again, tell your administrator."
            }
            Self::OtherMethod => "Go back and choose another way to prove that it is you.",
            Self::Unavailable => "Go back, wait a minute, and sign in again.",
        }
    }
}

impl EntraPage {
    fn sends(&self) -> bool {
        !matches!(self.step, EntraStep::Told(_))
    }

    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |step| Self {
            frame: frame(text),
            step,
            action: "https://login.microsoftonline.com/common/federation/externalauthprovider"
                .into(),
            fields: vec![("error", "access_denied".into()), ("state", text("a1b2"))],
            reference: Some(text("5f2c6f4e-8a4c-4f0e-9f1d-2a5b3c7d9e10")),
        };
        let told = |word| page(EntraStep::Told(word));
        vec![
            ("proved", page(EntraStep::Proved)),
            ("leaving", page(EntraStep::Leaving)),
            ("card-revoked", told(EntraWord::CardRevoked)),
            ("disabled", told(EntraWord::Disabled)),
            ("no-card", told(EntraWord::NoCard)),
            ("not-checked", told(EntraWord::NotChecked)),
            ("other-method", told(EntraWord::OtherMethod)),
            ("unavailable", told(EntraWord::Unavailable)),
        ]
    }
}

impl EntraIdlePage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        vec![("here", Self { frame: frame(text) })]
    }
}
