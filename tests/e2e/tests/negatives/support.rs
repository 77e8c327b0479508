use e2e::{Answer, Browser, Card, Dump, Way, World};
use entra_stand_in::Person;
use serde_json::{Value, json};

pub(crate) const ACME: Way = Way::into("acme");
pub(crate) const BIRCH: Way = Way::into("birch");

pub(crate) fn mia() -> Person {
    Person::new("mia@acme.example")
}

pub(crate) fn ada() -> Person {
    Person::new("ada@acme.example")
}

pub(crate) fn una() -> Person {
    Person::new("una@acme.example")
}

/// A person with an enrolled card, who has left no browser signed in.
pub(crate) async fn enrolled(world: &World, person: &mut Person, seed: u64) -> Card {
    let mut card = Card::new(seed);
    ACME.sign_in(&mut world.browser(), person, &mut card).await;
    card
}

/// Challenge and options of an answer, with `change` applied to the options before the card sees
/// them.
pub(crate) fn answer_to(
    card: &mut Card,
    browser: &Browser,
    options: &Answer,
    change: impl FnOnce(&mut Value),
) -> Value {
    let given = options.json();
    let mut wrapped = json!({ "publicKey": given["options"] });
    change(&mut wrapped["publicKey"]);
    let credential = if given["purpose"] == "create" {
        card.0.register(&wrapped, browser.origin()).unwrap()
    } else {
        card.0.authenticate(&wrapped, browser.origin()).unwrap()
    };
    json!({ "challenge": given["challenge"], "credential": credential })
}

/// Lets any card of the relying party answer, as a browser under an attacker's control does.
pub(crate) fn whichever_card(options: &mut Value) {
    options["allowCredentials"] = json!([]);
}

/// The answer is a refusal that people or programs can read, and gives nobody anything.
#[track_caller]
pub(crate) fn assert_clear(name: &str, answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
    assert!(!answer.gives_a_session(), "{name}: {answer:?}");
    let page = answer.content_type.starts_with("text/html") && answer.body.contains("<h2>");
    let problem = answer.content_type == "application/problem+json"
        && !answer.code().is_empty()
        && answer.json()["status"] == answer.status
        && answer.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty());
    assert!(page || problem, "{name}: neither a page nor a problem: {answer:?}");
    assert!(!answer.title().is_empty(), "{name}: {answer:?}");
}

/// Nothing at all was written.
#[track_caller]
pub(crate) fn assert_unchanged(name: &str, before: &Dump, after: &Dump) {
    assert_eq!(before.changes(after), [""; 0], "{name}");
}

/// Only the challenge was spent, and one refusal audited.
#[track_caller]
pub(crate) fn assert_only_refused(name: &str, before: &Dump, after: &Dump) {
    assert_eq!(before.audited(after), ["login.refused"], "{name}");
    let spent = after.rows("login").iter().filter(|row| row["challenge_id"] == "NULL").count();
    let spent_before =
        before.rows("login").iter().filter(|row| row["challenge_id"] == "NULL").count();
    assert_eq!(spent, spent_before + 1, "{name}: the challenge is still out");
    let before = before.clone().but_challenges_and_audit();
    assert_eq!(before.changes(&after.clone().but_challenges_and_audit()), [""; 0], "{name}");
}
