//! The two kinds of `COSE_Key` in CTAP: the key-agreement key, and the public key of a credential.

use ciborium::Value;
use p256::elliptic_curve::sec1::ToSec1Point;

use crate::cbor::{self, Malformed, Members, byte_string, member};

/// COSE algorithm ES256: ECDSA with SHA-256 on P-256. The only one that is asked for.
pub(crate) const ES256: i32 = -7;
/// COSE algorithm that the standard writes into key-agreement keys (§6.5.6), although they do
/// something else.
const ECDH_ES_HKDF_256: i32 = -25;

/// Writes a key-agreement key.
pub(crate) fn key_agreement(key: &p256::PublicKey) -> Value {
    let point = key.to_sec1_point(false);
    let coordinate =
        |bytes: Option<&_>| bytes.map_or_else(Vec::new, |x: &p256::FieldBytes| x.to_vec());
    Value::Map(vec![
        member(1, 2),                // kty: EC2
        member(3, ECDH_ES_HKDF_256), // alg
        member(-1, 1),               // crv: P-256
        member(-2, Value::Bytes(coordinate(point.x()))),
        member(-3, Value::Bytes(coordinate(point.y()))),
    ])
}

/// Reads a key-agreement key. A point that is not on the curve is refused here: with one, the
/// other side could learn our secret.
pub(crate) fn read_key_agreement(mut key: Members) -> Result<p256::PublicKey, Malformed> {
    // The algorithm is not looked at: authenticators write -25 or -7 here.
    point(&mut key)
}

/// Reads the public key of a credential, which must be one for ES256.
pub(crate) fn read_es256(key: Value) -> Result<p256::PublicKey, Malformed> {
    let mut key = Members::of(key)?;
    if key.take(3) != Some(ES256.into()) {
        return Err(Malformed);
    }
    point(&mut key)
}

fn point(key: &mut Members) -> Result<p256::PublicKey, Malformed> {
    if key.take(1) != Some(2.into()) || key.take(-1) != Some(1.into()) {
        return Err(Malformed);
    }
    let x = key.bytes(-2)?.filter(|x| x.len() == 32).ok_or(Malformed)?;
    let y = key.bytes(-3)?.filter(|y| y.len() == 32).ok_or(Malformed)?;
    let sec1 = [&[0x04][..], &x, &y].concat();
    p256::PublicKey::from_sec1_bytes(&sec1).map_err(|_| Malformed)
}

/// `pubKeyCredParams`: ES256 alone.
pub(crate) fn credential_parameters() -> Value {
    Value::Array(vec![Value::Map(vec![
        cbor::named("alg", ES256),
        cbor::named("type", "public-key"),
    ])])
}

/// `PublicKeyCredentialDescriptor` of a credential.
pub(crate) fn descriptor(credential_id: &[u8]) -> Value {
    Value::Map(vec![
        cbor::named("id", byte_string(credential_id)),
        cbor::named("type", "public-key"),
    ])
}
