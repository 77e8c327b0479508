//! Answers to every command, changed at random: whatever comes, a decoder ends in a value or a
//! clear error. The seed is fixed, so a failure is repeated by its number.

use hex_literal::hex;

use crate::auth_data::tests::attested;
use crate::bio_enrollment::{
    EnrollBegin, EnrollCaptureNextSample, EnumerateEnrollments, GetFingerprintSensorInfo,
};
use crate::client_pin::{GetKeyAgreement, GetPinRetries, GetToken, GetUvRetries, SetPin};
use crate::credential_management::{
    EnumerateCredentialsBegin, EnumerateCredentialsGetNextCredential, EnumerateRpsBegin,
    EnumerateRpsGetNextRp, GetCredsMetadata,
};
use crate::pin_uv::tests::theirs_on_the_wire;
use crate::{
    AnswerError, Command, get_assertion, get_info, get_next_assertion, make_credential, selection,
};

/// Mutated answers in all.
const ROUNDS: usize = 40_000;

type Decode = fn(&[u8]) -> Result<(), AnswerError>;

fn decode<C: Command>(answer: &[u8]) -> Result<(), AnswerError> {
    C::decode(answer).map(drop)
}

/// An honest answer to each command, and who reads it.
fn honest() -> Vec<(&'static str, Decode, Vec<u8>)> {
    let info = hex!(
        "00 a6 01 81 68 4649444f5f325f31 02 81 6b 6372656450726f74656374"
        "03 50 f8a011f38c0a4d15800617111f9edc7d 04 a1 62 726b f5 0e 1a 00050702 14 18 63"
    );
    let auth_data = attested(0x45, b"id");
    let length = u8::try_from(auth_data.len()).unwrap();
    let made = [&hex!("00 a3 01 66 7061636b6564 02 58")[..], &[length], &auth_data, &[0x03, 0xA0]];
    let signed = [&hex!("00 a4 01 a1 62 6964 41 aa 02 58 25")[..], &[0x11; 32]].concat();
    let signed = [&signed[..], &hex!("05 00000007 03 41 30 04 a1 62 6964 41 07")].concat();
    let next = [&hex!("00 a4 01 a1 62 6964 41 bb 02 58 25")[..], &[0x11; 32]].concat();
    let next = [&next[..], &hex!("05 00000008 03 41 30 04 a1 62 6964 41 08")].concat();
    let party = [&hex!("00 a3 03 a1 62 6964 61 61 04 58 20")[..], &[0x11; 32], &hex!("05 02")];
    let user = hex!("00 a4 06 a2 62 6964 41 07 64 6e616d65 61 61 07 a1 62 6964 41 aa 09 01 0a 02");
    let fingers = hex!("00 a1 07 82 a2 01 42 aabb 02 65 7468756d62 a1 01 41 01");
    vec![
        ("getInfo", decode::<get_info::Request>, info.to_vec()),
        ("makeCredential", decode::<make_credential::Request<'_>>, made.concat()),
        ("getAssertion", decode::<get_assertion::Request<'_>>, signed),
        ("getNextAssertion", decode::<get_next_assertion::Request>, next),
        ("selection", decode::<selection::Request>, vec![0x00]),
        ("getPINRetries", decode::<GetPinRetries>, hex!("00 a2 03 05 04 f5").to_vec()),
        ("getUVRetries", decode::<GetUvRetries>, hex!("00 a1 05 03").to_vec()),
        ("getKeyAgreement", decode::<GetKeyAgreement>, theirs_on_the_wire()),
        ("setPIN", decode::<SetPin>, hex!("00 a0").to_vec()),
        ("getPinToken", decode::<GetToken>, hex!("00 a1 02 44 01020304").to_vec()),
        ("getCredsMetadata", decode::<GetCredsMetadata<'_>>, hex!("00 a2 01 03 02 18 2f").to_vec()),
        ("enumerateRPsBegin", decode::<EnumerateRpsBegin<'_>>, party.concat()),
        ("enumerateRPsGetNextRP", decode::<EnumerateRpsGetNextRp>, party.concat()),
        ("enumerateCredentialsBegin", decode::<EnumerateCredentialsBegin<'_>>, user.to_vec()),
        (
            "enumerateCredentialsGetNextCredential",
            decode::<EnumerateCredentialsGetNextCredential>,
            user.to_vec(),
        ),
        (
            "getFingerprintSensorInfo",
            decode::<GetFingerprintSensorInfo>,
            hex!("00 a4 01 01 02 01 03 04 08 18 40").to_vec(),
        ),
        ("enrollBegin", decode::<EnrollBegin<'_>>, hex!("00 a3 04 42 aabb 05 00 06 03").to_vec()),
        (
            "enrollCaptureNextSample",
            decode::<EnrollCaptureNextSample<'_>>,
            hex!("00 a2 05 09 06 02").to_vec(),
        ),
        ("enumerateEnrollments", decode::<EnumerateEnrollments<'_>>, fingers.to_vec()),
    ]
}

/// A small generator, so that a failure is repeated by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let number = usize::try_from(self.0).unwrap();
        number.checked_rem(limit).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// Heads that lie: lengths beyond all memory, depth without end, indefinite lengths, tags.
const LIES: &[&[u8]] = &[
    &hex!("9b ffffffffffffffff"),
    &hex!("bb 00000000ffffffff"),
    &hex!("5b 7fffffffffffffff"),
    &hex!("7a ffffffff"),
    &hex!("81 81 81 81 81 81 81 81 81 81 81 81 81 81 81 81"),
    &hex!("9f"),
    &hex!("bf"),
    &hex!("5f"),
    &hex!("c2"),
    &hex!("1b ffffffffffffffff"),
];

fn mutate(answer: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(answer.len());
        let byte = random.byte();
        match random.below(7) {
            0 => answer.truncate(at),
            1 => answer.insert(at, byte),
            2 if at < answer.len() => drop(answer.remove(at)),
            3 => answer.extend(vec![byte; random.below(2_000)]),
            4 => drop(answer.splice(at..at, LIES[random.below(LIES.len())].iter().copied())),
            _ if at < answer.len() => answer[at] = byte,
            _ => answer.push(byte),
        }
    }
}

#[test]
fn every_decoder_reads_the_honest_answer() {
    for (name, decode, answer) in honest() {
        assert_eq!(decode(&answer), Ok(()), "{name}");
    }
}

#[test]
fn forty_thousand_mutated_answers_end_in_a_value_or_a_clear_error() {
    let honest = honest();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut malformed = 0;
    for round in 0..ROUNDS {
        let (_, decode, answer) = &honest[round % honest.len()];
        let mut answer = answer.clone();
        mutate(&mut answer, &mut random);
        malformed += usize::from(decode(&answer) == Err(AnswerError::Malformed));
    }
    assert!(malformed > ROUNDS / 4, "the lies do not reach the parsers: {malformed}");
}
