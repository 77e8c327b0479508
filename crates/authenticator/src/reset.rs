//! `authenticatorReset` (0x07), CTAP 2.1 §6.6: forgets every credential, the PIN and all
//! fingerprints. Only within ten seconds of power-up, and after a touch.

use crate::command::{members, request};
use crate::{AnswerError, Command};

/// The request has no parameters.
pub(crate) struct Request;

impl Command for Request {
    const CODE: u8 = 0x07;
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
        assert_eq!(Request.encode(), [0x07]);
        assert_eq!(Request::decode(&[0x00]), Ok(()));
        let too_late = AnswerError::Status(Status::NOT_ALLOWED);
        assert_eq!(Request::decode(&[0x30]), Err(too_late));
    }
}
