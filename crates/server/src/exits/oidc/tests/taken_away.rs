//! What is taken away is gone at the next use of a code, a refresh token and an access token.

use std::collections::BTreeMap;

use identity::{Person, PersonState};
use openid_provider::ClientSettings;
use store::Client;

use crate::exits::oidc::testing::{Place, client, person, settings};

/// What an administrator, a card's loss or a sign-out takes away.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Taken {
    Person,
    Card,
    Session,
    ClientRemoved,
    ClientDisabled,
    Group,
    /// The list of its authority names the smart card.
    CardOnList,
    /// The application takes attested cards alone from now on.
    Attestation,
}

const ALL: [Taken; 8] = [
    Taken::CardOnList,
    Taken::Attestation,
    Taken::Person,
    Taken::Card,
    Taken::Session,
    Taken::ClientRemoved,
    Taken::ClientDisabled,
    Taken::Group,
];

fn for_staff() -> ClientSettings {
    ClientSettings { allowed_groups: vec!["staff".into()], ..settings() }
}

async fn take(place: &Place, what: Taken) {
    let mut tx = place.write().await;
    match what {
        Taken::Person => {
            assert!(tx.set_person_state(place.mia, PersonState::Disabled).await.unwrap());
        }
        Taken::Card => assert!(tx.revoke_credential(place.card).await.unwrap()),
        Taken::Session => assert!(tx.end_session(place.session.id).await.unwrap()),
        Taken::CardOnList => assert!(tx.end_what_rests_on(place.card).await.unwrap() > 0),
        Taken::Attestation => {
            let strict = ClientSettings { attested_only: true, ..for_staff() };
            assert!(tx.change_client(&client("app", strict)).await.unwrap());
        }
        Taken::ClientRemoved => assert!(tx.remove_client("app").await.unwrap()),
        Taken::ClientDisabled => {
            let resting = Client { enabled: false, ..client("app", for_staff()) };
            assert!(tx.change_client(&resting).await.unwrap());
        }
        Taken::Group => {
            let groups = BTreeMap::from([("group".to_owned(), vec!["guests".to_owned()])]);
            let mia = Person { attributes: groups, ..person(place.mia) };
            tx.write_person(&mia).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

/// How a refusal looks to an application that is there, and to one that is not.
fn refusal(what: Taken) -> (u16, String) {
    match what {
        Taken::ClientRemoved | Taken::ClientDisabled => (401, "invalid_client".into()),
        _ => (400, "invalid_grant".into()),
    }
}

#[tokio::test]
async fn a_code_becomes_nothing() {
    for what in ALL {
        let place = Place::with(for_staff()).await;
        let form = place.form(&place.code("openid").await);
        take(&place, what).await;
        let answer = place.post("token", &form, None).await;
        assert_eq!(answer.refusal(), refusal(what), "{what:?}");
        assert_eq!(place.audited("oidc.signed-in").await, 0, "{what:?}");
    }
}

#[tokio::test]
async fn an_access_token_says_nothing() {
    for what in ALL {
        let place = Place::with(for_staff()).await;
        let access = place.tokens("openid").await.text("access_token");
        assert!(place.is_good(&access).await, "{what:?}");
        take(&place, what).await;
        assert!(!place.is_good(&access).await, "{what:?}");
        let told = place.userinfo(&access).await;
        assert_eq!(told.refusal(), (401, "invalid_token".into()), "{what:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_becomes_nothing() {
    for what in ALL {
        let place = Place::with(for_staff()).await;
        let tokens = place.tokens("openid offline_access").await;
        let refresh = tokens.text("refresh_token");
        take(&place, what).await;
        let asked = place.call("introspect", &[("token", &refresh)]).await;
        let answer = place.refresh(&refresh).await;
        if what == Taken::Session {
            // That is what it is for.
            assert_eq!(
                (asked.json()["active"].as_bool(), answer.status.as_u16()),
                (Some(true), 200)
            );
            assert!(place.is_good(&tokens.text("access_token")).await);
            continue;
        }
        assert_eq!(answer.refusal(), refusal(what), "{what:?}");
        if asked.status == 200 {
            assert_eq!(asked.json(), serde_json::json!({ "active": false }), "{what:?}");
        }
        assert_eq!(place.audited("oidc.refreshed").await, 0, "{what:?}");
    }
}

#[tokio::test]
async fn what_is_given_back_does_not_bring_a_persons_grants_back() {
    let place = Place::with(for_staff()).await;
    let tokens = place.tokens("openid offline_access").await;
    take(&place, Taken::Person).await;
    let mut tx = place.write().await;
    assert!(tx.set_person_state(place.mia, PersonState::Enabled).await.unwrap());
    tx.commit().await.unwrap();
    let answer = place.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn an_application_that_rests_and_comes_back_goes_on() {
    let place = Place::with(for_staff()).await;
    let refresh = place.tokens("openid offline_access").await.text("refresh_token");
    take(&place, Taken::ClientDisabled).await;
    assert_eq!(place.refresh(&refresh).await.refusal(), (401, "invalid_client".into()));
    place.put(&client("app", for_staff())).await;
    assert_eq!(place.refresh(&refresh).await.status, 200);
}

#[tokio::test]
async fn a_lost_group_that_comes_back_is_enough_again() {
    let place = Place::with(for_staff()).await;
    let refresh = place.tokens("openid offline_access").await.text("refresh_token");
    take(&place, Taken::Group).await;
    assert_eq!(place.refresh(&refresh).await.refusal(), (400, "invalid_grant".into()));
    let mut tx = place.write().await;
    tx.write_person(&person(place.mia)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(place.refresh(&refresh).await.status, 200);
}
