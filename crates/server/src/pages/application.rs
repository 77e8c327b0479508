//! What people see on their way to an application, besides login and card.

use askama::Template;

use super::Frame;
use super::sample::{Text, frame};

/// The page between our last one and the application, by a script or by its button.
#[derive(Clone, Debug, Template)]
#[template(path = "application.html")]
pub struct ApplicationPage {
    /// Where we are.
    pub frame: Frame,
    /// Its name.
    pub application: String,
    /// What there is to read.
    pub step: ApplicationStep,
    /// Whether the answer is posted; otherwise it stands in the address.
    pub posts: bool,
    /// Where the browser goes.
    pub action: String,
    /// Hidden fields, where the answer is posted.
    pub fields: Vec<(&'static str, String)>,
}

/// What there is to read on the way to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationStep {
    /// Nothing: the form goes off at once.
    Sending,
    /// The card has proved; the browser goes on by itself, to a page of ours.
    Proved,
    /// Something that the person must read; the button takes them back.
    Told(ApplicationWord),
}

/// Why somebody does not come into an application, or their request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationWord {
    /// The address for the answer is not registered.
    Address,
    /// The person went back without using their card.
    NoTap,
    /// Nobody is signed in after they should have been.
    NotSignedIn,
    /// None of what their card shows is enough.
    OtherCard,
    /// Somebody else has signed in than the application asks for.
    SomebodyElse,
    /// The sign-in took too long.
    TooLate,
    /// The application is not known here, or switched off.
    Unknown,
    /// Parts are missing, said twice, or changed on their way.
    Unreadable,
}

/// A request of an application that has nobody to whom an answer could go.
#[derive(Clone, Debug)]
pub struct ApplicationTrouble {
    /// What is wrong with it.
    pub word: ApplicationWord,
    /// What it calls itself, for its administrator. A stranger's text.
    pub client_id: Option<String>,
    /// Where it wants the answer, for its administrator. A stranger's text.
    pub redirect_uri: Option<String>,
}

impl std::fmt::Display for ApplicationTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word.code())
    }
}

impl ApplicationWord {
    /// A stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Address => "application-address",
            Self::NoTap => "application-no-tap",
            Self::NotSignedIn => "application-not-signed-in",
            Self::OtherCard => "application-other-card",
            Self::SomebodyElse => "application-somebody-else",
            Self::TooLate => "application-too-late",
            Self::Unknown => "application-unknown",
            Self::Unreadable => "application-request",
        }
    }

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Address => "The application's address is not registered here",
            Self::NoTap => "Your card was not used",
            Self::NotSignedIn => "You are not signed in",
            Self::OtherCard => "This application asks for another card",
            Self::SomebodyElse => "The application asks for another account",
            Self::TooLate => "This sign-in has expired",
            Self::Unknown => "This application is not known here",
            Self::Unreadable => "The application's request could not be read",
        }
    }

    /// What happened.
    pub fn happened(self) -> &'static str {
        match self {
            Self::Address => {
                "An application has sent you here to sign in, and wants the answer at an address that is not one of its own. Nothing was sent there."
            }
            Self::NoTap => {
                "The application asks for your card, also of people who are signed in already, and you went back without using it."
            }
            Self::NotSignedIn => {
                "You signed in, but your session had ended before the application could be told: your card was taken away, or it was ended elsewhere."
            }
            Self::OtherCard => {
                "It takes only cards and keys of which their maker has shown that they are hardware, and yours is not known as one."
            }
            Self::SomebodyElse => "You have signed in with another account than it asks for.",
            Self::TooLate => {
                "For your safety a sign-in has to be finished within ten minutes. This one took longer."
            }
            Self::Unknown => {
                "An application has sent you here to sign in, and it is not registered here, or an administrator has switched it off."
            }
            Self::Unreadable => {
                "An application has sent you here to sign in, and parts of what it has sent are missing, said twice, or changed on their way."
            }
        }
    }

    /// What to do now.
    pub fn now(self) -> &'static str {
        match self {
            Self::Address => {
                "Tell the administrator of the application. They compare the redirect URI below, to the character, with those that are registered for it here."
            }
            Self::NoTap => "Go back, and start there again with your card at hand.",
            Self::NotSignedIn => {
                "Go back, and sign in there once more. Leave your card on its reader."
            }
            Self::OtherCard => {
                "Go back, sign in again, and use another card, or ask your administrator for one."
            }
            Self::SomebodyElse => {
                "Go back, and sign in with the account that you use there; or sign out there first."
            }
            Self::TooLate => "Go back, and start there again. Have your card or key at hand.",
            Self::Unknown => {
                "Tell the administrator of the application. They compare the client ID below, to the character, with the one that is registered here."
            }
            Self::Unreadable => {
                "Go back to the application, and start there again. If it happens again, tell its administrator, and when it happened."
            }
        }
    }
}

impl ApplicationPage {
    fn sends(&self) -> bool {
        self.step == ApplicationStep::Sending
    }

    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |step| Self {
            frame: frame(text),
            application: text("Syncro"),
            step,
            posts: false,
            action: "https://syncro.example/callback?error=access_denied".into(),
            fields: Vec::new(),
        };
        let sending = Self {
            posts: true,
            action: "https://syncro.example/callback".into(),
            fields: vec![("code", "c0de".into()), ("state", text("a1b2"))],
            ..page(ApplicationStep::Sending)
        };
        let proved = Self {
            action: frame(text).url("protocol/openid-connect/auth/continue"),
            ..page(ApplicationStep::Proved)
        };
        let told = |word| page(ApplicationStep::Told(word));
        let told_by_form =
            Self { step: ApplicationStep::Told(ApplicationWord::NoTap), ..sending.clone() };
        vec![
            ("sending", sending),
            ("proved", proved),
            ("no-tap", told(ApplicationWord::NoTap)),
            ("no-tap-by-form", told_by_form),
            ("not-signed-in", told(ApplicationWord::NotSignedIn)),
            ("other-card", told(ApplicationWord::OtherCard)),
            ("somebody-else", told(ApplicationWord::SomebodyElse)),
            ("too-late", told(ApplicationWord::TooLate)),
        ]
    }
}

/// Asks whether somebody wants to be signed out, because an application says so without showing that it
/// knows their session.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage {
    /// Where we are.
    pub frame: Frame,
    /// Who is signed in.
    pub name: String,
    /// The name of the application that asks, if it is one.
    pub application: Option<String>,
    /// What it asks, sealed.
    pub request: String,
}

impl LogoutPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |application| Self {
            frame: frame(text),
            name: text("Alice Martin"),
            application,
            request: "c2VhbGVk".into(),
        };
        vec![("asked", page(Some(text("Syncro")))), ("asked-by-nobody", page(None))]
    }
}
