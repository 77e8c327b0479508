//! Just enough of CBOR to find the members of a map that must not be told.

use std::ops::Range;

/// Nobody nests deeper: what does is hidden.
const DEPTH: u32 = 8;

/// Where the values of these members are in a map. From where it is no CBOR, or ends too early, all
/// is counted among them: it may be one that is cut.
pub(super) fn members(map: &[u8], names: &[u64]) -> Vec<Range<usize>> {
    let mut reader = Reader { bytes: map, at: 0 };
    let mut found = Vec::new();
    let known = reader.members(names, &mut found).map_or_else(|known| known, |()| reader.at);
    found.push(known..map.len());
    found
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Major type and argument (RFC 8949 §3).
struct Head {
    major: u8,
    argument: u64,
}

impl Reader<'_> {
    /// An error is where the last thing ends that is known.
    fn members(&mut self, names: &[u64], found: &mut Vec<Range<usize>>) -> Result<(), usize> {
        let Some(Head { major: 5, argument: count }) = self.head() else { return Err(0) };
        for _ in 0..count {
            let begun = self.at;
            let name = self.head().ok_or(begun)?;
            if name.major > 1 {
                self.at = begun;
                self.skip(DEPTH).ok_or(begun)?;
            }
            let value = self.at;
            self.skip(DEPTH).ok_or(value)?;
            if name.major == 0 && names.contains(&name.argument) {
                found.push(self.content(value)..self.at);
            }
        }
        Ok(())
    }

    /// Where the content of a string begins; other values are hidden with their head.
    fn content(&self, value: usize) -> usize {
        let mut head = Reader { bytes: self.bytes, at: value };
        match head.head() {
            Some(Head { major: 2 | 3, .. }) => head.at,
            _ => value,
        }
    }

    fn head(&mut self) -> Option<Head> {
        let first = *self.take(1)?.first()?;
        let length = match first & 0x1F {
            small @ 0..=23 => return Some(Head { major: first >> 5, argument: small.into() }),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            // Of indefinite length, which CTAP forbids.
            _ => return None,
        };
        let fold = |number: u64, byte: &u8| number.wrapping_shl(8) | u64::from(*byte);
        let argument = self.take(length)?.iter().fold(0, fold);
        Some(Head { major: first >> 5, argument })
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn skip(&mut self, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let Head { major, argument } = self.head()?;
        let inside = match major {
            2 | 3 => return self.take(usize::try_from(argument).ok()?).map(drop),
            4 => argument,
            5 => argument.checked_mul(2)?,
            6 => 1,
            _ => 0,
        };
        for _ in 0..inside {
            self.skip(depth)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::single_range_in_vec_init, reason = "one range is meant")]

    use super::*;

    /// `{1: 2, 3: {1: h'01'}, 5: h'AABB', "x": 1, 6: 7}`
    const MAP: [u8; 18] =
        [0xA5, 1, 2, 3, 0xA1, 1, 0x41, 1, 5, 0x42, 0xAA, 0xBB, 0x61, b'x', 1, 6, 0x07, 0];

    #[test]
    fn members_are_found_and_what_follows_the_map_is_hidden() {
        assert_eq!(members(&MAP, &[5, 6]), [10..12, 16..17, 17..18]);
        assert_eq!(members(&MAP[..17], &[9]), [17..17]);
    }

    #[test]
    fn what_is_cut_is_hidden_from_there() {
        for end in 1..MAP.len() - 1 {
            let hidden = members(&MAP[..end], &[5, 6]);
            for at in [10, 11, 16].into_iter().filter(|at| *at < end) {
                assert!(hidden.iter().any(|range| range.contains(&at)), "{end}: {at}");
            }
        }
        assert_eq!(members(&[0xFF, 1, 2], &[5]), [0..3]);
        assert_eq!(members(&[0xBF, 5, 0x41, 9, 0xFF], &[5]), [0..5]);
        assert_eq!(
            members(&[0xA1, 1, 0x5B, 255, 255, 255, 255, 255, 255, 255, 255], &[5]),
            [2..11]
        );
        let deep = [&[0xA1, 1][..], &[0x81; 5_000]].concat();
        assert_eq!(members(&deep, &[5]), [2..5_002]);
    }
}
