//! Our client and our link to a security key in which nothing is ours: the passkey crates.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use authenticator::{
    Account, Assertion, AuthenticateRequest, CeremonyError, Control, NewPinPrompt, Person, Pin,
    PinPrompt, RegisterRequest, Registration, RelyingParty, ResidentKey, Unshared, Until, User,
    UserVerification, authenticate, register,
};
use ciborium::Value;
use interop::{Played, passkey_key};
use link_hid::{HidLink, Hidraw};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const ORIGIN: &str = "https://login.example.com";
const RP_ID: &str = "login.example.com";
/// Flags: user present, user verified; and the credential is of the kind that is backed up, and is.
const VERIFIED: u8 = 0x1D;

/// The key has a sensor of its own: nobody is asked for a PIN, or which account it shall be.
struct Nobody;

impl Person for Nobody {
    fn enter_pin(&mut self, prompt: &PinPrompt, _: Until<'_>) -> Option<Pin> {
        panic!("asked for a PIN: {prompt:?}")
    }

    fn choose_pin(&mut self, prompt: &NewPinPrompt, _: Until<'_>) -> Option<Pin> {
        panic!("asked for a new PIN: {prompt:?}")
    }

    fn choose_account(&mut self, accounts: &[Account], _: Until<'_>) -> Option<usize> {
        panic!("asked for an account: {accounts:?}")
    }

    fn touch_needed(&mut self) {}
}

struct Key {
    folder: TempDir,
    _played: Played,
}

impl Key {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut key = passkey_key().unwrap();
        let key = Played::start(key.arg(folder.path().join("key")), "key plugged in").unwrap();
        Self { folder, _played: key }
    }

    /// A link of its own for each ceremony, as the agent has it.
    fn link(&self) -> Unshared<HidLink<Hidraw>> {
        let wire = Hidraw::connect(&self.folder.path().join("key")).unwrap();
        Unshared(HidLink::new(wire, || *b"8 octets"))
    }

    fn register(&self, request: &RegisterRequest) -> Result<Registration, CeremonyError> {
        let mut entropy = |bytes: &mut [u8]| bytes.fill(7);
        register(&mut self.link(), request, &mut Nobody, &mut control(), &mut entropy)
    }

    fn authenticate(&self, request: &AuthenticateRequest) -> Result<Assertion, CeremonyError> {
        let mut entropy = |bytes: &mut [u8]| bytes.fill(7);
        authenticate(&mut self.link(), request, &mut Nobody, &mut control(), &mut entropy)
    }
}

fn control() -> Control<'static> {
    static CANCEL: AtomicBool = AtomicBool::new(false);
    Control {
        deadline: Instant::now() + Duration::from_secs(30),
        cancel: &CANCEL,
        on_keepalive: Box::leak(Box::new(|_| {})),
    }
}

fn registration() -> RegisterRequest {
    RegisterRequest {
        origin: ORIGIN.into(),
        rp: RelyingParty { id: RP_ID.into(), name: "Acme".into() },
        challenge: vec![1; 32],
        user: User { id: vec![2; 32], name: "ada".into(), display_name: "Ada".into() },
        exclude: Vec::new(),
        resident_key: ResidentKey::Required,
        user_verification: UserVerification::Required,
        transports: vec!["usb".into()],
    }
}

fn authentication(allow: Vec<Vec<u8>>) -> AuthenticateRequest {
    AuthenticateRequest {
        origin: ORIGIN.into(),
        rp_id: RP_ID.into(),
        challenge: vec![3; 32],
        allow,
        user_verification: UserVerification::Required,
    }
}

fn member(map: &Value, key: &Value) -> Value {
    let members = map.as_map().unwrap();
    members.iter().find(|(name, _)| name == key).unwrap().1.clone()
}

/// The public key in a registration, read without a line of ours.
fn public_key(registration: &Registration) -> VerifyingKey {
    let object = &registration.response.attestation_object.0;
    let object: Value = ciborium::from_reader(object.as_slice()).unwrap();
    assert_eq!(member(&object, &"fmt".into()), "none".into());
    let data = member(&object, &"authData".into()).into_bytes().unwrap();
    assert_eq!(data[..32], *Sha256::digest(RP_ID));
    assert_eq!(data[32], 0x40 | VERIFIED, "and attested credential data");
    let id = usize::from(u16::from_be_bytes([data[53], data[54]]));
    assert_eq!(data[55..55 + id], registration.id.0);
    let key: Value = ciborium::from_reader(&data[55 + id..]).unwrap();
    let coordinate = |label: i64| member(&key, &label.into()).into_bytes().unwrap();
    let point = [vec![0x04], coordinate(-2), coordinate(-3)].concat();
    VerifyingKey::from_sec1_bytes(&point).unwrap()
}

fn check(assertion: &Assertion, registration: &Registration) {
    let response = &assertion.response;
    let client_data = Sha256::digest(&response.client_data_json.0);
    let signed = [response.authenticator_data.0.as_slice(), &client_data].concat();
    let signature = Signature::from_der(&response.signature.0).unwrap();
    public_key(registration).verify(&signed, &signature).unwrap();
    assert_eq!(assertion.id, registration.id);
    assert_eq!(response.authenticator_data.0[32], VERIFIED);
}

#[test]
#[ignore = "`make interop` installs what it needs"]
fn a_key_of_the_passkey_crates_registers_and_signs_in_with_our_client() {
    let start = Instant::now();
    let key = Key::new();
    let registration_made = key.register(&registration()).unwrap();

    let named = key.authenticate(&authentication(vec![registration_made.id.0.clone()])).unwrap();
    check(&named, &registration_made);
    let discovered = key.authenticate(&authentication(Vec::new())).unwrap();
    check(&discovered, &registration_made);
    let handle = discovered.response.user_handle.as_ref().unwrap();
    assert_eq!(handle.0, registration().user.id);
    let counter = |assertion: &[u8]| u32::from_be_bytes(assertion[33..37].try_into().unwrap());
    let counters = [&named, &discovered].map(|a| counter(&a.response.authenticator_data.0));
    assert!(counters[0] < counters[1], "{counters:?}");
    println!("our client with a key of the passkey crates: in {:.1?}", start.elapsed());
}

#[test]
#[ignore = "`make interop` installs what it needs"]
fn a_key_of_the_passkey_crates_is_told_apart_from_one_that_knows_nobody() {
    let key = Key::new();
    let nobody = key.authenticate(&authentication(vec![vec![9; 16]])).unwrap_err();
    assert!(matches!(nobody, CeremonyError::NoCredential), "{nobody:?}");
}
