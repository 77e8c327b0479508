//! What one login has earned, in the hands of another: each cookie jar with each artefact.

use agent_protocol::paths;
use e2e::{Answer, Browser, Way, World};
use serde_json::{Value, json};

use super::sign_in::SignIn;
use super::step::Step;
use crate::device::{Device, come_back, token_in};
use crate::support::{answer_to, whichever_card};

/// Something that belongs to one login, done with the browser or the agent of another.
pub(super) struct Attempt {
    pub(super) name: String,
    pub(super) leaves: Leaves,
    act: Act,
}

/// What an attempt may leave behind; it never gives anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Leaves {
    /// Nothing at all.
    Nothing,
    /// A refusal on record: the browser still holds a login that an agent's answer has ended.
    OnRecord,
    /// The challenge of the login that it was done with is spent.
    Spent,
    /// The same, and so is the agent's call.
    SpentByAgent,
    /// The agent's offer to the login that it was taken from is over.
    OfferOver,
    /// The other login's agent was asked, and its card refused.
    AskedElsewhere,
}

impl Leaves {
    /// Whether both logins go on as they were.
    pub(super) fn spends_nothing(self) -> bool {
        matches!(self, Self::Nothing | Self::OnRecord)
    }
}

enum Act {
    /// Opens an address.
    Open(String),
    /// Sends a card's answer to this path.
    Send(String, Value),
    /// Lets the other login's card answer the challenge of this page.
    Tap,
    /// Has an agent offer itself by this code, and opens the agent's address.
    Pair(Way, String),
    /// Opens the return page of this tenant with this token.
    Return(Way, String),
    /// Brings the cookie of a pairing to its card page, and has the agent there asked.
    Beside(String),
    /// Makes a call by its own agent.
    Call(&'static str, Value),
}

/// All that can be done with what `from` has earned and `to` holds.
pub(super) fn all(from: &SignIn, to: &SignIn) -> Vec<Attempt> {
    let mut all = Vec::new();
    for way in ways(from, to) {
        all.extend(of_callback(way, from));
        all.extend(of_answers(way, from, to));
        all.extend(of_token(way, from));
    }
    all.extend(of_code(from));
    all.extend(of_tickets(from, to));
    // Of one person's own, card and agent may answer in either browser.
    if from.who != to.who {
        all.extend(of_card(from, to));
        all.extend(of_pairing(from, to));
    }
    all
}

/// The tenants in which something can be done: the two logins' own.
pub(super) fn ways(from: &SignIn, to: &SignIn) -> Vec<Way> {
    let mut ways = vec![to.way, from.way];
    ways.dedup_by_key(|way| way.tenant);
    ways
}

fn attempt(name: impl Into<String>, leaves: Leaves, act: Act) -> Attempt {
    Attempt { name: name.into(), leaves, act }
}

fn of_callback(way: Way, from: &SignIn) -> Option<Attempt> {
    let own = format!("/realms/{}/", from.way.tenant);
    let there = from.got.callback.as_ref()?.replace(&own, &way.path(""));
    Some(attempt(format!("callback in {}", way.tenant), Leaves::Nothing, Act::Open(there)))
}

/// Every challenge with every credential at both doors, but for what is all its own.
fn of_answers(way: Way, from: &SignIn, to: &SignIn) -> Vec<Attempt> {
    let member = |login: &SignIn, member: &str| -> Vec<Value> {
        let answers = [&login.got.answer, &login.got.alone].into_iter().flatten();
        answers.map(|answer| answer[member].clone()).collect()
    };
    let credentials = |login: &SignIn| {
        let by_agent = login.got.outcome.iter().cloned();
        member(login, "credential").into_iter().chain(by_agent).collect::<Vec<_>>()
    };
    let (theirs, own) = (member(from, "challenge"), member(to, "challenge"));
    let mut pairs = Vec::new();
    for credential in credentials(from) {
        pairs.extend(theirs.iter().chain(&own).map(|id| (id.clone(), credential.clone())));
    }
    for credential in credentials(to) {
        pairs.extend(theirs.iter().map(|id| (id.clone(), credential.clone())));
    }
    let mut all = Vec::new();
    for (challenge, credential) in pairs {
        let is_out = to.got.answer.as_ref().is_some_and(|own| own["challenge"] == challenge);
        let body = json!({ "challenge": challenge, "credential": credential });
        for door in ["login/card/finish", "login/use-card/finish"] {
            let here = way.tenant == to.way.tenant && door == "login/card/finish";
            let leaves = match here {
                true if to.waits() && is_out => Leaves::Spent,
                true if to.has_to_fetch() => Leaves::OnRecord,
                _ => Leaves::Nothing,
            };
            let name = format!("answer {body} at {}", way.path(door));
            all.push(attempt(name, leaves, Act::Send(way.path(door), body.clone())));
        }
    }
    all
}

/// The live card, not only what it signed.
fn of_card(from: &SignIn, to: &SignIn) -> Option<Attempt> {
    let enrolled = !from.card.borrow().0.credential_ids().is_empty();
    let asked = to.got.options.as_ref().is_some_and(|options| options.member("purpose") == "get");
    let can = to.waits() && asked && enrolled;
    can.then(|| attempt("card", Leaves::Spent, Act::Tap))
}

fn of_code(from: &SignIn) -> Option<Attempt> {
    let is_out = from.last() == Some(Step::Code);
    let leaves = if is_out { Leaves::OfferOver } else { Leaves::Nothing };
    let code = from.got.code.clone()?;
    Some(attempt("code", leaves, Act::Pair(from.way, code)))
}

fn of_token(way: Way, from: &SignIn) -> Option<Attempt> {
    let is_out = from.last() == Some(Step::Offer) && way.tenant == from.way.tenant;
    let leaves = if is_out { Leaves::OfferOver } else { Leaves::Nothing };
    let token = from.got.token.clone()?;
    Some(attempt(format!("return token in {}", way.tenant), leaves, Act::Return(way, token)))
}

fn of_pairing(from: &SignIn, to: &SignIn) -> Option<Attempt> {
    let asks = to.waits() && from.way.tenant == to.way.tenant;
    let leaves = if asks { Leaves::AskedElsewhere } else { Leaves::Nothing };
    Some(attempt("cookie of the pairing", leaves, Act::Beside(from.got.pairing.clone()?)))
}

/// A ticket at another agent, and another login's answer to a ticket.
fn of_tickets(from: &SignIn, to: &SignIn) -> Vec<Attempt> {
    let mut all = Vec::new();
    if let Some(ticket) = &from.got.ticket {
        let call = |path, body| Act::Call(path, body);
        let claim = json!({ "ticket": ticket });
        all.push(attempt("ticket, claimed", Leaves::Nothing, call(paths::CLAIM, claim)));
        for outcome in [&from.got.outcome, &to.got.outcome].into_iter().flatten() {
            let result = json!({ "ticket": ticket, "outcome": { "assertion": outcome } });
            all.push(attempt("ticket, answered", Leaves::Nothing, call(paths::RESULT, result)));
        }
    }
    if let Some(ticket) = &to.got.ticket {
        let in_page = [&from.got.answer, &from.got.alone].into_iter().flatten();
        let in_page = in_page.map(|answer| &answer["credential"]);
        let leaves = match to.last() {
            Some(Step::Claim) => Leaves::SpentByAgent,
            _ => Leaves::Nothing,
        };
        for credential in in_page.chain(&from.got.outcome) {
            let body = json!({ "ticket": ticket, "outcome": { "assertion": credential } });
            all.push(attempt("answer for a ticket", leaves, Act::Call(paths::RESULT, body)));
        }
    }
    all
}

impl Attempt {
    /// Does it, in a copy of the browser: the answer.
    pub(super) async fn make(&self, world: &World, from: &mut SignIn, to: &SignIn) -> Answer {
        let mut jar = jar(from, to);
        match &self.act {
            Act::Open(address) => jar.get(address).await,
            Act::Send(path, body) => jar.post_json(path, body).await,
            Act::Tap => {
                let options = to.got.options.as_ref().unwrap();
                let answer = answer_to(&mut from.card.borrow_mut(), &jar, options, whichever_card);
                to.way.finish(&mut jar, &answer).await
            }
            Act::Pair(way, code) => {
                let device = Device::of(*way);
                let offered = device.post(world, paths::ENROL, &device.offer(code)).await;
                if self.leaves == Leaves::Nothing {
                    return offered;
                }
                come_back(*way, &mut jar, &token_in(&offered)).await
            }
            Act::Return(way, token) => come_back(*way, &mut jar, token).await,
            Act::Beside(cookie) => self.beside(world, from, to, jar, cookie).await,
            Act::Call(path, body) => to.device.post(world, path, body).await,
        }
    }

    /// Another desk's agent hears whose login it is asked for, and what its own card answers is the
    /// answer of somebody else.
    async fn beside(
        &self,
        world: &World,
        from: &mut SignIn,
        to: &SignIn,
        mut jar: Browser,
        cookie: &str,
    ) -> Answer {
        jar.set_cookie(&to.pairing_cookie(), cookie);
        if self.leaves == Leaves::Nothing {
            return jar.post_json(&to.way.path("login/card/agent"), &json!({})).await;
        }
        let ticket = from.device.asked_by(&mut jar).await;
        let claims = from.device.claim(world, &ticket).await;
        assert_eq!(claims["user"], to.who.username);
        let answer = from.answer_to(world, &claims);
        let body = json!({ "ticket": ticket, "outcome": { "assertion": answer } });
        from.device.post(world, paths::RESULT, &body).await
    }
}

/// The browser of `to`, which also says what it holds under the names of the other tenant.
pub(super) fn jar(from: &SignIn, to: &SignIn) -> Browser {
    let mut jar = to.browser.clone();
    if from.way.tenant != to.way.tenant {
        let names = [Way::card_cookie, Way::session_cookie];
        let names = names.map(|name| (name(to.way), name(from.way)));
        for (own, other) in names.into_iter().chain([(to.pairing_cookie(), from.pairing_cookie())])
        {
            if let Some(value) = to.browser.cookie(&own) {
                jar.set_cookie(&other, value);
            }
        }
    }
    jar
}
