//! `authenticatorSelection` (0x0B), CTAP 2.1 §6.9: the person chooses one of several
//! authenticators by touching it. Each gets this command; the first to answer is chosen, and the
//! others are cancelled.

use crate::command::{members, request};
use crate::{AnswerError, Command};

/// The request has no parameters.
#[derive(Debug)]
pub struct Request;

impl Command for Request {
    const CODE: u8 = 0x0B;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        request(Self::CODE, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    #[test]
    fn asks_with_one_byte_and_reads_a_bare_status() {
        assert_eq!(Request.encode(), [0x0B]);
        assert_eq!(Request::decode(&[0x00]), Ok(()));
        let denied = AnswerError::Status(Status::OPERATION_DENIED);
        assert_eq!(Request::decode(&[0x27]), Err(denied));
    }
}
