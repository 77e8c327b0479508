//! After signing out.

use askama::Template;

use super::Frame;
use super::sample::{Text, frame};

/// The session is over.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// Where we are.
    pub frame: Frame,
    /// Where the person may sign in again.
    pub sign_in: String,
    /// Display name of the provider at which they may still be signed in.
    pub provider: Option<String>,
}

impl SignedOutPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let sign_in = frame(text).url("account/");
        let page = Self { frame: frame(text), sign_in, provider: None };
        let provider = Some(text("Azure"));
        vec![("card-only", page.clone()), ("provider", Self { provider, ..page })]
    }
}
