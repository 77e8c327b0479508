//! The card step: a person for whom the provider has vouched proves a card.

use askama::Template;

use super::sample::{Text, alice, for_application, for_entra, frame};
use super::words::Failure;
use super::{Account, Agent, AgentProgress, AgentPrompt, Ceremony, Frame, Purpose, SetUp, View};

/// "Authenticate yourself by using your cards or the digital app".
#[derive(Clone, Debug, Template)]
#[template(path = "card.html")]
pub struct CardPage {
    /// Where we are.
    pub frame: Frame,
    /// For whom the provider has vouched, as it named them. Shown so that nobody finishes a
    /// login that somebody else began.
    pub account: Account,
    /// The ceremony.
    pub ceremony: Ceremony,
    /// Where "Not you?" and "Back" go: `POST`ed, ends this login.
    pub start_again: String,
}

impl CardPage {
    /// The heading. That of a login is the one that existing guides tell people to expect.
    fn heading(&self) -> &'static str {
        match self.ceremony.purpose {
            Purpose::SignIn => "Authenticate yourself by using your cards or the digital app",
            Purpose::Confirm => "To confirm a change in the console, use your card",
            Purpose::GoOn => "To go on, use your card",
            Purpose::Remove => "To remove a card, confirm with another one",
            Purpose::Add | Purpose::AddAnother => "To add a card, confirm with one that you have",
        }
    }

    fn leave_words(&self) -> &'static str {
        match self.ceremony.purpose {
            Purpose::SignIn => "Not you?",
            Purpose::Add
            | Purpose::AddAnother
            | Purpose::Confirm
            | Purpose::GoOn
            | Purpose::Remove => "Back",
        }
    }

    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |agent: Agent, view: View, failure: Option<&str>| Self {
            account: alice(text),
            ceremony: Ceremony {
                base: frame(text).url("login/card"),
                purpose: Purpose::SignIn,
                expires_in: 540,
                reader_in_browser: true,
                browser_first: false,
                agent,
                view,
                failure: failure.map(Failure::of),
                server: text("https://login.acme.example"),
                start_again: frame(text).url("account/"),
                leaves_at_end: false,
            },
            start_again: frame(text).url("login/start-again"),
            frame: frame(text),
        };
        let linux = |view, failure| {
            let mut page = page(Agent::Unpaired, view, failure);
            page.ceremony.reader_in_browser = false;
            page
        };
        let online = || Agent::Online { device: text("ward-3-pc") };
        let browser_first = || {
            let mut page = page(online(), View::Choose, None);
            page.ceremony.browser_first = true;
            page
        };
        let offline = || Agent::Offline { device: text("ward-3-pc") };
        let prompt = |progress, code: &str, expires_in| {
            let ticket = text("f3b0");
            View::Agent(AgentPrompt { ticket, progress, match_code: text(code), expires_in })
        };
        let set_up = |device: Option<&str>| {
            let code = text("KRQM-BXPT");
            View::SetUp(SetUp { code, expires_in: 540, device: device.map(text) })
        };
        let asked_for = |purpose| {
            let mut page = page(Agent::Unpaired, View::Choose, None);
            page.account.provider = None;
            page.ceremony.purpose = purpose;
            page
        };
        let for_entra = || {
            let mut page = page(Agent::Unpaired, View::Choose, None);
            page.account = for_entra(text);
            page.ceremony.expires_in = 230;
            page.ceremony.start_again = frame(text).url("eam/answer");
            page.ceremony.leaves_at_end = true;
            page
        };
        let for_application = |purpose| {
            let mut page = page(Agent::Unpaired, View::Choose, None);
            page.account = for_application(text);
            page.ceremony.purpose = purpose;
            page
        };
        let mut all = vec![
            ("for-application", for_application(Purpose::SignIn)),
            ("go-on", for_application(Purpose::GoOn)),
            ("for-entra", for_entra()),
            ("choose", page(Agent::Unpaired, View::Choose, None)),
            ("choose-linux", linux(View::Choose, None)),
            ("choose-browser-first", browser_first()),
            ("choose-offline", page(offline(), View::Choose, None)),
            ("browser", page(Agent::Unpaired, View::Browser, None)),
            ("browser-linux", linux(View::Browser, None)),
            ("agent-pushed", page(online(), prompt(AgentProgress::Pushed, "47", 58), None)),
            ("agent-claimed", page(online(), prompt(AgentProgress::Claimed, "47", 41), None)),
            ("set-up", linux(set_up(None), None)),
            ("set-up-computer", linux(set_up(Some("ward-3-pc")), None)),
            ("set-up-elsewhere", linux(set_up(None), Some("pairing-elsewhere"))),
            ("add-another", asked_for(Purpose::AddAnother)),
            ("confirm", asked_for(Purpose::Confirm)),
            ("remove", asked_for(Purpose::Remove)),
            ("done", page(online(), View::Done, None)),
            ("over", page(Agent::Unpaired, View::Over, None)),
        ];
        all.extend(super::words::FAILURES.iter().map(|failure| {
            (failure.sample, page(Agent::Unpaired, View::Choose, Some(failure.code)))
        }));
        all
    }
}
