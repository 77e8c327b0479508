//! Conditional Access: who is asked for a second factor.

use serde_json::Value as Json;

use super::bodies::{self, POLICIES};
use super::{Azure, text, texts};
use crate::cli::Failure;
use crate::cli::entra::Voice;
use crate::cli::entra::connect::Plan;

const NEEDS_TO_READ: &str = "Policy.Read.All";
const NEEDS: &str = "Policy.ReadWrite.ConditionalAccess, Policy.Read.All and Application.Read.All";

/// A policy that demands multifactor authentication.
pub(in crate::cli::entra) struct Demand {
    pub(in crate::cli::entra) name: String,
    /// Whether it does so now, and does not only report or rest.
    pub(in crate::cli::entra) enforced: bool,
    /// Whether somebody is kept out of it.
    pub(in crate::cli::entra) has_exclusion: bool,
}

/// The policies that demand multifactor authentication.
pub(in crate::cli::entra) async fn demanding(azure: &Azure) -> Result<Vec<Demand>, Failure> {
    let all = azure.list(POLICIES, NEEDS_TO_READ).await?;
    let mfa = |policy: &&Json| texts(policy, "/grantControls/builtInControls").contains(&"mfa");
    Ok(all.iter().filter(mfa).map(demand).collect())
}

fn demand(policy: &Json) -> Demand {
    let excluded = ["excludeUsers", "excludeGroups"]
        .map(|list| texts(policy, &format!("/conditions/users/{list}")).is_empty());
    Demand {
        name: text(policy, "/displayName").to_owned(),
        enforced: text(policy, "/state") == "enabled",
        has_exclusion: excluded.contains(&false),
    }
}

/// Makes one if there is none, after asking.
pub(super) async fn ensure(
    azure: &Azure,
    plan: &Plan<'_>,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let there = demanding(azure).await?;
    if let Some(policy) = there.iter().find(|policy| policy.enforced).or(there.first()) {
        let how =
            if policy.enforced { "" } else { ", which does not demand it yet: turn it on there" };
        return voice
            .say(format!("there   Azure: the Conditional Access policy “{}”{how}", policy.name));
    }
    if plan.asked.break_glass.is_empty() {
        return voice.say(
            "to do   Conditional Access: name an account to keep out of the policy by --break-glass, and \
             run this again; or make the policy in the portal",
        );
    }
    let whom = plan.asked.group.as_deref().map(|id| format!("the group {id}"));
    let whom = whom.unwrap_or_else(|| "everybody".into());
    let how = if plan.asked.enforce { "and enforce it at once" } else { "in report-only mode" };
    let except = plan.asked.break_glass.join(", ");
    let question = format!(
        "Make a Conditional Access policy that demands multifactor authentication of {whom} but \
         {except}, for all applications, {how}?"
    );
    if !(voice.ask)(&question) {
        return voice.say("left    Azure: no Conditional Access policy is made");
    }
    let made = azure.create(POLICIES, NEEDS, &bodies::policy(plan)).await?;
    voice.say(format!("done    Azure: the policy “{}” is made, {how}", text(&made, "/displayName")))
}
