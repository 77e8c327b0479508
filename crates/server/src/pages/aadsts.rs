//! Help with the codes that Microsoft Entra shows on its own pages.

use askama::Template;

use super::sample::Text;

/// `GET /help/aadsts`, with the parameter `q` when somebody asks, and `/help/aadsts/{code}`.
#[derive(Clone, Debug, Template)]
#[template(path = "aadsts.html")]
pub struct AadstsPage {
    /// What was pasted; empty at first.
    pub question: String,
    /// What we know about it; `None` while nothing was asked.
    pub answer: Option<AadstsAnswer>,
}

/// What we know about what was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AadstsAnswer {
    /// A code that we know.
    Known {
        /// `AADSTS50011`.
        code: String,
        /// What it means here.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
    /// A code that we do not know.
    Unknown {
        /// `AADSTS999999`.
        code: String,
        /// Its number alone, for Microsoft's own page.
        number: String,
    },
    /// No code in what was pasted.
    NoCode,
}

impl AadstsPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |question: &str, answer| Self { question: text(question), answer };
        vec![
            ("empty", page("", None)),
            (
                "known",
                page(
                    "AADSTS50011: The redirect URI specified in the request does not match",
                    Some(AadstsAnswer::Known {
                        code: text("AADSTS50011"),
                        cause: text(
                            "The app registration in Azure lacks the exact address to which Cardea asks Entra to answer.",
                        ),
                        remedy: text(
                            "App registrations → the application → Overview → Add a Redirect URI → Web: add the one that the console shows. Upper and lower case, https and a slash at the end count.",
                        ),
                    }),
                ),
            ),
            (
                "unknown",
                page(
                    "999999",
                    Some(AadstsAnswer::Unknown {
                        code: text("AADSTS999999"),
                        number: text("999999"),
                    }),
                ),
            ),
            ("no-code", page("it does not work", Some(AadstsAnswer::NoCode))),
        ]
    }
}
