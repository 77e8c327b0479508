//! What Graph answers from: application permissions and groups.

use uuid::Uuid;

use super::{StandIn, StandInError};
use crate::model::GroupKind;

/// Application permissions of Microsoft Graph.
impl StandIn {
    /// "API permissions", "Add a permission", "Microsoft Graph", "Application permissions": configures them.
    /// They allow nothing before an administrator has granted them.
    ///
    /// # Errors
    /// When there is no such app, or Graph has no such permission.
    pub fn add_application_permissions(
        &self,
        client_id: Uuid,
        permissions: &[&str],
    ) -> Result<(), StandInError> {
        self.shared.add_application_permissions(client_id, permissions)
    }

    /// Configures these as well, and has the administrator of the app's directory grant all that are
    /// configured. Tokens that were issued before do not change.
    ///
    /// # Errors
    /// When there is no such app, or Graph has no such permission.
    pub fn grant_application_permissions(
        &self,
        client_id: Uuid,
        permissions: &[&str],
    ) -> Result<(), StandInError> {
        self.shared.add_application_permissions(client_id, permissions)?;
        self.shared.grant_application_permissions(client_id, None)
    }

    /// Has the administrator of another directory grant all that are configured, to an application for
    /// accounts in any directory.
    ///
    /// # Errors
    /// When there is no such app or directory.
    pub fn grant_application_permissions_in(
        &self,
        directory: Uuid,
        client_id: Uuid,
    ) -> Result<(), StandInError> {
        self.shared.grant_application_permissions(client_id, Some(directory))
    }
}

/// Groups.
impl StandIn {
    /// Puts a person into so many new groups of the person's directory, and returns their object IDs. Many
    /// thousands are a matter of a second.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn add_groups(
        &self,
        user: Uuid,
        kind: GroupKind,
        count: usize,
    ) -> Result<Vec<Uuid>, StandInError> {
        self.shared.add_groups(user, kind, count)
    }
}
