use super::*;
use crate::pin_uv::tests::{entropy, secret};
use crate::{Pin, Status};
use hex_literal::hex;

/// Our half of the key agreement, as it stands in each request.
const PLATFORM_KEY: [u8; 78] = hex!(
    "a5 01 02 03 38 18 20 01"
    "21 58 20 515c3d6eb9e396b904d3feca7f54fdcd0cc1e997bf375dca515ad0a6c3b4035f"
    "22 58 20 4536be3a50f318fbf9a5475902a221502bef0d57e08c53b2cc0a56f17d9f9354"
);

fn pin() -> Pin {
    Pin::new("1234").unwrap()
}

#[test]
fn get_pin_retries_goes_out_and_comes_back() {
    let request = GetPinRetries { protocol: PinUvAuthProtocol::Two };
    assert_eq!(request.encode(), hex!("06 a2 01 02 02 01"));
    let retries =
        |pin_retries, power_cycle_state| Ok(PinRetries { pin_retries, power_cycle_state });
    assert_eq!(GetPinRetries::decode(&hex!("00 a1 03 08")), retries(8, false));
    assert_eq!(GetPinRetries::decode(&hex!("00 a2 03 05 04 f5")), retries(5, true));
    assert_eq!(GetPinRetries::decode(&hex!("00 a0")), Err(AnswerError::Malformed));
}

#[test]
fn get_key_agreement_goes_out_and_comes_back() {
    let request = GetKeyAgreement { protocol: PinUvAuthProtocol::One };
    assert_eq!(request.encode(), hex!("06 a2 01 01 02 02"));
    let answer = [&hex!("00 a1 01")[..], &PLATFORM_KEY].concat();
    assert_eq!(GetKeyAgreement::decode(&answer), Ok(secret(PinUvAuthProtocol::One).platform_key));
}

#[test]
fn a_key_beside_the_curve_is_refused() {
    let mut answer = [&hex!("00 a1 01")[..], &PLATFORM_KEY].concat();
    *answer.last_mut().unwrap() ^= 1;
    assert_eq!(GetKeyAgreement::decode(&answer), Err(AnswerError::Malformed));
}

#[test]
fn set_pin_sends_it_padded_encrypted_and_authenticated() {
    let secret = secret(PinUvAuthProtocol::Two);
    let request = SetPin::new(&secret, &pin(), &mut entropy).unwrap();
    let expected = [
        &hex!("06 a5 01 02 02 03 03")[..],
        &PLATFORM_KEY,
        &hex!("04 58 20 429f187ae3df9024e1355f7120b36484da0976510c412ef779888bb1945b675d"),
        &hex!(
            "05 58 50 707172737475767778797a7b7c7d7e7f"
            "2ef868767eb42a268ff9f9079478567bb36ab61522360d8d7e6fd85c2cb1b745"
            "de8d2ad1ba07babc84100fecc4f0783350edbbdf96b3ea453b5314396ecdcc32"
        ),
    ];
    assert_eq!(request.encode(), expected.concat());
    assert_eq!(SetPin::decode(&[0x00]), Ok(()));
    let policy = AnswerError::Status(Status::PIN_POLICY_VIOLATION);
    assert_eq!(SetPin::decode(&[0x37]), Err(policy));
}

#[test]
fn get_pin_token_sends_half_a_hash_encrypted() {
    let request = GetToken::legacy(&secret(PinUvAuthProtocol::One), &pin(), &mut entropy).unwrap();
    let expected = [
        &hex!("06 a4 01 01 02 05 03")[..],
        &PLATFORM_KEY,
        &hex!("06 50 c68966e396c9c020b500a0d241587385"),
    ];
    assert_eq!(request.encode(), expected.concat());
}

#[test]
fn a_token_by_pin_is_for_one_purpose_and_one_relying_party() {
    let secret = secret(PinUvAuthProtocol::Two);
    let both = Permissions::MakeCredentialAndGetAssertion;
    let request =
        GetToken::using_pin(&secret, &pin(), both, Some("example.com"), &mut entropy).unwrap();
    let expected = [
        &hex!("06 a6 01 02 02 09 03")[..],
        &PLATFORM_KEY,
        &hex!("06 58 20 707172737475767778797a7b7c7d7e7fecf19b4e4ed788080218121eff1ba1f3"),
        &hex!("09 03"),
        &hex!("0a 6b 6578616d706c652e636f6d"),
    ];
    assert_eq!(request.encode(), expected.concat());
}

#[test]
fn a_token_by_built_in_verification_is_for_one_purpose_and_one_relying_party() {
    let secret = secret(PinUvAuthProtocol::Two);
    let expected = |permission: u8| {
        [
            &hex!("06 a5 01 02 02 06 03")[..],
            &PLATFORM_KEY,
            &[0x09, permission],
            &hex!("0a 6b 6578616d706c652e636f6d"),
        ]
        .concat()
    };
    for (permissions, bits) in [(Permissions::MakeCredential, 1), (Permissions::GetAssertion, 2)] {
        let request = GetToken::using_uv(&secret, permissions, Some("example.com"));
        assert_eq!(request.encode(), expected(bits));
    }
    assert_eq!(GetToken::decode(&hex!("00 a1 02 42 abcd")), Ok(vec![0xAB, 0xCD]));
    assert_eq!(GetToken::decode(&hex!("00 a0")), Err(AnswerError::Malformed));
}

#[test]
fn get_uv_retries_goes_out_and_comes_back() {
    let request = GetUvRetries { protocol: PinUvAuthProtocol::Two };
    assert_eq!(request.encode(), hex!("06 a2 01 02 02 07"));
    assert_eq!(GetUvRetries::decode(&hex!("00 a1 05 03")), Ok(3));
    assert_eq!(GetUvRetries::decode(&hex!("00 a1 03 03")), Err(AnswerError::Malformed));
}

#[test]
fn change_pin_sends_the_new_one_encrypted_and_the_old_one_hashed() {
    let secret = secret(PinUvAuthProtocol::Two);
    let new = Pin::new("567890").unwrap();
    let request = ChangePin::new(&secret, &pin(), &new, &mut entropy).unwrap();
    let expected = [
        &hex!("06 a6 01 02 02 04 03")[..],
        &PLATFORM_KEY,
        &hex!("04 58 20 0f0a828b09a80cd5d9b57d5f1c41faa9e617c38c6bb8eaa8139f741ba8973420"),
        &hex!(
            "05 58 50 707172737475767778797a7b7c7d7e7f"
            "28be99f0ff204d401ab602ad62710b6416695170cf1be923db372e3cf1b79269"
            "c1ebab19a3ebe3e880aa8e8b753a6d3c1dbf008be75a2830c5cdeebc53ea592c"
        ),
        &hex!("06 58 20 707172737475767778797a7b7c7d7e7fecf19b4e4ed788080218121eff1ba1f3"),
    ];
    assert_eq!(request.encode(), expected.concat());
    let wrong = AnswerError::Status(Status::PIN_INVALID);
    assert_eq!(ChangePin::decode(&[0x31]), Err(wrong));
}

#[test]
fn a_token_to_manage_is_for_one_purpose_and_bound_to_nobody() {
    let secret = secret(PinUvAuthProtocol::Two);
    for (permissions, bits) in [
        (Permissions::CredentialManagement, 0x04),
        (Permissions::BioEnrollment, 0x08),
        (Permissions::AuthenticatorConfiguration, 0x20),
    ] {
        let request = GetToken::using_pin(&secret, &pin(), permissions, None, &mut entropy);
        let encoded = request.unwrap().encode();
        assert!(encoded.starts_with(&hex!("06 a5 01 02 02 09 03")), "{encoded:02x?}");
        let number = if bits < 0x18 { vec![bits] } else { vec![0x18, bits] };
        let expected = [&[0x09][..], &number].concat();
        assert!(encoded.ends_with(&expected), "{encoded:02x?}");
    }
}
