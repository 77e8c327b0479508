use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webauthn_rs::prelude::{Credential, Passkey, PasskeyRegistration};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::authenticator_data;
use crate::client_data::{self, ensure};
use crate::options::{AgentOptions, Begun, Descriptor, write_transports};
use crate::{PasskeyError, Passkeys, response};

/// A passkey that is registered.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// The WebAuthn credential id, 1 to 1023 bytes.
    pub webauthn_id: Vec<u8>,
    /// What later ceremonies verify with; opaque to everybody else.
    pub passkey: String,
    /// Signature counter; 0 when the card keeps none.
    pub counter: u32,
    /// The make of the authenticator, if it says so.
    pub aaguid: Option<Uuid>,
    /// How it may be reached: hints for later dialogs.
    pub transports: Vec<String>,
    /// BE: the key may be copied to other devices by its provider.
    pub backup_eligible: bool,
    /// BS: it is.
    pub backup_state: bool,
    /// Whether a verified attestation shows that the key cannot leave its hardware. We ask for
    /// none, so nothing does.
    pub hardware_attested: bool,
}

/// Says by its one member's name which ceremony it belongs to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    registration: PasskeyRegistration,
    /// The credential ids that were excluded.
    excluded: Vec<String>,
}

impl Passkeys {
    /// Asks for a new passkey of `user`: discoverable, with user verification, on an
    /// authenticator that holds none of `exclude`.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Name`] if a name is empty.
    pub fn start_registration(
        &self,
        user: UserId,
        name: &str,
        display_name: &str,
        exclude: &[Descriptor],
    ) -> Result<Begun, PasskeyError> {
        let ids = exclude.iter().map(|known| known.id.clone()).collect();
        let excluded = exclude.iter().map(|known| URL_SAFE_NO_PAD.encode(&known.id)).collect();
        let (mut challenge, registration) =
            self.webauthn.start_passkey_registration(user.0, name, display_name, Some(ids))?;
        // "Use your card" needs a credential that is found without a list.
        if let Some(selection) = &mut challenge.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        let agent = AgentOptions::create(&challenge.public_key, user, exclude);
        let mut options = serde_json::to_value(&challenge).map_err(|_| PasskeyError::State)?;
        write_transports(&mut options, "excludeCredentials", exclude);
        let state = serde_json::to_string(&State { registration, excluded });
        Ok(Begun { options, agent, state: state.map_err(|_| PasskeyError::State)? })
    }

    /// Verifies the answer to [`Self::start_registration`].
    ///
    /// # Errors
    ///
    /// The first step that the answer does not pass.
    pub fn finish_registration(
        &self,
        state: &str,
        response: &[u8],
    ) -> Result<NewPasskey, PasskeyError> {
        let state: State = serde_json::from_str(state).map_err(|_| PasskeyError::State)?;
        let response = response::attestation(response)?;
        let credential = &response.credential;
        client_data::verify(&credential.response.client_data_json, &self.origin)?;
        // The library refuses it too, as a change of the algorithm.
        let excluded = state.excluded.contains(&credential.id);
        ensure(!excluded, PasskeyError::Excluded)?;
        let aaguid = authenticator_data::of_registration(&credential.response.attestation_object)?;
        let passkey = self.webauthn.finish_passkey_registration(credential, &state.registration);
        let passkey = passkey.map_err(|error| match error.into() {
            // There is no other signature here than that of the statement.
            PasskeyError::Signature => PasskeyError::Attestation,
            error => error,
        })?;
        ensure(*passkey.cred_id() == credential.raw_id, PasskeyError::Credential)?;
        ensure(!is_reserved(&credential.raw_id), PasskeyError::ReservedId)?;
        kept(passkey, aaguid, response.transports)
    }
}

/// Whether an id may be that of an X.509 card's key: 01 and SHA-256 of its public key.
///
/// # Security
///
/// An authenticator chooses its ids, ids are unique in a tenant, and certificates are no secrets:
/// with a passkey under that id, anybody would keep somebody else's card out for ever. An honest
/// authenticator hits the form once in 256 times if it has ids of 33 bytes, and then not again.
fn is_reserved(id: &[u8]) -> bool {
    id.len() == 33 && id.first() == Some(&0x01)
}

fn kept(
    passkey: Passkey,
    aaguid: Uuid,
    transports: Vec<String>,
) -> Result<NewPasskey, PasskeyError> {
    let json = serde_json::to_string(&passkey).map_err(|_| PasskeyError::State)?;
    let credential = Credential::from(passkey);
    Ok(NewPasskey {
        webauthn_id: credential.cred_id,
        passkey: json,
        counter: credential.counter,
        aaguid: Some(aaguid).filter(|aaguid| !aaguid.is_nil()),
        transports,
        backup_eligible: credential.backup_eligible,
        backup_state: credential.backup_state,
        hardware_attested: false,
    })
}
