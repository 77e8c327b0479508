//! Turns WebAuthn options into a response, as a browser with a FIDO2 authenticator would: ES256,
//! discoverable credentials, user verified, attestation `none` or by itself.
//!
//! It is honest unless a test changes a [`Draft`]: it refuses options that a browser or a card
//! refuses. It is deterministic: the same seed and the same calls give the same bytes. There is
//! no hardware and no CTAP in it; the simulator of real firmware is `firmware-sim`.
//! Source: WebAuthn Level 3 §5.1, §6.1 and §6.5.
//!
//! The way in: [`SoftAuthenticator::register`], then [`SoftAuthenticator::authenticate`].

mod draft;
mod options;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use draft::{Attested, Draft, Format, Signer};
pub use options::Refused;

use options::{Create, Get};

/// UP: somebody touched it.
pub const UP: u8 = 0x01;
/// UV: it checked PIN or finger.
pub const UV: u8 = 0x04;
/// BE: the key may have copies.
pub const BE: u8 = 0x08;
/// BS: the key has copies.
pub const BS: u8 = 0x10;

/// The make that a new authenticator names.
pub const AAGUID: [u8; 16] = *b"soft-authn-00001";

/// An authenticator and the browser that it is plugged into.
#[derive(Clone)]
pub struct SoftAuthenticator {
    seed: [u8; 32],
    made: u64,
    credentials: Vec<Credential>,
    flags: u8,
    counts: bool,
    transports: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) id: Vec<u8>,
    pub(crate) key: SigningKey,
    rp_id: String,
    user: Vec<u8>,
    counter: u32,
}

impl SoftAuthenticator {
    /// An authenticator with a counter, whose keys are not copied. Another seed, another one.
    pub fn new(seed: u64) -> Self {
        Self {
            seed: Sha256::digest(seed.to_be_bytes()).into(),
            made: 0,
            credentials: Vec::new(),
            flags: UP | UV,
            counts: true,
            transports: vec!["nfc".to_owned(), "usb".to_owned()],
        }
    }

    /// One that keeps no counter: its answers say 0, and count in any order.
    #[must_use]
    pub fn without_counter(self) -> Self {
        Self { counts: false, ..self }
    }

    /// One whose keys its provider copies to other devices.
    #[must_use]
    pub fn synced(self) -> Self {
        Self { flags: self.flags | BE | BS, ..self }
    }

    /// The ids of its credentials, oldest first.
    pub fn credential_ids(&self) -> Vec<Vec<u8>> {
        self.credentials.iter().map(|credential| credential.id.clone()).collect()
    }

    /// Answers creation options on a page of `origin`.
    ///
    /// # Errors
    ///
    /// [`Refused`] where a browser or a card would refuse.
    pub fn register(&mut self, options: &Value, origin: &str) -> Result<Value, Refused> {
        self.register_with(options, origin, |_| {})
    }

    /// The same, with a `change` before the response is signed and written.
    ///
    /// # Errors
    ///
    /// [`Refused`] where a browser or a card would refuse.
    pub fn register_with(
        &mut self,
        options: &Value,
        origin: &str,
        change: impl FnOnce(&mut Draft),
    ) -> Result<Value, Refused> {
        let create = Create::read(options, origin)?;
        if self.credentials.iter().any(|held| create.exclude.contains(&held.id)) {
            return Err(Refused::Excluded);
        }
        let credential = self.make(create.rp_id, create.user)?;
        let mut draft = Draft::new("webauthn.create", &create.challenge, origin, &credential.rp_id);
        draft.flags = self.flags;
        draft.credential_id.clone_from(&credential.id);
        draft.attested = Some(Attested::of(&credential));
        draft.transports.clone_from(&self.transports);
        change(&mut draft);
        let object = draft.attestation_object(&credential)?;
        let response = json!({
            "clientDataJSON": base64url(&draft.client_data),
            "attestationObject": base64url(&object),
            "authenticatorData": base64url(&draft.authenticator_data()?),
            "publicKeyAlgorithm": -7,
            "transports": draft.transports,
        });
        self.credentials.push(credential);
        Ok(draft.public_key_credential(&response))
    }

    /// Answers request options on a page of `origin`.
    ///
    /// # Errors
    ///
    /// [`Refused`] where a browser or a card would refuse.
    pub fn authenticate(&mut self, options: &Value, origin: &str) -> Result<Value, Refused> {
        self.authenticate_with(options, origin, |_| {})
    }

    /// The same, with a `change` before the response is signed and written.
    ///
    /// # Errors
    ///
    /// [`Refused`] where a browser or a card would refuse.
    pub fn authenticate_with(
        &mut self,
        options: &Value,
        origin: &str,
        change: impl FnOnce(&mut Draft),
    ) -> Result<Value, Refused> {
        let get = Get::read(options, origin)?;
        let counts = self.counts;
        // The newest first, as cards order them.
        let mut held = self.credentials.iter_mut().rev();
        let asked = |held: &Credential| get.allow.is_empty() || get.allow.contains(&held.id);
        let credential = held.find(|held| held.rp_id == get.rp_id && asked(held));
        let credential = credential.ok_or(Refused::NoCredential)?;
        if counts {
            credential.counter = credential.counter.saturating_add(1);
        }
        let mut draft = Draft::new("webauthn.get", &get.challenge, origin, &credential.rp_id);
        draft.flags = self.flags;
        draft.counter = credential.counter;
        draft.credential_id.clone_from(&credential.id);
        draft.user_handle = Some(credential.user.clone());
        change(&mut draft);
        let mut response = json!({
            "clientDataJSON": base64url(&draft.client_data),
            "authenticatorData": base64url(&draft.authenticator_data()?),
            "signature": base64url(&draft.signature(credential)?),
        });
        if let (Some(handle), Some(members)) = (&draft.user_handle, response.as_object_mut()) {
            members.insert("userHandle".to_owned(), base64url(handle).into());
        }
        Ok(draft.public_key_credential(&response))
    }

    /// A credential of its own for each registration, all drawn from the seed.
    fn make(&mut self, rp_id: String, user: Vec<u8>) -> Result<Credential, Refused> {
        self.made = self.made.saturating_add(1);
        let draw = |what: &[u8]| {
            Sha256::new()
                .chain_update(self.seed)
                .chain_update(self.made.to_be_bytes())
                .chain_update(what)
                .finalize()
        };
        let key = SigningKey::from_slice(&draw(b"key")).map_err(|_| Refused::Key)?;
        Ok(Credential { id: draw(b"id").to_vec(), key, rp_id, user, counter: 0 })
    }
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
