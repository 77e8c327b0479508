//! The return step of a card's answer: the page that the agent opens in the person's browser.

use askama::Template;

use super::Frame;
use super::sample::{Text, frame};

/// `GET /realms/{slug}/login/card/return#rt=token`, and what a `POST` of `token` to the same address
/// says. The script moves the token into the form, takes it out of the address and sends it.
#[derive(Clone, Debug, Template)]
#[template(path = "return.html")]
pub struct ReturnPage {
    /// Where we are.
    pub frame: Frame,
    /// How far it is.
    pub step: ReturnStep,
}

/// How far it is.
#[derive(Clone, Debug)]
pub enum ReturnStep {
    /// The script sends the token at once.
    Sending,
    /// The answer counts; the page that waits goes on by itself.
    Done {
        /// Where this tab would go on in its place.
        location: String,
        /// The application to which it goes on, by its name; none for a page of our own.
        application: Option<String>,
    },
    /// The login is held by another browser: the answer was refused.
    Elsewhere,
    /// The token is spent, too old, or none.
    Over,
}

impl ReturnPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |step| Self { frame: frame(text), step };
        let done = |application| {
            let location = "/realms/acme/login/card".into();
            page(ReturnStep::Done { location, application })
        };
        vec![
            ("sending", page(ReturnStep::Sending)),
            ("done", done(None)),
            ("done-application", done(Some(text("Syncro")))),
            ("elsewhere", page(ReturnStep::Elsewhere)),
            ("over", page(ReturnStep::Over)),
        ]
    }
}
