use e2e::{Answer, AnswerToEntra, Browser, Card, Mfa, Way, World, entra_answer};
use entra_stand_in::{Arrival, Person};
use identity::PersonState;
use ids::UserId;
use store::EamConnection;

pub(crate) const ACME: Way = Way::into("acme");
pub(crate) const BIRCH: Way = Way::into("birch");

pub(crate) fn mia() -> Person {
    Person::new("mia@acme.example")
}

pub(crate) fn una() -> Person {
    Person::new("una@acme.example")
}

/// A world with external MFA in which mia has a card.
pub(crate) async fn ready() -> (World, Mfa, Card) {
    let world = World::start().await;
    let mfa = world.connect_mfa().await;
    let card = enrolled(&world, &mut mia(), 1).await;
    (world, mfa, card)
}

/// A person with an enrolled card, who has left no browser signed in.
pub(crate) async fn enrolled(world: &World, person: &mut Person, seed: u64) -> Card {
    let mut card = Card::new(seed);
    ACME.sign_in(&mut world.browser(), person, &mut card).await;
    card
}

/// Mia is at the card step, because Entra has asked.
pub(crate) async fn at_card(world: &World, mfa: &Mfa) -> (Browser, Person) {
    let (mut browser, mut person) = (world.browser(), mia());
    let page = mfa.to_card(&mut browser, &mut person).await;
    assert!(
        page.status == 200 && page.body.contains("Microsoft Entra asks for your card"),
        "{page:?}"
    );
    (browser, person)
}

/// Changes the connection, as an administrator may at any moment.
pub(crate) async fn change_connection(
    world: &World,
    mfa: &Mfa,
    change: impl FnOnce(&mut EamConnection),
) {
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    let mut row = tx.eam_connection(&mfa.client_id.to_string()).await.unwrap().unwrap();
    change(&mut row);
    tx.put_eam_connection(&row).await.unwrap();
    tx.commit().await.unwrap();
}

/// Mia's row.
pub(crate) async fn id_of(world: &World, name: &str) -> UserId {
    let tenant = world.tenant("acme").await.id;
    let mut rows = world.app.store().read(tenant).await.unwrap();
    rows.person_by_username(name).await.unwrap().unwrap().id
}

/// Disables somebody, as an administrator may at any moment.
pub(crate) async fn disable(world: &World, name: &str) {
    let id = id_of(world, name).await;
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    assert!(tx.set_person_state(id, PersonState::Disabled).await.unwrap());
    tx.commit().await.unwrap();
}

/// Revokes all cards of somebody, as an administrator may at any moment.
pub(crate) async fn revoke_cards(world: &World, name: &str) {
    let id = id_of(world, name).await;
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    for card in tx.credentials(id).await.unwrap() {
        assert!(tx.revoke_credential(card.id).await.unwrap());
    }
    tx.commit().await.unwrap();
}

/// The form that a page posts to Entra.
#[track_caller]
pub(crate) fn answered(world: &World, answer: &Answer) -> AnswerToEntra {
    assert_eq!(answer.status, 200, "{answer:?}");
    let form = entra_answer(&world.origin, answer);
    let form = form.unwrap_or_else(|| panic!("answers nobody: {answer:?}"));
    assert_eq!(form.action.as_str(), world.stand_in.external_return_address());
    form
}

/// Entra is told no, in this word.
#[track_caller]
pub(crate) fn assert_told(world: &World, name: &str, answer: &Answer, error: &str) {
    let form = answered(world, answer);
    assert_eq!(form.error(), Some(error), "{name}: {answer:?}");
    assert_eq!(form.field("id_token"), None, "{name}");
    assert!(!answer.gives_a_session(), "{name}: {answer:?}");
}

/// A page of ours, and nothing to post.
#[track_caller]
pub(crate) fn assert_here(world: &World, name: &str, answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
    assert!(entra_answer(&world.origin, answer).is_none(), "{name}: {answer:?}");
    assert!(!answer.body.contains("externalauthprovider"), "{name}: {answer:?}");
    assert!(!answer.title().is_empty(), "{name}: {answer:?}");
}

/// Entra has let the person into the application.
#[track_caller]
pub(crate) fn assert_in(arrival: Arrival) {
    let url = arrival.redirect();
    assert!(url.as_str().starts_with("https://files.example/back?"), "{url}");
}
