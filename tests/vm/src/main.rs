//! `vm-inside`: what happens in the virtual machine of `make test-vm`. A key comes and goes as a
//! device of the kernel: what every link must do holds over it, and a person signs in with it, by the
//! agent that is shipped.
//!
//! The server and the Entra stand-in run in this process; agent, key and pinentry are programs
//! beside it. It must be root, and takes every key that is there for its own: run it in a machine
//! that has none.

mod agent;
mod key;
mod libfido2;
mod story;
mod visitor;

use std::process::ExitCode;

use links::KeyOfKernel;
use links::conformance::Claim;

use crate::agent::Agent;
use crate::key::{Key, nodes};
use crate::story::{Story, Trouble};
use crate::visitor::Visitor;

#[tokio::main]
async fn main() -> ExitCode {
    let mut story = Story::default();
    let played = Box::pin(play(&mut story)).await;
    story.last_line();
    if played.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `None`: a step has failed, and has said so.
async fn play(story: &mut Story) -> Option<()> {
    for (name, claim) in links::conformance::claims() {
        story.step(&format!("link over hidraw: {}", name.replace('_', " ")), holds(claim)).await?;
    }
    let agent = story.step("the agent runs, and knows of no key", Agent::start()).await?;
    let mut key = story.step("a key is plugged in: it has a node", plug()).await?;
    story.step("the agent has heard of it", agent.sees_a_key()).await?;
    story.step("libfido2 finds it, and asks what it can", libfido2::sees_it()).await?;
    story.step("libfido2 makes a credential on it", libfido2::makes_a_credential()).await?;
    story.step("libfido2 gets an assertion of it", libfido2::gets_an_assertion()).await?;
    let mut mia = Box::pin(story.step("Cardea and Entra are up", Visitor::arrive())).await?;
    story.step("a person signs in at Entra, up to the card page", mia.reach_card()).await?;
    story.step("the computer is paired", mia.pair(&agent)).await?;
    story.step("the key is enrolled: a PIN, a touch", mia.use_key()).await?;
    story.step("it signs in the next time", mia.come_again()).await?;
    story.step("it is unplugged: its node is gone", unplug(&mut key)).await?;
    story.step("the agent has heard of that", agent.sees_no_key()).await?;
    story.step("it is plugged in again: the agent hears", plug_again(&mut key, &agent)).await?;
    story.step("it signs in as before", mia.come_again()).await?;
    story.step("its program is killed: its node is gone", end(key)).await?;
    story.step("the agent has heard of that, too", agent.sees_no_key()).await
}

/// A claim about links holds for a new key. One that does not panics, and has said why.
async fn holds(claim: Claim<KeyOfKernel>) -> Result<(), Trouble> {
    Ok(tokio::task::spawn_blocking(move || claim(&KeyOfKernel::new(1))).await?)
}

async fn plug() -> Result<Key, Trouble> {
    let key = Key::plug().await?;
    nodes(1).await?;
    Ok(key)
}

async fn unplug(key: &mut Key) -> Result<(), Trouble> {
    key.say("remove").await?;
    nodes(0).await
}

async fn plug_again(key: &mut Key, agent: &Agent) -> Result<(), Trouble> {
    key.say("insert").await?;
    nodes(1).await?;
    agent.sees_a_key().await
}

async fn end(key: Key) -> Result<(), Trouble> {
    key.kill().await?;
    nodes(0).await
}
