//! Signing in and setting up a card with a certificate.

use agent_protocol::x509_statement::{
    StatementBytes, StatementData, StatementType, algorithm, authenticator_data,
    certificate_sha256, signed_bytes,
};
use agent_protocol::{
    CredentialDescriptor, Outcome, Refused, SignedRequest, X509_CARD, X509Statement,
};

use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::tokens::{ADA, Certificate, ED25519, Hsm, Make, P384, RSA};
use crate::support::{Desktop, descriptor, enrol, login, new_card};

pub(super) const PIN: &str = "pin 271828";

/// A desktop with the module, paired.
pub(super) async fn paired(hsm: &Hsm) -> (Desktop, Server) {
    let (desktop, server) = (Desktop::with(Some(hsm.modules())), Server::start().await);
    desktop.pair(&server).await;
    (desktop, server)
}

/// The same request to cards with certificates alone.
pub(super) fn of_cards(request: SignedRequest) -> SignedRequest {
    SignedRequest { kinds: vec![X509_CARD.into()], ..request }
}

/// The same request to devices of both kinds.
pub(super) fn of_both(request: SignedRequest) -> SignedRequest {
    SignedRequest { kinds: vec!["fido2".into(), X509_CARD.into()], ..request }
}

/// A statement that holds for the request and the certificate, by OpenSSL's judgement.
pub(super) fn check(
    hsm: &Hsm,
    statement: &X509Statement,
    request: &SignedRequest,
    certificate: &Certificate,
) -> StatementBytes {
    let bytes = statement.decode().unwrap();
    assert_eq!(bytes.certificate, certificate.der);
    assert_eq!(bytes.authenticator_data, authenticator_data("localhost", 0x05));
    let data = StatementData::parse(&bytes.client_data_json).unwrap();
    assert_eq!(data.challenge, request.challenge);
    assert_eq!((&data.origin, data.cross_origin), (&request.origin, false));
    let bound = data.cardea;
    assert_eq!((bound.v, &*bound.kind, &*bound.tenant), (1, X509_CARD, "acme"));
    assert_eq!(
        (&bound.txn, bound.cert_sha256),
        (&request.txn, certificate_sha256(&certificate.der))
    );
    let hash = if bytes.alg == algorithm::ES384 { "-sha384" } else { "-sha256" };
    let message = signed_bytes(&bytes.authenticator_data, &bytes.client_data_json);
    assert_eq!(message.len(), 69);
    assert!(hsm.has_signed(certificate, hash, &message, &bytes.signature));
    bytes
}

/// Asks for a login with this certificate.
pub(super) fn ask(server: &Server, certificate: &Certificate) -> SignedRequest {
    let request = of_cards(login(server, vec![certificate.descriptor()]));
    server.ask(&request);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_of_every_kind_sign_in_after_their_pin() {
    let hsm = Hsm::new();
    let (desktop, server) = paired(&hsm).await;
    for (label, make, alg) in [
        ("p256", ADA, algorithm::ES256),
        ("p384", Make { algorithm: P384, ..ADA }, algorithm::ES384),
        ("rsa", Make { algorithm: RSA, ..ADA }, algorithm::RS256),
    ] {
        hsm.token(label);
        let certificate = hsm.key(label, "01", &make);
        desktop.person.will(&[PIN]);
        let request = ask(&server, &certificate);
        let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("{label}") };
        let bytes = check(&hsm, &statement, &request, &certificate);
        let data = StatementData::parse(&bytes.client_data_json).unwrap();
        assert_eq!((data.statement_type, bytes.alg), (StatementType::Get, alg), "{label}");
        let saw = desktop.person.saw();
        assert!(saw.contains("Certificate of \"Ada Lovelace\", on the card"), "{saw}");
        assert!(saw.contains(&format!("\"{label}\"")), "{saw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_enrolled_and_not_a_second_time() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&[PIN]);
    let request = of_cards(enrol(&server, vec![]));
    server.ask(&request);
    let Outcome::X509Registration(statement) = server.outcome().await.1 else { panic!("no") };
    let bytes = check(&hsm, &statement, &request, &certificate);
    let data = StatementData::parse(&bytes.client_data_json).unwrap();
    assert_eq!(data.statement_type, StatementType::Create);

    desktop.person.will(&["cancel"]);
    server.ask(&of_cards(enrol(&server, vec![certificate.descriptor()])));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    let saw = desktop.person.saw();
    assert!(saw.contains("added to your account already"), "{saw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_is_told_and_each_pin_is_tried_once() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&["pin 000000", "pin 1", PIN]);
    ask(&server, &certificate);
    assert!(matches!(server.outcome().await.1, Outcome::X509Assertion(_)));
    let saw = desktop.person.saw();
    assert!(saw.contains("SETERROR Wrong PIN. The card does not say how many tries"), "{saw}");
    assert!(saw.contains("SETERROR A PIN has at least four characters."), "{saw}");
    assert_eq!(desktop.person.dialogs(), 3);

    // One who does not go on after a wrong PIN is not asked again, and nothing is tried.
    desktop.person.will(&["pin 000000", "cancel"]);
    ask(&server, &certificate);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    assert_eq!(desktop.person.dialogs(), 5);

    // The next request says so before a PIN is typed.
    desktop.person.will(&[PIN]);
    ask(&server, &certificate);
    assert!(matches!(server.outcome().await.1, Outcome::X509Assertion(_)));
    let saw = desktop.person.saw();
    assert!(
        saw.contains("SETERROR The last PIN that was entered for this card was wrong."),
        "{saw}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_cancels_while_the_pin_is_asked_for() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&["wait"]);
    let ticket = server.ask(&of_cards(login(&server, vec![certificate.descriptor()])));
    let dialog = desktop.person.looks_at(1).await;
    server.cancel(&ticket);
    ended(&dialog).await;
    assert!(!server.has_outcome().await);
    // The card is free again.
    desktop.person.will(&[PIN]);
    ask(&server, &certificate);
    assert!(matches!(server.outcome().await.1, Outcome::X509Assertion(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_the_server_does_not_ask_for_is_not_asked() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&["cancel"]);
    let of_fido = CredentialDescriptor { kind: "public-key".into(), ..certificate.descriptor() };
    server.ask(&login(&server, vec![certificate.descriptor(), of_fido]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    let saw = desktop.person.saw();
    assert!(saw.contains("Put your card on the reader"), "{saw}");
    assert!(!saw.contains("Ada Lovelace"), "{saw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allow_list_of_certificates_alone_does_not_let_any_fido_card_answer() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    let card = new_card(90);
    desktop.reader.put(&card);
    desktop.person.will(&[PIN, PIN]);
    server.ask(&enrol(&server, vec![]));
    let of_fido = descriptor(&server.outcome().await.1);

    desktop.person.will(&[PIN]);
    let request = of_both(login(&server, vec![certificate.descriptor()]));
    server.ask(&request);
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    check(&hsm, &statement, &request, &certificate);
    // And the other way round.
    desktop.person.will(&[PIN]);
    server.ask(&of_both(login(&server, vec![of_fido])));
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_fido_card_and_a_card_with_a_certificate_the_person_chooses() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&hsm).await;
    desktop.reader.put(&new_card(91));
    desktop.person.will(&[PIN, PIN]);
    server.ask(&enrol(&server, vec![]));
    let allow: Vec<CredentialDescriptor> =
        vec![descriptor(&server.outcome().await.1), certificate.descriptor()];
    desktop.person.will(&["ok", PIN]);
    server.ask(&of_both(login(&server, allow.clone())));
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
    desktop.person.will(&["another", "ok", PIN]);
    let request = of_both(login(&server, allow));
    server.ask(&request);
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    check(&hsm, &statement, &request, &certificate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_kind_is_refused_with_a_word() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.certificate("ada", "01", &Make { algorithm: ED25519, ..ADA });
    let (desktop, server) = paired(&hsm).await;
    desktop.person.will(&["wait"]);
    let mut request = of_cards(login(&server, vec![certificate.descriptor()]));
    request.exp = request.iat + 4;
    server.ask(&request);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::UnsupportedKey));
    let saw = desktop.person.saw();
    assert!(saw.contains("of a kind that cannot be used here"), "{saw}");
}
