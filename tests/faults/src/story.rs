//! What people do while the server is killed, and when it is back.

use std::sync::Arc;

use load::{Browser, Member, Port, TENANT, Taps, Trouble};

use crate::Failure;
use crate::desk::{Desk, card};

/// The person of every story; one of the stand-in's cast.
pub(crate) const PERSON: &str = "mia@acme.example";

/// A story, from its beginning. One that was prepared begins in each run with what it had then.
pub trait Story: Send + Sync + Sized + 'static {
    /// The same story, for another run.
    #[must_use]
    fn again(&self) -> Self;

    /// What goes on while the server may be killed.
    fn go(&mut self, port: &Port) -> impl Future<Output = Result<(), Failure>> + Send;

    /// What goes on when it is back. Whether what was begun before came to its end.
    fn go_on(&mut self, port: &Port) -> impl Future<Output = Result<bool, Failure>> + Send;

    /// The person's own ledger.
    fn taps(&self) -> &Taps;
}

/// A first sign-in, which enrols the card, and a second one in another browser.
pub struct InBrowser {
    member: Member,
    /// The browser that was in use at the end, however that came.
    last: Option<Browser>,
}

impl InBrowser {
    pub(crate) fn new() -> Self {
        Self { member: Member::new(PERSON, 1), last: None }
    }
}

impl Story for InBrowser {
    fn again(&self) -> Self {
        Self::new()
    }

    async fn go(&mut self, port: &Port) -> Result<(), Failure> {
        for _ in 0..2 {
            let browser = self.last.insert(browser(port)?);
            self.member.sign_in(browser).await?;
        }
        Ok(())
    }

    async fn go_on(&mut self, port: &Port) -> Result<bool, Failure> {
        // A browser that was given a session is signed in, whatever happened since.
        let last = self.last.take().filter(is_signed_in);
        let was_signed_in = last.is_some();
        if let Some(mut browser) = last {
            self.member.see_account(&mut browser, &account()).await?;
        }
        self.member.sign_in(&mut browser(port)?).await?;
        Ok(was_signed_in)
    }

    fn taps(&self) -> &Taps {
        &self.member.taps
    }
}

/// Somebody whose card and computer are known signs in by a link in a browser that is new there.
pub struct ByLink {
    member: Member,
    desk: Arc<Desk>,
    browser: Option<Browser>,
    /// What the browser must bring back, once the answer is kept.
    token: Option<String>,
}

impl ByLink {
    /// Somebody whose card and computer are still to be made known: [`prepare`](Self::prepare).
    pub(crate) fn new() -> Result<Self, Failure> {
        let (member, desk) = (Member::new(PERSON, 1), Arc::new(Desk::new()?));
        Ok(Self { member, desk, browser: None, token: None })
    }

    /// Enrols the card and sets the computer up.
    pub(crate) async fn prepare(&mut self, port: &Port) -> Result<(), Failure> {
        let mut browser = browser(port)?;
        self.member.to_card(&mut browser).await?;
        self.desk.set_up(&mut browser).await?;
        Ok(self.member.enrol(&mut browser).await?)
    }

    /// Up to an answer that waits for its browser.
    pub(crate) async fn answer(&mut self, port: &Port) -> Result<(), Failure> {
        self.token = None;
        let browser = self.browser.insert(browser(port)?);
        self.member.to_card(browser).await?;
        self.token = Some(self.desk.answer(browser, &mut self.member).await?);
        // From here on there may be a session, and not before.
        self.member.taps.sent = self.member.taps.sent.saturating_add(1);
        Ok(())
    }

    /// Brings the token back: whether it counted.
    async fn come_back(&mut self) -> Result<bool, Failure> {
        let (Some(browser), Some(token)) = (&mut self.browser, &self.token) else {
            return Ok(false);
        };
        let back = browser.post_form(&card("/return"), &[("token", token)]).await?;
        match back.status {
            200 => {
                self.member.taps.acknowledged = self.member.taps.acknowledged.saturating_add(1);
                Ok(true)
            }
            410 => Ok(false),
            _ => Err(back.unexpected("return").into()),
        }
    }

    /// The page that waits claims the session, if there is one: whether there was.
    async fn claim(&mut self) -> Result<bool, Failure> {
        let Some(browser) = &mut self.browser else { return Ok(false) };
        browser.get(&card("")).await?;
        let claimed = is_signed_in(browser);
        if claimed {
            self.member.see_account(browser, &account()).await?;
        }
        Ok(claimed)
    }
}

impl Story for ByLink {
    fn again(&self) -> Self {
        let mut member = Member::new(PERSON, 1);
        (member.card.0, member.taps) = (self.member.card.0.clone(), self.member.taps);
        Self { member, desk: Arc::clone(&self.desk), browser: None, token: None }
    }

    async fn go(&mut self, port: &Port) -> Result<(), Failure> {
        self.answer(port).await?;
        let ended = self.come_back().await? && self.claim().await?;
        if ended { Ok(()) } else { Err("the browser is back, and not signed in".into()) }
    }

    async fn go_on(&mut self, port: &Port) -> Result<bool, Failure> {
        let has_answered = self.token.is_some();
        let (first, second) = (self.come_back().await?, self.come_back().await?);
        if second {
            return Err("a return token counted twice".into());
        }
        // It may have counted before, and only the word of it was lost.
        let went_on = self.claim().await?;
        if went_on && !has_answered {
            return Err("a session of a browser that did not come back".into());
        }
        if first && !went_on {
            return Err("the browser was told that its card is checked, and has no session".into());
        }
        self.go(port).await?;
        Ok(went_on)
    }

    fn taps(&self) -> &Taps {
        &self.member.taps
    }
}

fn is_signed_in(browser: &Browser) -> bool {
    browser.cookie(&format!("__Host-sid-{TENANT}")).is_some()
}

fn account() -> String {
    format!("/realms/{TENANT}/account/")
}

fn browser(port: &Port) -> Result<Browser, Failure> {
    let origin = format!("http://localhost:{}", port.number());
    Ok(Browser::new(Browser::connections(port).map_err(Trouble::Gone)?, &origin))
}

/// Whether nobody answered.
pub(crate) fn is_gone(failure: &Failure) -> bool {
    failure.downcast_ref::<Trouble>().is_some_and(Trouble::is_gone)
}
