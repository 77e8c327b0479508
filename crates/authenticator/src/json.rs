use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

/// What a registration gives; serialises as `RegistrationResponseJSON` (WebAuthn §5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// ID of the new credential.
    pub id: Base64Url,
    /// The same again, for readers that have no use for text.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What the relying party verifies.
    pub response: AttestationResponse,
    /// Always empty: no extension was asked for.
    pub client_extension_results: NoExtensions,
}

/// `AuthenticatorAttestationResponseJSON`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestationResponse {
    /// The exact bytes whose hash the authenticator saw.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// Format, authenticator data and statement, as the authenticator gave them.
    pub attestation_object: Base64Url,
    /// How the authenticator is reached.
    pub transports: Vec<String>,
}

/// What an authentication gives; serialises as `AuthenticationResponseJSON` (WebAuthn §5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assertion {
    /// ID of the credential that signed.
    pub id: Base64Url,
    /// The same again, for readers that have no use for text.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What the relying party verifies.
    pub response: AssertionResponse,
    /// Always empty: no extension was asked for.
    pub client_extension_results: NoExtensions,
}

/// `AuthenticatorAssertionResponseJSON`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    /// The exact bytes whose hash was signed.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// The exact bytes that were signed before that hash.
    pub authenticator_data: Base64Url,
    /// ASN.1 DER, ES256.
    pub signature: Base64Url,
    /// User handle, where the authenticator gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<Base64Url>,
}

/// Bytes that are base64url without padding in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64Url(pub Vec<u8>);

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url(&self.0))
    }
}

/// An empty object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoExtensions {}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Registration {
    pub(crate) fn new(id: Vec<u8>, response: AttestationResponse) -> Self {
        Self {
            id: Base64Url(id.clone()),
            raw_id: Base64Url(id),
            kind: "public-key",
            response,
            client_extension_results: NoExtensions {},
        }
    }
}

impl Assertion {
    pub(crate) fn new(id: Vec<u8>, response: AssertionResponse) -> Self {
        Self {
            id: Base64Url(id.clone()),
            raw_id: Base64Url(id),
            kind: "public-key",
            response,
            client_extension_results: NoExtensions {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_has_the_shape_of_webauthn() {
        let response = AttestationResponse {
            client_data_json: Base64Url(b"{}".to_vec()),
            attestation_object: Base64Url(vec![0xFB, 0xFF]),
            transports: vec!["nfc".into()],
        };
        assert_eq!(
            serde_json::to_string(&Registration::new(vec![0xFF], response)).unwrap(),
            r#"{"id":"_w","rawId":"_w","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"-_8","transports":["nfc"]},"clientExtensionResults":{}}"#
        );
    }

    #[test]
    fn an_assertion_has_the_shape_of_webauthn_and_no_handle_when_there_is_none() {
        let response = |user_handle| AssertionResponse {
            client_data_json: Base64Url(b"{}".to_vec()),
            authenticator_data: Base64Url(vec![1]),
            signature: Base64Url(vec![2]),
            user_handle,
        };
        let json =
            |handle| serde_json::to_string(&Assertion::new(vec![3], response(handle))).unwrap();
        assert_eq!(
            json(Some(Base64Url(vec![4]))),
            r#"{"id":"Aw","rawId":"Aw","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AQ","signature":"Ag","userHandle":"BA"},"clientExtensionResults":{}}"#
        );
        assert!(!json(None).contains("userHandle"));
    }
}
