//! What goes between agent and child, as each end reads it: frames of bytes into types.
//!
//! A module is somebody else's code, and may have made the child its own: what the agent hears is
//! a stranger's word. It is taken within its bounds and in its form, or the child is ended.

use std::io::{self, Read};

use authenticator::card_signer::{CardCertificate, KeyKind, SigningCard};
use zeroize::Zeroizing;

use crate::der;
use crate::frame::{self, MAX_ANSWER, MAX_QUESTION};
use crate::message::{
    Answer, Bytes, Card, MAX_CERTIFICATE, MAX_CERTIFICATES, MAX_TOKENS, Question, TokenId,
};
use crate::process::ChildError;

/// Bytes of a frame; a PIN may be among them.
pub type Frame = Zeroizing<Vec<u8>>;

/// The frame of the next answer, as the agent reads it.
///
/// # Errors
///
/// When it is too long, or does not come.
pub fn answer(from: &mut impl Read) -> io::Result<Frame> {
    frame::read(from, MAX_ANSWER)
}

/// What the module calls itself.
///
/// # Errors
///
/// [`ChildError::Module`], or [`ChildError::Protocol`] for what is no such answer; so with the
/// others here.
pub fn library(answer: &[u8]) -> Result<String, ChildError> {
    match parse(answer)? {
        Answer::Opened(library) => Ok(library),
        other => Err(no_answer(other)),
    }
}

/// The tokens that are there: in their order, and each once, for each is a card on the desk until
/// it is said to have left.
///
/// # Errors
///
/// As [`library`].
pub fn tokens(answer: &[u8]) -> Result<Vec<TokenId>, ChildError> {
    match parse(answer)? {
        Answer::Tokens(tokens) => {
            let is_list = tokens.len() <= MAX_TOKENS && tokens.is_sorted_by(|a, b| a < b);
            is_list.then_some(tokens).ok_or(ChildError::Protocol)
        }
        other => Err(no_answer(other)),
    }
}

/// What is on a token.
///
/// # Errors
///
/// As [`library`].
pub fn card(answer: &[u8], token: &TokenId) -> Result<SigningCard, ChildError> {
    match parse(answer)? {
        Answer::Card(card) => Ok(contents(token, card)),
        other => Err(no_answer(other)),
    }
}

/// A signature of such a key, in the form that COSE has for it. Whether it verifies, the caller
/// finds out.
///
/// # Errors
///
/// As [`library`].
pub fn signature(answer: &[u8], key: KeyKind) -> Result<Vec<u8>, ChildError> {
    match parse(answer)? {
        Answer::Signature(Bytes(raw)) => formed(key, raw).ok_or(ChildError::Protocol),
        other => Err(no_answer(other)),
    }
}

/// The next question as the child reads it, written once more, and the PIN that follows it.
///
/// # Errors
///
/// See [`Unheard`].
pub fn question(from: &mut impl Read) -> Result<(Vec<u8>, Option<Frame>), Unheard<io::Error>> {
    let (question, pin) = next(|| frame::read(from, MAX_QUESTION))?;
    Ok((serde_json::to_vec(&question)?, pin))
}

/// The next question of these frames, and the PIN that follows it.
pub(crate) fn next<E>(
    mut frames: impl FnMut() -> Result<Frame, E>,
) -> Result<(Question, Option<Frame>), Unheard<E>> {
    let question: Question = serde_json::from_slice(&frames().map_err(Unheard::Gone)?)?;
    let pin_follows = matches!(&question, Question::Sign(sign) if sign.pin_follows);
    let pin = if pin_follows { Some(frames().map_err(Unheard::Gone)?) } else { None };
    Ok((question, pin))
}

/// The agent asks no more, or nothing that makes sense.
#[derive(Debug, thiserror::Error)]
pub enum Unheard<E> {
    /// There is no next frame.
    #[error("the agent asks no more")]
    Gone(#[source] E),
    /// It is no question.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
}

fn parse(answer: &[u8]) -> Result<Answer, ChildError> {
    serde_json::from_slice(answer).map_err(|_| ChildError::Protocol)
}

/// Why there is none, or an answer that is not the one to the question.
fn no_answer(other: Answer) -> ChildError {
    match other {
        Answer::Failed(fault) => ChildError::Module(fault.into()),
        _ => ChildError::Protocol,
    }
}

/// What is not a certificate, or more than is told of, is left out.
fn contents(token: &TokenId, card: Card) -> SigningCard {
    let fits = |Bytes(der): &Bytes| der.len() <= MAX_CERTIFICATE;
    let ders = card.certificates.into_iter().take(MAX_CERTIFICATES).filter(fits);
    let parsed = ders.filter_map(|Bytes(der)| CardCertificate::parse(&der).ok());
    let (authorities, certificates): (Vec<_>, Vec<_>) = parsed.partition(|it| it.is_authority);
    SigningCard {
        label: token.label.clone(),
        certificates,
        authorities,
        tries: card.tries.into(),
        pin_at_reader: card.pin_at_reader,
    }
}

/// The signature in its form, if it is one of such a key.
fn formed(key: KeyKind, raw: Vec<u8>) -> Option<Vec<u8>> {
    match key {
        KeyKind::P256 => der::ecdsa(&raw, 32),
        KeyKind::P384 => der::ecdsa(&raw, 48),
        KeyKind::Rsa => (256..=512).contains(&raw.len()).then_some(raw),
        KeyKind::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::message::MAX_TEXT;

    use super::*;

    fn said(answer: &Value) -> Vec<u8> {
        serde_json::to_vec(answer).unwrap()
    }

    fn token(label: &str, serial: &str) -> Value {
        json!({ "slot": "reader", "label": label, "serial": serial })
    }

    fn list(of: &[Value]) -> Result<Vec<TokenId>, ChildError> {
        tokens(&said(&json!({ "Tokens": of })))
    }

    #[test]
    fn tokens_are_in_their_order_and_each_once_or_nobody_is_believed() {
        let named = |number: usize| token("card", &format!("{number:02}"));
        let most: Vec<_> = (0..MAX_TOKENS).map(named).collect();
        assert_eq!(list(&most).unwrap().len(), MAX_TOKENS);
        let [first, second] = [named(0), named(1)];
        for wrong in [
            vec![first.clone(), first.clone()],
            vec![second, first],
            (0..=MAX_TOKENS).map(named).collect(),
        ] {
            assert!(matches!(list(&wrong), Err(ChildError::Protocol)), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_that_is_no_plain_line_of_its_length_is_not_taken() {
        let (long, most) = ("ä".repeat(MAX_TEXT + 1), "ä".repeat(MAX_TEXT));
        assert_eq!(list(&[token(&most, "1")]).unwrap()[0].label, most);
        for wrong in ["a\nb", "\u{1b}[2J", &long] {
            for (label, serial) in [(wrong, "1"), ("card", wrong)] {
                assert!(matches!(list(&[token(label, serial)]), Err(ChildError::Protocol)));
            }
            let opened = library(&said(&json!({ "Opened": wrong })));
            assert!(matches!(opened, Err(ChildError::Protocol)), "{opened:?}");
        }
        for words in ["two\nlines".to_owned(), "x".repeat(201)] {
            let failed = library(&said(&json!({ "Failed": { "Module": words } })));
            assert!(matches!(failed, Err(ChildError::Protocol)), "{failed:?}");
        }
    }

    #[test]
    fn a_question_brings_its_pin_and_no_other_frame() {
        let sign = json!({ "Sign": {
            "token": token("card", "1"), "certificate": "", "with": "Es256", "message": "",
            "pin_follows": true, "dares_last_try": false,
        } });
        let mut pipe = Vec::new();
        for part in [&said(&json!({ "Tokens": null })), &said(&sign), &b"123456".to_vec()] {
            frame::write(&mut pipe, part).unwrap();
        }
        let mut pipe = &pipe[..];
        assert!(question(&mut pipe).unwrap().1.is_none());
        let (_, pin) = question(&mut pipe).unwrap();
        assert_eq!(**pin.unwrap(), *b"123456");
        assert!(matches!(question(&mut pipe), Err(Unheard::Gone(_))));
        assert!(matches!(question(&mut &b"\0\0\0\x02{}"[..]), Err(Unheard::Malformed(_))));
    }
}
