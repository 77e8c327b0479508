use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, Credential, DiscoverableAuthentication, Passkey, PasskeyAuthentication,
    PublicKeyCredential,
};

use crate::authenticator_data::{self, Flags};
use crate::client_data::{self, ensure};
use crate::options::{AgentOptions, Begun, Descriptor, write_transports};
use crate::{PasskeyError, Passkeys, response};

/// A passkey as the store holds it.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// [`crate::NewPasskey::passkey`], as it was.
    pub passkey: String,
    /// Signature counter of its last use.
    pub counter: u32,
    /// How it may be reached.
    pub transports: Vec<String>,
}

/// A passkey's answer, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the four flags of the standard")]
pub struct Assertion {
    /// Which passkey: the WebAuthn credential id.
    pub webauthn_id: Vec<u8>,
    /// Signature counter, to compare and swap; 0 when the card keeps none.
    pub counter: u32,
    /// UP: somebody touched it. Always so.
    pub user_present: bool,
    /// UV: it checked PIN or finger. Always so.
    pub user_verified: bool,
    /// BE, as at registration.
    pub backup_eligible: bool,
    /// BS: the key has copies now.
    pub backup_state: bool,
    /// Whose it is, if the answer says so.
    pub user_handle: Option<UserId>,
}

/// Who answers "Use your card", as they say. Nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The user handle.
    pub user: UserId,
    /// The WebAuthn credential id.
    pub webauthn_id: Vec<u8>,
}

/// Says by its first member's name which ceremony it belongs to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedState {
    authentication: PasskeyAuthentication,
    /// Which of the passkeys are eligible for backup.
    eligible: Vec<String>,
}

/// The same, for a person who is not known yet.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiscoverableState {
    discoverable: DiscoverableAuthentication,
}

impl StoredPasskey {
    /// With the counter of now: the text holds the one of the registration.
    fn read(&self) -> Result<Passkey, PasskeyError> {
        let read: Result<Passkey, _> = serde_json::from_str(&self.passkey);
        let mut credential = Credential::from(read.map_err(|_| PasskeyError::State)?);
        credential.counter = self.counter;
        Ok(credential.into())
    }
}

impl Passkeys {
    /// Asks a person for an assertion of one of `passkeys`.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::NoPasskey`] if there are none; [`PasskeyError::State`] if one of them is
    /// not what [`Self::finish_registration`] gave.
    pub fn start_authentication(&self, passkeys: &[StoredPasskey]) -> Result<Begun, PasskeyError> {
        ensure(!passkeys.is_empty(), PasskeyError::NoPasskey)?;
        let read: Vec<Passkey> =
            passkeys.iter().map(StoredPasskey::read).collect::<Result<_, _>>()?;
        let (challenge, authentication) = self.webauthn.start_passkey_authentication(&read)?;
        let allow = |(stored, read): (&StoredPasskey, &Passkey)| Descriptor {
            id: read.cred_id().clone(),
            transports: stored.transports.clone(),
        };
        let allow: Vec<Descriptor> = passkeys.iter().zip(&read).map(allow).collect();
        let mut options = serde_json::to_value(&challenge).map_err(|_| PasskeyError::State)?;
        write_transports(&mut options, "allowCredentials", &allow);
        let agent = AgentOptions::get(&challenge.public_key, allow);
        let state = serde_json::to_string(&NamedState { authentication, eligible: eligible(read) });
        Ok(Begun { options, agent, state: state.map_err(|_| PasskeyError::State)? })
    }

    /// Verifies the answer to [`Self::start_authentication`] of the person `user`.
    ///
    /// # Errors
    ///
    /// The first step that the answer does not pass.
    pub fn finish_authentication(
        &self,
        state: &str,
        response: &[u8],
        user: UserId,
    ) -> Result<Assertion, PasskeyError> {
        let state: NamedState = serde_json::from_str(state).map_err(|_| PasskeyError::State)?;
        let (response, flags) = self.assertion(response)?;
        let handle = response.get_user_unique_id();
        ensure(handle.is_none_or(|h| h == user.0.as_bytes()), PasskeyError::UserHandle)?;
        // The library lets an eligibility appear later; §7.2 does not.
        if flags.backup_eligible() {
            let eligible = state.eligible.contains(&response.id);
            ensure(eligible, PasskeyError::BackupEligibility)?;
        }
        let result =
            self.webauthn.finish_passkey_authentication(&response, &state.authentication)?;
        Ok(verified(flags, &result, handle.map(|_| user)))
    }

    /// Asks whoever is there for an assertion of a passkey of their own: "Use your card".
    ///
    /// # Errors
    ///
    /// None that a caller could cause.
    pub fn start_discoverable(&self) -> Result<Begun, PasskeyError> {
        let (mut challenge, discoverable) = self.webauthn.start_discoverable_authentication()?;
        // A dialog that asks for a card, and not a suggestion in a text field.
        challenge.mediation = None;
        let agent = AgentOptions::get(&challenge.public_key, Vec::new());
        let options = serde_json::to_value(&challenge).map_err(|_| PasskeyError::State)?;
        let state = serde_json::to_string(&DiscoverableState { discoverable });
        Ok(Begun { options, agent, state: state.map_err(|_| PasskeyError::State)? })
    }

    /// Whom an answer to [`Self::start_discoverable`] claims to come from, so that the passkey
    /// can be looked up. Proves nothing.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::UserHandle`] if it does not say; otherwise it is no assertion.
    pub fn identify(&self, response: &[u8]) -> Result<Identified, PasskeyError> {
        let (response, _) = self.assertion(response)?;
        let user = handle(&response)?;
        Ok(Identified { user, webauthn_id: response.raw_id })
    }

    /// Verifies the answer to [`Self::start_discoverable`] with the passkey that was found by its
    /// credential id, and whose owner is `user`.
    ///
    /// # Errors
    ///
    /// The first step that the answer does not pass.
    pub fn finish_discoverable(
        &self,
        state: &str,
        response: &[u8],
        passkey: &StoredPasskey,
        user: UserId,
    ) -> Result<Assertion, PasskeyError> {
        let state: DiscoverableState =
            serde_json::from_str(state).map_err(|_| PasskeyError::State)?;
        let passkey = passkey.read()?;
        let (response, flags) = self.assertion(response)?;
        ensure(handle(&response)? == user, PasskeyError::UserHandle)?;
        let result = self.webauthn.finish_discoverable_authentication_v2(
            &response,
            state.discoverable,
            &passkey,
        )?;
        Ok(verified(flags, &result, Some(user)))
    }

    /// Reads an assertion, and checks of it what the library leaves to us.
    fn assertion(&self, response: &[u8]) -> Result<(PublicKeyCredential, Flags), PasskeyError> {
        let response = response::assertion(response)?;
        client_data::verify(&response.response.client_data_json, &self.origin)?;
        let flags = authenticator_data::of_assertion(&response.response.authenticator_data)?;
        Ok((response, flags))
    }
}

/// The ids of the passkeys that were eligible for backup when they were registered.
fn eligible(passkeys: Vec<Passkey>) -> Vec<String> {
    let credentials = passkeys.into_iter().map(Credential::from);
    let eligible = credentials.filter(|credential| credential.backup_eligible);
    eligible.map(|credential| URL_SAFE_NO_PAD.encode(credential.cred_id)).collect()
}

/// The user handle, which must be there.
fn handle(response: &PublicKeyCredential) -> Result<UserId, PasskeyError> {
    let handle = response.get_user_unique_id().and_then(|bytes| Uuid::from_slice(bytes).ok());
    handle.map(UserId).ok_or(PasskeyError::UserHandle)
}

fn verified(flags: Flags, result: &AuthenticationResult, user_handle: Option<UserId>) -> Assertion {
    Assertion {
        webauthn_id: result.cred_id().clone(),
        counter: result.counter(),
        user_present: flags.user_present(),
        user_verified: flags.user_verified(),
        backup_eligible: flags.backup_eligible(),
        backup_state: flags.backup_state(),
        user_handle,
    }
}
