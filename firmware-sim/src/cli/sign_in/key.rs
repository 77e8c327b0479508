//! A key and the browser that it is plugged into: WebAuthn options in JSON, answers in JSON.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use authenticator::{
    Account, AuthenticateRequest, Control, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest,
    RelyingParty, ResidentKey, Unshared, Until, User, UserVerification, authenticate, register,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use serde_json::Value;

use super::Failure;
use crate::shared::now;
use crate::{Config, Simulator};

/// The PIN that the person chooses for it.
const PIN: &str = "271828";

/// A ceremony takes milliseconds.
const CEREMONY: Duration = Duration::from_secs(30);

/// A factory-fresh key, and the page in front of which it is used.
pub(super) struct Key {
    simulator: Simulator,
    origin: String,
    noise: ChaCha20Rng,
}

impl Key {
    pub(super) fn new(origin: &str) -> Result<Self, Failure> {
        let seed = u64::from(std::process::id());
        let simulator = Simulator::start(Config::seeded(seed))?;
        Ok(Self { simulator, origin: origin.to_owned(), noise: ChaCha20Rng::seed_from_u64(seed) })
    }

    /// `navigator.credentials.create` with `PublicKeyCredentialCreationOptionsJSON`.
    pub(super) fn create(&mut self, options: &Value) -> Result<Value, Failure> {
        let options = options.get("publicKey").unwrap_or(options);
        let rp = options.get("rp").unwrap_or(&Value::Null);
        let user = options.get("user").unwrap_or(&Value::Null);
        let wanted = options.get("authenticatorSelection").unwrap_or(&Value::Null);
        let request = RegisterRequest {
            origin: self.origin.clone(),
            rp: RelyingParty { id: word(rp, "id"), name: word(rp, "name") },
            challenge: bytes(options, "challenge")?,
            user: User {
                id: bytes(user, "id")?,
                name: word(user, "name"),
                display_name: word(user, "displayName"),
            },
            exclude: ids(options, "excludeCredentials")?,
            resident_key: match word(wanted, "residentKey").as_str() {
                "required" => ResidentKey::Required,
                "discouraged" => ResidentKey::Discouraged,
                _ => ResidentKey::Preferred,
            },
            user_verification: verification(wanted),
            transports: vec!["usb".into()],
        };
        let Self { simulator, noise, .. } = self;
        let made = in_front(simulator, noise, |link, person, control, entropy| {
            register(link, &request, person, control, entropy)
        })?;
        Ok(serde_json::to_value(made)?)
    }

    /// `navigator.credentials.get` with `PublicKeyCredentialRequestOptionsJSON`.
    pub(super) fn get(&mut self, options: &Value) -> Result<Value, Failure> {
        let options = options.get("publicKey").unwrap_or(options);
        let request = AuthenticateRequest {
            origin: self.origin.clone(),
            rp_id: word(options, "rpId"),
            challenge: bytes(options, "challenge")?,
            allow: ids(options, "allowCredentials")?,
            user_verification: verification(options),
        };
        let Self { simulator, noise, .. } = self;
        let signed = in_front(simulator, noise, |link, person, control, entropy| {
            authenticate(link, &request, person, control, entropy)
        })?;
        Ok(serde_json::to_value(signed)?)
    }
}

type Link = Unshared<crate::SimLink>;

/// Does a ceremony with the key; the person touches it as soon as it asks.
fn in_front<T>(
    simulator: &Simulator,
    noise: &mut ChaCha20Rng,
    ceremony: impl FnOnce(
        &mut Link,
        &mut Holder,
        &mut Control<'_>,
        &mut dyn FnMut(&mut [u8]),
    ) -> Result<T, authenticator::CeremonyError>,
) -> Result<T, Failure> {
    let cancel = AtomicBool::new(false);
    let deadline = now().checked_add(CEREMONY).unwrap_or_else(now);
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
    let mut entropy = |bytes: &mut [u8]| noise.fill_bytes(bytes);
    let mut link = Unshared(simulator.link());
    Ok(ceremony(&mut link, &mut Holder, &mut control, &mut entropy)?)
}

/// Who has chosen the PIN, and knows it.
struct Holder;

impl Person for Holder {
    fn enter_pin(&mut self, _: &PinPrompt, _: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_pin(&mut self, _: &NewPinPrompt, _: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_account(&mut self, _: &[Account], _: Until<'_>) -> Option<usize> {
        Some(0)
    }

    fn touch_needed(&mut self) {}
}

fn verification(options: &Value) -> UserVerification {
    match word(options, "userVerification").as_str() {
        "required" => UserVerification::Required,
        "discouraged" => UserVerification::Discouraged,
        _ => UserVerification::Preferred,
    }
}

fn ids(options: &Value, list: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let listed = options.get(list).and_then(Value::as_array).into_iter().flatten();
    listed.map(|one| bytes(one, "id")).collect()
}

fn word(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn bytes(value: &Value, name: &str) -> Result<Vec<u8>, Failure> {
    let decoded = URL_SAFE_NO_PAD.decode(word(value, name));
    decoded.map_err(|error| format!("\"{name}\" is no base64url: {error}").into())
}
