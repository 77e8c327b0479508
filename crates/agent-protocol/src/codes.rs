//! What people read from one screen and type or compare on another.

use serde::{Deserialize, Serialize};

/// The alphabet of enrolment codes (RFC 8628 §6.1): no vowels, so no words, and no digits, so
/// nothing that looks like a letter. Eight of them are 34 bits; a code lives ten minutes and
/// allows five wrong tries.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// What is wrong with what somebody typed. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Not eight letters of the alphabet.
    #[error("a code has eight letters, like KRQM-BXPT, none of them a vowel")]
    Enrolment,
    /// Not two digits.
    #[error("the number has two digits")]
    Match,
    /// Not letters and digits of base64url, or not as many as a return token has.
    #[error("that is no return token")]
    Return,
}

/// The code that a page shows and a person types into the agent, to enrol it.
///
/// # Security
///
/// Whoever has the code can offer a device for that login, no more: the page confirms it. It
/// does not print, and the server keeps only its hash.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnrolmentCode(String);

impl EnrolmentCode {
    /// Makes a code of 128 random bits; no letter is likelier than another.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let mut rest = u128::from_be_bytes(bytes);
        let mut letters = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            let index = usize::try_from(rest % 20).unwrap_or_default();
            letters.push(ALPHABET.get(index).copied().map_or('B', char::from));
            rest /= 20;
        }
        Self(letters)
    }

    /// The eight letters without the dash: what is sent and hashed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people read it: `KRQM-BXPT`.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(4).unwrap_or((&self.0, ""));
        format!("{first}-{second}")
    }
}

impl std::str::FromStr for EnrolmentCode {
    type Err = CodeError;

    /// Reads what a person typed: case, spaces and dashes do not count.
    fn from_str(typed: &str) -> Result<Self, CodeError> {
        let is_noise = |c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}');
        let letters: String =
            typed.chars().filter(|c| !is_noise(*c)).map(|c| c.to_ascii_uppercase()).collect();
        let legal = letters.len() == LENGTH && letters.bytes().all(|b| ALPHABET.contains(&b));
        if legal { Ok(Self(letters)) } else { Err(CodeError::Enrolment) }
    }
}

impl TryFrom<String> for EnrolmentCode {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        text.parse()
    }
}

impl From<EnrolmentCode> for String {
    fn from(code: EnrolmentCode) -> Self {
        code.0
    }
}

impl std::fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnrolmentCode(********)")
    }
}

/// The number that stands on the page and on the agent: `00` to `99`, always two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MatchCode(u8);

impl MatchCode {
    /// Makes a number of 32 random bits.
    pub fn from_random(bytes: [u8; 4]) -> Self {
        let number = u32::from_be_bytes(bytes) % 100;
        Self(u8::try_from(number).unwrap_or_default())
    }

    /// The number, `0` to `99`.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for MatchCode {
    type Error = CodeError;

    fn try_from(number: u8) -> Result<Self, CodeError> {
        if number < 100 { Ok(Self(number)) } else { Err(CodeError::Match) }
    }
}

impl TryFrom<String> for MatchCode {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        let legal = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let number = legal.then(|| text.parse().ok()).flatten();
        number.map(Self).ok_or(CodeError::Match)
    }
}

impl From<MatchCode> for String {
    fn from(code: MatchCode) -> Self {
        code.to_string()
    }
}

impl std::fmt::Display for MatchCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_a_person_types_it() {
        for typed in ["KRQMBXPT", "krqm-bxpt", " KRQM bxpt\n", "k r q m – b x p t"] {
            let code: EnrolmentCode = typed.parse().unwrap();
            assert_eq!(code.as_str(), "KRQMBXPT", "{typed}");
            assert_eq!(code.shown(), "KRQM-BXPT");
        }
        for typed in ["", "KRQM-BXP", "KRQM-BXPTT", "KRQM-BXPA", "KRQM-BXP1", "KRQM_BXPT", "ÄÄÄÄ"]
        {
            assert_eq!(typed.parse::<EnrolmentCode>().unwrap_err(), CodeError::Enrolment);
        }
    }

    #[test]
    fn a_made_code_can_be_read_back_and_uses_the_whole_alphabet() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..=255_u8 {
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &[seed]);
            let code = EnrolmentCode::from_random(hash.as_ref()[..16].try_into().unwrap());
            assert_eq!(code.shown().parse::<EnrolmentCode>().unwrap().as_str(), code.as_str());
            seen.extend(code.as_str().bytes());
        }
        assert_eq!(seen.len(), ALPHABET.len());
    }

    #[test]
    fn a_code_does_not_print() {
        let code: EnrolmentCode = "KRQM-BXPT".parse().unwrap();
        assert_eq!(format!("{code:?}"), "EnrolmentCode(********)");
    }

    #[test]
    fn a_number_always_has_two_digits() {
        assert_eq!(MatchCode::from_random([0, 0, 0, 7]).to_string(), "07");
        assert_eq!(MatchCode::from_random([0, 0, 0, 147]).to_string(), "47");
        assert_eq!(MatchCode::try_from(7), MatchCode::try_from("07".to_owned()));
        assert_eq!(MatchCode::try_from(99).map(MatchCode::number), Ok(99));
        assert_eq!(MatchCode::try_from(100), Err(CodeError::Match));
        for bad in ["", "7", "147", "4x", "٤٧"] {
            assert!(MatchCode::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
