//! Bytes of which some are not told.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A message as a trace has it: `None` is a byte that is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Masked(Vec<Option<u8>>);

impl Masked {
    pub(crate) fn shown(bytes: &[u8]) -> Self {
        Self(bytes.iter().copied().map(Some).collect())
    }

    /// Only so many are told.
    pub(crate) fn shown_to(end: usize, bytes: &[u8]) -> Self {
        Self((0..).zip(bytes).map(|(at, byte)| Some(*byte).filter(|_| at < end)).collect())
    }

    /// What lies in these ranges is not told.
    pub(crate) fn without(bytes: &[u8], hidden: &[Range<usize>]) -> Self {
        let is_hidden = |at: usize| hidden.iter().any(|range| range.contains(&at));
        let masked = bytes.iter().enumerate();
        Self(masked.map(|(at, byte)| Some(*byte).filter(|_| !is_hidden(at))).collect())
    }

    /// Where other bytes differ first from these, if they do: those that are not told are like any.
    pub(crate) fn difference(&self, bytes: &[u8]) -> Option<usize> {
        let differs = |(mine, other): (&Option<u8>, &u8)| mine.is_some_and(|mine| mine != *other);
        let position = self.0.iter().zip(bytes).position(differs);
        let shorter = self.0.len().min(bytes.len());
        position.or_else(|| (self.0.len() != bytes.len()).then_some(shorter))
    }

    /// All bytes, with zeros for those that are not told.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.iter().map(|byte| byte.unwrap_or_default()).collect()
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("-");
        }
        for run in self.0.chunk_by(|a, b| a.is_none() && b.is_none()) {
            match run.first() {
                Some(Some(byte)) => write!(f, "{byte:02X}")?,
                _ => write!(f, "{{{}}}", run.len())?,
            }
        }
        Ok(())
    }
}

/// No message is longer: a reader counts in 16 bits.
const LONGEST: usize = 0xFFFF;

impl FromStr for Masked {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "-" {
            return Ok(Self(Vec::new()));
        }
        let mut bytes = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(hidden) = rest.strip_prefix('{') {
                let (count, behind) = hidden.split_once('}').ok_or(())?;
                let count: usize = count.parse().map_err(drop)?;
                bytes.resize(bytes.len().saturating_add(count).min(LONGEST), None);
                rest = behind;
            } else {
                let (byte, behind) = rest.split_at_checked(2).ok_or(())?;
                bytes.push(Some(u8::from_str_radix(byte, 16).map_err(drop)?));
                rest = behind;
            }
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::single_range_in_vec_init, reason = "one range is meant")]

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let masked = Masked::without(&[1, 2, 3, 0xAB, 5], &[1..3, 4..5]);
        assert_eq!(masked.to_string(), "01{2}AB{1}");
        assert_eq!("01{2}AB{1}".parse(), Ok(masked.clone()));
        assert_eq!(masked.bytes(), [1, 0, 0, 0xAB, 0]);
        assert_eq!("-".parse(), Ok(Masked::shown(&[])));
        assert_eq!(Masked::shown(&[]).to_string(), "-");
        for wrong in ["0", "0x", "{", "{x}", "é1"] {
            assert_eq!(wrong.parse::<Masked>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_told_is_like_any_other_of_its_length() {
        let masked = Masked::without(&[1, 2, 3], &[1..2]);
        assert_eq!(masked.difference(&[1, 9, 3]), None);
        assert_eq!(masked.difference(&[1, 9, 4]), Some(2));
        assert_eq!(masked.difference(&[1, 9]), Some(2));
        assert_eq!(masked.difference(&[1, 9, 3, 4]), Some(3));
    }
}
