//! Signatures as COSE and WebAuthn have them, from what PKCS#11 gives.

/// The two numbers of an ECDSA signature, `length` bytes each, as a DER `Ecdsa-Sig-Value`
/// (RFC 3279 §2.2.3). `None`: it is not of that length.
pub(crate) fn ecdsa(raw: &[u8], length: usize) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(length).filter(|(_, s)| s.len() == length)?;
    let numbers = [integer(r)?, integer(s)?].concat();
    let mut der = vec![0x30, u8::try_from(numbers.len()).ok().filter(|n| *n < 0x80)?];
    der.extend(numbers);
    Some(der)
}

/// An unsigned number as a DER INTEGER: as short as can be, and never negative.
fn integer(bytes: &[u8]) -> Option<Vec<u8>> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..)?;
    let sign: &[u8] = if digits.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    let value = [sign, digits].concat();
    Some([&[0x02, u8::try_from(value.len()).ok()?], &value[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn numbers_are_short_and_positive() {
        let mut raw = [0; 64];
        raw[31] = 0x7F;
        raw[32] = 0x80;
        let mut der = hex!("3026 02017F 0221 00 80").to_vec();
        der.extend([0; 31]);
        assert_eq!(ecdsa(&raw, 32), Some(der));
        assert_eq!(ecdsa(&[0; 64], 32), Some(hex!("3006 020100 020100").to_vec()));
        let longest = ecdsa(&[0xFF; 96], 48).unwrap();
        assert_eq!((longest.len(), longest[1]), (104, 102));
    }

    #[test]
    fn another_length_is_no_signature() {
        for length in [0, 63, 65, 128] {
            assert_eq!(ecdsa(&vec![1; length], 32), None, "{length}");
        }
    }
}
