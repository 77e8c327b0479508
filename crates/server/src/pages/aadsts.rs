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
        remedy: Remedy,
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

/// What to do about a code, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Whether it takes an administrator.
    pub for_administrator: bool,
    /// What they do.
    pub words: String,
    /// Where to click in the Azure portal.
    pub azure: Option<String>,
    /// Where to click in the console.
    pub console: Option<String>,
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
                        remedy: Remedy {
                            for_administrator: true,
                            words: text(
                                "Copy the Redirect URI from the provider's settings in Cardea's console, and enter exactly that in Azure. Capital letters, http or https, and a slash at the end all count.",
                            ),
                            azure: Some(text(
                                "App registrations → your app → Overview → Add a Redirect URI → Web",
                            )),
                            console: Some(text(
                                "Identity Providers → your provider → Settings → Redirect URI",
                            )),
                        },
                    }),
                ),
            ),
            (
                "known-to-person",
                page(
                    "50089",
                    Some(AadstsAnswer::Known {
                        code: text("AADSTS50089"),
                        cause: text("The sign-in at Microsoft took too long."),
                        remedy: Remedy {
                            for_administrator: false,
                            words: text("Start again."),
                            azure: None,
                            console: None,
                        },
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
