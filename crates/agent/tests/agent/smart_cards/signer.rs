//! The card by itself, as the port has it.

use std::time::Duration;

use authenticator::card_signer::{
    CardCertificate, CardPin, CardSigner, CardSignerError, KeyKind, PinTries, SignRequest,
    SigningCard,
};
use cardea_agent::Modules;
use link_pkcs11::{Event, TokenId};

use crate::support::SOON;
use crate::support::tokens::{ADA, Certificate, Hsm, Make, P384, PIN, RSA, within};

const MESSAGE: &[u8] = b"sixty-nine bytes in earnest";

fn token(modules: &Modules, label: &str) -> TokenId {
    let tokens = modules.tokens(within(SOON)).unwrap();
    tokens.into_iter().find(|token| token.label == label).expect("the token is there")
}

fn card(modules: &Modules, label: &str) -> (impl CardSigner + use<>, SigningCard) {
    let mut signer = modules.signer(token(modules, label));
    let card = signer.look(within(SOON)).unwrap();
    (signer, card)
}

fn sign(
    signer: &mut impl CardSigner,
    card: &SigningCard,
    pin: &str,
) -> Result<Vec<u8>, CardSignerError> {
    let request = SignRequest {
        certificate: &card.certificates[0],
        message: MESSAGE,
        pin: Some(&CardPin::new(pin).unwrap()),
        dares_last_try: false,
    };
    signer.sign(&request, within(SOON))
}

#[test]
fn keys_of_every_kind_sign_and_openssl_agrees() {
    let hsm = Hsm::new();
    let always = Make { algorithm: RSA, always_authenticate: true, ..ADA };
    for (label, make, kind, hash) in [
        ("p256", ADA, KeyKind::P256, "-sha256"),
        ("p384", Make { algorithm: P384, ..ADA }, KeyKind::P384, "-sha384"),
        ("rsa", Make { algorithm: RSA, ..ADA }, KeyKind::Rsa, "-sha256"),
        ("always", always, KeyKind::Rsa, "-sha256"),
    ] {
        hsm.token(label);
        let certificate = hsm.key(label, "01", &make);
        let (mut signer, card) = card(&hsm.modules(), label);
        assert_eq!(card.certificates.len(), 1, "{label}");
        let found = &card.certificates[0];
        assert_eq!((&found.der, found.key), (&certificate.der, kind), "{label}");
        assert_eq!(
            (&*found.subject, found.signs, found.is_authority),
            ("Ada Lovelace", true, false)
        );
        assert_eq!((card.tries, card.pin_at_reader), (PinTries::Fine, false), "{label}");
        // Several times: lengths of numbers differ.
        for _ in 0..4 {
            let signature = sign(&mut signer, &card, PIN).unwrap();
            assert!(hsm.has_signed(&certificate, hash, MESSAGE, &signature), "{label}");
            assert!(!hsm.has_signed(&certificate, hash, b"another", &signature), "{label}");
        }
    }
}

#[test]
fn a_certificate_with_any_byte_changed_is_read_or_refused() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let der = hsm.certificate("ada", "01", &ADA).der;
    assert!(CardCertificate::parse(&der).is_ok());
    assert!(CardCertificate::parse(&[&der[..], &[0]].concat()).is_err(), "something after it");
    for at in 0..der.len() {
        assert!(CardCertificate::parse(&der[..at]).is_err(), "cut at {at}");
        for flip in [0x01, 0x80, 0xFF] {
            let mut other = der.clone();
            other[at] ^= flip;
            // Whichever it is, it is no panic, and what is read is what is there.
            if let Ok(read) = CardCertificate::parse(&other) {
                assert_eq!(read.der, other);
            }
        }
    }
}

#[test]
fn a_wrong_pin_is_told_and_counted_and_the_right_one_lifts_it() {
    let hsm = Hsm::new();
    hsm.token("ada");
    hsm.key("ada", "01", &ADA);
    let modules = hsm.modules();
    let (mut signer, card) = card(&modules, "ada");
    let error = sign(&mut signer, &card, "000000").unwrap_err();
    assert!(matches!(error, CardSignerError::WrongPin(PinTries::Fewer)), "{error:?}");
    let tries = || modules.signer(token(&modules, "ada")).look(within(SOON)).unwrap().tries;
    assert_eq!(tries(), PinTries::Fewer, "another process hears of it");
    sign(&mut signer, &card, PIN).unwrap();
    assert_eq!(tries(), PinTries::Fine);
}

#[test]
fn a_signature_needs_the_pin_each_time() {
    let hsm = Hsm::new();
    hsm.token("ada");
    hsm.key("ada", "01", &ADA);
    let (mut signer, card) = card(&hsm.modules(), "ada");
    sign(&mut signer, &card, PIN).unwrap();
    // The same child: nobody is logged in any more.
    sign(&mut signer, &card, "000000").unwrap_err();
    let request = SignRequest {
        certificate: &card.certificates[0],
        message: MESSAGE,
        pin: None,
        dares_last_try: false,
    };
    let error = signer.sign(&request, within(SOON)).unwrap_err();
    assert!(matches!(error, CardSignerError::PinForm), "{error:?}");
}

#[test]
fn two_cards_sign_each_with_its_own_key() {
    let hsm = Hsm::new();
    let [ada, bea] = ["ada", "bea"].map(|label| {
        hsm.token(label);
        hsm.key(label, "01", &ADA)
    });
    let modules = hsm.modules();
    assert_eq!(modules.tokens(within(SOON)).unwrap().len(), 2);
    for (label, own, other) in [("ada", &ada, &bea), ("bea", &bea, &ada)] {
        let (mut signer, card) = card(&modules, label);
        let signature = sign(&mut signer, &card, PIN).unwrap();
        let is_of = |it: &Certificate| hsm.has_signed(it, "-sha256", MESSAGE, &signature);
        assert_eq!((is_of(own), is_of(other)), (true, false), "{label}");
    }
}

#[test]
fn a_certificate_that_is_not_there_or_has_no_key_signs_nothing() {
    let hsm = Hsm::new();
    for label in ["ada", "bea"] {
        hsm.token(label);
        hsm.key(label, "01", &ADA);
    }
    hsm.token("keyless");
    hsm.certificate("keyless", "01", &ADA);
    let modules = hsm.modules();
    let (_, of_ada) = card(&modules, "ada");
    let (mut bea, _) = card(&modules, "bea");
    let error = sign(&mut bea, &of_ada, PIN).unwrap_err();
    assert!(matches!(error, CardSignerError::Swapped), "{error:?}");
    let (mut keyless, card) = card(&modules, "keyless");
    let error = sign(&mut keyless, &card, PIN).unwrap_err();
    assert!(matches!(error, CardSignerError::NoKey), "{error:?}");
}

#[test]
fn a_card_that_was_taken_away_is_said_to_be_gone() {
    let hsm = Hsm::new();
    hsm.token("ada");
    hsm.key("ada", "01", &ADA);
    let modules = hsm.modules();
    let mut signer = modules.signer(token(&modules, "ada"));
    hsm.lose("ada");
    let error = signer.look(within(SOON)).unwrap_err();
    assert!(matches!(error, CardSignerError::Removed), "{error:?}");
}

#[test]
fn who_watches_hears_first_of_what_is_there_and_nothing_after_the_end() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let (tell, events) = std::sync::mpsc::channel();
    let watch = hsm.modules().watch(move |event| tell.send(event).unwrap()).unwrap();
    let Event::Found(found) = events.recv_timeout(SOON).unwrap() else { panic!("not found") };
    assert_eq!(found.iter().map(|token| &*token.label).collect::<Vec<_>>(), ["ada"]);
    drop(watch);
    assert!(events.recv_timeout(Duration::from_millis(1)).is_err());
}

#[test]
fn a_module_that_is_none_is_a_plain_error() {
    let hsm = Hsm::new();
    let program = hsm.program();
    for module in ["/nonexistent/module.so", "/bin/true", "/etc/passwd"] {
        let error = Modules::new(module, program.clone()).tokens(within(SOON)).unwrap_err();
        assert!(!error.to_string().is_empty(), "{module}");
    }
}
