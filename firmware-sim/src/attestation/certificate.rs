//! An attestation key with a certificate of its own, for an AAGUID that somebody wants: the
//! firmware takes it from there.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::Attestation;

/// Its own stream of randomness: the card's keys are the same with it and without.
const STREAM: u64 = 0xA775;

/// DER (X.690 §8): tags, and the identifiers that are needed, with their values.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const TEXT: u8 = 0x0C;
const PRINTABLE: u8 = 0x13;
const TIME: u8 = 0x17;
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
const ECDSA_WITH_SHA256: [u8; 8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
const EC_PUBLIC_KEY: [u8; 7] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const PRIME256V1: [u8; 8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1D, 0x13];
/// 1.3.6.1.4.1.45724.1.1.4, id-fido-gen-ce-aaguid.
const AAGUID: [u8; 11] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xE5, 0x1C, 0x01, 0x01, 0x04];

/// Key and certificate (WebAuthn §8.2.1) for this AAGUID, the same ones for the same seed. The
/// certificate signs itself.
pub(crate) fn of(aaguid: [u8; 16], seed: u64) -> Option<Attestation> {
    let mut noise = ChaCha20Rng::seed_from_u64(seed);
    noise.set_stream(STREAM);
    let mut private_key = [0; 32];
    noise.fill_bytes(&mut private_key);
    // A number that is no key is met once in 2^32.
    let key = SigningKey::from_slice(&private_key).ok()?;
    let content = content(&key, aaguid);
    let signature: Signature = key.sign(&content);
    let signature = bits(signature.to_der().as_bytes());
    let certificate = tag(SEQUENCE, &[&content, &algorithm(), &signature]);
    Some(Attestation { certificate, private_key })
}

/// `TBSCertificate` (RFC 5280 §4.1).
fn content(key: &SigningKey, aaguid: [u8; 16]) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false);
    let kind = tag(SEQUENCE, &[&tag(OBJECT, &[&EC_PUBLIC_KEY]), &tag(OBJECT, &[&PRIME256V1])]);
    let public_key = tag(SEQUENCE, &[&kind, &bits(point.as_bytes())]);
    let from_to = [b"200101000000Z", b"491231235959Z"].map(|time| tag(TIME, &[time]));
    let [from, to] = &from_to;
    let version_3 = tag(VERSION, &[&tag(INTEGER, &[&[2]])]);
    let name = name();
    tag(
        SEQUENCE,
        &[
            &version_3,
            &tag(INTEGER, &[&[1]]),
            &algorithm(),
            &name,
            &tag(SEQUENCE, &[from, to]),
            &name,
            &public_key,
            &extensions(aaguid),
        ],
    )
}

fn algorithm() -> Vec<u8> {
    tag(SEQUENCE, &[&tag(OBJECT, &[&ECDSA_WITH_SHA256])])
}

/// C, O, OU as WebAuthn wants it, CN.
fn name() -> Vec<u8> {
    let part = |letter: u8, tag_of: u8, text: &str| {
        let kind = tag(OBJECT, &[&[0x55, 0x04, letter]]);
        tag(SET, &[&tag(SEQUENCE, &[&kind, &tag(tag_of, &[text.as_bytes()])])])
    };
    let parts = [
        part(6, PRINTABLE, "AA"),
        part(10, TEXT, "Simulated"),
        part(11, TEXT, "Authenticator Attestation"),
        part(3, TEXT, "Simulated Attestation"),
    ];
    tag(SEQUENCE, &parts.each_ref().map(Vec::as_slice))
}

fn extensions(aaguid: [u8; 16]) -> Vec<u8> {
    let extension = |name: &[u8], value: Vec<u8>| {
        tag(SEQUENCE, &[&tag(OBJECT, &[name]), &tag(OCTET_STRING, &[&value])])
    };
    let aaguid = extension(&AAGUID, tag(OCTET_STRING, &[&aaguid]));
    // No authority: an empty sequence says it.
    let constraints = extension(&BASIC_CONSTRAINTS, tag(SEQUENCE, &[]));
    tag(EXTENSIONS, &[&tag(SEQUENCE, &[&aaguid, &constraints])])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tag(BIT_STRING, &[&[0], bytes])
}

/// Tag, length, parts: none here is longer than 65,535 bytes.
fn tag(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let length = match (high, low) {
        (0, 0..=0x7F) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], &length[..], &content].concat()
}
