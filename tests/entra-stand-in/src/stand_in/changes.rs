//! What the typed methods, the control API and the portal change in the same way.

use std::collections::BTreeSet;

use url::Url;
use uuid::Uuid;

use super::StandInError;
use crate::chance;
use crate::model::{
    App, Audience, ClientSecret, Consent, Group, GroupKind, Platform, RedirectUri, User,
};
use crate::permissions;
use crate::world::Shared;

impl Shared {
    pub(crate) fn register_app(
        &self,
        directory: Uuid,
        display_name: &str,
        audience: Audience,
    ) -> App {
        let app = App::new(directory, display_name, audience);
        self.world().apps.insert(app.client_id, app.clone());
        app
    }

    pub(crate) fn update_app<T>(
        &self,
        client_id: Uuid,
        change: impl FnOnce(&mut App) -> T,
    ) -> Result<T, StandInError> {
        self.world()
            .apps
            .get_mut(&client_id)
            .map(change)
            .ok_or(StandInError::Unknown("app registration"))
    }

    pub(crate) fn update_user<T>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut User) -> T,
    ) -> Result<T, StandInError> {
        self.world().users.get_mut(&id).map(change).ok_or(StandInError::Unknown("user"))
    }

    pub(crate) fn add_redirect_uri(
        &self,
        client_id: Uuid,
        uri: &str,
        platform: Platform,
    ) -> Result<(), StandInError> {
        acceptable(uri).map_err(StandInError::RedirectUri)?;
        self.update_app(client_id, |app| {
            app.redirect_uris.push(RedirectUri { uri: uri.to_owned(), platform });
        })
    }

    pub(crate) fn add_secret(
        &self,
        client_id: Uuid,
        description: &str,
        lifetime: i64,
    ) -> Result<ClientSecret, StandInError> {
        let secret = ClientSecret {
            secret_id: chance::guid(),
            description: description.to_owned(),
            expires_at: self.clock.now().saturating_add(lifetime),
            value: chance::secret_value(),
        };
        self.update_app(client_id, |app| app.secrets.push(secret.clone()))?;
        Ok(secret)
    }

    pub(crate) fn grant_admin_consent(
        &self,
        client_id: Uuid,
        scopes: BTreeSet<String>,
    ) -> Result<(), StandInError> {
        self.update_app(client_id, |app| {
            let consent = Consent { directory: app.directory, user: None, scopes };
            app.consents.push(consent);
        })
    }

    pub(crate) fn add_application_permissions(
        &self,
        client_id: Uuid,
        names: &[impl AsRef<str>],
    ) -> Result<(), StandInError> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        if let Some(unknown) = names.iter().find(|name| !permissions::APPLICATION.contains(name)) {
            return Err(StandInError::Permission((*unknown).to_owned()));
        }
        let names = names.into_iter().map(str::to_owned);
        self.update_app(client_id, |app| app.application_permissions.extend(names))
    }

    /// "Grant admin consent" for all that is configured, in that directory or else in the app's.
    pub(crate) fn grant_application_permissions(
        &self,
        client_id: Uuid,
        directory: Option<Uuid>,
    ) -> Result<(), StandInError> {
        if let Some(directory) = directory {
            self.world().directory(directory).ok_or(StandInError::Unknown("directory"))?;
        }
        self.update_app(client_id, |app| {
            let granted = app.application_permissions.clone();
            app.granted_permissions.insert(directory.unwrap_or(app.directory), granted);
        })
    }

    pub(crate) fn add_groups(
        &self,
        user: Uuid,
        kind: GroupKind,
        count: usize,
    ) -> Result<Vec<Uuid>, StandInError> {
        let mut world = self.world();
        let user = world.users.get_mut(&user).ok_or(StandInError::Unknown("user"))?;
        let name = |number| format!("{} {number:05}", user.display_name);
        let new: Vec<Group> = (1..=count)
            .map(|number| Group { id: chance::guid(), display_name: name(number), kind })
            .collect();
        let ids: Vec<Uuid> = new.iter().map(|group| group.id).collect();
        user.groups.extend(&ids);
        let directory = user.directory;
        let found = world.directories.iter_mut().find(|known| known.id == directory);
        found.ok_or(StandInError::Unknown("directory"))?.groups.extend(new);
        Ok(ids)
    }

    pub(crate) fn heal(&self) {
        let mut world = self.world();
        world.faults.clear();
        world.id_token_faults.clear();
        world.external.faults.clear();
    }
}

/// What the portal says about a redirect URI before it takes it.
pub(crate) fn acceptable(uri: &str) -> Result<(), &'static str> {
    let parsed = Url::parse(uri).map_err(|_| "must be an absolute URL")?;
    let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1"));
    match parsed.scheme() {
        _ if uri.contains('*') => Err("must not contain a wildcard"),
        _ if parsed.fragment().is_some() => Err("must not contain a fragment"),
        _ if uri.len() > 256 => Err("must not be longer than 256 characters"),
        "https" => Ok(()),
        "http" if local => Ok(()),
        _ => Err("must begin with HTTPS or http://localhost"),
    }
}
