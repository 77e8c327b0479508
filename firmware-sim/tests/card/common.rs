//! A CTAP2 client of the tests' own, so that simulator and product cannot agree on one mistake.
//! PIN/UV protocol one: CTAP 2.1 §6.5.6.

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use ciborium::Value;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};

pub(crate) const MAKE_CREDENTIAL: u8 = 0x01;
pub(crate) const GET_ASSERTION: u8 = 0x02;
pub(crate) const GET_INFO: u8 = 0x04;
pub(crate) const CLIENT_PIN: u8 = 0x06;
pub(crate) const SELECTION: u8 = 0x0B;

pub(crate) const PIN: &str = "271828";
pub(crate) const RP_ID: &str = "login.example";
pub(crate) const CLIENT_DATA_HASH: [u8; 32] = [0x5A; 32];

/// Sends a request and gives the answer, over whatever body.
pub(crate) type Exchange<'a> = dyn FnMut(&[u8]) -> Vec<u8> + 'a;

/// What these tests put in the place of an answer that never came.
pub(crate) const REMOVED: u8 = 0x7F;

pub(crate) struct Credential {
    pub(crate) id: Vec<u8>,
    pub(crate) key: VerifyingKey,
    pub(crate) counter: u32,
}

pub(crate) fn request(command: u8, parameters: Option<Value>) -> Vec<u8> {
    let mut request = vec![command];
    if let Some(parameters) = parameters {
        ciborium::into_writer(&parameters, &mut request).unwrap();
    }
    request
}

pub(crate) fn call(
    card: &mut Exchange<'_>,
    command: u8,
    parameters: Option<Value>,
) -> Result<Value, u8> {
    let answer = card(&request(command, parameters));
    match answer.as_slice() {
        [0x00] => Ok(Value::Map(Vec::new())),
        [0x00, body @ ..] => Ok(ciborium::from_reader(body).unwrap()),
        [status, ..] => Err(*status),
        [] => panic!("empty answer"),
    }
}

pub(crate) fn member(map: &Value, key: impl Into<Value>) -> Value {
    let key = key.into();
    let members = map.as_map().expect("a map");
    let found = members.iter().find(|(name, _)| *name == key);
    found.unwrap_or_else(|| panic!("no member {key:?}")).1.clone()
}

fn map<const N: usize>(members: [(i64, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    value.as_bytes().expect("bytes").clone()
}

struct Channel {
    platform: Value,
    secret: [u8; 32],
}

fn agree(card: &mut Exchange<'_>) -> Result<Channel, u8> {
    let answer = call(card, CLIENT_PIN, Some(map([(1, 1.into()), (2, 2.into())])))?;
    let theirs = member(&answer, 1);
    let coordinate = |label: i64| bytes(&member(&theirs, label));
    let point = [vec![0x04], coordinate(-2), coordinate(-3)].concat();
    let theirs = PublicKey::from_sec1_bytes(&point).unwrap();
    let ours = SecretKey::from_slice(&[0x17; 32]).unwrap();
    let point = ours.public_key().to_sec1_point(false);
    let platform = map([
        (1, 2.into()),
        (3, (-25).into()),
        (-1, 1.into()),
        (-2, Value::Bytes(point.x().unwrap().to_vec())),
        (-3, Value::Bytes(point.y().unwrap().to_vec())),
    ]);
    let secret = Sha256::digest(ours.diffie_hellman(&theirs).raw_secret_bytes()).into();
    Ok(Channel { platform, secret })
}

impl Channel {
    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        let mut bytes = plain.to_vec();
        cbc::Encryptor::<Aes256>::new(&self.secret.into(), &[0; 16].into())
            .encrypt_padded::<NoPadding>(&mut bytes, plain.len())
            .unwrap();
        bytes
    }

    fn decrypt(&self, sealed: &[u8]) -> Vec<u8> {
        let mut bytes = sealed.to_vec();
        cbc::Decryptor::<Aes256>::new(&self.secret.into(), &[0; 16].into())
            .decrypt_padded::<NoPadding>(&mut bytes)
            .unwrap();
        bytes
    }
}

fn authenticate(key: &[u8], message: &[u8]) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    Value::Bytes(mac.finalize().into_bytes()[..16].to_vec())
}

pub(crate) fn set_pin(card: &mut Exchange<'_>, pin: &str) -> Result<(), u8> {
    let channel = agree(card)?;
    let mut padded = [0; 64];
    padded[..pin.len()].copy_from_slice(pin.as_bytes());
    let sealed = channel.encrypt(&padded);
    let parameters = map([
        (1, 1.into()),
        (2, 3.into()),
        (3, channel.platform.clone()),
        (4, authenticate(&channel.secret, &sealed)),
        (5, Value::Bytes(sealed)),
    ]);
    call(card, CLIENT_PIN, Some(parameters)).map(|_| ())
}

/// pinUvAuthToken for makeCredential and getAssertion at [`RP_ID`].
pub(crate) fn token(card: &mut Exchange<'_>, pin: &str) -> Result<Vec<u8>, u8> {
    let channel = agree(card)?;
    let hash = Sha256::digest(pin.as_bytes());
    let parameters = map([
        (1, 1.into()),
        (2, 9.into()),
        (3, channel.platform.clone()),
        (6, Value::Bytes(channel.encrypt(&hash[..16]))),
        (9, 3.into()),
        (10, RP_ID.into()),
    ]);
    let answer = call(card, CLIENT_PIN, Some(parameters))?;
    Ok(channel.decrypt(&bytes(&member(&answer, 2))))
}

pub(crate) fn pin_retries(card: &mut Exchange<'_>) -> i128 {
    let answer = call(card, CLIENT_PIN, Some(map([(1, 1.into()), (2, 1.into())]))).unwrap();
    member(&answer, 3).as_integer().unwrap().into()
}

fn text_map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

pub(crate) fn make_credential_parameters(token: &[u8]) -> Value {
    make_credential_parameters_for(token, b"user-1")
}

pub(crate) fn make_credential_parameters_for(token: &[u8], user: &[u8]) -> Value {
    map([
        (1, Value::Bytes(CLIENT_DATA_HASH.to_vec())),
        (2, text_map([("id", RP_ID.into())])),
        (
            3,
            text_map([
                ("id", Value::Bytes(user.to_vec())),
                ("name", "ada".into()),
                ("displayName", "Ada".into()),
            ]),
        ),
        (4, Value::Array(vec![text_map([("alg", (-7).into()), ("type", "public-key".into())])])),
        (7, text_map([("rk", true.into())])),
        (8, authenticate(token, &CLIENT_DATA_HASH)),
        (9, 1.into()),
    ])
}

/// A discoverable ES256 credential, with its self attestation checked.
pub(crate) fn make_credential(card: &mut Exchange<'_>, token: &[u8]) -> Result<Credential, u8> {
    let answer = call(card, MAKE_CREDENTIAL, Some(make_credential_parameters(token)))?;
    assert_eq!(member(&answer, 1), "packed".into());
    let auth_data = bytes(&member(&answer, 2));
    assert_eq!(auth_data[..32], *Sha256::digest(RP_ID));
    assert_eq!(auth_data[32], 0b0100_0101, "user present, user verified, attested credential");
    let id_len = usize::from(u16::from_be_bytes([auth_data[53], auth_data[54]]));
    let id = auth_data[55..55 + id_len].to_vec();
    let cose: Value = ciborium::from_reader(&auth_data[55 + id_len..]).unwrap();
    let point = [vec![0x04], bytes(&member(&cose, -2)), bytes(&member(&cose, -3))].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let statement = member(&answer, 3);
    verify(&key, &auth_data, &member(&statement, "sig"));
    Ok(Credential { id, key, counter: counter(&auth_data) })
}

fn counter(auth_data: &[u8]) -> u32 {
    u32::from_be_bytes(auth_data[33..37].try_into().unwrap())
}

pub(crate) fn verify(key: &VerifyingKey, auth_data: &[u8], signature: &Value) {
    let signed = [auth_data, &CLIENT_DATA_HASH].concat();
    let signature = Signature::from_der(&bytes(signature)).unwrap();
    key.verify(&signed, &signature).unwrap();
}

pub(crate) fn get_assertion_parameters(token: &[u8]) -> Value {
    map([
        (1, RP_ID.into()),
        (2, Value::Bytes(CLIENT_DATA_HASH.to_vec())),
        (6, authenticate(token, &CLIENT_DATA_HASH)),
        (7, 1.into()),
    ])
}

/// An assertion by whatever credential the card has, checked; returns the counter.
pub(crate) fn get_assertion(
    card: &mut Exchange<'_>,
    token: &[u8],
    credential: &Credential,
) -> Result<u32, u8> {
    let answer = call(card, GET_ASSERTION, Some(get_assertion_parameters(token)))?;
    assert_eq!(bytes(&member(&member(&answer, 1), "id")), credential.id);
    let auth_data = bytes(&member(&answer, 2));
    assert_eq!(auth_data[..32], *Sha256::digest(RP_ID));
    assert_eq!(auth_data[32], 0b0000_0101, "user present, user verified");
    verify(&credential.key, &auth_data, &member(&answer, 3));
    Ok(counter(&auth_data))
}

/// PIN, credential, assertion: what a card must do in any body. Eight commands.
pub(crate) fn whole_ceremony(card: &mut Exchange<'_>) -> Result<(), u8> {
    set_pin(card, PIN)?;
    let enrolment = token(card, PIN)?;
    let credential = make_credential(card, &enrolment)?;
    let login = token(card, PIN)?;
    let counter = get_assertion(card, &login, &credential)?;
    assert!(counter > credential.counter);
    Ok(())
}
