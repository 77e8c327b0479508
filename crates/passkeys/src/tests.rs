//! Each step of WebAuthn Level 3 §7.1 and §7.2, negated one at a time on an answer that is right
//! otherwise.

mod assertion;
mod client_data;
mod discoverable;
mod options;
mod registration;
mod wire;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::UserId;
use serde_json::Value;
use soft_authenticator::{Draft, SoftAuthenticator};
use url::Url;
use uuid::Uuid;

use crate::{Assertion, Begun, NewPasskey, PasskeyError, Passkeys, StoredPasskey};

const ORIGIN: &str = "https://login.example.com";

/// A change to a response before it is signed, under its name, and what becomes of it.
type Case = (&'static str, fn(&mut Draft), PasskeyError);

fn passkeys() -> Passkeys {
    Passkeys::new("login.example.com", &Url::parse(ORIGIN).unwrap(), "Cardea").unwrap()
}

fn person(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

/// A person's card, registered.
struct Enrolled {
    passkeys: Passkeys,
    card: SoftAuthenticator,
    person: UserId,
    stored: StoredPasskey,
}

impl Enrolled {
    fn new() -> Self {
        Self::with(SoftAuthenticator::new(1))
    }

    fn with(mut card: SoftAuthenticator) -> Self {
        let (passkeys, person) = (passkeys(), person(7));
        let begun = passkeys.start_registration(person, "ada", "Ada", &[]).unwrap();
        let response = card.register(&begun.options, ORIGIN).unwrap();
        let new = passkeys.finish_registration(&begun.state, &bytes(&response)).unwrap();
        Self { passkeys, card, person, stored: stored(new) }
    }

    fn begin(&self) -> Begun {
        self.passkeys.start_authentication(std::slice::from_ref(&self.stored)).unwrap()
    }

    fn assert(&mut self, change: impl FnOnce(&mut Draft)) -> Result<Assertion, PasskeyError> {
        let begun = self.begin();
        let response = self.card.authenticate_with(&begun.options, ORIGIN, change).unwrap();
        self.passkeys.finish_authentication(&begun.state, &bytes(&response), self.person)
    }

    fn discover(&mut self, change: impl FnOnce(&mut Draft)) -> Result<Assertion, PasskeyError> {
        let begun = self.passkeys.start_discoverable().unwrap();
        let response = self.card.authenticate_with(&begun.options, ORIGIN, change).unwrap();
        let response = bytes(&response);
        self.passkeys.finish_discoverable(&begun.state, &response, &self.stored, self.person)
    }
}

fn register(change: impl FnOnce(&mut Draft)) -> Result<NewPasskey, PasskeyError> {
    register_sent(change, |_| {})
}

/// Registers a card with a change before and one after its response is signed.
fn register_sent(
    change: impl FnOnce(&mut Draft),
    sent: impl FnOnce(&mut Value),
) -> Result<NewPasskey, PasskeyError> {
    let passkeys = passkeys();
    let begun = passkeys.start_registration(person(7), "ada", "Ada", &[]).unwrap();
    let mut card = SoftAuthenticator::new(1);
    let mut response = card.register_with(&begun.options, ORIGIN, change).unwrap();
    sent(&mut response);
    passkeys.finish_registration(&begun.state, &bytes(&response))
}

fn stored(new: NewPasskey) -> StoredPasskey {
    StoredPasskey { passkey: new.passkey, counter: new.counter, transports: new.transports }
}

fn bytes(response: &Value) -> Vec<u8> {
    response.to_string().into_bytes()
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes at `member` of the response.
fn sent_bytes(response: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(response["response"][member].as_str().unwrap()).unwrap()
}

/// All cases that did not end as they should, so that one run shows all of them.
fn wrong<T: std::fmt::Debug>(
    cases: &[Case],
    run: impl Fn(fn(&mut Draft)) -> Result<T, PasskeyError>,
) -> Vec<String> {
    let judge = |(name, change, expected): &Case| match run(*change) {
        Err(error) if error == *expected => None,
        other => Some(format!("{name}: {other:?} instead of {expected:?}")),
    };
    cases.iter().filter_map(judge).collect()
}
