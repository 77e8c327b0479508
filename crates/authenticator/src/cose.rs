//! The two kinds of `COSE_Key` in CTAP: the key-agreement key, and the public key of a credential.

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use ciborium::Value;

use crate::cbor::{self, Malformed, Members, byte_string, member};

/// COSE algorithm ES256: ECDSA with SHA-256 on P-256. The only one that is asked for.
pub(crate) const ES256: i32 = -7;
/// COSE algorithm that the standard writes into key-agreement keys (§6.5.6), although they do
/// something else.
const ECDH_ES_HKDF_256: i32 = -25;

/// Length of a coordinate, in bytes.
const COORDINATE: usize = 32;

/// A point on P-256, uncompressed: 0x04, x, y (SEC 1 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point([u8; 1 + 2 * COORDINATE]);

impl Point {
    /// Takes a point that lies on the curve, and no other.
    pub(crate) fn new(sec1: &[u8]) -> Result<Self, Malformed> {
        let uncompressed = sec1.try_into().map(Self).map_err(|_| Malformed)?;
        ParsedPublicKey::try_from(uncompressed.unparsed()).map_err(|_| Malformed)?;
        Ok(uncompressed)
    }

    /// As the other side's half of a key agreement.
    pub(crate) fn unparsed(&self) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(&ECDH_P256, &self.0)
    }

    fn x_and_y(&self) -> (&[u8], &[u8]) {
        let [_, coordinates @ ..] = &self.0;
        coordinates.split_at(COORDINATE)
    }
}

/// Writes a key-agreement key.
pub(crate) fn key_agreement(key: &Point) -> Value {
    let (x, y) = key.x_and_y();
    Value::Map(vec![
        member(1, 2),                // kty: EC2
        member(3, ECDH_ES_HKDF_256), // alg
        member(-1, 1),               // crv: P-256
        member(-2, byte_string(x)),
        member(-3, byte_string(y)),
    ])
}

/// Reads a key-agreement key. A point that is not on the curve is refused here: with one, the
/// other side could learn our secret.
pub(crate) fn read_key_agreement(mut key: Members) -> Result<Point, Malformed> {
    // The algorithm is not looked at: authenticators write -25 or -7 here.
    point(&mut key)
}

/// Reads the public key of a credential, which must be one for ES256.
pub(crate) fn read_es256(key: Value) -> Result<Point, Malformed> {
    let mut key = Members::of(key)?;
    if key.take(3) != Some(ES256.into()) {
        return Err(Malformed);
    }
    point(&mut key)
}

fn point(key: &mut Members) -> Result<Point, Malformed> {
    if key.take(1) != Some(2.into()) || key.take(-1) != Some(1.into()) {
        return Err(Malformed);
    }
    let x = key.bytes(-2)?.filter(|x| x.len() == COORDINATE).ok_or(Malformed)?;
    let y = key.bytes(-3)?.filter(|y| y.len() == COORDINATE).ok_or(Malformed)?;
    Point::new(&[&[0x04][..], &x, &y].concat())
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
