//! External authentication methods of a directory, and who has registered one.

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::chance;
use crate::model::User;
use crate::stand_in::StandInError;
use crate::world::World;

/// What a discovery URL ends with, and nothing after it.
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// An external authentication method (`externalAuthenticationMethodConfiguration`).
#[derive(Clone, Debug, Serialize)]
pub struct ExternalMethod {
    /// Its id in the authentication methods policy.
    pub id: Uuid,
    /// The directory.
    pub directory: Uuid,
    /// The name that people see. Unique in the directory, and never changed.
    pub display_name: String,
    /// Whether it can be used.
    pub enabled: bool,
    /// The app registration that stands for the provider.
    pub app_id: Uuid,
    /// What the provider calls Entra.
    pub client_id: String,
    /// The provider's discovery endpoint.
    pub discovery_url: String,
    /// Who may use it.
    pub include_targets: Vec<Target>,
    /// Who may not, although included.
    pub exclude_targets: Vec<Target>,
}

/// People of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Everybody.
    AllUsers,
    /// The members of a group, by its object ID.
    Group(Uuid),
}

impl Target {
    fn covers(self, user: &User) -> bool {
        match self {
            Self::AllUsers => true,
            Self::Group(group) => user.groups.contains(&group),
        }
    }
}

/// What is needed to add a method.
#[derive(Clone, Debug, Deserialize)]
pub struct NewExternalMethod {
    /// The name that people see.
    pub display_name: String,
    /// The app registration that stands for the provider.
    pub app_id: Uuid,
    /// What the provider calls Entra.
    pub client_id: String,
    /// The provider's discovery endpoint.
    pub discovery_url: String,
    /// Whether it can be used at once.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Who may use it.
    #[serde(default = "everybody")]
    pub include_targets: Vec<Target>,
    /// Who may not.
    #[serde(default)]
    pub exclude_targets: Vec<Target>,
}

fn yes() -> bool {
    true
}

fn everybody() -> Vec<Target> {
    vec![Target::AllUsers]
}

impl NewExternalMethod {
    /// A method for everybody, enabled, whose Client ID is the App ID.
    pub fn for_everybody(display_name: &str, app_id: Uuid, discovery_url: &str) -> Self {
        Self {
            display_name: display_name.to_owned(),
            app_id,
            client_id: app_id.to_string(),
            discovery_url: discovery_url.to_owned(),
            enabled: true,
            include_targets: everybody(),
            exclude_targets: Vec::new(),
        }
    }
}

impl ExternalMethod {
    /// Whether this person may use it.
    pub(crate) fn covers(&self, user: &User) -> bool {
        let of = |targets: &[Target]| targets.iter().any(|target| target.covers(user));
        self.enabled
            && self.directory == user.directory
            && of(&self.include_targets)
            && !of(&self.exclude_targets)
    }

    /// The issuer that its discovery URL promises, to the character.
    pub(crate) fn issuer(&self) -> &str {
        self.discovery_url.strip_suffix(DISCOVERY).unwrap_or_default()
    }
}

/// A method that a person has registered (`externalAuthenticationMethod`).
#[derive(Clone, Debug, Serialize)]
pub struct Registration {
    /// Its own id.
    pub id: Uuid,
    /// The person's entry.
    pub user: Uuid,
    /// The method.
    pub configuration_id: Uuid,
    /// What the person calls it.
    pub display_name: String,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl World {
    /// Adds a method to a directory.
    pub(crate) fn add_external_method(
        &mut self,
        directory: Uuid,
        new: NewExternalMethod,
    ) -> Result<ExternalMethod, StandInError> {
        self.directory(directory).ok_or(StandInError::Unknown("directory"))?;
        let refused = StandInError::ExternalMethod;
        let taken = |method: &ExternalMethod| {
            method.directory == directory && method.display_name == new.display_name
        };
        if new.display_name.is_empty() || new.client_id.is_empty() {
            return Err(refused("lacks its name or its client ID"));
        }
        if self.external.methods.values().any(taken) {
            return Err(refused("has the name of another one"));
        }
        acceptable(&new.discovery_url).map_err(refused)?;
        let method = ExternalMethod {
            id: chance::guid(),
            directory,
            display_name: new.display_name,
            enabled: new.enabled,
            app_id: new.app_id,
            client_id: new.client_id,
            discovery_url: new.discovery_url,
            include_targets: new.include_targets,
            exclude_targets: new.exclude_targets,
        };
        self.external.methods.insert(method.id, method.clone());
        Ok(method)
    }

    /// Registers a method for a person; a second time changes nothing.
    pub(crate) fn register_external_method(
        &mut self,
        user: Uuid,
        method: Uuid,
        now: i64,
    ) -> Result<Registration, StandInError> {
        let directory = self.users.get(&user).ok_or(StandInError::Unknown("user"))?.directory;
        let method = self.external.methods.get(&method);
        let method = method
            .filter(|method| method.directory == directory)
            .ok_or(StandInError::Unknown("external method"))?;
        let known = |registration: &&Registration| {
            registration.user == user && registration.configuration_id == method.id
        };
        if let Some(known) = self.external.registrations.iter().find(known) {
            return Ok(known.clone());
        }
        let registration = Registration {
            id: chance::guid(),
            user,
            configuration_id: method.id,
            display_name: method.display_name.clone(),
            created_at: now,
        };
        self.external.registrations.push(registration.clone());
        Ok(registration)
    }

    /// Removes a method, with everybody's registrations of it.
    pub(crate) fn remove_external_method(&mut self, id: Uuid) {
        self.external.methods.remove(&id);
        self.external.registrations.retain(|known| known.configuration_id != id);
    }

    /// The method that a person can be sent to: one that is registered, or else one that may be.
    pub(crate) fn external_method_of(&self, user: &User) -> Option<(&ExternalMethod, bool)> {
        let usable = || self.external.methods.values().filter(|method| method.covers(user));
        let registered = |method: &&ExternalMethod| {
            let of = &self.external.registrations;
            of.iter().any(|known| known.user == user.id && known.configuration_id == method.id)
        };
        let found = usable().find(registered).map(|method| (method, true));
        found.or_else(|| usable().next().map(|method| (method, false)))
    }
}

/// Whether a discovery URL is one: the whole address, as it would be written again.
pub(crate) fn acceptable(url: &str) -> Result<(), &'static str> {
    let issuer = url
        .strip_suffix(DISCOVERY)
        .ok_or("must have a discovery URL that ends with /.well-known/openid-configuration")?;
    let parsed =
        endpoint(url).ok_or("must have a discovery URL with https, without query or fragment")?;
    if parsed.as_str() != url || issuer.ends_with('/') {
        return Err(
            "must have a discovery URL in its one spelling: no default port, no capital host",
        );
    }
    Ok(())
}

/// An address of a provider: https, or http on this machine; no query, no fragment.
pub(crate) fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && here);
    (scheme && url.query().is_none() && url.fragment().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn a_discovery_url_is_whole_and_in_its_one_spelling() {
        for good in [
            "https://example.com/.well-known/openid-configuration",
            "https://example.com:8443/.well-known/openid-configuration",
            "https://example.com/tenant1/.well-known/openid-configuration",
            "http://localhost:8080/realms/acme/eam/.well-known/openid-configuration",
        ] {
            assert_eq!(acceptable(good), Ok(()), "{good}");
        }
        for bad in [
            "https://example.com",
            "https://example.com/.well-known/openid-configuration/",
            "https://example.com//.well-known/openid-configuration",
            "https://example.com:443/.well-known/openid-configuration",
            "https://Example.com/.well-known/openid-configuration",
            "https://example.com/.well-known/openid-configuration?client_id=1",
            "https://example.com/a/../.well-known/openid-configuration",
            "http://example.com/.well-known/openid-configuration",
        ] {
            assert!(acceptable(bad).is_err(), "{bad}");
        }
    }
}
