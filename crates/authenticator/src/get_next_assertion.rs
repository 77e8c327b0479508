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
    use hex_literal::hex;

    use super::*;
    use crate::Account;
    use crate::auth_data::AuthenticatorData;

    #[test]
    fn asks_with_one_byte() {
        assert_eq!(Request.encode(), [0x08]);
    }
    #[test]
    fn an_answer_is_read_member_by_member_and_counts_nothing() {
        let auth_data = [&[0x11; 32][..], &hex!("05 00000008")].concat();
        let answer = [
            &hex!("00 a4 01 a2 62 6964 42 ccdd 64 74797065 6a 7075626c69632d6b6579")[..],
            &hex!("02 58 25"),
            &auth_data,
            &hex!("03 43 300602"),
            &hex!("04 a3 62 6964 41 08 64 6e616d65 61 62 6b 646973706c61794e616d65 61 42"),
        ];
        let expected = get_assertion::Response {
            credential_id: Some(vec![0xCC, 0xDD]),
            data: AuthenticatorData::read(&auth_data).unwrap(),
            auth_data: auth_data.clone(),
            signature: vec![0x30, 0x06, 0x02],
            user_handle: Some(vec![8]),
            account: Account { name: "b".into(), display_name: "B".into() },
            number_of_credentials: None,
        };
        assert_eq!(Request::decode(&answer.concat()), Ok(expected));
    }
}
