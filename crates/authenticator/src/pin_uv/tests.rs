//! The known answers were made with another implementation, from the keys given here.

use super::*;
use hex_literal::hex;

/// Our private key: the bytes 1 to 32. Then, for protocol two, the initialisation vector.
const OURS: [u8; 32] = hex!("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
pub(crate) const IV: [u8; 16] = hex!("707172737475767778797a7b7c7d7e7f");

pub(crate) const CLIENT_DATA_HASH: [u8; 32] =
    hex!("108a9107a11167c1d1090f07d6fd7dbf37f8cd8ad88a90fc1b3bc067c120fd23");
const TOKEN_16: [u8; 16] = hex!("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const TOKEN_32: [u8; 32] = hex!("a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf");

fn theirs() -> Point {
    let sec1 = hex!(
        "04"
        "261efbd3550cf068ef013ed7366ba32f5d6fe557b4b2abce8ade58cba168a55e"
        "1788a0b29a56a6abec4084c0c96bd3dcbca6b507f35dbea9e985708479d8bdc9"
    );
    Point::new(&sec1).unwrap()
}

/// Gives the same bytes for each length.
pub(crate) fn entropy(buffer: &mut [u8]) {
    match buffer.len() {
        16 => buffer.copy_from_slice(&IV),
        _ => buffer.copy_from_slice(&OURS),
    }
}

pub(crate) fn secret(protocol: PinUvAuthProtocol) -> SharedSecret {
    let ours = PlatformKey::fresh(&mut entropy).unwrap();
    SharedSecret::encapsulate(protocol, &theirs(), &ours).unwrap()
}

/// The token of 32 bytes, as the authenticator would have given it.
pub(crate) fn token(protocol: PinUvAuthProtocol) -> PinUvAuthToken {
    PinUvAuthToken { protocol, token: Zeroizing::new(TOKEN_32.to_vec()) }
}

#[test]
fn protocol_one_hashes_the_shared_point() {
    let secret = secret(PinUvAuthProtocol::One);
    let key = hex!("5479ba369caba0d53f0e2383ec1933ce98b154c1ba738bd1a36394c24d51dc01");
    assert_eq!((*secret.hmac_key, *secret.aes_key), (key, key));
}

#[test]
fn protocol_two_derives_a_key_for_each_use() {
    let secret = secret(PinUvAuthProtocol::Two);
    let hmac_key = hex!("5b4dc4fd77c1fc021373268f1cd1ebacaa7458aeff93ac401926d6fb5ad595ce");
    let aes_key = hex!("14ab2c3995135bf5c80fd1757f6b9819974a0afa9786bd23ff118f13f8c6cd30");
    assert_eq!((*secret.hmac_key, *secret.aes_key), (hmac_key, aes_key));
}

#[test]
fn a_token_is_decrypted_in_both_protocols() {
    let one = hex!("da4949b54e41dfa925f87cc5a1f4419e70f95665a9a687108ee4d0ba235635dc");
    let two = [&IV[..], &hex!("5669d4c1d53f909c75a3561254836169b14d70f6faaf271cdb6cfc0031e722f2")]
        .concat();
    let decrypted = |protocol, bytes: &[u8]| secret(protocol).token(bytes).unwrap().token;
    assert_eq!(*decrypted(PinUvAuthProtocol::One, &one[..16]), TOKEN_16);
    assert_eq!(*decrypted(PinUvAuthProtocol::One, &one), TOKEN_32);
    assert_eq!(*decrypted(PinUvAuthProtocol::Two, &two), TOKEN_32);
}

#[test]
fn a_token_of_another_length_is_refused() {
    for length in 0..=80 {
        let is_right = |protocol| secret(protocol).token(&vec![0; length]).is_ok();
        assert_eq!(is_right(PinUvAuthProtocol::One), [16, 32].contains(&length), "{length}");
        assert_eq!(is_right(PinUvAuthProtocol::Two), length == 16 + 32, "{length}");
    }
}

#[test]
fn a_token_authenticates_the_hash_of_the_client_data() {
    let code = hex!("00f1234d7436115975416f27bef4d4c7b916edf806767fe9a7d6674721b32874");
    let of = |protocol| token(protocol).authenticate(&CLIENT_DATA_HASH);
    assert_eq!(of(PinUvAuthProtocol::One), code[..16]);
    assert_eq!(of(PinUvAuthProtocol::Two), code);
    let short = PinUvAuthToken {
        protocol: PinUvAuthProtocol::One,
        token: Zeroizing::new(TOKEN_16.to_vec()),
    };
    assert_eq!(short.authenticate(&CLIENT_DATA_HASH), hex!("4d9b17573e79390aa5a4d66023b4c3f3"));
}

#[test]
fn a_key_is_drawn_again_until_it_is_one() {
    let mut draws = 0;
    let mut entropy = |buffer: &mut [u8]| {
        draws += 1;
        buffer.fill(if draws < 3 { 0xFF } else { 0x01 });
    };
    assert!(PlatformKey::fresh(&mut entropy).is_ok());
    assert_eq!(draws, 3);
    assert!(PlatformKey::fresh(&mut |buffer: &mut [u8]| buffer.fill(0)).is_err());
}

#[test]
fn the_authenticators_favourite_protocol_is_taken() {
    let mut info = get_info::tests::plain();
    for (listed, chosen) in [
        (vec![], Some(PinUvAuthProtocol::One)),
        (vec![1, 2], Some(PinUvAuthProtocol::One)),
        (vec![2, 1], Some(PinUvAuthProtocol::Two)),
        (vec![3, 2], Some(PinUvAuthProtocol::Two)),
        (vec![3], None),
    ] {
        info.pin_uv_auth_protocols = listed;
        assert_eq!(PinUvAuthProtocol::choose(&info), chosen);
    }
}

/// The answer to getKeyAgreement of the authenticator whose key that is.
pub(crate) fn theirs_on_the_wire() -> Vec<u8> {
    let mut answer = hex!("00 a1 01").to_vec();
    crate::cbor::write(&crate::cose::key_agreement(&theirs()), &mut answer);
    answer
}
