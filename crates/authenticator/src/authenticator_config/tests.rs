//! The codes were computed with another implementation, over the bytes that stand here.

use super::*;
use crate::pin_uv::tests::token;
use crate::{PinUvAuthProtocol, Status};
use hex_literal::hex;

#[test]
fn toggle_always_uv_goes_out_with_a_token_or_without() {
    let token = token(PinUvAuthProtocol::Two);
    let expected = hex!(
        "0d a3 01 02 03 02"
        "04 58 20 e467f42c1a9699b27a9b3bea4df883ecd1228d5be5fa5305a03da5c072aa9b56"
    );
    assert_eq!(ToggleAlwaysUv { token: Some(&token) }.encode(), expected);
    assert_eq!(ToggleAlwaysUv { token: None }.encode(), hex!("0d a1 01 02"));
    assert_eq!(ToggleAlwaysUv::decode(&[0x00]), Ok(()));
    let refused = AnswerError::Status(Status::OPERATION_DENIED);
    assert_eq!(ToggleAlwaysUv::decode(&[0x27]), Err(refused));
}

#[test]
fn set_min_pin_length_says_only_what_changes() {
    let token = token(PinUvAuthProtocol::Two);
    for (new_length, force_change, expected) in [
        (
            Some(8),
            false,
            &hex!(
                "0d a4 01 03 02 a1 01 08 03 02"
                "04 58 20 3c2caf679dd200bde0bf4ec790b3a1eedc1eb4a598712c2f141c6815f557c0ec"
            )[..],
        ),
        (
            None,
            true,
            &hex!(
                "0d a4 01 03 02 a1 03 f5 03 02"
                "04 58 20 998d5ab048b4f19cc108ce2e2c33a8577500e8010629609ca741fa835368d9af"
            ),
        ),
        (
            Some(8),
            true,
            &hex!(
                "0d a4 01 03 02 a2 01 08 03 f5 03 02"
                "04 58 20 9e9be4ad8994e2f831110a5adf55ad55f5cc5820e043047293d6ed77dee841d9"
            ),
        ),
    ] {
        let request = SetMinPinLength { token: Some(&token), new_length, force_change };
        assert_eq!(request.encode(), expected);
    }
}
