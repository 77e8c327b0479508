//! T18, T22, T24: for whom Entra asks.

use e2e::{Card, World};
use entra_stand_in::{NewUser, Person};
use identity::TenantPolicy;

use crate::support::{
    ACME, answered, assert_in, assert_told, disable, enrolled, id_of, mia, ready, una,
};

#[tokio::test]
async fn t24_a_hint_enrols_nothing() {
    let (world, mfa, _) = ready().await;
    for (name, mut person) in
        [("without a card", una()), ("unknown", Person::new("ada@acme.example"))]
    {
        if name == "without a card" {
            ACME.to_card(&mut world.browser(), &mut una()).await;
        }
        let request = mfa.asked(&mut person).await;
        let before = world.dump().await;
        let answer = mfa.post(&mut world.browser(), &request).await;
        assert_told(&world, name, &answer, "access_denied");
        let form = answered(&world, &answer);
        assert!(form.text.contains("You have no card yet") && !form.sends, "{name}: {form:?}");
        let after = world.dump().await;
        assert_eq!(before.audited(&after), ["eam.refused"], "{name}");
        let written = ["audit", "audit_head", "consumed"];
        assert_eq!(before.without(&written).changes(&after.without(&written)), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn t18_who_is_disabled_is_refused() {
    let (world, mfa, _) = ready().await;
    disable(&world, "mia@acme.example").await;
    let answer = mfa.to_card(&mut world.browser(), &mut mia()).await;
    assert_told(&world, "disabled", &answer, "access_denied");
    assert!(answered(&world, &answer).text.contains("switched off"));
}

#[tokio::test]
async fn t18_who_leaves_is_not_let_in_and_nobody_else_either() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, mut person) = (world.browser(), mia());
    mfa.to_card(&mut browser, &mut person).await;
    let before = world.dump().await;
    let left = browser.post_form(&ACME.path("login/start-again"), &[]).await;
    assert_eq!(left.location.as_deref(), Some("/realms/acme/eam/answer"));
    let answer = browser.follow(left).await;
    assert_told(&world, "left", &answer, "access_denied");
    assert!(answered(&world, &answer).sends, "they have just said so");
    assert_eq!(before.audited(&world.dump().await), ["eam.left"]);
    // What is over does not begin again.
    let again = browser.get("/realms/acme/eam/continue").await;
    assert_eq!(again.location.as_deref(), Some("/realms/acme/eam/answer"));
    let tapped = card.tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 403, "{tapped:?}");
    let arrival = mfa.back(&mut person, &world.origin, &answer).await;
    assert!(matches!(arrival, entra_stand_in::Arrival::Refused { .. }), "{arrival:?}");
}

/// EAM-15: the code of an administrator lets somebody enrol within Entra's request.
#[tokio::test]
async fn who_has_no_card_enrols_one_with_a_code() {
    let world = World::with_policy(TenantPolicy::default()).await;
    let mfa = world.connect_mfa().await;
    let (mut browser, mut person) = (world.browser(), mia());
    let page = mfa.to_card(&mut browser, &mut person).await;
    assert!(page.body.contains("Enter your one-time code"), "{page:?}");
    assert!(page.body.contains("Microsoft Entra asks for your card"), "{page:?}");
    let refused = browser
        .post_json(&ACME.path("login/card/options"), &serde_json::json!({"hint":"card"}))
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let code = world.issue_code(id_of(&world, "mia@acme.example").await, 1).await;
    let taken = browser.post_form(&ACME.path("login/code"), &[("code", &code)]).await;
    assert_eq!(taken.status, 303, "{taken:?}");
    let mut card = Card::new(7);
    let answer = mfa.tap(&mut browser, &mut card).await;
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    assert_eq!(world.dump().await.rows("credential").len(), 1);
}

/// The `sub` of a hint is another than that of a sign-in: `(tid, oid)` says who it is.
#[tokio::test]
async fn t22_who_came_by_the_provider_is_the_same_person() {
    let world = World::start().await;
    let mfa = world.connect_mfa().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let before = world.dump().await.rows("person");
    let answer = mfa.prove(&mut world.browser(), &mut mia(), &mut card).await;
    let sub = answered(&world, &answer).part(1)["sub"].as_str().unwrap().to_owned();
    let after = world.dump().await;
    assert_eq!(after.rows("person").len(), before.len());
    assert_eq!(after.rows("link").len(), 1);
    assert!(!format!("{before:?}").contains(&sub), "the sub of a sign-in");
}

/// And the other way round: who came by a hint first signs in as the same person later.
#[tokio::test]
async fn t22_who_came_by_a_hint_first_is_the_same_person_at_the_provider() {
    let world = World::with_policy(TenantPolicy::default()).await;
    let mfa = world.connect_mfa().await;
    mfa.to_card(&mut world.browser(), &mut mia()).await;
    let id = id_of(&world, "mia@acme.example").await;
    ACME.to_card(&mut world.browser(), &mut mia()).await;
    let people = world.dump().await.rows("link");
    assert_eq!(people.len(), 1, "{people:?}");
    assert_eq!(id_of(&world, "mia@acme.example").await, id);
}

/// A name is no key: whoever has the name of another gets nothing of theirs.
#[tokio::test]
async fn a_name_finds_nobody() {
    let (world, mfa, mut card) = ready().await;
    let [given_name, family_name, alias] = ["Zoe", "Zorn", "zoe"].map(str::to_owned);
    let new = NewUser { given_name, family_name, alias };
    let zoe = world.stand_in.add_user(entra_stand_in::ACME, &new).unwrap();
    world.stand_in.register_external_method(zoe.id, mfa.method.id).unwrap();
    let claim = entra_stand_in::IdTokenFault::claim("preferred_username", "mia@acme.example");
    world.stand_in.spoil_next_external_mfa(entra_stand_in::ExternalFault::hint(claim));
    let mut browser = world.browser();
    let answer = mfa.to_card(&mut browser, &mut Person::new("zoe@acme.example")).await;
    assert_told(&world, "the name of another", &answer, "access_denied");
    let tapped = card.tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 403, "{tapped:?}");
}
