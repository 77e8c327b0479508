//! One person's way to a session, step by step, and what it earns on the way.

use std::cell::RefCell;
use std::rc::Rc;

use agent_protocol::paths;
use e2e::{Answer, Browser, Card, Dump, Row, Way, World, at_provider};
use entra_stand_in::Person;
use secrets::{Token, TokenHash};
use serde_json::{Value, json};

use super::cast::Who;
use super::step::Step;
use crate::device::{Device, code_of, come_back, options_of, token_in};
use crate::pairing::PAIRING;

/// What the steps so far have earned: each stays here when it is used.
#[derive(Default)]
pub(super) struct Got {
    number: String,
    /// Hash of what finds its row.
    handle: Option<TokenHash>,
    pub(super) callback: Option<String>,
    /// What the card page was given to answer.
    pub(super) options: Option<Answer>,
    /// The card's answer in the card page.
    pub(super) answer: Option<Value>,
    /// The card's answer in the login page.
    pub(super) alone: Option<Value>,
    pub(super) code: Option<String>,
    pub(super) token: Option<String>,
    /// The cookie of the pairing.
    pub(super) pairing: Option<String>,
    pub(super) ticket: Option<Value>,
    /// The card's answer to the agent.
    pub(super) outcome: Option<Value>,
}

/// A login under way, with the browser, the agent and the card that belong to it.
pub(super) struct SignIn {
    pub(super) way: Way,
    pub(super) who: Who,
    pub(super) card: Rc<RefCell<Card>>,
    pub(super) browser: Browser,
    pub(super) device: Device,
    pub(super) got: Got,
    steps: &'static [Step],
    done: usize,
}

impl SignIn {
    pub(super) fn new(
        world: &World,
        way: Way,
        who: Who,
        card: Rc<RefCell<Card>>,
        steps: &'static [Step],
    ) -> Self {
        let (browser, device) = (world.browser(), Device::of(way));
        Self { way, who, card, browser, device, got: Got::default(), steps, done: 0 }
    }

    /// The last step that was done.
    pub(super) fn last(&self) -> Option<Step> {
        self.done.checked_sub(1).map(|last| self.steps[last])
    }

    pub(super) fn has_done(&self, step: Step) -> bool {
        self.steps[..self.done].contains(&step)
    }

    pub(super) fn is_over(&self) -> bool {
        self.done == self.steps.len()
    }

    /// Whether it has a row that waits at the card step.
    pub(super) fn waits(&self) -> bool {
        let over = [Step::Finish, Step::Answer].into_iter().any(|step| self.has_done(step));
        self.has_done(Step::Callback) && !over
    }

    /// Whether its browser still holds the handle of a row that an agent's answer has ended.
    pub(super) fn has_to_fetch(&self) -> bool {
        self.last() == Some(Step::Answer)
    }

    /// What rows of this login have in them, as they quote it: its handle, and its id while it waits.
    pub(super) fn marks(&self, dump: &Dump) -> Vec<String> {
        let Some(handle) = &self.got.handle else { return Vec::new() };
        let hex =
            handle.as_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
        let handle = format!("X'{hex}'");
        let is_its = |row: &Row| row["handle"] == handle;
        let row = dump.rows("login").into_iter().find(is_its);
        row.map(|row| row["login_id"].clone()).into_iter().chain([handle]).collect()
    }

    /// Goes back to before `step`, if it was done: it will be done anew.
    pub(super) fn back_to(&mut self, step: Step) {
        let at = self.steps.iter().position(|known| *known == step);
        self.done = at.unwrap_or(self.done).min(self.done);
    }

    /// Its challenge is spent: whoever was asked for an answer is asked anew.
    pub(super) fn ask_anew(&mut self) {
        self.back_to(Step::Options);
        self.back_to(Step::Push);
    }

    /// Does so many steps.
    pub(super) async fn walk(&mut self, world: &World, steps: usize) {
        for _ in 0..steps {
            self.step(world).await;
        }
    }

    /// Does the next step, which must succeed.
    pub(super) async fn step(&mut self, world: &World) {
        let step = self.steps[self.done];
        match step {
            Step::Begin | Step::Provider | Step::Callback => self.come(step).await,
            Step::Page | Step::Options | Step::Finish => self.answer_in_page(step).await,
            Step::Ask | Step::UseCard => self.use_card(step).await,
            Step::Code | Step::Offer | Step::Return => self.pair(world, step).await,
            Step::Push | Step::Claim | Step::Answer | Step::Fetch => {
                self.ask_agent(world, step).await;
            }
        }
        self.done += 1;
    }

    async fn come(&mut self, step: Step) {
        match step {
            Step::Begin => self.got.number = self.way.begin(&mut self.browser).await,
            Step::Provider => {
                let away = self.way.choose_provider(&mut self.browser, &self.got.number).await;
                let mut person = Person::new(&self.who.username);
                self.got.callback = Some(at_provider(&mut person, &away).await);
            }
            _ => {
                let back = self.browser.get(self.got.callback.as_ref().unwrap()).await;
                assert_eq!(back.location, Some(self.way.path("login/card")), "{back:?}");
                let handle = Token::parse(self.browser.cookie(&self.way.card_cookie()).unwrap());
                self.got.handle = Some(handle.unwrap().hash());
            }
        }
    }

    async fn answer_in_page(&mut self, step: Step) {
        match step {
            Step::Page => {
                let page = self.browser.get(&self.way.path("login/card")).await;
                assert_eq!(page.status, 200, "{page:?}");
                assert!(page.body.contains(&self.who.username), "{page:?}");
            }
            Step::Options => {
                let options = self.way.options(&mut self.browser).await;
                let answer = self.card.borrow_mut().answer(&self.browser, &options);
                (self.got.options, self.got.answer) = (Some(options), Some(answer));
            }
            _ => {
                let answer = self.got.answer.as_ref().unwrap();
                let signed_in = self.way.finish(&mut self.browser, answer).await;
                assert_eq!(signed_in.status, 200, "{signed_in:?}");
            }
        }
    }

    async fn use_card(&mut self, step: Step) {
        if step == Step::Ask {
            let options = self.way.choose_card(&mut self.browser, &self.got.number).await;
            self.got.alone = Some(self.card.borrow_mut().answer(&self.browser, &options));
            return;
        }
        let answer = self.got.alone.as_ref().unwrap();
        let signed_in = self.way.use_card(&mut self.browser, answer).await;
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
    }

    async fn pair(&mut self, world: &World, step: Step) {
        match step {
            Step::Code => {
                // An offer that is over ended its key.
                self.device = Device::of(self.way);
                self.got.code = Some(code_of(self.way, &mut self.browser).await);
            }
            Step::Offer => {
                let offer = self.device.offer(self.got.code.as_ref().unwrap());
                let offered = self.device.post(world, paths::ENROL, &offer).await;
                self.got.token = Some(token_in(&offered));
            }
            _ => {
                let token = self.got.token.as_ref().unwrap();
                let paired = come_back(self.way, &mut self.browser, token).await;
                assert_eq!(paired.status, 200, "{paired:?}");
                self.got.pairing = self.browser.cookie(&self.pairing_cookie()).map(str::to_owned);
                self.device.connect(world).await;
            }
        }
    }

    async fn ask_agent(&mut self, world: &World, step: Step) {
        match step {
            Step::Push => {
                self.got.ticket = Some(self.device.asked_by(&mut self.browser).await);
            }
            Step::Claim => {
                let claims = self.device.claim(world, self.got.ticket.as_ref().unwrap()).await;
                assert_eq!(claims["user"], self.who.username);
                self.got.outcome = Some(self.answer_to(world, &claims));
            }
            Step::Answer => {
                let body = json!({
                    "ticket": self.got.ticket, "outcome": { "assertion": self.got.outcome },
                });
                let taken = self.device.post(world, paths::RESULT, &body).await;
                assert_eq!(taken.status, 200, "{taken:?}");
            }
            _ => {
                let fetched = self.browser.get(&self.way.path("login/card")).await;
                assert_eq!(fetched.status, 303, "{fetched:?}");
            }
        }
    }

    /// What the card answers to a request that an agent has claimed, whoever it is for.
    pub(super) fn answer_to(&self, world: &World, claims: &Value) -> Value {
        let mut options = options_of(claims);
        if claims["user"] != self.who.username {
            crate::support::whichever_card(&mut options["publicKey"]);
        }
        self.card.borrow_mut().0.authenticate(&options, &world.origin).unwrap()
    }

    pub(super) fn pairing_cookie(&self) -> String {
        PAIRING.replace("acme", self.way.tenant)
    }

    /// Does all that is left, and the browser is signed in as its own person.
    pub(super) async fn carry_on(&mut self, world: &World, other: &Who) {
        while !self.is_over() {
            self.step(world).await;
        }
        let account = self.browser.get(&self.way.path("account/")).await;
        assert_eq!(account.status, 200, "{account:?}");
        assert!(account.body.contains(&self.who.username), "{account:?}");
        if other != &self.who {
            other.assert_not_named("the account page", &account);
        }
    }
}
