use identity::Tenant;
use ids::{Slug, UserId};

use super::audit::TENANT_CREATED;
use crate::row::Row;
use crate::sql::{json, statements, values};
use crate::{AuditEntry, Client, Rows, StoreError, Writing};

/// Which part of a list ordered by slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Begins behind this one.
    pub after: Option<Slug>,
    /// At most so many.
    pub limit: u32,
}

statements! {
    // Directory look-ups: the slug comes from a URL, and the list is for operators.
    TENANT_BY_SLUG: ["SELECT * FROM tenant WHERE slug = $1"];
    SEEN: ["SELECT tenant_id, edition, ", NOW, " AS at FROM tenant WHERE slug = $1"];
    TENANTS: ["SELECT * FROM tenant WHERE slug > $1 ORDER BY slug LIMIT $2"];
    TENANTS_TO_SWEEP: [
        "SELECT * FROM tenant WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2"];
    OWN: ["SELECT * FROM tenant WHERE tenant_id = $1"];
    INSERT: [
        "INSERT INTO tenant (tenant_id, slug, display_name, policy, created_at) ",
        "VALUES ($1, $2, $3, $4, $5)"];
    SET_NAME: ["UPDATE tenant SET display_name = $2 WHERE tenant_id = $1"];
    SET_POLICY: ["UPDATE tenant SET policy = $2 WHERE tenant_id = $1"];
}

impl Rows {
    /// The tenant itself.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tenant(&mut self) -> Result<Option<Tenant>, StoreError> {
        self.one(&OWN, values![]).await?.as_ref().map(read).transpose()
    }
}

impl Writing {
    /// Sets the tenant's name for people. `false` when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_display_name(&mut self, name: &str) -> Result<bool, StoreError> {
        self.hits(&SET_NAME, values![name]).await
    }

    /// Sets what the tenant allows. `false` when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_policy(
        &mut self,
        policy: &identity::TenantPolicy,
    ) -> Result<bool, StoreError> {
        self.hits(&SET_POLICY, vec![json(policy)]).await
    }

    /// Makes the tenant whose transaction this is, with its client for the account page and its
    /// first audit event, in which `actor` stands.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the slug is taken.
    pub async fn insert_tenant(
        &mut self,
        tenant: &Tenant,
        actor: Option<UserId>,
    ) -> Result<(), StoreError> {
        let mut values = values![&tenant.slug, tenant.display_name.as_str()];
        values.push(json(&tenant.policy));
        values.extend(values![tenant.created_at]);
        self.execute(&INSERT, values).await?;
        self.begin_audit().await?;
        self.add_client(&Client::account(tenant)).await?;
        let detail = serde_json::json!({ "slug": tenant.slug.as_str() });
        self.audit(&AuditEntry { actor, ..AuditEntry::new(TENANT_CREATED, detail) }).await
    }
}

pub(crate) fn read(row: &Row) -> Result<Tenant, StoreError> {
    Ok(Tenant {
        id: row.get("tenant_id")?,
        slug: row.get("slug")?,
        display_name: row.get("display_name")?,
        policy: row.json("policy")?,
        created_at: row.get("created_at")?,
    })
}
