use std::time::Duration;

use ids::{Slug, TenantId};
use serde::{Deserialize, Serialize};

use crate::{Moment, X509Policy};

/// A customer: own people, providers, keys and policy; `/realms/{slug}` in URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name for people.
    pub display_name: String,
    /// What it allows.
    pub policy: TenantPolicy,
    /// When it was made.
    pub created_at: Moment,
}

/// What a tenant allows. Kept as JSON; a field added later needs a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantPolicy {
    /// Who may enrol a first card.
    pub first_card: FirstCard,
    /// Whether a card alone signs in.
    pub card_first: CardFirst,
    /// Whether the login page is skipped: when one provider is the only way in, or the link names
    /// one (`kc_idp_hint`).
    pub straight_to_provider: bool,
    /// How long a session of the account page lives, in seconds.
    pub session_seconds: u32,
    /// What happens when a card that answered through an agent leaves its reader.
    pub card_lifted: CardLifted,
    /// Whether a card that opens a session through an agent ends those that it opened through others.
    pub one_computer: bool,
    /// How long the agent of a card that holds a session may be away before the session ends, in
    /// seconds.
    pub agent_grace_seconds: u32,
    /// When a browser must come back from the agent's desk before a card's answer counts.
    pub return_step: ReturnStep,
    /// What it takes of X.509 smart cards.
    pub x509: X509Policy,
    /// Whether the tap that Entra has asked for as external MFA, within a sign-in at Entra that this
    /// login has begun, counts for the login too.
    pub one_tap: bool,
}

impl TenantPolicy {
    /// How long the agent of a card that holds a session may be away before the session ends.
    pub fn agent_grace(&self) -> Duration {
        Duration::from_secs(self.agent_grace_seconds.into())
    }

    /// How long a session of the account page lives.
    pub fn session(&self) -> Duration {
        Duration::from_secs(self.session_seconds.into())
    }
}

impl Default for TenantPolicy {
    fn default() -> Self {
        Self {
            first_card: FirstCard::AdministratorCode,
            card_first: CardFirst::WithinDays(1),
            straight_to_provider: false,
            // SP 800-63B-4 §2.3.3: at most 12 hours at AAL3; a working day is enough.
            session_seconds: 8 * 60 * 60,
            card_lifted: CardLifted::KeepsSession,
            one_computer: false,
            agent_grace_seconds: 60,
            return_step: ReturnStep::OtherNetwork,
            x509: X509Policy::default(),
            one_tap: true,
        }
    }
}

/// Who may enrol a person's first card. Nothing else that an upstream asserts enrols,
/// replaces or removes a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstCard {
    /// A one-time code from an administrator, besides the upstream sign-in.
    AdministratorCode,
    /// A fresh sign-in at Entra alone: weaker, and what existing guides imply.
    FreshEntraSignIn,
}

/// What happens when a card that answered through an agent leaves its reader, or a key is
/// unplugged. One that was only tapped never stayed there, and leaves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardLifted {
    /// Nothing.
    #[default]
    KeepsSession,
    /// The sessions that it opened there end.
    EndsSession,
    /// And the desktop locks.
    EndsSessionAndLocks,
}

impl CardLifted {
    /// Whether the session ends.
    pub fn ends_session(self) -> bool {
        self != Self::KeepsSession
    }
}

/// When the browser that began must come back from the agent's desk before a card's answer counts.
/// One that the agent is not paired with must always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReturnStep {
    /// When it is in another network than the agent.
    #[default]
    OtherNetwork,
    /// Always.
    Always,
}

/// Whether "Use your card" signs in without the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardFirst {
    /// Never.
    Off,
    /// Always.
    On,
    /// Within so many days of the person's last upstream sign-in.
    WithinDays(u16),
}

impl CardFirst {
    /// Whether a card alone may sign in at `now` a person whose last upstream sign-in was at
    /// `last_upstream`. Unsure means no.
    pub fn allows(self, last_upstream: Option<Moment>, now: Moment) -> bool {
        match self {
            Self::Off => false,
            Self::On => true,
            Self::WithinDays(days) => last_upstream.is_some_and(|last| {
                let window = Duration::from_secs(u64::from(days).saturating_mul(86_400));
                now < last.plus(window)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_was_kept_before_a_field_was_there_has_its_default() {
        let kept: TenantPolicy = serde_json::from_str("{}").unwrap();
        assert_eq!(kept, TenantPolicy::default());
        assert!(kept.one_tap);
        let off: TenantPolicy = serde_json::from_str(r#"{"one_tap":false}"#).unwrap();
        assert!(!off.one_tap);
    }

    #[test]
    fn card_first_follows_the_last_sign_in_at_the_provider() {
        let last = Moment::from_unix_seconds(0);
        let day = |n: i64| Moment::from_unix_seconds(n * 86_400);
        assert!(CardFirst::WithinDays(1).allows(Some(last), Moment(day(1).0 - 1)));
        assert!(!CardFirst::WithinDays(1).allows(Some(last), day(1)));
        assert!(!CardFirst::WithinDays(1).allows(None, last));
        assert!(CardFirst::On.allows(None, day(900)));
        assert!(!CardFirst::Off.allows(Some(last), last));
    }
}
