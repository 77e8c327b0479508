//! Conditional Access, as far as it demands multifactor authentication
//! (<https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy>).

use serde::Serialize;
use uuid::Uuid;

use crate::chance;
use crate::model::User;
use crate::world::World;

/// A Conditional Access policy whose grant is "Require multifactor authentication".
#[derive(Clone, Debug, Serialize)]
pub struct Policy {
    /// Its id.
    pub id: Uuid,
    /// The directory.
    pub directory: Uuid,
    /// The name on screens.
    pub display_name: String,
    /// `enabled`, `disabled` or `enabledForReportingButNotEnforced`.
    pub state: String,
    /// Applications by their client ID, or all of them.
    pub applications: Scope,
    /// People by their object ID, or all of them.
    pub users: Scope,
    /// Groups by their object ID.
    pub groups: Scope,
}

/// Who or what a policy is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Whether it says "All".
    pub all: bool,
    /// Those who are named.
    pub include: Vec<Uuid>,
    /// Those who are left out, in any case.
    pub exclude: Vec<Uuid>,
}

impl Scope {
    /// Everybody, or everything.
    pub(crate) fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Only these.
    pub(crate) fn only(include: Vec<Uuid>) -> Self {
        Self { include, ..Self::default() }
    }

    fn includes(&self, id: Uuid) -> bool {
        self.all || self.include.contains(&id)
    }
}

impl Policy {
    /// A policy for everybody, at one application or at all.
    pub(crate) fn for_everybody(directory: Uuid, client_id: Option<Uuid>) -> Self {
        Self {
            id: chance::guid(),
            directory,
            display_name: "Require multifactor authentication".to_owned(),
            state: "enabled".to_owned(),
            applications: client_id.map_or_else(Scope::everything, |id| Scope::only(vec![id])),
            users: Scope::everything(),
            groups: Scope::default(),
        }
    }

    fn demands(&self, user: &User, client_id: Uuid) -> bool {
        let member = |groups: &[Uuid]| groups.iter().any(|group| user.groups.contains(group));
        let included = self.users.includes(user.id) || member(&self.groups.include);
        let excluded = self.users.exclude.contains(&user.id) || member(&self.groups.exclude);
        self.state == "enabled"
            && self.directory == user.directory
            && self.applications.includes(client_id)
            && !self.applications.exclude.contains(&client_id)
            && included
            && !excluded
    }
}

impl World {
    /// Whether some policy demands multifactor authentication of this person at this application.
    pub(crate) fn demands_mfa(&self, user: &User, client_id: Uuid) -> bool {
        self.external.policies.values().any(|policy| policy.demands(user, client_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{ACME, BIRCH};

    #[test]
    fn an_exclusion_wins_and_a_report_demands_nothing() {
        let (mut world, app) = (World::new(), chance::guid());
        let mia = world.home_account("mia@acme.example").unwrap().clone();
        let demanded = |world: &mut World, change: &dyn Fn(&mut Policy)| {
            let mut policy = Policy::for_everybody(ACME, None);
            change(&mut policy);
            world.external.policies = [(policy.id, policy)].into();
            world.demands_mfa(&mia, app)
        };
        assert!(demanded(&mut world, &|_| {}));
        assert!(!demanded(&mut world, &|policy| policy.directory = BIRCH));
        assert!(!demanded(&mut world, &|policy| policy.users.exclude.push(mia.id)));
        assert!(!demanded(&mut world, &|policy| policy.groups.exclude.push(mia.groups[0])));
        assert!(!demanded(&mut world, &|policy| policy.applications.exclude.push(app)));
        assert!(!demanded(&mut world, &|policy| policy.applications = Scope::only(vec![mia.id])));
        assert!(!demanded(&mut world, &|policy| policy.users = Scope::default()));
        assert!(!demanded(&mut world, &|policy| policy.state = "disabled".to_owned()));
        let report = "enabledForReportingButNotEnforced";
        assert!(!demanded(&mut world, &|policy| policy.state = report.to_owned()));
        assert!(demanded(&mut world, &|policy| {
            policy.users = Scope::default();
            policy.groups.include.push(mia.groups[0]);
        }));
    }
}
