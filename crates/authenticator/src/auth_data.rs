//! Authenticator data, WebAuthn Level 3 §6.1: a binary format inside the CBOR.

use crate::cbor::{self, Malformed};
use crate::cose;

/// Length of what is always there: hash, flags, counter.
const HEADER: usize = 37;

/// What the authenticator data says, beside the bytes themselves, which are what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthenticatorData {
    /// SHA-256 of the RP ID that the authenticator was used for.
    pub(crate) rp_id_hash: [u8; 32],
    /// Flag UP: a person was there.
    pub(crate) user_present: bool,
    /// Flag UV: it was the right person.
    pub(crate) user_verified: bool,
    /// ID of the new credential; only in an answer to makeCredential.
    pub(crate) credential_id: Option<Vec<u8>>,
}

impl AuthenticatorData {
    const UP: u8 = 0x01;
    const UV: u8 = 0x04;
    const AT: u8 = 0x40;
    const ED: u8 = 0x80;

    /// Reads the whole of `bytes`: at least 37, with AT at least 55 + L and an ES256 key.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let (header, rest) = bytes.split_at_checked(HEADER).ok_or(Malformed)?;
        let (rp_id_hash, header) = header.split_first_chunk().ok_or(Malformed)?;
        let flags = *header.first().ok_or(Malformed)?;
        let has = |flag: u8| flags & flag != 0;

        let (credential_id, rest) = if has(Self::AT) {
            let (id, rest) = attested_credential(rest)?;
            (Some(id), rest)
        } else {
            (None, rest)
        };
        let rest = if has(Self::ED) { cbor::read_prefix(rest)?.1 } else { rest };
        if !rest.is_empty() {
            return Err(Malformed);
        }
        Ok(Self {
            rp_id_hash: *rp_id_hash,
            user_present: has(Self::UP),
            user_verified: has(Self::UV),
            credential_id,
        })
    }
}

/// AAGUID (16 bytes), length L (2 bytes), credential ID (L bytes), public key (CBOR).
fn attested_credential(bytes: &[u8]) -> Result<(Vec<u8>, &[u8]), Malformed> {
    let (_aaguid, bytes) = bytes.split_first_chunk::<16>().ok_or(Malformed)?;
    let (length, bytes) = bytes.split_first_chunk::<2>().ok_or(Malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    // WebAuthn §7.1 lets a relying party refuse longer ones; an empty one names nothing.
    if !(1..=1023).contains(&length) {
        return Err(Malformed);
    }
    let (id, bytes) = bytes.split_at_checked(length).ok_or(Malformed)?;
    let (public_key, rest) = cbor::read_prefix(bytes)?;
    cose::read_es256(public_key)?;
    Ok((id.to_vec(), rest))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use hex_literal::hex;

    /// Authenticator data with a credential, whose key is the generator of P-256.
    pub(crate) fn attested(flags: u8, credential_id: &[u8]) -> Vec<u8> {
        let length = u16::try_from(credential_id.len()).unwrap().to_be_bytes();
        [&[0x11; 32][..], &[flags], &[0, 0, 0, 7], &[0x22; 16], &length, credential_id, &KEY]
            .concat()
    }

    const KEY: [u8; 77] = hex!(
        "a5 01 02 03 26 20 01"
        "21 58 20 6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "22 58 20 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    );

    #[test]
    fn reads_flags_and_credential() {
        let data = AuthenticatorData::read(&attested(0x45, b"id")).unwrap();
        assert_eq!(
            data,
            AuthenticatorData {
                rp_id_hash: [0x11; 32],
                user_present: true,
                user_verified: true,
                credential_id: Some(b"id".to_vec()),
            }
        );
    }

    #[test]
    fn refuses_every_length_but_the_right_one() {
        let whole = attested(0x45, b"id");
        for length in 0..whole.len() {
            assert_eq!(AuthenticatorData::read(&whole[..length]), Err(Malformed), "{length} bytes");
        }
        assert_eq!(AuthenticatorData::read(&[&whole[..], &[0]].concat()), Err(Malformed));
        let header = [&[0x11; 32][..], &[0x05, 0, 0, 0, 7]].concat();
        assert!(AuthenticatorData::read(&header).is_ok());
        assert_eq!(AuthenticatorData::read(&header[..36]), Err(Malformed));
        assert_eq!(AuthenticatorData::read(&[&header[..], &[0]].concat()), Err(Malformed));
    }

    #[test]
    fn refuses_a_credential_id_that_is_empty_or_longer_than_1023_bytes() {
        assert_eq!(AuthenticatorData::read(&attested(0x45, &[])), Err(Malformed));
        assert!(AuthenticatorData::read(&attested(0x45, &[7; 1023])).is_ok());
        assert_eq!(AuthenticatorData::read(&attested(0x45, &[7; 1024])), Err(Malformed));
    }

    #[test]
    fn refuses_a_key_for_another_algorithm_and_a_point_beside_the_curve() {
        for (at, byte) in [(4, 0x27), (2, 0x03), (6, 0x02), (76, 0xf6)] {
            let mut data = attested(0x45, b"id");
            let key = data.len() - KEY.len();
            data[key + at] = byte;
            assert_eq!(AuthenticatorData::read(&data), Err(Malformed), "byte {at} of the key");
        }
    }

    #[test]
    fn extensions_are_one_object_and_nothing_behind_it() {
        let with = |rest: &[u8]| [&attested(0xC5, b"id")[..], rest].concat();
        assert!(AuthenticatorData::read(&with(&hex!("a0"))).is_ok());
        assert_eq!(AuthenticatorData::read(&with(&hex!(""))), Err(Malformed));
        assert_eq!(AuthenticatorData::read(&with(&hex!("a0 a0"))), Err(Malformed));
    }
}
