//! The return step of pairing: the page that the agent opens in the person's browser.

use askama::Template;

use super::sample::{Text, alice, frame};
use super::{Account, Frame};

/// `GET /realms/{slug}/login/card/pair/return#token`, and what a `POST` of `token` to the same
/// address says. The script moves the token into the form and takes it out of the address.
#[derive(Clone, Debug, Template)]
#[template(path = "pair.html")]
pub struct PairPage {
    /// Where we are.
    pub frame: Frame,
    /// How far it is.
    pub step: PairStep,
}

/// How far a pairing is, as this browser may know it.
#[derive(Clone, Debug)]
pub enum PairStep {
    /// This browser holds a login to which a computer was offered: it may confirm.
    Confirm {
        /// Whose login.
        account: Account,
        /// Name of the computer.
        device: String,
    },
    /// This browser holds no such login. The script sends the token at once, which ends the offer.
    NotHere,
    /// The two are paired.
    Paired {
        /// Name of the computer.
        device: String,
    },
    /// The login is held by another browser: the offer was ended.
    Elsewhere,
    /// The token is spent, too old, or none.
    Over,
}

impl PairPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |step| Self { frame: frame(text), step };
        let device = || text("ward-3-pc");
        vec![
            ("confirm", page(PairStep::Confirm { account: alice(text), device: device() })),
            ("not-here", page(PairStep::NotHere)),
            ("paired", page(PairStep::Paired { device: device() })),
            ("elsewhere", page(PairStep::Elsewhere)),
            ("over", page(PairStep::Over)),
        ]
    }
}
