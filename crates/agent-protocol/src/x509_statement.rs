//! What the key of an X.509 smart card signs in place of an authenticator: a statement in the form
//! of WebAuthn Level 3 (§5.8.1 client data, §6.1 authenticator data, §6.3.3 step 11 what is
//! signed), bound to origin, tenant, login and certificate. Never a bare nonce.
//!
//! ```text
//! clientDataJSON = {"type":…,"challenge":…,"origin":…,"crossOrigin":false,"cardea":{…}}
//! authData       = SHA-256(rpId) ‖ flags ‖ 00000000                    37 bytes
//! signed bytes   = authData ‖ SHA-256(clientDataJSON)                  69 bytes
//! credential id  = 01 ‖ SHA-256(SubjectPublicKeyInfo)                  33 bytes
//! ```

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::jws::{Malformed, base64url, from_base64url};
use crate::limits;

/// The kind of card in [`crate::SignedRequest::kinds`], and the `type` of its credentials in
/// [`crate::CredentialDescriptor`].
pub const X509_CARD: &str = "x509-card";

/// The flag UP: a person took part.
pub const USER_PRESENT: u8 = 0x01;
/// The flag UV: the card itself checked a PIN for this signature.
pub const USER_VERIFIED: u8 = 0x04;

/// COSE algorithms (RFC 9053, RFC 8812) that a card's key may sign with.
pub mod algorithm {
    /// ECDSA on P-256 with SHA-256; the signature is a DER `Ecdsa-Sig-Value`.
    pub const ES256: i64 = -7;
    /// ECDSA on P-384 with SHA-384; the signature is a DER `Ecdsa-Sig-Value`.
    pub const ES384: i64 = -35;
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 to 4096 bits.
    pub const RS256: i64 = -257;
}

/// Whether a certificate is shown for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementType {
    /// Enrolment of a certificate.
    #[serde(rename = "webauthn.create")]
    Create,
    /// A proof with one that is enrolled.
    #[serde(rename = "webauthn.get")]
    Get,
}

/// The client data of a statement, members in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementData {
    /// Create or get.
    #[serde(rename = "type")]
    pub statement_type: StatementType,
    /// The challenge of the request, base64url.
    pub challenge: String,
    /// The origin of the enrolled server.
    pub origin: String,
    /// Always `false`: an agent answers no frame.
    #[serde(rename = "crossOrigin")]
    pub cross_origin: bool,
    /// What WebAuthn has no member for.
    pub cardea: Bound,
}

/// The member `cardea`: what else the signature is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Version, 1.
    pub v: u8,
    /// [`X509_CARD`].
    pub kind: String,
    /// The tenant's slug.
    pub tenant: String,
    /// The request's `txn`: the server's name for the login.
    pub txn: String,
    /// SHA-256 of the certificate (DER), base64url.
    #[serde(rename = "certSha256")]
    pub cert_sha256: String,
}

/// A statement as it travels. Byte strings are base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct X509Statement {
    /// COSE algorithm, one of [`algorithm`].
    pub alg: i64,
    /// The end-entity certificate, DER, at most [`limits::MAX_CERTIFICATE`] bytes.
    pub certificate: String,
    /// Certificates of intermediate authorities that the card holds, DER, at most
    /// [`limits::MAX_CHAIN`]. Sent when a certificate is enrolled and when it is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// [`authenticator_data`].
    pub authenticator_data: String,
    /// The bytes of [`StatementData`].
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// Over [`signed_bytes`].
    pub signature: String,
}

/// A statement's byte strings, within their limits. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementBytes {
    /// COSE algorithm.
    pub alg: i64,
    /// The end-entity certificate, DER.
    pub certificate: Vec<u8>,
    /// Intermediate certificates, DER.
    pub chain: Vec<Vec<u8>>,
    /// Authenticator data.
    pub authenticator_data: Vec<u8>,
    /// Client data.
    pub client_data_json: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl X509Statement {
    /// Decodes the byte strings.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is not base64url or beyond the limits.
    pub fn decode(&self) -> Result<StatementBytes, Malformed> {
        if self.chain.len() > limits::MAX_CHAIN {
            return Err(Malformed);
        }
        let certificate = |text: &String| {
            let der = from_base64url(text)?;
            if der.len() <= limits::MAX_CERTIFICATE { Ok(der) } else { Err(Malformed) }
        };
        Ok(StatementBytes {
            alg: self.alg,
            certificate: certificate(&self.certificate)?,
            chain: self.chain.iter().map(certificate).collect::<Result<_, _>>()?,
            authenticator_data: from_base64url(&self.authenticator_data)?,
            client_data_json: from_base64url(&self.client_data_json)?,
            signature: from_base64url(&self.signature)?,
        })
    }
}

impl From<&StatementBytes> for X509Statement {
    fn from(bytes: &StatementBytes) -> Self {
        Self {
            alg: bytes.alg,
            certificate: base64url(&bytes.certificate),
            chain: bytes.chain.iter().map(|der| base64url(der)).collect(),
            authenticator_data: base64url(&bytes.authenticator_data),
            client_data_json: base64url(&bytes.client_data_json),
            signature: base64url(&bytes.signature),
        }
    }
}

impl StatementData {
    /// The bytes that are hashed and sent.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the bytes. Another member, a member twice, or one that is not there: malformed.
    ///
    /// # Errors
    ///
    /// [`Malformed`].
    pub fn parse(json: &[u8]) -> Result<Self, Malformed> {
        serde_json::from_slice(json).map_err(|_| Malformed)
    }
}

/// Authenticator data of a card without a counter: 37 bytes.
pub fn authenticator_data(rp_id: &str, flags: u8) -> Vec<u8> {
    let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend_from_slice(&[0; 4]);
    data
}

/// What the card's key signs: 69 bytes if the authenticator data has 37.
pub fn signed_bytes(authenticator_data: &[u8], client_data_json: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, client_data_json);
    [authenticator_data, hash.as_ref()].concat()
}

/// The credential id of a card's key: 33 bytes. A renewed certificate of the same key keeps it.
pub fn credential_id(subject_public_key_info: &[u8]) -> Vec<u8> {
    [&[0x01], digest(&SHA256, subject_public_key_info).as_ref()].concat()
}

/// The value of [`Bound::cert_sha256`].
pub fn certificate_sha256(der: &[u8]) -> String {
    base64url(digest(&SHA256, der).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> StatementData {
        StatementData {
            statement_type: StatementType::Get,
            challenge: "AAEC".into(),
            origin: "https://login.example.com".into(),
            cross_origin: false,
            cardea: Bound {
                v: 1,
                kind: X509_CARD.into(),
                tenant: "acme".into(),
                txn: "txn-1".into(),
                cert_sha256: certificate_sha256(b"certificate"),
            },
        }
    }

    #[test]
    fn client_data_is_spelled_as_the_protocol_says() {
        let text = concat!(
            r#"{"type":"webauthn.get","challenge":"AAEC","origin":"https://login.example.com","#,
            r#""crossOrigin":false,"cardea":{"v":1,"kind":"x509-card","tenant":"acme","#,
            r#""txn":"txn-1","certSha256":"A9Zt0Ig1wco_EozOrNHzGslBYwlrIPRFroQoW8CDLXI"}}"#,
        );
        let json = data().to_json();
        assert_eq!(str::from_utf8(&json), Ok(text));
        assert_eq!(StatementData::parse(&json), Ok(data()));
    }

    #[test]
    fn a_member_more_less_or_twice_is_malformed() {
        let json = String::from_utf8(data().to_json()).unwrap();
        for (from, to) in [
            (r#""v":1"#, r#""v":1,"w":1"#),
            (r#""v":1"#, r#""v":1,"v":1"#),
            (r#""v":1,"#, ""),
            (r#""crossOrigin":false"#, r#""crossOrigin":false,"topOrigin":"x""#),
            ("webauthn.get", "webauthn.other"),
        ] {
            let bad = json.replacen(from, to, 1);
            assert_ne!(bad, json, "{from}");
            assert_eq!(StatementData::parse(bad.as_bytes()), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn the_card_signs_37_bytes_and_a_hash() {
        let auth = authenticator_data("login.example.com", USER_PRESENT | USER_VERIFIED);
        assert_eq!((auth.len(), auth[32]), (37, 0x05));
        assert_eq!(auth[33..], [0; 4]);
        let signed = signed_bytes(&auth, b"{}");
        assert_eq!((signed.len(), &signed[..37]), (69, &auth[..]));
        assert_eq!(signed[37..], *digest(&SHA256, b"{}").as_ref());
        assert_eq!((credential_id(b"key").len(), credential_id(b"key")[0]), (33, 1));
    }

    #[test]
    fn a_statement_keeps_its_limits() {
        let bytes = StatementBytes {
            alg: algorithm::ES256,
            certificate: vec![0x30; limits::MAX_CERTIFICATE],
            chain: vec![vec![0x30]; limits::MAX_CHAIN],
            authenticator_data: authenticator_data("x", USER_PRESENT),
            client_data_json: data().to_json(),
            signature: vec![1, 2, 3],
        };
        let wire = X509Statement::from(&bytes);
        assert_eq!(wire.decode(), Ok(bytes.clone()));
        let long = StatementBytes {
            certificate: vec![0x30; limits::MAX_CERTIFICATE + 1],
            ..bytes.clone()
        };
        assert_eq!(X509Statement::from(&long).decode(), Err(Malformed));
        let many = StatementBytes { chain: vec![vec![0x30]; limits::MAX_CHAIN + 1], ..bytes };
        assert_eq!(X509Statement::from(&many).decode(), Err(Malformed));
        let bad = X509Statement { signature: "a+b=".into(), ..wire };
        assert_eq!(bad.decode(), Err(Malformed));
    }
}
