//! The play: all parts and steps, in the guide's order.

use std::time::Duration;

use crate::azure::Portal;
use crate::console::Console;
use crate::desktop;
use crate::page::Expect as _;
use crate::sign_in::{ACCOUNT, USERNAME, Visitor};
use crate::stage::Stage;
use crate::story::{Failed, Story, millis, say};
use crate::trouble::ensure;
use crate::{application, external};

/// Plays everything.
pub(crate) async fn play(story: &mut Story, stage: &mut Stage) -> Result<(), Failed> {
    start(story, stage).await?;
    story.part("The first administrator");
    let mut console = Console::first_administrator(story, stage).await?;
    story.part("Step 1: Register the Application in Azure AD");
    let (mut portal, copied) = Portal::register(story, stage.entra_base()).await?;
    story.part("Step 2: Register the Azure IDP");
    console.register_provider(story, &mut portal, &copied).await?;
    story.part("Step 3: Test the Integration");
    let home = story.step("Clients › account › Home URL", console.home_url()).await?;
    let mut visitor = first_sign_in(story, stage, &home).await?;
    story.step("Admin Console › Users", console.users(USERNAME)).await?;
    story.part("Every day");
    let took = daily(story, stage, &mut visitor).await?;
    story.step("cardea-agent doctor", desktop::doctor(stage)).await?;
    application::play(story, stage, &mut visitor).await?;
    story.step("cardea-agent starts anew", stage.restart_agent()).await?;
    external::play(story, stage, &mut visitor).await?;
    story.part("At the end");
    story.step("Admin Console › Audit", console.audit()).await?;
    report(story, took);
    Ok(())
}

async fn start(story: &mut Story, stage: &mut Stage) -> Result<(), Failed> {
    story.part("What runs");
    story.step("Entra stand-in", stage.start_entra()).await?;
    story.step("cardea init", async { stage.init_server() }).await?;
    story.step("cardea serve", stage.start_server()).await?;
    story.step("Factory-fresh card on a reader", async { stage.insert_card() }).await?;
    story.step("cardea-agent run", stage.start_agent()).await
}

async fn first_sign_in(
    story: &mut Story,
    stage: &mut Stage,
    home: &str,
) -> Result<Visitor, Failed> {
    let mut visitor = story.step("Login screen", Visitor::arrive(stage.origin(), home)).await?;
    let name = "Show more ways to log in › Sign in with Azure";
    story.step(name, visitor.choose_azure()).await?;
    let name = "Log in with your Azure Global Administrator account";
    story.step(name, visitor.sign_in_at_azure()).await?;
    let name = "Consent on behalf of your organization › Accept";
    story.step(name, visitor.consent()).await?;
    let name = "Authenticate yourself by using your cards or the digital app";
    story.step(name, visitor.asked_for_card()).await?;
    story.step("Set up Cardea on this computer", visitor.set_up(stage)).await?;
    let account =
        story.step("First time: choose a PIN, tap the card", visitor.enrol(stage)).await?;
    let shown = async {
        let shown = account.shows(USERNAME)?;
        let path = shown.url.path().to_owned();
        shown.shows("Cards and keys")?;
        ensure(path == ACCOUNT, ACCOUNT, &path)?;
        Ok(((), format!("{path} shows {USERNAME} and the new card")))
    };
    story.step("Account Management Page", shown).await?;
    Ok(visitor)
}

async fn daily(
    story: &mut Story,
    stage: &Stage,
    visitor: &mut Visitor,
) -> Result<Duration, Failed> {
    story.step("Sign in with Azure", visitor.again()).await?;
    story.step("Enter the PIN, tap the card", visitor.assert(stage)).await
}

fn report(story: &Story, took: Duration) {
    say(format_args!("\nFrom tap to account page: {}.", millis(took)));
    say(format_args!("All steps together: {}.", story.took()));
}
