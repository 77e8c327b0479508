//! An application that people sign in to: single sign-on, one more tap where it wants more, logout.

use std::process::Stdio;

use entra_stand_in::Page;
use tokio::process::Command;

use crate::browser::Browser;
use crate::page::Expect as _;
use crate::sign_in::{ACCOUNT, USERNAME, Visitor};
use crate::stage::Stage;
use crate::story::{Failed, Story, Told};
use crate::trouble::{Trouble, cannot, ensure};
use crate::wiki::{self, Registered, Wiki};

/// What somebody sees of the application: its address, and a browser that keeps its cookie.
struct Seen {
    browser: Browser,
    base: String,
}

/// Plays the whole part.
pub(crate) async fn play(
    story: &mut Story,
    stage: &mut Stage,
    visitor: &mut Visitor,
) -> Result<(), Failed> {
    story.part("An application");
    let registered = story.step("cardea client add", register(stage)).await?;
    let base = story.step("Wiki starts", start(stage, registered)).await?;
    let browser = async { Ok((Browser::new(&base)?, "an application like any other".into())) };
    let browser = story.step("Open Wiki", browser).await?;
    let mut seen = Seen { browser, base };
    story.step("Wiki › Sign in", seen.sign_in(visitor)).await?;
    story.step("Wiki › Confirm with your card", seen.confirm(stage, visitor)).await?;
    story.step("Wiki › Sign out", seen.sign_out(visitor)).await
}

/// Registers the application, as an administrator does on the server; the console does the same.
async fn register(stage: &Stage) -> Told<Registered> {
    let [callback, bye] = Wiki::addresses(&wiki::base(stage.wiki_port()));
    let mut command = Command::from(stage.cardea());
    command.args(["client", "add", "--tenant", "acme", "--preset", "generic-web"]);
    command.args(["--name", "Wiki", "--set", &format!("redirect_uris={callback}")]);
    command.args(["--set", &format!("logout_uris={bye}")]);
    let done = command.kill_on_drop(true).stdin(Stdio::null()).output().await;
    let done = done.map_err(cannot("cardea client add to run"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure(done.status.success(), "the application to be added", errors)?;
    let value = |name: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name));
        let value = line.map(|rest| rest.trim_start_matches([' ', '=', ':']).trim().to_owned());
        value.ok_or_else(|| Trouble::new(name, &said))
    };
    let client_id = value("Client ID")?;
    let (secret, discovery) = (value("Client secret")?, value("Discovery URL")?);
    let said = format!("\"Wiki\" is registered as {client_id}; its secret is shown this once");
    Ok((Registered { client_id, secret, discovery }, said))
}

async fn start(stage: &mut Stage, registered: Registered) -> Told<String> {
    let discovery = registered.discovery.clone();
    let base = stage.start_wiki(registered).await?;
    Ok((base.clone(), format!("{base} has read {discovery}")))
}

impl Seen {
    /// Who is signed in at Cardea comes in at once.
    async fn sign_in(&mut self, visitor: &mut Visitor) -> Told<()> {
        let home = self.at("").await?;
        home.shows("Nobody is signed in")?;
        let authorize = self.leaves("/sign-in").await?;
        let back = visitor.browser.open(&authorize).await?;
        let back = self.back(&back)?;
        let page = self.browser.open(&back).await?.shows(USERNAME)?;
        page.shows("phr")?;
        Ok((
            (),
            "no page and no tap: Ada's session is enough; Wiki has redeemed the code and verified \
             the ID token"
                .into(),
        ))
    }

    /// More than a session: one tap, and no Entra.
    async fn confirm(&mut self, stage: &Stage, visitor: &mut Visitor) -> Told<()> {
        let before = auth_time(&self.at("").await?)?;
        let authorize = self.leaves("/confirm").await?;
        let asked = visitor.browser.open(&authorize).await?;
        asked.shows("To go on to Wiki")?;
        let (_, number, page) = visitor.tap(stage).await?;
        let back = self.back(&page)?;
        let after = auth_time(&self.browser.open(&back).await?)?;
        ensure(after >= before, format_args!("a proof after {before}"), after)?;
        Ok(((), format!("one tap ({number}) and no Azure; the ID token tells when: {after}")))
    }

    /// The logout at the application is one at Cardea.
    async fn sign_out(&mut self, visitor: &mut Visitor) -> Told<()> {
        let away = self.leaves("/sign-out").await?;
        let back = visitor.browser.open(&away).await?;
        let back = self.back(&back)?;
        self.browser.open(&back).await?.shows("Signed out")?;
        let account = visitor.browser.open(ACCOUNT).await?;
        ensure(account.url.path() != ACCOUNT, "no account page any more", &account.text)?;
        Ok(((), format!("by Cardea back to {back}; {ACCOUNT} asks for a login again")))
    }

    async fn at(&mut self, path: &str) -> Result<Page, Trouble> {
        self.browser.open(&format!("{}/{}", self.base, path.trim_start_matches('/'))).await
    }

    /// Where a link of the application sends the browser.
    async fn leaves(&mut self, path: &str) -> Result<String, Trouble> {
        let page = self.at(path).await?;
        let to = page.leaves_to.as_ref().map(ToString::to_string);
        to.ok_or_else(|| page.not("a redirect to Cardea"))
    }

    /// Where Cardea sends the browser: back to the application.
    fn back(&self, page: &Page) -> Result<String, Trouble> {
        let to = page.leaves_to.as_ref().map(ToString::to_string);
        let to = to.filter(|to| to.starts_with(&self.base));
        to.ok_or_else(|| page.not("a redirect to Wiki"))
    }
}

/// What the application shows of the proof.
fn auth_time(page: &Page) -> Result<i64, Trouble> {
    let words = page.text.split_whitespace().skip_while(|word| !word.ends_with("auth_time"));
    let time = words.skip(1).find_map(|word| word.parse().ok());
    time.ok_or_else(|| page.not("auth_time"))
}
