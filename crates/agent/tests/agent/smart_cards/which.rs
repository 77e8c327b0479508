//! Which certificate answers.

use agent_protocol::{Outcome, Refused};

use super::ceremonies::{PIN, ask, check, of_cards, paired};
use crate::support::tokens::{ADA, Hsm, Make};
use crate::support::{Desktop, enrol, login, paired as paired_without};

#[tokio::test(flavor = "multi_thread")]
async fn of_several_certificates_the_one_that_is_asked_for_signs() {
    let hsm = Hsm::new();
    hsm.token("ada");
    hsm.key("ada", "01", &ADA);
    let second = hsm.key("ada", "02", &Make { name: "Ada's second", ..ADA });
    hsm.key("ada", "03", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&[PIN]);
    let request = ask(&server, &second);
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    check(&hsm, &statement, &request, &second);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_certificates_the_person_says_which_is_enrolled() {
    let hsm = Hsm::new();
    hsm.token("ada");
    // The one that is good longest is offered first.
    hsm.key("ada", "01", &Make { name: "Long", days: "60", ..ADA });
    let short = hsm.key("ada", "02", &Make { name: "Short", ..ADA });
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&["another", "ok", PIN]);
    let request = of_cards(enrol(&server, vec![]));
    server.ask(&request);
    let Outcome::X509Registration(statement) = server.outcome().await.1 else { panic!("no") };
    check(&hsm, &statement, &request, &short);
    assert!(desktop.person.saw().contains("Use this one?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_do_not_sign_people_in_are_not_used() {
    for (number, extensions) in [
        (1, "keyUsage = critical, keyEncipherment"),
        (2, "extendedKeyUsage = 2.16.840.1.101.3.6.8"),
    ] {
        let hsm = Hsm::new();
        hsm.token("ada");
        let make = Make { extensions, ..ADA };
        let certificate = hsm.key("ada", "01", &make);
        let (desktop, server) = paired(&hsm).await;
        desktop.person.will(&["cancel"]);
        ask(&server, &certificate);
        assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled), "{number}");
        let saw = desktop.person.saw();
        assert!(saw.contains("no certificate that can be used here now"), "{number}: {saw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_of_somebody_else_is_not_asked_for_its_pin() {
    let (hsm, other) = (Hsm::new(), Hsm::new());
    for hsm in [&hsm, &other] {
        hsm.token("card");
    }
    hsm.key("card", "01", &ADA);
    let wanted = other.key("card", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&["cancel"]);
    ask(&server, &wanted);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    let saw = desktop.person.saw();
    assert!(saw.contains("does not belong to your account"), "{saw}");
    assert!(!saw.contains("GETPIN"), "{saw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_on_the_card_is_neither_offered_nor_sent() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let authority = "basicConstraints = critical, CA:TRUE";
    hsm.certificate("ada", "09", &Make { name: "Ada Lovelace", extensions: authority, ..ADA });
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&[PIN]);
    let request = ask(&server, &certificate);
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    let bytes = check(&hsm, &statement, &request, &certificate);
    assert!(bytes.chain.is_empty(), "it has signed itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_cards_alone_is_refused_at_once_where_no_module_is() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server): (Desktop, _) = paired_without().await;
    server.ask(&of_cards(login(&server, vec![certificate.descriptor()])));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoCard));
    assert_eq!(desktop.person.dialogs(), 0);
}
