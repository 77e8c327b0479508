//! The little DER (ITU-T X.690) that a self-signed certificate and an RSA public key need.

/// `sha256WithRSAEncryption` with its NULL parameter (RFC 4055).
const SHA256_WITH_RSA: &[u8] =
    &[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00];
/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// Version 3, explicitly tagged.
const VERSION_3: &[u8] = &[0xA0, 0x03, 0x02, 0x01, 0x02];

/// The tag of the version.
const VERSION: u8 = 0xA0;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0C;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// A self-signed certificate (RFC 5280 section 4.1) over a `SubjectPublicKeyInfo`.
pub(crate) fn certificate(
    name: &str,
    serial: &[u8; 16],
    spki: &[u8],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let common_name = tlv(SEQUENCE, &[COMMON_NAME, &tlv(UTF8_STRING, &[name.as_bytes()])]);
    let name = tlv(SEQUENCE, &[&tlv(SET, &[&common_name])]);
    let validity =
        tlv(SEQUENCE, &[&tlv(UTC_TIME, &[b"250101000000Z"]), &tlv(UTC_TIME, &[b"491231235959Z"])]);
    // The leading byte keeps the serial number positive and without a superfluous zero.
    let serial = tlv(INTEGER, &[&[0x01], serial]);
    let tbs = tlv(SEQUENCE, &[VERSION_3, &serial, SHA256_WITH_RSA, &name, &validity, &name, spki]);
    let signature = tlv(BIT_STRING, &[&[0x00], &sign(&tbs)]);
    tlv(SEQUENCE, &[&tbs, SHA256_WITH_RSA, &signature])
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 appendix A.1.1), without leading zeros.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = read(SEQUENCE, der)?;
    let (modulus, rest) = read(INTEGER, sequence)?;
    let (exponent, _) = read(INTEGER, rest)?;
    Some((modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent))
}

/// Modulus and exponent of the RSA key of a certificate (RFC 5280 section 4.1).
pub(crate) fn certificate_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (certificate, rest) = read(SEQUENCE, der)?;
    rest.is_empty().then_some(())?;
    let (tbs, _) = read(SEQUENCE, certificate)?;
    let after_version = read(VERSION, tbs).map_or(tbs, |(_, rest)| rest);
    let (_serial, rest) = read(INTEGER, after_version)?;
    // Signature algorithm, issuer, validity, subject.
    let rest = (0..4).try_fold(rest, |rest, _| read(SEQUENCE, rest).map(|(_, rest)| rest))?;
    let (spki, _) = read(SEQUENCE, rest)?;
    let (algorithm, rest) = read(SEQUENCE, spki)?;
    algorithm.starts_with(RSA_ENCRYPTION).then_some(())?;
    let (bits, _) = read(BIT_STRING, rest)?;
    rsa_public_key(bits.strip_prefix(&[0x00])?)
}

/// Reads one element of the given tag: its content, and what follows it.
fn read(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first <= 0x7F {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
        let digit = |sum: usize, &byte: &u8| sum.checked_mul(256)?.checked_add(byte.into());
        (bytes.iter().try_fold(0, digit)?, rest)
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|&byte| byte == 0).collect();
    let mut out = vec![tag];
    match (content.len(), u8::try_from(content.len()), u8::try_from(length.len())) {
        (0..=0x7F, Ok(short), _) => out.push(short),
        (_, _, Ok(count)) => {
            out.push(0x80 | count);
            out.extend(length);
        }
        _ => {}
    }
    out.extend(content);
    out
}
