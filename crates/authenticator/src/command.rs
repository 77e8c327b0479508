use ciborium::Value;

use crate::cbor::{self, Malformed, Members};
use crate::{CommandError, Control, CtapLink, Status};

/// One authenticator command (§6): its code, its parameters, and the answer it gets.
pub trait Command {
    /// Command byte, §6.
    const CODE: u8;

    /// The answer of the authenticator when the status is [`Status::SUCCESS`].
    type Response;

    /// The whole request: command byte, then the CBOR map of the parameters, if there are any.
    fn encode(&self) -> Vec<u8>;

    /// Reads an answer: status byte, then CBOR, then nothing.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Status`] when the authenticator refuses, [`AnswerError::Malformed`]
    /// when its answer is not what §6 promises.
    fn decode(answer: &[u8]) -> Result<Self::Response, AnswerError>;
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The authenticator refused; the caller decides what that means.
    #[error("authenticator answered {0:?}")]
    Status(Status),
    /// The bytes are not an answer to this command. Never echoes them: they may hold user data.
    #[error("malformed answer from the authenticator")]
    Malformed,
}

impl From<Malformed> for AnswerError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Runs one command. The only place where a message meets a link.
///
/// # Errors
///
/// See [`CommandError`].
pub fn execute<C: Command>(
    link: &mut (impl CtapLink + ?Sized),
    command: &C,
    control: &mut Control<'_>,
) -> Result<C::Response, CommandError> {
    let answer = link.call(&command.encode(), control)?;
    Ok(C::decode(&answer)?)
}

/// A request of `code` with `parameters`, which the caller gives in canonical order.
pub(crate) fn request(code: u8, parameters: Vec<(Value, Value)>) -> Vec<u8> {
    let mut request = vec![code];
    if !parameters.is_empty() {
        cbor::write(&Value::Map(parameters), &mut request);
    }
    request
}

/// What follows the status byte of an answer.
pub(crate) fn body(answer: &[u8]) -> Result<&[u8], AnswerError> {
    let (&status, body) = answer.split_first().ok_or(AnswerError::Malformed)?;
    if Status(status) == Status::SUCCESS {
        Ok(body)
    } else {
        Err(AnswerError::Status(Status(status)))
    }
}

/// The members of an answer that is a map. No body at all is a map without members: commands
/// like setPIN answer so, and some authenticators send nothing where others send `a0`.
pub(crate) fn members(answer: &[u8]) -> Result<Members, AnswerError> {
    let body = body(answer)?;
    let map = if body.is_empty() { Value::Map(Vec::new()) } else { cbor::read(body)? };
    Ok(Members::of(map)?)
}
