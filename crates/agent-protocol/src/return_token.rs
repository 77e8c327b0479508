use serde::{Deserialize, Serialize};

use crate::codes::CodeError;

/// What the browser brings back to the server, to confirm an agent that was offered to its login.
///
/// # Security
///
/// By itself it opens nothing: it counts in the one browser that holds the login to which the
/// agent was offered. It goes into an address, so it is nothing but base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnToken(String);

impl ReturnToken {
    /// As it stands in the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReturnToken {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let legal = (32..=128).contains(&text.len()) && text.bytes().all(plain);
        if legal { Ok(Self(text)) } else { Err(CodeError::Return) }
    }
}

impl From<ReturnToken> for String {
    fn from(token: ReturnToken) -> Self {
        token.0
    }
}

impl std::fmt::Debug for ReturnToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReturnToken(********)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_token_can_only_be_the_end_of_an_address() {
        let good = ReturnToken::try_from("aB3-_".repeat(10)).unwrap();
        assert_eq!(format!("{good:?}"), "ReturnToken(********)");
        let long = "a".repeat(129);
        for bad in ["", "short", &"a b".repeat(20), &"a/..".repeat(20), &"ä".repeat(40), &long] {
            assert!(ReturnToken::try_from((*bad).to_owned()).is_err(), "{bad}");
        }
    }
}
