//! A device that is added to an account needs the person's word, or a PIN that they entered for it.

use std::sync::Arc;

use agent_protocol::{Outcome, Refused, SignedRequest, UserVerification};
use authenticator::{CeremonyLink, Control, CtapLink, LinkError, Unshared};
use aws_lc_rs::digest::{SHA256, digest};
use firmware_sim::SimLink;

use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::{Desktop, descriptor, enrol, new_card, paired};

/// An enrolment for which nobody need be known by a PIN, at which nothing lies on the reader.
async fn asked_without_pin() -> (Desktop, Server, String) {
    let (desktop, server) = paired().await;
    desktop.person.will(&["wait"]);
    server.ask(&SignedRequest {
        user_verification: UserVerification::Discouraged,
        ..enrol(&server, vec![])
    });
    let dialog = desktop.person.looks_at(1).await;
    (desktop, server, dialog)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_comes_is_added_only_after_a_word_of_the_person() {
    for (seed, answer) in [(110, "cancel"), (111, "ok")] {
        let (desktop, server, dialog) = asked_without_pin().await;
        desktop.person.will(&[answer]);
        let card = new_card(seed);
        desktop.reader.put_into("desk reader", &card);
        ended(&dialog).await;
        let outcome = server.outcome().await.1;
        let saw = desktop.person.saw();
        let asked = "Card in \"desk reader\"%0A%0AIt will open your account from now on.";
        assert!(saw.contains(asked) && saw.contains("SETOK Use this card"), "{saw}");
        assert_eq!(desktop.person.dialogs(), 2);
        if answer == "ok" {
            descriptor(&outcome);
        } else {
            assert_eq!(outcome, Outcome::Refused(Refused::Cancelled));
            assert_eq!(card.holder().times_asked(), 0, "nothing was made");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_lies_there_is_asked_about_once() {
    let (desktop, server) = paired().await;
    desktop.reader.put_into("desk reader", &new_card(112));
    desktop.person.will(&["ok"]);
    server.ask(&SignedRequest {
        user_verification: UserVerification::Discouraged,
        ..enrol(&server, vec![])
    });
    descriptor(&server.outcome().await.1);
    let saw = desktop.person.saw();
    assert!(saw.contains("Card in \"desk reader\"") && desktop.person.dialogs() == 1, "{saw}");
}

/// Says at first that it takes a PIN, and then that it knows its holder by itself.
struct Turncoat {
    link: SimLink,
    is_known: bool,
}

impl CtapLink for Turncoat {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        // The member "uv" of the options is nothing that the firmware knows.
        let request = replaced(request, b"\xA2\x62rk\xF5\x62uv\xF5", b"\xA1\x62rk\xF5");
        let answer = self.link.call(&request, control)?;
        Ok(match request.first() {
            Some(0x01) => verified(answer),
            Some(0x04) if std::mem::replace(&mut self.is_known, true) => {
                let answer = replaced(&answer, b"\x69clientPin\xF4", b"\x62uv\xF5");
                replaced(&answer, b"\x6EpinUvAuthToken\xF5", b"\x6EpinUvAuthToken\xF4")
            }
            _ => answer,
        })
    }
}

fn replaced(bytes: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    match bytes.windows(part.len()).position(|window| window == part) {
        Some(at) => [&bytes[..at], by, &bytes[at + part.len()..]].concat(),
        None => bytes.to_vec(),
    }
}

/// Sets the bit of the verified person, which follows the hash of the RP ID.
fn verified(mut answer: Vec<u8>) -> Vec<u8> {
    let hash = digest(&SHA256, b"localhost");
    let at = answer.windows(32).position(|window| window == hash.as_ref()).unwrap();
    answer[at + 32] |= 0x04;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_says_to_take_a_pin_and_then_takes_none_is_not_added() {
    let (desktop, server) = paired().await;
    let card = new_card(113);
    let of_card = Arc::clone(&card);
    desktop.reader.put_by(Arc::new(move || {
        let link = Turncoat { link: of_card.link(), is_known: false };
        let link: Box<dyn CeremonyLink> = Box::new(Unshared(link));
        Ok(link)
    }));
    server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Failed));
    assert_eq!(card.holder().times_asked(), 1, "it has made one, of which nobody hears");
    assert!(!desktop.person.saw().contains("GETPIN"));
}
