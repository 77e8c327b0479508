//! Is it a security key? What a report descriptor says, USB HID 1.11 §6.2.2.

/// Usage page of FIDO, and the usage of CTAPHID on it (CTAP 2.1 §11.2.8.2).
const FIDO: (u32, u32) = (0xF1D0, 0x01);

/// An item without its data: prefix `nnnn nn00` of the short form.
const USAGE_PAGE: u8 = 0x04;
const USAGE: u8 = 0x08;
const COLLECTION: u8 = 0xA0;
/// Prefix of the long form.
const LONG: u8 = 0xFE;

/// Whether `descriptor` describes a security key: a collection of its usage begins.
pub(crate) fn is_security_key(mut descriptor: &[u8]) -> bool {
    let (mut page, mut usage) = (0, None);
    while let Some((prefix, data, rest)) = item(descriptor) {
        descriptor = rest;
        let value = data.iter().rev().fold(0, |value, &byte| (value << 8) | u32::from(byte));
        match prefix {
            USAGE_PAGE => page = value,
            // Of four bytes, the upper half is the page.
            USAGE if data.len() == 4 => usage = Some((value >> 16, value & 0xFFFF)),
            USAGE => usage = Some((page, value)),
            COLLECTION if usage == Some(FIDO) => return true,
            // Main items (type 0) end what was said of usage.
            prefix if prefix & 0x0C == 0 => usage = None,
            _ => {}
        }
    }
    false
}

/// The first item: its prefix without the size, its data, and what follows.
fn item(descriptor: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&prefix, rest) = descriptor.split_first()?;
    if prefix == LONG {
        let [size, _tag, rest @ ..] = rest else { return None };
        let (data, rest) = rest.split_at_checked(usize::from(*size))?;
        return Some((LONG, data, rest));
    }
    let size = match prefix & 0x03 {
        3 => 4,
        size => usize::from(size),
    };
    let (data, rest) = rest.split_at_checked(size)?;
    Some((prefix & 0xFC, data, rest))
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    /// The one that CTAP 2.1 §11.2.8.2 prints.
    pub(crate) const KEY: [u8; 34] = hex!(
        "06 D0F1 09 01 A1 01 09 20 15 00 26 FF00 75 08 95 40 81 02"
        "09 21 15 00 26 FF00 75 08 95 40 91 02 C0"
    );

    #[test]
    fn a_security_key_is_known_by_usage_and_page() {
        assert!(is_security_key(&KEY));
        // The usage says its page itself.
        assert!(is_security_key(&hex!("0B 0100D0F1 A1 01 C0")));
        // A keyboard first, as in a key that also types codes.
        assert!(is_security_key(&[&hex!("05 01 09 06 A1 01 C0")[..], &KEY].concat()));
        // A long item, which means nothing to anybody.
        assert!(is_security_key(&[&hex!("FE 02 F0 AAAA")[..], &KEY].concat()));
    }

    #[test]
    fn other_devices_are_none() {
        for (what, descriptor) in [
            ("nothing", &hex!("")[..]),
            ("keyboard", &hex!("05 01 09 06 A1 01 05 07 19 E0 29 E7 C0")),
            ("another usage", &hex!("06 D0F1 09 02 A1 01 C0")),
            ("another page", &hex!("06 D0F2 09 01 A1 01 C0")),
            ("no collection", &hex!("06 D0F1 09 01")),
            ("the usage of another item", &hex!("06 D0F1 09 01 81 02 A1 01 C0")),
        ] {
            assert!(!is_security_key(descriptor), "{what}");
        }
    }

    #[test]
    fn a_descriptor_that_ends_anywhere_is_read_without_harm() {
        for length in 0..KEY.len() {
            assert_eq!(is_security_key(&KEY[..length]), length >= 7, "{length}");
        }
        for prefix in 0..=255_u8 {
            assert!(!is_security_key(&[prefix]));
            assert!(!is_security_key(&[prefix, 0xFF]));
        }
    }
}
