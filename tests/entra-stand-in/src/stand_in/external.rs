//! External MFA, as tests shape it.

use uuid::Uuid;

use super::{StandIn, StandInError};
use crate::external::Continues;
use crate::external::fault::ExternalFault;
use crate::external::log::ExternalOutcome;
use crate::external::method::{ExternalMethod, NewExternalMethod, Registration};
use crate::external::policy::Policy;
use crate::faults::{Pending, RETURN_ADDRESS};

/// Providers of external MFA, and the policies that send people to them.
impl StandIn {
    /// Does for an app registration what makes it stand for a provider: the provider's
    /// `authorization_endpoint` as a reply URL, the administrator's consent, and a method of that name for
    /// everybody. The Client ID is the App ID.
    ///
    /// # Errors
    /// When there is no such app, or the portal or the policy would not take something.
    pub fn connect_external_mfa(
        &self,
        client_id: Uuid,
        display_name: &str,
        authorization_endpoint: &str,
        discovery_url: &str,
    ) -> Result<ExternalMethod, StandInError> {
        let app = self.app(client_id).ok_or(StandInError::Unknown("app registration"))?;
        self.add_redirect_uri(client_id, authorization_endpoint)?;
        self.grant_admin_consent(client_id, &["openid", "profile"])?;
        let new = NewExternalMethod::for_everybody(display_name, client_id, discovery_url);
        self.add_external_method(app.directory, new)
    }

    /// Where providers of external MFA answer: the `redirect_uri` of every request to one.
    pub fn external_return_address(&self) -> String {
        format!("{}{RETURN_ADDRESS}", self.base_url())
    }

    /// "Authentication methods", "Add external MFA".
    ///
    /// # Errors
    /// When there is no such directory, the name is taken, or the discovery URL is none.
    pub fn add_external_method(
        &self,
        directory: Uuid,
        new: NewExternalMethod,
    ) -> Result<ExternalMethod, StandInError> {
        self.shared.world().add_external_method(directory, new)
    }

    /// Changes a method in any way, also in one that the policy would not take.
    ///
    /// # Errors
    /// When there is no such method.
    pub fn update_external_method(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut ExternalMethod),
    ) -> Result<(), StandInError> {
        let mut world = self.shared.world();
        let found = world.external.methods.get_mut(&id);
        found.map(change).ok_or(StandInError::Unknown("external method"))
    }

    /// All methods of a directory.
    pub fn external_methods(&self, directory: Uuid) -> Vec<ExternalMethod> {
        let world = self.shared.world();
        let here = world.external.methods.values().filter(|method| method.directory == directory);
        here.cloned().collect()
    }

    /// Registers a method for a person, as an administrator may.
    ///
    /// # Errors
    /// When there is no such person, or no such method in that directory.
    pub fn register_external_method(
        &self,
        user: Uuid,
        method: Uuid,
    ) -> Result<Registration, StandInError> {
        self.shared.world().register_external_method(user, method, self.now())
    }

    /// The methods that a person has registered.
    pub fn registrations(&self, user: Uuid) -> Vec<Registration> {
        let world = self.shared.world();
        let own = world.external.registrations.iter().filter(|known| known.user == user);
        own.cloned().collect()
    }

    /// Demands multifactor authentication of everybody in a directory: at one application, or at all.
    /// [`StandIn::add_policy`] takes others.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn require_mfa(
        &self,
        directory: Uuid,
        client_id: Option<Uuid>,
    ) -> Result<Policy, StandInError> {
        self.add_policy(Policy::for_everybody(directory, client_id))
    }

    /// Adds a Conditional Access policy, in place of an earlier one of its id.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn add_policy(&self, policy: Policy) -> Result<Policy, StandInError> {
        let mut world = self.shared.world();
        world.directory(policy.directory).ok_or(StandInError::Unknown("directory"))?;
        world.external.policies.insert(policy.id, policy.clone());
        Ok(policy)
    }

    /// Removes a Conditional Access policy.
    pub fn remove_policy(&self, id: Uuid) {
        self.shared.world().external.policies.remove(&id);
    }

    /// All Conditional Access policies of a directory.
    pub fn policies(&self, directory: Uuid) -> Vec<Policy> {
        let world = self.shared.world();
        let here = world.external.policies.values().filter(|policy| policy.directory == directory);
        here.cloned().collect()
    }

    /// Sets how a sign-in goes on after a good answer.
    pub fn continue_external_mfa_by(&self, continues: Continues) {
        self.shared.world().external.continues = continues;
    }

    /// Forgets what is known of providers, as after 24 hours.
    pub fn forget_providers(&self) {
        self.shared.world().external.providers.clear();
    }

    /// Spoils the next request to a provider.
    pub fn spoil_next_external_mfa(&self, fault: ExternalFault) {
        self.shared.world().external.faults.push(Pending::new(fault, Some(1)));
    }

    /// Spoils every request to a provider until [`StandIn::heal`].
    pub fn spoil_external_mfa(&self, fault: ExternalFault) {
        self.shared.world().external.faults.push(Pending::new(fault, None));
    }

    /// What became of everybody who was to be sent to a provider, oldest first.
    pub fn external_outcomes(&self) -> Vec<ExternalOutcome> {
        self.shared.world().external.log.all()
    }

    /// Forgets what became of whom.
    pub fn clear_external_outcomes(&self) {
        self.shared.world().external.log.clear();
    }
}
