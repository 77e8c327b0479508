//! Cards in states that SoftHSM has not: locked, at the last try, with a reader that has keys.
//! What the card says is a script; what it signs, SoftHSM signs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use agent_protocol::{Outcome, Refused};
use authenticator::Until;
use authenticator::card_signer::{CardSigner, CardSignerError, PinTries, SignRequest, SigningCard};
use cardea_agent::{Arrival, Modules};

use super::ceremonies::{PIN, ask, paired};
use crate::support::server::Server;
use crate::support::tokens::{ADA, Certificate, Hsm, within};
use crate::support::{Desktop, SOON};

/// What a card answers to a request to sign; `Ok`: it signs.
type Answers = VecDeque<Result<(), CardSignerError>>;

/// What was asked of it: whether with a PIN, and whether the last try was dared.
type Asked = Arc<Mutex<Vec<(bool, bool)>>>;

struct Scripted {
    card: Box<dyn CardSigner>,
    tries: PinTries,
    pin_at_reader: bool,
    answers: Arc<Mutex<Answers>>,
    asked: Asked,
}

impl CardSigner for Scripted {
    fn look(&mut self, until: Until<'_>) -> Result<SigningCard, CardSignerError> {
        let card = self.card.look(until)?;
        Ok(SigningCard { tries: self.tries, pin_at_reader: self.pin_at_reader, ..card })
    }

    fn sign(
        &mut self,
        request: &SignRequest<'_>,
        until: Until<'_>,
    ) -> Result<Vec<u8>, CardSignerError> {
        self.asked.lock().unwrap().push((request.pin.is_some(), request.dares_last_try));
        self.answers.lock().unwrap().pop_front().expect("an answer")?;
        let pin = authenticator::card_signer::CardPin::new("271828").unwrap();
        let pin = Some(request.pin.unwrap_or(&pin));
        self.card.sign(&SignRequest { pin, ..*request }, until)
    }
}

/// A desktop with a card whose token is in another module than the one that is watched.
struct Scene {
    desktop: Desktop,
    server: Server,
    certificate: Certificate,
    asked: Asked,
    _hsms: [Hsm; 2],
}

impl Scene {
    async fn new(
        tries: PinTries,
        pin_at_reader: bool,
        answers: Vec<Result<(), CardSignerError>>,
    ) -> Self {
        let (hsm, empty) = (Hsm::new(), Hsm::new());
        hsm.token("ada");
        let certificate = hsm.key("ada", "01", &ADA);
        let (desktop, server) = paired(&empty).await;
        let (modules, asked): (Modules, _) = (hsm.modules(), Asked::default());
        let token = modules.tokens(within(SOON)).unwrap().remove(0);
        let answers = Arc::new(Mutex::new(Answers::from(answers)));
        let to = Arc::clone(&asked);
        let signer = move || -> Box<dyn CardSigner> {
            Box::new(Scripted {
                card: Box::new(modules.signer(token.clone())),
                tries,
                pin_at_reader,
                answers: Arc::clone(&answers),
                asked: Arc::clone(&to),
            })
        };
        desktop.reader.put_signer("scripted reader", Arrival::Before, Arc::new(signer));
        Self { desktop, server, certificate, asked, _hsms: [hsm, empty] }
    }

    /// Asks for a login of somebody who answers so.
    async fn outcome(&self, person: &[&str]) -> Outcome {
        self.desktop.person.will(person);
        ask(&self.server, &self.certificate);
        self.server.outcome().await.1
    }

    fn asked(&self) -> Vec<(bool, bool)> {
        self.asked.lock().unwrap().clone()
    }
}

fn is_good(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::X509Assertion(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_card_is_not_asked_and_said_to_be_locked() {
    let scene = Scene::new(PinTries::None, false, vec![]).await;
    assert_eq!(scene.outcome(&["cancel"]).await, Outcome::Refused(Refused::Cancelled));
    assert!(
        scene.desktop.person.saw().contains("wrong too often"),
        "{}",
        scene.desktop.person.saw()
    );
    assert_eq!(scene.asked(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_try_is_used_only_at_the_persons_word() {
    let scene = Scene::new(PinTries::Last, false, vec![Ok(())]).await;
    assert_eq!(scene.outcome(&["cancel"]).await, Outcome::Refused(Refused::Cancelled));
    assert_eq!(scene.asked(), []);
    assert!(scene.desktop.person.saw().contains("The card takes one more PIN."));
    assert!(is_good(&scene.outcome(&["ok", PIN]).await));
    assert_eq!(scene.asked(), [(true, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_has_come_to_its_last_try_meanwhile_asks_for_the_word_first() {
    let scene =
        Scene::new(PinTries::Fine, false, vec![Err(CardSignerError::LastTry), Ok(())]).await;
    assert!(is_good(&scene.outcome(&[PIN, "ok", PIN]).await));
    assert_eq!(scene.asked(), [(true, false), (true, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_that_leaves_one_try_asks_and_one_that_leaves_none_ends() {
    let wrong = CardSignerError::WrongPin(PinTries::Last);
    let scene =
        Scene::new(PinTries::Fewer, false, vec![Err(wrong), Err(CardSignerError::Locked)]).await;
    let outcome = scene.outcome(&[PIN, "ok", PIN]).await;
    assert_eq!(outcome, Outcome::Refused(Refused::Blocked));
    assert_eq!(scene.asked(), [(true, false), (true, true)]);
    assert!(scene.desktop.person.saw().contains("SETERROR Wrong PIN. One try left"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_with_keys_takes_the_pin_itself() {
    let scene = Scene::new(PinTries::Fine, true, vec![Ok(())]).await;
    assert!(is_good(&scene.outcome(&["wait"]).await));
    assert_eq!(scene.asked(), [(false, false)]);
    assert!(!scene.desktop.person.saw().contains("GETPIN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_at_the_card_is_told_to_the_page() {
    for (error, refused) in [
        (CardSignerError::Removed, Refused::Removed),
        (CardSignerError::Swapped, Refused::Failed),
        (CardSignerError::NoKey, Refused::NoCredential),
        (CardSignerError::Unsupported, Refused::UnsupportedKey),
        (CardSignerError::KeyPin, Refused::KeyPin),
        (CardSignerError::PinNotSet, Refused::NoPin),
        (CardSignerError::TimedOut, Refused::Timeout),
        (CardSignerError::Failed("the module has crashed".into()), Refused::Failed),
    ] {
        let says = error.to_string();
        let scene = Scene::new(PinTries::Fine, false, vec![Err(error)]).await;
        assert_eq!(scene.outcome(&[PIN]).await, Outcome::Refused(refused), "{says}");
    }
}

/// A card that signs with whatever it likes.
struct Liar(Box<dyn CardSigner>);

impl CardSigner for Liar {
    fn look(&mut self, until: Until<'_>) -> Result<SigningCard, CardSignerError> {
        self.0.look(until)
    }

    fn sign(
        &mut self,
        request: &SignRequest<'_>,
        until: Until<'_>,
    ) -> Result<Vec<u8>, CardSignerError> {
        self.0.sign(&SignRequest { message: b"something else", ..*request }, until)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_something_else_does_not_leave_the_computer() {
    let (hsm, empty) = (Hsm::new(), Hsm::new());
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&empty).await;
    let modules = hsm.modules();
    let token = modules.tokens(within(SOON)).unwrap().remove(0);
    let signer =
        move || -> Box<dyn CardSigner> { Box::new(Liar(Box::new(modules.signer(token.clone())))) };
    desktop.reader.put_signer("reader", Arrival::Before, Arc::new(signer));
    desktop.person.will(&[PIN]);
    ask(&server, &certificate);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Failed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_leaves_takes_the_pin_dialog_with_it() {
    let (hsm, empty) = (Hsm::new(), Hsm::new());
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let (desktop, server) = paired(&empty).await;
    let modules = hsm.modules();
    let token = modules.tokens(within(SOON)).unwrap().remove(0);
    let signer = move || -> Box<dyn CardSigner> { Box::new(modules.signer(token.clone())) };
    let card = desktop.reader.put_signer("reader", Arrival::Before, Arc::new(signer));
    desktop.person.will(&["wait"]);
    ask(&server, &certificate);
    desktop.person.looks_at(1).await;
    desktop.reader.take(card);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
}
