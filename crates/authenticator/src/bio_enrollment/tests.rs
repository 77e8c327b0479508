//! The codes were computed with another implementation, over the bytes that stand here.

use super::*;
use crate::pin_uv::tests::token;
use crate::{PinUvAuthProtocol, Status};
use hex_literal::hex;

const ID: &[u8] = &[0xAA, 0xBB];

fn with(check: impl FnOnce(Authority<'_>)) {
    let token = token(PinUvAuthProtocol::Two);
    check(Authority { dialect: Dialect::Standard, token: &token });
}

#[test]
fn what_needs_no_token_has_none() {
    let sensor = GetFingerprintSensorInfo(Dialect::Standard);
    assert_eq!(sensor.encode(), hex!("09 a2 01 01 02 07"));
    let cancel = CancelCurrentEnrollment(Dialect::Preview);
    assert_eq!(cancel.encode(), hex!("40 a2 01 01 02 03"));
    let expected = Sensor { kind: SensorKind::TOUCH, max_samples: 4, max_name_length: Some(64) };
    let answer = hex!("00 a4 01 01 02 01 03 04 08 18 40");
    assert_eq!(GetFingerprintSensorInfo::decode(&answer), Ok(expected));
}

#[test]
fn an_option_that_is_there_says_that_there_is_a_sensor() {
    let mut info = get_info::tests::plain();
    assert_eq!(dialect(&info), None);
    info.options.insert("userVerificationMgmtPreview".into(), false);
    assert_eq!(dialect(&info), Some(Dialect::Preview));
    info.options.insert("bioEnroll".into(), false);
    assert_eq!(dialect(&info), Some(Dialect::Standard));
}

#[test]
fn enroll_begin_gives_an_id_and_the_first_sample() {
    with(|authority| {
        let request = EnrollBegin { authority, timeout_milliseconds: 10_000 };
        let expected = hex!(
            "09 a5 01 01 02 01 03 a1 03 19 2710 04 02"
            "05 58 20 2cae75f26f9b1bec59eda84a3aa767281dc58255dba0c5fbe961ff01579f8539"
        );
        assert_eq!(request.encode(), expected);
    });
    let sample = Sample { status: SampleStatus::GOOD, remaining: 3 };
    let answer = hex!("00 a3 04 42 aabb 05 00 06 03");
    assert_eq!(EnrollBegin::decode(&answer), Ok((ID.to_vec(), sample)));
    let full = AnswerError::Status(Status::FP_DATABASE_FULL);
    assert_eq!(EnrollBegin::decode(&[0x17]), Err(full));
}

#[test]
fn enroll_capture_next_sample_names_the_fingerprint() {
    with(|authority| {
        let timeout_milliseconds = 10_000;
        let request = EnrollCaptureNextSample { authority, template_id: ID, timeout_milliseconds };
        let expected = hex!(
            "09 a5 01 01 02 02 03 a2 01 42 aabb 03 19 2710 04 02"
            "05 58 20 c4e9f1037f96b7e3d00a794ee521f9f22640bae6101e14b8995b65d386d22294"
        );
        assert_eq!(request.encode(), expected);
    });
    let sample = Sample { status: SampleStatus::TOO_SHORT, remaining: 2 };
    assert_eq!(EnrollCaptureNextSample::decode(&hex!("00 a2 05 09 06 02")), Ok(sample));
}

#[test]
fn enumerate_enrollments_lists_ids_and_names() {
    with(|authority| {
        let expected = hex!(
            "09 a4 01 01 02 04 04 02"
            "05 58 20 c29834d85c9df7ef98f93e69d96d1ccba71611a5471a7fa5a0909614060db408"
        );
        assert_eq!(EnumerateEnrollments(authority).encode(), expected);
    });
    let answer = hex!("00 a1 07 82 a2 01 42 aabb 02 65 7468756d62 a1 01 41 01");
    let expected = vec![
        Fingerprint { id: ID.to_vec(), name: "thumb".into() },
        Fingerprint { id: vec![1], name: String::new() },
    ];
    assert_eq!(EnumerateEnrollments::decode(&answer), Ok(expected));
    assert_eq!(EnumerateEnrollments::decode(&[0x00]), Ok(Vec::new()));
}

#[test]
fn set_friendly_name_and_remove_enrollment_name_the_fingerprint() {
    with(|authority| {
        let name = SetFriendlyName { authority, template_id: ID, name: "thumb" };
        let expected = hex!(
            "09 a5 01 01 02 05 03 a2 01 42 aabb 02 65 7468756d62 04 02"
            "05 58 20 4863dc30c56a9c847a7c13aea5db32c94f5f9f53cce5f85eef3012a0a453e99e"
        );
        assert_eq!(name.encode(), expected);
        let remove = RemoveEnrollment { authority, template_id: ID };
        let expected = hex!(
            "09 a5 01 01 02 06 03 a1 01 42 aabb 04 02"
            "05 58 20 898338022ca278bce7a45d4d4261390002ca378f8fecfd6bd10319e98624c51f"
        );
        assert_eq!(remove.encode(), expected);
    });
}

#[test]
fn wrong_types_lying_lengths_and_too_many_are_malformed() {
    let many: Vec<u8> = (0..=64).flat_map(|n| [0xA1, 0x01, 0x41, n]).collect();
    let many = [&hex!("00 a1 07 98 41")[..], &many].concat();
    for answer in [
        &hex!("00 a1 07 a0")[..],               // a map
        &hex!("00 a1 07 81 a1 01 40"),          // an empty ID
        &hex!("00 a1 07 81 a2 01 41 01 02 07"), // a number for a name
        &hex!("00 a1 07 9b ffffffffffffffff"),  // more than all memory
        &many,
    ] {
        let list = EnumerateEnrollments::decode(answer);
        assert_eq!(list, Err(AnswerError::Malformed), "{answer:02x?}");
    }
    for answer in [&hex!("00 a2 05 19 0100 06 01")[..], &hex!("00 a1 05 00"), &hex!("00 a1 06 00")]
    {
        let sample = EnrollCaptureNextSample::decode(answer);
        assert_eq!(sample, Err(AnswerError::Malformed), "{answer:02x?}");
    }
}
