//! What a token shows of its provider, written in the transaction that imports its person.

use identity::{AbsentGroups, GroupsSent, Person};
use ids::{Alias, Slug};
use store::{AuditEntry, StoreError, Writing};

/// What a token shows that is not known yet. With nothing to show nothing is written.
pub(crate) struct Shown {
    /// The tenant, for the operator's log.
    pub(crate) tenant: Slug,
    /// The provider.
    pub(crate) provider: Alias,
    /// Whether the token has `auth_time`, when the last one differed.
    pub(crate) auth_time: Option<bool>,
    /// Whether it is the first one with groups.
    pub(crate) learned_groups_sent: bool,
    /// Whether it has groups, and so ends a count of people without.
    pub(crate) ends_count: bool,
    /// Why groups were kept that may be old, when a token had no room for them.
    pub(crate) groups_kept: Option<String>,
    /// The person with the groups that they have, when an absent claim would take them away.
    pub(crate) keeping: Option<Person>,
}

/// What became of the person, and of the question about groups.
#[derive(Default)]
pub(crate) struct Noted {
    /// The person to write instead: with the groups that they have.
    pub(crate) keeping: Option<Person>,
    /// The question that this token opened.
    pub(crate) asked: Option<Asked>,
    /// The audit event that somebody's groups were kept.
    pub(crate) groups_kept: Option<AuditEntry>,
}

/// A question that was opened: how many people came without groups.
pub(crate) struct Asked {
    tenant: Slug,
    provider: Alias,
    people: u32,
}

impl Shown {
    /// Writes it. On PostgreSQL this holds the provider's row before the person's and the audit
    /// chain's; the console takes them in the same order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(crate) async fn note(self, tx: &mut Writing) -> Result<Noted, StoreError> {
        let groups_kept = self.kept_entry();
        if let Some(sent) = self.auth_time {
            tx.note_auth_time(&self.provider, sent).await?;
        }
        if self.learned_groups_sent {
            tx.learn_groups_sent(&self.provider).await?;
        }
        if self.ends_count {
            self.end_count(tx).await?;
        }
        Ok(Noted { groups_kept, ..self.absent(tx).await? })
    }

    fn kept_entry(&self) -> Option<AuditEntry> {
        let reason = self.groups_kept.as_ref()?;
        let detail = serde_json::json!({ "provider": self.provider, "reason": reason });
        Some(AuditEntry::new("person.groups-kept", detail))
    }

    async fn end_count(&self, tx: &mut Writing) -> Result<(), StoreError> {
        let Some((_, question)) = tx.hold_groups(&self.provider).await? else { return Ok(()) };
        let then = question.with_groups();
        if then == question {
            return Ok(());
        }
        tx.set_groups_question(&self.provider, then).await
    }

    /// Decides inside of the transaction: of many who come at once without groups, the first ones
    /// are cleared and no more.
    async fn absent(self, tx: &mut Writing) -> Result<Noted, StoreError> {
        let Some(person) = self.keeping else { return Ok(Noted::default()) };
        let Some((GroupsSent::Yes, question)) = tx.hold_groups(&self.provider).await? else {
            // An administrator has just said that groups are not sent, or removed the provider.
            return Ok(Noted { keeping: Some(person), ..Noted::default() });
        };
        let people = if question.counts() {
            tx.add_missing_groups(&self.provider, person.id).await?.people
        } else {
            0
        };
        let absence = question.without_groups(people);
        if absence.question != question {
            tx.set_groups_question(&self.provider, absence.question).await?;
        }
        let asked = Asked { tenant: self.tenant, provider: self.provider, people };
        Ok(Noted {
            keeping: (absence.groups == AbsentGroups::Keep).then_some(person),
            asked: absence.asks.then_some(asked),
            groups_kept: None,
        })
    }
}

impl Asked {
    /// The audit event.
    pub(crate) fn entry(&self) -> AuditEntry {
        let detail = serde_json::json!({ "provider": self.provider, "people": self.people });
        AuditEntry::new("provider.groups-asked", detail)
    }

    /// Tells the operator, once it is kept.
    pub(crate) fn log(&self) {
        tracing::warn!(
            tenant = %self.tenant, provider = %self.provider, people = self.people,
            "people come without groups: they keep theirs until an administrator answers"
        );
    }
}
