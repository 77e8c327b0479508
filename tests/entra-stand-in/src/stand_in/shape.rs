//! Directories, people and app registrations, as tests shape them.

use uuid::Uuid;

use super::{StandIn, StandInError};
use crate::model::{
    App, Audience, ClientSecret, Directory, GroupsClaim, NewUser, OptionalClaim, Platform, User,
    UserConsent,
};
use crate::seed;

/// Directories and people.
impl StandIn {
    /// All directories: [`crate::ACME`] and [`crate::BIRCH`].
    pub fn directories(&self) -> Vec<Directory> {
        self.shared.world().directories.clone()
    }

    /// Everybody in a directory.
    pub fn users(&self, directory: Uuid) -> Vec<User> {
        self.shared
            .world()
            .users
            .values()
            .filter(|user| user.directory == directory)
            .cloned()
            .collect()
    }

    /// The person of that user principal name, such as `mia@acme.example`.
    pub fn user(&self, user_principal_name: &str) -> Option<User> {
        let world = self.shared.world();
        let is = |user: &&User| user.user_principal_name.eq_ignore_ascii_case(user_principal_name);
        world.users.values().find(is).cloned()
    }

    /// The entry of a guest in a directory, by the name at home.
    pub fn guest(&self, directory: Uuid, home_name: &str) -> Option<User> {
        let home = self.user(home_name)?;
        self.users(directory).into_iter().find(|user| user.guest_of == Some(home.id))
    }

    /// Creates a member.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn add_user(&self, directory: Uuid, new: &NewUser) -> Result<User, StandInError> {
        let mut world = self.shared.world();
        let directory = world.directory(directory).ok_or(StandInError::Unknown("directory"))?;
        let user = seed::user(directory, &new.given_name, &new.family_name, &new.alias);
        world.users.insert(user.id, user.clone());
        Ok(user)
    }

    /// Changes a person: disable, rename, put into groups.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn update_user(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut User),
    ) -> Result<(), StandInError> {
        self.shared.update_user(id, change)
    }

    /// Removes a person, with all sessions.
    pub fn remove_user(&self, id: Uuid) {
        let mut world = self.shared.world();
        world.users.remove(&id);
        world
            .browsers
            .values_mut()
            .for_each(|browser| browser.accounts.retain(|account| account.user != id));
    }

    /// Says who may consent in a directory.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn set_user_consent(
        &self,
        directory: Uuid,
        policy: UserConsent,
    ) -> Result<(), StandInError> {
        let mut world = self.shared.world();
        let found = world.directories.iter_mut().find(|known| known.id == directory);
        found.ok_or(StandInError::Unknown("directory"))?.user_consent = policy;
        Ok(())
    }
}

/// App registrations.
impl StandIn {
    /// Registers an application, without a redirect URI and without a secret.
    pub fn register_app(&self, directory: Uuid, display_name: &str, audience: Audience) -> App {
        self.shared.register_app(directory, display_name, audience)
    }

    /// An app registration as it is now.
    pub fn app(&self, client_id: Uuid) -> Option<App> {
        self.shared.world().apps.get(&client_id).cloned()
    }

    /// Changes an app registration in any way.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn update_app(
        &self,
        client_id: Uuid,
        change: impl FnOnce(&mut App),
    ) -> Result<(), StandInError> {
        self.shared.update_app(client_id, change)
    }

    /// Adds a redirect URI of the platform Web.
    ///
    /// # Errors
    /// When there is no such app, or when the portal would not take the URI.
    pub fn add_redirect_uri(&self, client_id: Uuid, uri: &str) -> Result<(), StandInError> {
        self.shared.add_redirect_uri(client_id, uri, Platform::Web)
    }

    /// Adds a client secret that expires after so many seconds.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn add_secret(
        &self,
        client_id: Uuid,
        description: &str,
        lifetime: i64,
    ) -> Result<ClientSecret, StandInError> {
        self.shared.add_secret(client_id, description, lifetime)
    }

    /// Sets the optional claims of the ID token.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn set_optional_claims(
        &self,
        client_id: Uuid,
        claims: &[OptionalClaim],
    ) -> Result<(), StandInError> {
        self.update_app(client_id, |app| app.optional_claims = claims.iter().copied().collect())
    }

    /// Sets which groups the ID token names.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn set_groups_claim(
        &self,
        client_id: Uuid,
        claim: GroupsClaim,
    ) -> Result<(), StandInError> {
        self.update_app(client_id, |app| app.groups_claim = claim)
    }

    /// Lets only these people sign in ("Assignment required").
    ///
    /// # Errors
    /// When there is no such app.
    pub fn require_assignment(&self, client_id: Uuid, users: &[Uuid]) -> Result<(), StandInError> {
        self.update_app(client_id, |app| {
            app.assignment_required = true;
            app.assigned = users.iter().copied().collect();
        })
    }

    /// Consents to a plain sign-in for everybody in the app's directory.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn grant_admin_consent(
        &self,
        client_id: Uuid,
        scopes: &[&str],
    ) -> Result<(), StandInError> {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.shared.grant_admin_consent(client_id, scopes)
    }
}
