//! Enrolment: a person without a card gets their first one.

use askama::Template;

use super::sample::{Text, alice, for_entra, frame};
use super::words::Failure;
use super::{Account, Agent, AgentProgress, AgentPrompt, Ceremony, Frame, Purpose, SetUp, View};

/// A login of a person who has no card.
#[derive(Clone, Debug, Template)]
#[template(path = "enrol.html")]
pub struct EnrolPage {
    /// Where we are.
    pub frame: Frame,
    /// Who enrols.
    pub account: Account,
    /// What is to be done now.
    pub step: EnrolStep,
    /// Where "Not you?" goes: `POST`ed, ends this login. Empty: not offered.
    pub start_again: String,
}

/// What is to be done now.
#[derive(Clone, Debug)]
pub enum EnrolStep {
    /// Show that an administrator allows it.
    Code(CodeEntry),
    /// Add the card.
    Card {
        /// Who allows it.
        permit: Permit,
        /// What to call the card when the person says nothing else.
        suggested_label: String,
        /// The ceremony.
        ceremony: Box<Ceremony>,
    },
}

/// The field for an administrator's one-time code, sent as `code` by `POST` to
/// `/realms/{slug}/login/code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeEntry {
    /// How many wrong codes are still allowed. Zero: no field, ask for a new code.
    pub tries_left: u8,
    /// What was wrong with the last one.
    pub problem: Option<CodeProblem>,
}

/// What was wrong with a one-time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeProblem {
    /// Nothing was entered.
    Empty,
    /// What was entered cannot be a code.
    Malformed,
    /// It was not valid for this person: a letter mistyped, used before, or too old.
    Refused,
}

/// Who allows this person to add a card here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// An administrator, by a one-time code.
    Code,
    /// The tenant's policy, after a fresh Entra sign-in.
    FreshSignIn,
    /// An invitation for a first administrator.
    Invitation,
    /// The person themselves, by a tap of a card that they have.
    FreshTap,
}

impl EnrolPage {
    fn leave_words(&self) -> &'static str {
        match self.step {
            EnrolStep::Card { permit: Permit::FreshTap, .. } => "Back",
            _ => "Not you?",
        }
    }

    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |step: EnrolStep| Self {
            account: alice(text),
            step,
            start_again: frame(text).url("login/start-again"),
            frame: frame(text),
        };
        let code = |tries_left, problem| page(EnrolStep::Code(CodeEntry { tries_left, problem }));
        let shown = |permit, agent: Agent, reader: bool, view: View, failure: Option<&str>| {
            page(EnrolStep::Card {
                permit,
                suggested_label: text("Alice’s card"),
                ceremony: Box::new(Ceremony {
                    base: frame(text).url("login/card"),
                    purpose: Purpose::Add,
                    expires_in: 540,
                    agent,
                    reader_in_browser: reader,
                    browser_first: false,
                    view,
                    failure: failure.map(Failure::of),
                    server: text("https://login.acme.example"),
                    start_again: frame(text).url("account/"),
                    leaves_at_end: false,
                }),
            })
        };
        let card = |permit, agent, view, failure| shown(permit, agent, true, view, failure);
        let linux = |permit, view| shown(permit, Agent::Unpaired, false, view, None);
        let online = || Agent::Online { device: text("ward-3-pc") };
        let prompt = View::Agent(AgentPrompt {
            ticket: text("f3b0"),
            progress: AgentProgress::Claimed,
            match_code: text("47"),
            expires_in: 41,
        });
        let set_up = View::SetUp(SetUp { code: text("KRQM-BXPT"), expires_in: 540, device: None });
        vec![
            ("code", code(5, None)),
            ("code-empty", code(5, Some(CodeProblem::Empty))),
            ("code-malformed", code(5, Some(CodeProblem::Malformed))),
            ("code-refused", code(3, Some(CodeProblem::Refused))),
            ("code-last", code(1, Some(CodeProblem::Refused))),
            ("code-for-entra", Self { account: for_entra(text), ..code(5, None) }),
            ("code-spent", code(0, Some(CodeProblem::Refused))),
            ("card", card(Permit::FreshSignIn, Agent::Unpaired, View::Choose, None)),
            ("card-after-code", linux(Permit::Code, View::Choose)),
            ("card-invitation", card(Permit::Invitation, Agent::Unpaired, View::Choose, None)),
            ("card-another", card(Permit::FreshTap, Agent::Unpaired, View::Choose, None)),
            ("card-browser", card(Permit::FreshSignIn, Agent::Unpaired, View::Browser, None)),
            ("card-agent", card(Permit::FreshSignIn, online(), prompt, None)),
            ("card-set-up", linux(Permit::FreshSignIn, set_up)),
            ("card-excluded", card(Permit::Code, Agent::Unpaired, View::Choose, Some("excluded"))),
        ]
    }
}
