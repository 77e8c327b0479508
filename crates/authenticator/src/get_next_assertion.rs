//! `authenticatorGetNextAssertion` (0x08), CTAP 2.1 §6.3. Within 30 s of the assertion before it;
//! any other command in between ends the series.

use crate::command::{members, request};
use crate::{AnswerError, Command, get_assertion};

/// The request has no parameters.
pub(crate) struct Request;

impl Command for Request {
    const CODE: u8 = 0x08;
    type Response = get_assertion::Response;

    fn encode(&self) -> Vec<u8> {
        request(Self::CODE, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<get_assertion::Response, AnswerError> {
        get_assertion::Response::read(members(answer)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_with_one_byte() {
        assert_eq!(Request.encode(), [0x08]);
    }
}
