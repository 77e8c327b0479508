//! CTAP2 messages to and from `passkey-authenticator`, which has a fingerprint sensor as far as its
//! clients can tell: it verifies its user by itself.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use passkey_authenticator::{UiHint, UserCheck, UserValidationMethod};
use passkey_crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error, StatusCode};
use serde::{Deserialize, Serialize};

/// Room for one credential.
type Store = Option<Passkey>;

pub(crate) struct Authenticator(
    passkey_authenticator::Authenticator<Store, Finger, RustCryptoBackend>,
);

impl Authenticator {
    pub(crate) fn new() -> Self {
        let aaguid = Aaguid::from(*b"passkey-crates-1");
        let mut authenticator =
            passkey_authenticator::Authenticator::new(aaguid, None, Finger, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        Self(authenticator)
    }

    /// Status byte and CBOR, to a command byte and CBOR.
    pub(crate) fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let answer = match request.split_first() {
            Some((0x01, parameters)) => read(parameters)
                .and_then(|request| now(self.0.make_credential(request)))
                .map(|response| cbor(&response)),
            Some((0x02, parameters)) => read(parameters)
                .and_then(|request| now(self.0.get_assertion(request)))
                .map(|response| cbor(&response)),
            Some((0x04, _)) => Ok(cbor(&now(self.0.get_info()))),
            _ => Err(Ctap2Error::InvalidCommand.into()),
        };
        match answer {
            Ok(response) => [&[0x00], response.as_slice()].concat(),
            Err(status) => vec![status.into()],
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(parameters: &[u8]) -> Result<T, StatusCode> {
    ciborium::from_reader(parameters).map_err(|_| Ctap2Error::InvalidCbor.into())
}

fn cbor(response: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Memory takes everything.
    let _ = ciborium::into_writer(response, &mut bytes);
    bytes
}

/// The store is memory and the person is quick: nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// A person who has a finger on the sensor all the time.
struct Finger;

#[async_trait::async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
