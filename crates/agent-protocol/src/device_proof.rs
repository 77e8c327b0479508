//! The proof that a call comes from one device: `DPoP` (RFC 9449) with a hash of the body.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::jws::{self, Jti, Jws, Malformed};
use crate::keys::{KeyError, SigningKey, Thumbprint, VerifyingKey, sha256};
use crate::limits;

/// The HTTP header that carries the proof.
pub const PROOF_HEADER: &str = "Cardea-Proof";

const TYP: &str = "cardea-proof+jwt";

/// What a device says about one call. One proof, one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceProof {
    /// HTTP method, in capitals.
    pub htm: String,
    /// Where the call goes: scheme, host and path; `https` also for the WebSocket.
    pub htu: String,
    /// When the proof was made, in seconds since 1970.
    pub iat: u64,
    /// Its name, unique.
    pub jti: Jti,
    /// The server's nonce, where the server demands one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// SHA-256 of the body, base64url; of no bytes where there is no body.
    pub bh: String,
}

/// The call as the server saw it.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedCall<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The server's own origin and the path, never taken from the request's `Host`.
    pub url: &'a str,
    /// The bytes of the body.
    pub body: &'a [u8],
    /// The nonce that the server gave out for this call; `None` where it demands none.
    pub nonce: Option<&'a str>,
}

/// A proof that passed every check but one: the caller spends `jti`, once, until `keep_until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedProof {
    /// Who calls.
    pub device: Thumbprint,
    /// To be spent by the caller. A proof whose `jti` is spent already is a replay.
    pub jti: Jti,
    /// When the spent `jti` may be forgotten: no proof so old is accepted any more.
    pub keep_until: SystemTime,
}

/// Why a proof is refused. All of them look alike outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Not a JWS of ours.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Step 1.
    #[error("proof names another key")]
    Key,
    /// Step 2.
    #[error("proof is not signed by the device")]
    Signature,
    /// Step 3.
    #[error("signed object is no device proof")]
    Type,
    /// Step 4.
    #[error("proof is for another method")]
    Method,
    /// Step 5.
    #[error("proof is for another address")]
    Url,
    /// Step 6.
    #[error("proof is too old or from the future")]
    Time,
    /// Step 7.
    #[error("proof lacks the nonce of the server")]
    Nonce,
    /// Step 8.
    #[error("proof is for another body")]
    Body,
}

impl DeviceProof {
    /// A proof for one call, to be signed.
    pub fn new(method: &str, url: &str, body: &[u8], jti: Jti, now: SystemTime) -> Self {
        let (htm, htu) = (method.to_owned(), without_query(url).to_owned());
        Self { htm, htu, iat: seconds(now), jti, nonce: None, bh: sha256(body) }
    }

    /// The same proof over a nonce of the server.
    #[must_use]
    pub fn with_nonce(self, nonce: String) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// Signs: the value of [`PROOF_HEADER`].
    ///
    /// # Errors
    ///
    /// [`KeyError::Sign`].
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        jws::sign(TYP, &key.public().thumbprint(), self, key)
    }

    /// The key that a proof names, so that its record can be found. **Not yet verified.**
    ///
    /// # Errors
    ///
    /// [`Malformed`].
    pub fn claimed_device(proof: &str) -> Result<String, Malformed> {
        Ok(Jws::parse(proof, limits::MAX_PROOF)?.kid().to_owned())
    }

    /// Checks that the owner of `key` made exactly this call, now.
    ///
    /// # Errors
    ///
    /// The first step that fails, as a [`ProofError`].
    ///
    /// # Security
    ///
    /// Step 9 is the caller's: spend [`VerifiedProof::jti`] in the transaction that acts on the
    /// call. Without it a proof that somebody overheard works again for [`limits::SKEW`].
    pub fn verify(
        proof: &str,
        expected: &ExpectedCall<'_>,
        key: &VerifyingKey,
        now: SystemTime,
    ) -> Result<VerifiedProof, ProofError> {
        let jws = Jws::parse(proof, limits::MAX_PROOF)?;
        let device = step_01_key(&jws, key)?;
        step_02_signature(&jws, key)?;
        step_03_type(&jws)?;
        let claims: Self = jws.claims()?;
        step_04_method(&claims, expected)?;
        step_05_url(&claims, expected)?;
        step_06_time(&claims, now)?;
        step_07_nonce(&claims, expected)?;
        step_08_body(&claims, expected)?;
        let keep_until = moment(claims.iat).checked_add(limits::SKEW).ok_or(ProofError::Time)?;
        Ok(VerifiedProof { device, jti: claims.jti, keep_until })
    }
}

/// The key id is the thumbprint of the key that the server knows.
fn step_01_key(jws: &Jws<'_>, key: &VerifyingKey) -> Result<Thumbprint, ProofError> {
    let device = key.thumbprint();
    if jws.kid() == device.as_str() { Ok(device) } else { Err(ProofError::Key) }
}

/// That key made the signature.
fn step_02_signature(jws: &Jws<'_>, key: &VerifyingKey) -> Result<(), ProofError> {
    if jws.is_signed_by(key) { Ok(()) } else { Err(ProofError::Signature) }
}

/// Nothing else that the device signs passes for a proof.
fn step_03_type(jws: &Jws<'_>) -> Result<(), ProofError> {
    if jws.is_of_type(TYP) { Ok(()) } else { Err(ProofError::Type) }
}

/// A proof for reading does not write.
fn step_04_method(claims: &DeviceProof, expected: &ExpectedCall<'_>) -> Result<(), ProofError> {
    if claims.htm == expected.method { Ok(()) } else { Err(ProofError::Method) }
}

/// A proof for one server or path does nothing at another.
fn step_05_url(claims: &DeviceProof, expected: &ExpectedCall<'_>) -> Result<(), ProofError> {
    if claims.htu == without_query(expected.url) { Ok(()) } else { Err(ProofError::Url) }
}

/// Made within [`limits::SKEW`] of now, on either side.
fn step_06_time(claims: &DeviceProof, now: SystemTime) -> Result<(), ProofError> {
    let fresh = seconds(now).abs_diff(claims.iat) <= limits::SKEW.as_secs();
    if fresh { Ok(()) } else { Err(ProofError::Time) }
}

/// The nonce is the one that the server gave out, where it demands one.
fn step_07_nonce(claims: &DeviceProof, expected: &ExpectedCall<'_>) -> Result<(), ProofError> {
    let fits = expected.nonce.is_none_or(|nonce| claims.nonce.as_deref() == Some(nonce));
    if fits { Ok(()) } else { Err(ProofError::Nonce) }
}

/// Nobody changed the body on the way.
fn step_08_body(claims: &DeviceProof, expected: &ExpectedCall<'_>) -> Result<(), ProofError> {
    if claims.bh == sha256(expected.body) { Ok(()) } else { Err(ProofError::Body) }
}

/// RFC 9449 §4.2: `htu` is without query and fragment.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Whole seconds since 1970; 0 for a moment before.
pub(crate) fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The moment `seconds` after 1970; 1970 itself for a number that no clock can show.
pub(crate) fn moment(seconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jws::tests::sign_raw;
    use crate::keys::tests::new_key;

    const NOW: u64 = 1_795_000_000;
    const URL: &str = "https://login.example.com/agent/v1/claim";
    const BODY: &[u8] = br#"{"ticket":"t"}"#;
    const CALL: ExpectedCall<'_> =
        ExpectedCall { method: "POST", url: URL, body: BODY, nonce: None };

    fn proof() -> DeviceProof {
        DeviceProof::new("POST", URL, BODY, Jti::from_random([7; 16]), moment(NOW))
    }

    fn check(proof: &DeviceProof) -> Result<VerifiedProof, ProofError> {
        let key = new_key();
        DeviceProof::verify(&proof.sign(&key).unwrap(), &CALL, key.public(), moment(NOW))
    }

    #[test]
    fn a_proof_passes_for_the_call_it_was_made_for() {
        let key = new_key();
        let signed = proof().sign(&key).unwrap();
        let verified =
            DeviceProof::verify(&signed, &CALL, key.public(), moment(NOW + 120)).unwrap();
        assert_eq!(verified.device, key.public().thumbprint());
        assert_eq!(verified.jti, Jti::from_random([7; 16]));
        assert_eq!(verified.keep_until, moment(NOW + 120));
        assert_eq!(DeviceProof::claimed_device(&signed).unwrap(), verified.device.as_str());
    }

    #[test]
    fn step_01_refuses_a_proof_that_names_another_key() {
        let (key, other) = (new_key(), new_key());
        let claims = serde_json::to_value(proof()).unwrap();
        let name = other.public().thumbprint();
        let header = json!({"alg": "ES256", "typ": TYP, "kid": name});
        let signed = sign_raw(&header, &claims, &key);
        let result = DeviceProof::verify(&signed, &CALL, key.public(), moment(NOW));
        assert_eq!(result, Err(ProofError::Key));
    }

    #[test]
    fn step_02_refuses_a_proof_that_another_key_signed() {
        let (key, thief) = (new_key(), new_key());
        let claims = serde_json::to_value(proof()).unwrap();
        let name = key.public().thumbprint();
        let header = json!({"alg": "ES256", "typ": TYP, "kid": name});
        let signed = sign_raw(&header, &claims, &thief);
        let result = DeviceProof::verify(&signed, &CALL, key.public(), moment(NOW));
        assert_eq!(result, Err(ProofError::Signature));
    }

    #[test]
    fn step_03_refuses_another_object_of_the_same_key() {
        let key = new_key();
        let claims = serde_json::to_value(proof()).unwrap();
        let name = key.public().thumbprint();
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": name});
        let signed = sign_raw(&header, &claims, &key);
        let result = DeviceProof::verify(&signed, &CALL, key.public(), moment(NOW));
        assert_eq!(result, Err(ProofError::Type));
    }

    #[test]
    fn step_04_refuses_another_method() {
        let proof = DeviceProof { htm: "GET".into(), ..proof() };
        assert_eq!(check(&proof), Err(ProofError::Method));
    }

    #[test]
    fn step_05_refuses_another_server_or_path() {
        for htu in [
            "https://login.example.com/agent/v1/result",
            "https://evil.example/agent/v1/claim",
            "http://login.example.com/agent/v1/claim",
        ] {
            let proof = DeviceProof { htu: htu.into(), ..proof() };
            assert_eq!(check(&proof), Err(ProofError::Url), "{htu}");
        }
    }

    #[test]
    fn step_06_refuses_what_is_too_old_or_from_the_future() {
        for (iat, fresh) in
            [(NOW - 121, false), (NOW - 120, true), (NOW + 120, true), (NOW + 121, false)]
        {
            let result = check(&DeviceProof { iat, ..proof() });
            assert_eq!(result.is_ok(), fresh, "{iat}");
            assert!(fresh || result == Err(ProofError::Time));
        }
        assert_eq!(check(&DeviceProof { iat: u64::MAX, ..proof() }), Err(ProofError::Time));
    }

    #[test]
    fn step_07_refuses_a_proof_without_the_nonce_of_the_server() {
        let key = new_key();
        let call = ExpectedCall { nonce: Some("n-1"), ..CALL };
        let check = |proof: DeviceProof| {
            DeviceProof::verify(&proof.sign(&key).unwrap(), &call, key.public(), moment(NOW))
        };
        assert_eq!(check(proof()), Err(ProofError::Nonce));
        assert_eq!(check(proof().with_nonce("n-2".into())), Err(ProofError::Nonce));
        assert!(check(proof().with_nonce("n-1".into())).is_ok());
    }

    #[test]
    fn step_08_refuses_another_body() {
        let key = new_key();
        let call = ExpectedCall { body: b"{}", ..CALL };
        let signed = proof().sign(&key).unwrap();
        let result = DeviceProof::verify(&signed, &call, key.public(), moment(NOW));
        assert_eq!(result, Err(ProofError::Body));
    }

    #[test]
    fn refuses_what_is_no_proof_at_all() {
        let key = new_key();
        let padded = format!("{}.{}", proof().sign(&key).unwrap(), "A".repeat(5000));
        for text in ["", "a.b.c", "....", &padded] {
            let result = DeviceProof::verify(text, &CALL, key.public(), moment(NOW));
            assert!(matches!(result, Err(ProofError::Malformed(_))), "{text:.20}");
        }
    }
}
