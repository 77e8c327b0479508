//! Random values: identifiers, codes, secrets.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

/// `length` random bytes.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    #[expect(clippy::expect_used, reason = "without random numbers there is nothing to do")]
    rand::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

/// A random (version 4) GUID.
pub(crate) fn guid() -> Uuid {
    let mut random = [0; 16];
    random.iter_mut().zip(bytes(16)).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(random).into_uuid()
}

/// Text of `length` random bytes, in base64url.
pub(crate) fn token(length: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes(length))
}

/// A client secret's value: 40 characters of which some must be escaped in a form, as the real ones.
pub(crate) fn secret_value() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678_.~";
    let random = |length| -> String {
        bytes(length)
            .into_iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte & 0x3F)))
            .map(|&c| char::from(c))
            .collect()
    };
    format!("{}8Q~{}", random(3), random(34))
}
