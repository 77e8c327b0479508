use identity::{GroupsQuestion, GroupsSent, Moment};
use ids::{Alias, UserId};

use crate::sql::{statements, values, word};
use crate::{Rows, StoreError, Writing};

statements! {
    MISSING: [
        "SELECT COUNT(*) AS people, MIN(at) AS since FROM groups_missing ",
        "WHERE tenant_id = $1 AND alias = $2"];
    HOLD: [
        "SELECT groups_sent, groups_question FROM provider WHERE tenant_id = $1 AND alias = $2",
        LOCK];
    ADD: [
        "INSERT INTO groups_missing (tenant_id, alias, person_id, at) VALUES ($1, $2, $3, ", NOW,
        ") ON CONFLICT (tenant_id, alias, person_id) DO NOTHING"];
    FORGET: ["DELETE FROM groups_missing WHERE tenant_id = $1 AND alias = $2"];
    SET_QUESTION: [
        "UPDATE provider SET groups_question = $3 WHERE tenant_id = $1 AND alias = $2"];
    SET_SENT: ["UPDATE provider SET groups_sent = $3 WHERE tenant_id = $1 AND alias = $2"];
}

/// The people who had groups and came without, since the last token of their provider with groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissingGroups {
    /// How many; each counts once.
    pub people: u32,
    /// When the first one came.
    pub since: Option<Moment>,
}

impl Rows {
    /// Who came without groups.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn missing_groups(&mut self, alias: &Alias) -> Result<MissingGroups, StoreError> {
        let row = self.one(&MISSING, values![alias]).await?;
        let row = row.ok_or(StoreError::Corrupt("people"))?;
        Ok(MissingGroups { people: row.get("people")?, since: row.maybe("since")? })
    }
}

impl Writing {
    /// Whether the provider sends groups, and where the question about them stands; `None` when
    /// there is no such provider. Stays true until the end of the transaction: who counts and who
    /// answers pass here, one after the other.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn hold_groups(
        &mut self,
        alias: &Alias,
    ) -> Result<Option<(GroupsSent, GroupsQuestion)>, StoreError> {
        let row = self.one(&HOLD, values![alias]).await?;
        row.map(|row| Ok((row.word("groups_sent")?, row.word("groups_question")?))).transpose()
    }

    /// Notes a person who had groups and came without. Who did, with this one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Reference`] when there is no such provider or person.
    pub async fn add_missing_groups(
        &mut self,
        alias: &Alias,
        person: UserId,
    ) -> Result<MissingGroups, StoreError> {
        self.execute(&ADD, values![alias, person]).await?;
        self.missing_groups(alias).await
    }

    /// Says where the question stands. When it is closed or answered, the count begins anew.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn set_groups_question(
        &mut self,
        alias: &Alias,
        question: GroupsQuestion,
    ) -> Result<(), StoreError> {
        let mut values = values![alias];
        values.push(word(&question));
        self.execute(&SET_QUESTION, values).await?;
        if matches!(question, GroupsQuestion::Answered | GroupsQuestion::Closed) {
            self.execute(&FORGET, values![alias]).await?;
        }
        Ok(())
    }

    /// Says whether the provider sends groups.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn set_groups_sent(
        &mut self,
        alias: &Alias,
        sent: GroupsSent,
    ) -> Result<bool, StoreError> {
        let mut values = values![alias];
        values.push(word(&sent));
        self.hits(&SET_SENT, values).await
    }
}
