use authenticator::card_signer::{KeyKind, SigningCard};
use link_pkcs11::{ChildError, TokenId, wire};

/// The child with somebody else's module says these bytes to the agent; or an agent to the child.
pub fn pkcs11_child(data: &[u8]) {
    understood(data);
}

/// Frames on the pipe, as far as they are any: so many of them are understood. The first byte, the
/// lowest three bits: what they answer, or that they are questions.
pub fn understood(data: &[u8]) -> usize {
    let Some((how, mut pipe)) = data.split_first() else { return 0 };
    let mut understood = 0;
    if how & 7 == 7 {
        while question(&mut pipe) {
            understood += 1;
        }
        return understood;
    }
    while let Ok(answer) = wire::answer(&mut pipe) {
        assert!(answer.len() < data.len(), "an answer of {}", answer.len());
        let result = match how & 7 {
            0 => wire::library(&answer).map(|library| plain(&library)),
            1 => wire::tokens(&answer).map(|tokens| listed(&tokens)),
            2 => wire::card(&answer, &token()).map(|card| read(&card)),
            3 => signed(&answer, KeyKind::P256, 8..=72),
            4 => signed(&answer, KeyKind::P384, 8..=104),
            5 => signed(&answer, KeyKind::Rsa, 256..=512),
            // There is none of such a key.
            _ => signed(&answer, KeyKind::Other, 0..=0),
        };
        match result {
            Ok(()) => understood += 1,
            Err(ChildError::Module(error)) => {
                understood += 1;
                let source = std::error::Error::source(&error).map(ToString::to_string);
                let words = source.unwrap_or_default();
                assert!(words.chars().count() <= 200 && !words.contains(char::is_control));
            }
            Err(ChildError::Protocol) => {}
            Err(other) => panic!("nothing has happened but an answer: {other}"),
        }
    }
    understood
}

/// What is read once is read again as the same.
fn question(pipe: &mut &[u8]) -> bool {
    let Ok((question, pin)) = wire::question(pipe) else { return false };
    let mut again = Vec::new();
    for frame in [Some(&question), pin.as_deref()].into_iter().flatten() {
        let length = u32::try_from(frame.len()).expect("a frame is shorter");
        again.extend(length.to_be_bytes());
        again.extend(frame);
    }
    // Longer as it is written than as it was read: then it is one that no agent sends.
    let Ok((same, same_pin)) = wire::question(&mut &again[..]) else { return true };
    assert!(same == question && same_pin == pin, "it has changed");
    true
}

fn token() -> TokenId {
    TokenId { slot: "reader".into(), label: "card".into(), serial: "1".into() }
}

fn plain(text: &str) {
    assert!(text.chars().count() <= 64 && !text.contains(char::is_control), "{text:?}");
}

fn listed(tokens: &[TokenId]) {
    assert!(tokens.len() <= 16 && tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
    for token in tokens {
        for text in [&token.slot, &token.label, &token.serial] {
            plain(text);
        }
    }
}

fn read(card: &SigningCard) {
    assert_eq!(card.label, "card");
    let all: Vec<_> = card.certificates.iter().chain(&card.authorities).collect();
    assert!(all.len() <= 24 && all.iter().all(|it| it.der.len() <= 8 * 1024));
}

fn signed(
    answer: &[u8],
    key: KeyKind,
    lengths: std::ops::RangeInclusive<usize>,
) -> Result<(), ChildError> {
    let signature = wire::signature(answer, key)?;
    assert!(lengths.contains(&signature.len()), "a signature of {}", signature.len());
    Ok(())
}
