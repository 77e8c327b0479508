//! The signing keys of the cloud: several published at a time, next before active before retired.
//!
//! All directories of one stand-in share them, as all directories of one cloud do. Key pairs are
//! made once per process and handed out in order, so that many stand-ins in one test run start fast;
//! each stand-in rotates through them by itself.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{chance, der};

static POOL: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// One RSA-2048 key with its self-signed certificate.
pub(crate) struct Key {
    pair: KeyPair,
    certificate: Vec<u8>,
    /// base64url(SHA-1(certificate)), as the real keys have it: `kid` and `x5t` are the same.
    pub(crate) kid: String,
}

impl Key {
    /// Makes a key that nobody publishes.
    #[expect(
        clippy::expect_used,
        reason = "key generation fails only without memory or random numbers"
    )]
    pub(crate) fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("an RSA-2048 key pair");
        let spki = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der>::as_der(pair.public_key())
            .expect("a public key");
        let mut serial = [0; 16];
        serial.iter_mut().zip(chance::bytes(16)).for_each(|(to, from)| *to = from);
        let certificate =
            der::certificate("Entra stand-in", &serial, spki.as_ref(), |tbs| sign(&pair, tbs));
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate);
        let kid = BASE64_URL_SAFE_NO_PAD.encode(thumbprint);
        Self { pair, certificate, kid }
    }

    /// An RS256 signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.pair, message)
    }

    /// The public key as PEM would carry it (PKCS#1): what a key confusion takes for an HMAC secret.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn jwk(&self, issuer: &str) -> Value {
        let (modulus, exponent) = der::rsa_public_key(self.public_key()).unwrap_or_default();
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid,
            "n": BASE64_URL_SAFE_NO_PAD.encode(modulus), "e": BASE64_URL_SAFE_NO_PAD.encode(exponent),
            "x5c": [BASE64_STANDARD.encode(&self.certificate)],
            "cloud_instance_name": "microsoftonline.com", "issuer": issuer,
        })
    }
}

fn sign(pair: &KeyPair, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    #[expect(clippy::expect_used, reason = "the buffer has the length of the modulus")]
    pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .expect("an RSA signature");
    signature
}

/// A key that is made in the background, or when it is first needed, whichever is sooner.
#[derive(Clone, Default)]
struct Slot(Arc<OnceLock<Key>>);

impl Slot {
    /// The process's key of that number.
    fn number(number: usize) -> Self {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() <= number {
            pool.resize_with(number.saturating_add(1), Self::default);
        }
        pool.get(number).cloned().unwrap_or_default()
    }

    fn key(&self) -> &Key {
        self.0.get_or_init(Key::generate)
    }

    /// Begins to make the keys, in that order.
    fn prepare(slots: Vec<Self>) {
        if slots.iter().any(|slot| slot.0.get().is_none()) {
            std::thread::spawn(move || {
                for slot in slots {
                    slot.0.get_or_init(Key::generate);
                }
            });
        }
    }
}

/// Makes the keys of the first JWKS, if they are not made yet. Blocks.
pub(crate) fn make_first() {
    for slot in [0, 1, 2].map(Slot::number) {
        slot.key();
    }
}

/// What the stand-in signs with and publishes.
pub(crate) struct KeyRing {
    retired: Vec<Slot>,
    active: Slot,
    next: Slot,
    /// The personal accounts' key, in the `common` set only: a key that names another issuer.
    consumer: Slot,
    taken: usize,
}

impl KeyRing {
    pub(crate) fn new() -> Self {
        let [active, next, retired, consumer] = [0, 1, 2, 3].map(Slot::number);
        // Two threads, because RSA keys take their time and the first JWKS wants three.
        Slot::prepare(vec![active.clone(), retired.clone()]);
        Slot::prepare(vec![next.clone()]);
        Self { retired: vec![retired], active, next, consumer, taken: 4 }
    }

    pub(crate) fn active(&self) -> &Key {
        self.active.key()
    }

    /// The published next key signs from now on; the old one stays published.
    pub(crate) fn rotate(&mut self) {
        let next = self.take();
        let active = std::mem::replace(&mut self.next, next);
        self.retired.push(std::mem::replace(&mut self.active, active));
    }

    /// The keys that no longer sign are no longer published.
    pub(crate) fn drop_retired(&mut self) {
        self.retired.clear();
    }

    /// Every key is replaced at once, unannounced: what an emergency looks like from outside.
    pub(crate) fn replace(&mut self) {
        self.retired.clear();
        self.active = self.take();
        self.next = self.take();
    }

    /// The JWKS of an authority. The order means nothing, so the active key is not the first.
    pub(crate) fn jwks(&self, issuer: &str, consumer_issuer: Option<&str>) -> Value {
        let work = std::iter::once(&self.next).chain(&self.retired).chain([&self.active]);
        let mut keys: Vec<Value> = work.map(|slot| slot.key().jwk(issuer)).collect();
        keys.extend(consumer_issuer.map(|issuer| self.consumer.key().jwk(issuer)));
        json!({ "keys": keys })
    }

    fn take(&mut self) -> Slot {
        let slot = Slot::number(self.taken);
        self.taken = self.taken.saturating_add(1);
        Slot::prepare(vec![slot.clone()]);
        slot
    }
}
