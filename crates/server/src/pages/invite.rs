//! An invitation for a first administrator, or for the way back in.

use askama::Template;

use super::Frame;
use super::sample::{Text, frame};

/// `GET /admin/invite#token`. The token is in the fragment, so that no log has it; the script
/// moves it into the form, takes it out of the address, and the form is `POST`ed to
/// `/admin/invite` as `token` and `name`.
///
/// No `Debug`: a token does not print.
#[derive(Clone, Template)]
#[template(path = "invite.html")]
pub struct InvitePage {
    /// The operators' tenant.
    pub frame: Frame,
    /// The token that was `POST`ed, so that a missing name does not cost the invitation; empty at
    /// first and after a refusal.
    pub token: String,
    /// The name that was entered, after a problem.
    pub name: String,
    /// What was wrong.
    pub problem: Option<InviteProblem>,
}

/// What was wrong with an invitation that was taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteProblem {
    /// No name.
    NameMissing,
    /// The token is mistyped, spent or older than ten minutes.
    TokenRefused,
}

impl InvitePage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |token: &str, name: &str, problem| Self {
            frame: frame(text),
            token: text(token),
            name: text(name),
            problem,
        };
        vec![
            ("empty", page("", "", None)),
            ("name-missing", page("token", "", Some(InviteProblem::NameMissing))),
            ("refused", page("", "Alice Martin", Some(InviteProblem::TokenRefused))),
        ]
    }
}
