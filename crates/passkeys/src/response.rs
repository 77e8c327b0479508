//! The JSON of a response (WebAuthn Level 3 §5.1, `toJSON`) with a bound on each part.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use webauthn_rs_proto::{
    AuthenticationExtensionsClientOutputs, AuthenticatorAssertionResponseRaw,
    AuthenticatorAttestationResponseRaw, PublicKeyCredential, RegisterPublicKeyCredential,
    RegistrationExtensionsClientOutputs,
};

use crate::PasskeyError;
use crate::client_data::ensure;

/// A response has at most so many bytes. The largest honest ones carry an attestation with its
/// certificates: some 6 KiB.
pub const MAX_RESPONSE: usize = 64 * 1024;

/// §4: a credential id has at most so many bytes.
pub(crate) const MAX_CREDENTIAL_ID: usize = 1023;
/// §5.4.3: a user handle has at most so many bytes.
const MAX_USER_HANDLE: usize = 64;
/// Type, challenge, origin and what browsers add: some 250 bytes.
const MAX_CLIENT_DATA: usize = 4 * 1024;
/// 37 bytes and the outputs of extensions.
const MAX_AUTHENTICATOR_DATA: usize = 4 * 1024;
/// RSA with 8192 bits.
const MAX_SIGNATURE: usize = 1024;
/// There are six kinds of them.
const MAX_TRANSPORTS: usize = 16;

/// The transports of Level 3 §5.8.4. Others are forgotten: they are hints.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<R> {
    id: String,
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationWire {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    #[serde(default)]
    transports: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionWire {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

/// A registration response, read.
pub(crate) struct Attestation {
    pub(crate) credential: RegisterPublicKeyCredential,
    pub(crate) transports: Vec<String>,
}

/// Reads a registration response.
pub(crate) fn attestation(json: &[u8]) -> Result<Attestation, PasskeyError> {
    let wire: Wire<AttestationWire> = parse(json)?;
    let raw_id = credential_id(&wire)?;
    let response = AuthenticatorAttestationResponseRaw {
        attestation_object: bytes(&wire.response.attestation_object, MAX_RESPONSE)?,
        client_data_json: bytes(&wire.response.client_data, MAX_CLIENT_DATA)?,
        transports: None,
    };
    let credential = RegisterPublicKeyCredential {
        id: wire.id,
        raw_id,
        response,
        type_: wire.kind,
        extensions: RegistrationExtensionsClientOutputs::default(),
    };
    Ok(Attestation { credential, transports: transports(wire.response.transports)? })
}

/// Reads an assertion response.
pub(crate) fn assertion(json: &[u8]) -> Result<PublicKeyCredential, PasskeyError> {
    let wire: Wire<AssertionWire> = parse(json)?;
    let raw_id = credential_id(&wire)?;
    let handle = wire.response.user_handle.as_deref();
    let response = AuthenticatorAssertionResponseRaw {
        authenticator_data: bytes(&wire.response.authenticator_data, MAX_AUTHENTICATOR_DATA)?,
        client_data_json: bytes(&wire.response.client_data, MAX_CLIENT_DATA)?,
        signature: bytes(&wire.response.signature, MAX_SIGNATURE)?,
        user_handle: handle.map(|handle| bytes(handle, MAX_USER_HANDLE)).transpose()?,
    };
    Ok(PublicKeyCredential {
        id: wire.id,
        raw_id,
        response,
        extensions: AuthenticationExtensionsClientOutputs::default(),
        type_: wire.kind,
    })
}

fn parse<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, PasskeyError> {
    ensure(json.len() <= MAX_RESPONSE, PasskeyError::TooLarge)?;
    serde_json::from_slice(json).map_err(|_| PasskeyError::Malformed)
}

/// `id` and `rawId` are two spellings of one value, and the type is the only one there is.
fn credential_id<R>(wire: &Wire<R>) -> Result<Vec<u8>, PasskeyError> {
    ensure(wire.kind == "public-key", PasskeyError::Type)?;
    ensure(wire.id == wire.raw_id, PasskeyError::Malformed)?;
    let id = bytes(&wire.raw_id, MAX_CREDENTIAL_ID)?;
    ensure(!id.is_empty(), PasskeyError::Malformed)?;
    Ok(id)
}

fn bytes(text: &str, max: usize) -> Result<Vec<u8>, PasskeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PasskeyError::Malformed)?;
    ensure(bytes.len() <= max, PasskeyError::TooLarge)?;
    Ok(bytes)
}

fn transports(sent: Option<Vec<String>>) -> Result<Vec<String>, PasskeyError> {
    let mut sent = sent.unwrap_or_default();
    ensure(sent.len() <= MAX_TRANSPORTS, PasskeyError::TooLarge)?;
    sent.retain(|transport| TRANSPORTS.contains(&transport.as_str()));
    sent.sort_unstable();
    sent.dedup();
    Ok(sent)
}
