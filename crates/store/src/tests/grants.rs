//! Codes that become grants, and refresh tokens that become the next.

use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{GrantId, ProofId, SessionId, UserId};
use openid_provider::ClientSettings;

use crate::tests::clients::client;
use crate::tests::eam::how_many;
use crate::tests::support::{
    Bench, Cast, credential, hash, id, new_session, on_both, person, until,
};
use crate::{
    Client, Grant, NewGrant, NewSession, Redeemed, RefreshToken, Rotated, Session, SessionKind,
    StoreError,
};

/// How long a code is good: the product's own figure.
const LIFE: Duration = Duration::from_secs(openid_provider::code::LIFE.unsigned_abs());
const OFFLINE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Ada with a session, in a tenant with an application.
pub(super) async fn scene(bench: &Bench) -> (Cast, Session) {
    let cast = bench.cast("acme").await;
    let mut writing = cast.write().await;
    assert!(writing.add_client(&client("app")).await.unwrap());
    writing.commit().await.unwrap();
    let session = cast.sign_in("token").await;
    (cast, session)
}

/// The same code, as somebody else brings it.
pub(super) fn again(code: &NewGrant) -> NewGrant {
    NewGrant { id: GrantId(id()), ..code.clone() }
}

/// A code that was issued just now in this session.
pub(super) async fn code(cast: &Cast, session: &Session, text: &str) -> NewGrant {
    NewGrant {
        id: GrantId(id()),
        code: hash(text),
        issued_at: cast.store.now().await.unwrap(),
        client_id: "app".to_owned(),
        session: session.id,
        person: session.person,
        proof: session.proof,
        offline: true,
        alone: false,
        body: r#"{"scope":"openid"}"#.to_owned(),
    }
}

async fn redeem(cast: &Cast, code: &NewGrant) -> Redeemed {
    loop {
        match try_redeem(cast, code).await {
            Err(StoreError::Busy) => tokio::task::yield_now().await,
            redeemed => return redeemed.unwrap(),
        }
    }
}

async fn try_redeem(cast: &Cast, code: &NewGrant) -> Result<Redeemed, StoreError> {
    let mut writing = cast.store.write(cast.tenant).await?;
    let redeemed = writing.redeem_code(code).await?;
    writing.commit().await.map(|()| redeemed)
}

pub(super) async fn granted(cast: &Cast, code: &NewGrant) -> Grant {
    match redeem(cast, code).await {
        Redeemed::Granted(grant) => grant,
        other => panic!("{other:?}"),
    }
}

async fn refresh(cast: &Cast, token: &RefreshToken) -> Rotated {
    loop {
        match try_refresh(cast, token).await {
            Err(StoreError::Busy) => tokio::task::yield_now().await,
            rotated => return rotated.unwrap(),
        }
    }
}

async fn try_refresh(cast: &Cast, token: &RefreshToken) -> Result<Rotated, StoreError> {
    let mut writing = cast.store.write(cast.tenant).await?;
    let rotated = writing.rotate_refresh(token, "app").await?;
    writing.commit().await.map(|()| rotated)
}

fn first_token(cast: &Cast, grant: &Grant) -> RefreshToken {
    cast.store.refresh_token(cast.tenant, grant).unwrap()
}

/// Rotates, and gives the next token.
async fn next(cast: &Cast, token: &RefreshToken) -> RefreshToken {
    match refresh(cast, token).await {
        Rotated::Rotated(grant) => first_token(cast, &grant),
        other => panic!("{other:?}"),
    }
}

async fn lives(cast: &Cast, grant: &Grant) -> bool {
    cast.read().await.grant(grant.id).await.unwrap().is_some()
}

/// Says that the last exchange was so long ago.
async fn rotated_ago(cast: &Cast, bench: &Bench, ago: Duration) {
    let then = cast.store.now().await.unwrap().minus(ago).0;
    assert!(bench.raw(&format!("UPDATE oidc_grant SET rotated_at = {then}")).await > 0);
}

async fn put(cast: &Cast, client: &Client) {
    let mut writing = cast.write().await;
    let written = writing.add_client(client).await.unwrap();
    assert!(written || writing.change_client(client).await.unwrap());
    writing.commit().await.unwrap();
}

/// What takes something away on which a grant rests, and what brings it back by force.
const TAKEN_AWAY: [(&str, &str, &str); 5] = [
    (
        "its client is disabled",
        "UPDATE client SET enabled = FALSE WHERE client_id = 'app'",
        "UPDATE client SET enabled = TRUE",
    ),
    (
        "its person is disabled",
        "UPDATE person SET state = 'disabled'",
        "UPDATE person SET state = 'enabled'",
    ),
    (
        "its card is revoked",
        "UPDATE credential SET revoked_at = 1",
        "UPDATE credential SET revoked_at = NULL",
    ),
    ("it has ended", "UPDATE oidc_grant SET ended_at = 1", "UPDATE oidc_grant SET ended_at = NULL"),
    (
        "its time has come",
        "UPDATE oidc_grant SET expires_at = expires_at - 9000000000000",
        "UPDATE oidc_grant SET expires_at = expires_at + 9000000000000",
    ),
];

on_both! {
    async fn a_grant_that_is_to_be_alone_wants_a_proof_without_another(bench) {
        let (cast, session) = scene(bench).await;
        let alone = |code: NewGrant| NewGrant { alone: true, ..code };
        let first = alone(code(&cast, &session, "first").await);
        assert!(matches!(redeem(&cast, &first).await, Redeemed::Granted(_)));
        assert!(cast.read().await.is_granted_on(session.id, session.proof).await.unwrap());
        let second = alone(code(&cast, &session, "second").await);
        assert_eq!(redeem(&cast, &second).await, Redeemed::Refused);
        let beside = code(&cast, &session, "beside").await;
        assert!(matches!(redeem(&cast, &beside).await, Redeemed::Granted(_)), "others may");
        let other = cast.sign_in("other").await;
        assert!(!cast.read().await.is_granted_on(other.id, other.proof).await.unwrap());
        let fresh = alone(code(&cast, &other, "fresh").await);
        assert!(matches!(redeem(&cast, &fresh).await, Redeemed::Granted(_)), "its own proof");
    }

    async fn a_code_becomes_a_grant_of_what_its_session_is(bench) {
        let (cast, session) = scene(bench).await;
        let new = code(&cast, &session, "code").await;
        let grant = granted(&cast, &new).await;
        assert_eq!((grant.id, grant.client_id.as_str()), (new.id, "app"));
        assert_eq!((grant.person, grant.credential), (cast.person, cast.card));
        assert_eq!((grant.session, grant.proof), (session.id, session.proof));
        assert_eq!((grant.offline, grant.generation, &grant.body), (true, 0, &new.body));
        assert_eq!(grant.expires_at, grant.created_at.plus(OFFLINE));
        let mut reading = cast.read().await;
        assert_eq!(reading.grant(new.id).await.unwrap(), Some(grant));
        assert_eq!(reading.grant(GrantId(id())).await.unwrap(), None);
    }

    async fn a_grant_that_is_not_offline_ends_with_its_session(bench) {
        let (cast, session) = scene(bench).await;
        let new = NewGrant { offline: false, ..code(&cast, &session, "code").await };
        let grant = granted(&cast, &new).await;
        assert_eq!(grant.expires_at, session.expires_at);
        let offline = granted(&cast, &code(&cast, &session, "other").await).await;
        cast.sign_in("another").await;
        let then = cast.store.now().await.unwrap().0;
        bench.raw(&format!("UPDATE session SET expires_at = {then}")).await;
        assert!(!lives(&cast, &grant).await, "its session is over");
        bench.raw(&format!("UPDATE session SET expires_at = {}", session.expires_at.0)).await;
        assert!(lives(&cast, &grant).await);
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        assert!(!lives(&cast, &grant).await);
        assert!(lives(&cast, &offline).await);
    }

    async fn a_code_is_redeemed_once_and_who_brings_it_again_ends_the_grant(bench) {
        let (cast, session) = scene(bench).await;
        let new = code(&cast, &session, "code").await;
        let grant = granted(&cast, &new).await;
        let other = granted(&cast, &code(&cast, &session, "other").await).await;
        let token = first_token(&cast, &grant);
        let redeemed = redeem(&cast, &again(&new)).await;
        assert_eq!(redeemed, Redeemed::Again(Some(grant.clone())));
        assert!(!lives(&cast, &grant).await && lives(&cast, &other).await);
        assert_eq!(refresh(&cast, &token).await, Rotated::Unknown);
        let redeemed = redeem(&cast, &again(&new)).await;
        assert_eq!(redeemed, Redeemed::Again(None), "it has ended before");
    }

    async fn a_code_that_comes_again_ends_the_grant_even_when_its_session_is_gone(bench) {
        let (cast, session) = scene(bench).await;
        let new = code(&cast, &session, "code").await;
        let grant = granted(&cast, &new).await;
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(redeem(&cast, &again(&new)).await, Redeemed::Again(Some(grant)));
    }

    async fn of_sixty_four_who_bring_a_code_at_once_one_gets_something(bench) {
        let (cast, session) = scene(bench).await;
        let (first, mut tasks) = (code(&cast, &session, "code").await, Vec::new());
        for _ in 0..64 {
            let (cast, new) = (cast.clone(), again(&first));
            tasks.push(tokio::spawn(async move {
                matches!(redeem(&cast, &new).await, Redeemed::Granted(_))
            }));
        }
        assert_eq!(how_many(tasks).await, 1);
        assert_eq!(bench.count("oidc_grant").await, 1);
        assert_eq!(bench.count("oidc_grant WHERE ended_at IS NOT NULL").await, 1);
    }

    async fn both_tenants_may_be_brought_the_same_code(bench) {
        let (acme, session) = scene(bench).await;
        let rival = bench.cast("rival").await;
        let mut writing = rival.write().await;
        assert!(writing.add_client(&client("app")).await.unwrap());
        writing.commit().await.unwrap();
        let hers = rival.sign_in("token").await;
        let mine = code(&acme, &session, "code").await;
        let same = NewGrant { issued_at: mine.issued_at, ..code(&rival, &hers, "code").await };
        let grant = granted(&acme, &mine).await;
        granted(&rival, &same).await;
        assert!(lives(&acme, &grant).await);
    }

    async fn a_code_lives_a_minute_by_the_databases_clock(bench) {
        let (cast, session) = scene(bench).await;
        let new = code(&cast, &session, "code").await;
        let late = NewGrant { issued_at: new.issued_at.minus(LIFE), ..new.clone() };
        assert_eq!(redeem(&cast, &late).await, Redeemed::Refused);
        let seconds = Duration::from_secs(10);
        let in_time = NewGrant { issued_at: late.issued_at.plus(seconds), ..new };
        granted(&cast, &in_time).await;
    }

    async fn a_code_becomes_nothing_without_all_that_it_rests_on(bench) {
        let (cast, session) = scene(bench).await;
        let eve = person("eve");
        let mut writing = cast.write().await;
        writing.write_person(&eve).await.unwrap();
        assert!(writing.add_client(&client("other")).await.unwrap());
        writing.commit().await.unwrap();
        let new = code(&cast, &session, "code").await;
        for (why, wrong) in [
            ("no such session", NewGrant { session: SessionId(id()), ..new.clone() }),
            ("another person", NewGrant { person: eve.id, ..new.clone() }),
            ("nobody", NewGrant { person: UserId(id()), ..new.clone() }),
            ("another proof", NewGrant { proof: ProofId(id()), ..new.clone() }),
            ("no such client", NewGrant { client_id: "none".to_owned(), ..new.clone() }),
            ("a page of ours", NewGrant { client_id: "account".to_owned(), ..new.clone() }),
        ] {
            assert_eq!(redeem(&cast, &wrong).await, Redeemed::Refused, "{why}");
        }
        for (why, take, back) in &TAKEN_AWAY[..3] {
            assert!(bench.raw(take).await > 0);
            assert_eq!(redeem(&cast, &new).await, Redeemed::Refused, "{why}");
            bench.raw(back).await;
        }
        let now = cast.store.now().await.unwrap().0;
        bench.raw(&format!("UPDATE session SET expires_at = {now}")).await;
        assert_eq!(redeem(&cast, &new).await, Redeemed::Refused, "its session is over");
        bench.raw(&format!("UPDATE session SET expires_at = {}", session.expires_at.0)).await;
        assert_eq!(bench.count("oidc_grant").await, 0);
        granted(&cast, &new).await;
    }

    async fn a_session_of_the_console_grants_nothing(bench) {
        let (cast, _) = scene(bench).await;
        let opened = NewSession { kind: SessionKind::Administrator, ..new_session("console") };
        let waiting = cast.waiting("of the console").await;
        let mut writing = cast.write().await;
        let taken = crate::tests::support::take(&mut writing, &waiting).await.unwrap();
        let proof = writing.consume_proof(taken, &cast.proof(&waiting)).await.unwrap();
        writing.insert_session(&proof, opened).await.unwrap();
        writing.commit().await.unwrap();
        let (mut reading, console) = (cast.read().await, hash("console"));
        let session = reading.session(&console, SessionKind::Administrator).await;
        let session = session.unwrap().unwrap();
        drop(reading);
        let new = code(&cast, &session, "code").await;
        assert_eq!(redeem(&cast, &new).await, Redeemed::Refused);
    }

    async fn a_grant_lives_as_long_as_all_that_it_rests_on(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        for (why, take, back) in TAKEN_AWAY {
            assert!(bench.raw(take).await > 0);
            assert!(!lives(&cast, &grant).await, "{why}");
            bench.raw(back).await;
            assert!(lives(&cast, &grant).await, "{why}, and no more");
        }
    }

    async fn what_was_granted_goes_with_its_client(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let mut writing = cast.write().await;
        assert!(writing.remove_client("app").await.unwrap());
        writing.commit().await.unwrap();
        assert!(!lives(&cast, &grant).await);
        assert_eq!(bench.count("oidc_grant").await, 0);
        put(&cast, &client("app")).await;
        assert!(!lives(&cast, &grant).await, "another one of that name");
    }

    async fn a_grant_is_ended_by_its_client_and_once(bench) {
        let (cast, session) = scene(bench).await;
        put(&cast, &client("other")).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let mut writing = cast.write().await;
        assert_eq!(writing.end_grant(grant.id, "other").await.unwrap(), None);
        assert_eq!(writing.end_grant(GrantId(id()), "app").await.unwrap(), None);
        assert_eq!(writing.end_grant(grant.id, "app").await.unwrap(), Some(grant.clone()));
        assert_eq!(writing.end_grant(grant.id, "app").await.unwrap(), None);
        writing.commit().await.unwrap();
        assert!(!lives(&cast, &grant).await);
    }

    async fn what_ends_a_persons_sessions_ends_what_was_granted_for_good(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let mut writing = cast.write().await;
        for state in [PersonState::Disabled, PersonState::Enabled] {
            writing.set_person_state(cast.person, state).await.unwrap();
        }
        writing.commit().await.unwrap();
        assert!(!lives(&cast, &grant).await, "disabled, and enabled again");
        let session = cast.sign_in("another").await;
        let grant = granted(&cast, &code(&cast, &session, "other").await).await;
        let mut writing = cast.write().await;
        assert_eq!(writing.end_sessions_of(cast.person).await.unwrap(), 1);
        writing.commit().await.unwrap();
        assert!(!lives(&cast, &grant).await);
    }

    async fn a_card_that_is_revoked_ends_what_was_granted_with_it_alone(bench) {
        let (cast, session) = scene(bench).await;
        let spare = credential(cast.person);
        let mut writing = cast.write().await;
        writing.insert_credential(&spare).await.unwrap();
        writing.commit().await.unwrap();
        let with_spare = Cast { card: spare.id, ..cast.clone() }.sign_in("spare").await;
        let lost = granted(&cast, &code(&cast, &session, "lost").await).await;
        let kept = granted(&cast, &code(&cast, &with_spare, "kept").await).await;
        let mut writing = cast.write().await;
        assert!(writing.revoke_credential(cast.card).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("oidc_grant WHERE ended_at IS NOT NULL").await, 1);
        assert!(!lives(&cast, &lost).await && lives(&cast, &kept).await);
    }

    async fn what_is_granted_waits_for_who_holds_the_person(bench) {
        let (cast, session) = scene(bench).await;
        let token = {
            let grant = granted(&cast, &code(&cast, &session, "code").await).await;
            first_token(&cast, &grant)
        };
        let new = code(&cast, &session, "other").await;
        for number in 0..3 {
            let mut holding = cast.write().await;
            assert!(holding.person_facts(cast.person).await.unwrap().is_some());
            let (late, new, token) = (cast.clone(), new.clone(), token.clone());
            let task = tokio::spawn(async move {
                match number {
                    0 => drop(redeem(&late, &new).await),
                    1 => drop(refresh(&late, &token).await),
                    _ => {
                        let mut writing = late.write().await;
                        writing.end_grant(token.grant(), "app").await.unwrap();
                        writing.commit().await.unwrap();
                    }
                }
            });
            until(async || task.is_finished() || bench.waiting().await > 0).await;
            assert!(!task.is_finished(), "it holds something else first: {number}");
            holding.commit().await.unwrap();
            task.await.unwrap();
        }
    }

    async fn a_refresh_token_is_exchanged_for_the_next(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let mut token = first_token(&cast, &grant);
        for generation in 1..4 {
            let before = token.reveal();
            token = next(&cast, &token).await;
            assert!(!token.reveal().matches(&before));
            let stored = cast.read().await.grant(grant.id).await.unwrap().unwrap();
            assert_eq!(stored, Grant { generation, ..grant.clone() }, "its end does not move");
            let read = RefreshToken::parse(token.reveal().expose_text().unwrap()).unwrap();
            let found = cast.read().await.grant_by_refresh(&read).await.unwrap().unwrap();
            assert_eq!((found.0.id, found.1), (grant.id, true));
        }
    }

    async fn a_refresh_token_outlives_its_session(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        next(&cast, &first_token(&cast, &grant)).await;
    }

    async fn of_sixty_four_who_bring_a_refresh_token_at_once_one_gets_the_next(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let token = first_token(&cast, &grant);
        let mut tasks = Vec::new();
        for _ in 0..64 {
            let (cast, token) = (cast.clone(), token.clone());
            tasks.push(tokio::spawn(async move { refresh(&cast, &token).await }));
        }
        let mut rotated = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Rotated::Rotated(grant) => rotated.push(grant),
                // Who comes a second later is answered the same.
                Rotated::JustNow | Rotated::Repeated(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(rotated.len(), 1);
        let stored = cast.read().await.grant(grant.id).await.unwrap().unwrap();
        assert_eq!(stored.generation, 1);
    }

    async fn a_lost_answer_is_given_again_within_half_a_minute_of_the_exchange(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let first = first_token(&cast, &grant);
        let second = next(&cast, &first).await;
        rotated_ago(&cast, bench, Duration::ZERO).await;
        assert_eq!(refresh(&cast, &first).await, Rotated::JustNow);
        rotated_ago(&cast, bench, Duration::from_secs(20)).await;
        let Rotated::Repeated(again) = refresh(&cast, &first).await else { panic!("no grace") };
        let successor = first_token(&cast, &again);
        assert!(successor.reveal().matches(&second.reveal()), "the same one");
        rotated_ago(&cast, bench, Duration::from_secs(31)).await;
        let reused = refresh(&cast, &first).await;
        assert!(matches!(&reused, Rotated::Reused(ended) if ended.id == grant.id), "{reused:?}");
        assert!(!lives(&cast, &grant).await);
        assert_eq!(refresh(&cast, &second).await, Rotated::Unknown, "the family ended");
    }

    async fn a_token_whose_successor_was_used_ends_all_however_old_it_is(bench) {
        let (cast, session) = scene(bench).await;
        for number in 1..4 {
            let text = number.to_string();
            let grant = granted(&cast, &code(&cast, &session, &text).await).await;
            let first = first_token(&cast, &grant);
            let mut last = first.clone();
            for _ in 0..=number {
                last = next(&cast, &last).await;
            }
            let reused = refresh(&cast, &first).await;
            assert!(matches!(reused, Rotated::Reused(_)), "{number}: {reused:?}");
            assert_eq!(refresh(&cast, &last).await, Rotated::Unknown);
        }
    }

    async fn a_refresh_token_is_its_clients(bench) {
        let (cast, session) = scene(bench).await;
        put(&cast, &client("other")).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let token = first_token(&cast, &grant);
        let mut writing = cast.write().await;
        let theirs = writing.rotate_refresh(&token, "other").await.unwrap();
        assert_eq!(theirs, Rotated::Unknown);
        writing.commit().await.unwrap();
        next(&cast, &token).await;
    }

    async fn a_refresh_token_that_we_have_not_made_changes_nothing(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let other = granted(&cast, &code(&cast, &session, "other").await).await;
        let (token, others) = (first_token(&cast, &grant), first_token(&cast, &other));
        let second = next(&cast, &token).await;
        let text = |token: &RefreshToken| token.reveal().expose_text().unwrap().to_owned();
        let tag = |token: &RefreshToken| text(token).split_once('.').unwrap().1.to_owned();
        let named = |generation: u32, tag: &str| {
            format!("rt_{}{generation:08x}.{tag}", grant.id.0.simple())
        };
        for (why, forged) in [
            ("another tag", named(1, &tag(&others))),
            ("that of the next", named(0, &tag(&second))),
            ("one to come", named(2, &tag(&second))),
            ("another grant", text(&token).replace(&grant.id.0.simple().to_string(),
                &other.id.0.simple().to_string())),
            ("no grant", text(&token).replace(&grant.id.0.simple().to_string(),
                &id().simple().to_string())),
        ] {
            let forged = RefreshToken::parse(&forged).unwrap();
            assert_eq!(refresh(&cast, &forged).await, Rotated::Unknown, "{why}");
            let found = cast.read().await.grant_by_refresh(&forged).await.unwrap();
            assert_eq!(found, None, "{why}");
        }
        assert!(lives(&cast, &grant).await && lives(&cast, &other).await);
        next(&cast, &second).await;
    }

    async fn a_token_of_what_is_to_come_is_none_even_when_it_is_genuine(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let later = Grant { generation: 3, ..grant.clone() };
        let token = first_token(&cast, &later);
        assert_eq!(refresh(&cast, &token).await, Rotated::Unknown);
        assert_eq!(cast.read().await.grant_by_refresh(&token).await.unwrap(), None);
        assert!(lives(&cast, &grant).await);
    }

    async fn a_grant_that_is_not_offline_has_no_refresh_token(bench) {
        let (cast, session) = scene(bench).await;
        let new = NewGrant { offline: false, ..code(&cast, &session, "code").await };
        let grant = granted(&cast, &new).await;
        let token = first_token(&cast, &grant);
        assert_eq!(refresh(&cast, &token).await, Rotated::Unknown);
        assert_eq!(cast.read().await.grant_by_refresh(&token).await.unwrap(), None);
        assert!(lives(&cast, &grant).await);
    }

    async fn a_refresh_token_is_good_as_long_as_all_that_it_rests_on(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let token = first_token(&cast, &grant);
        for (why, take, back) in TAKEN_AWAY {
            assert!(bench.raw(take).await > 0);
            assert_eq!(refresh(&cast, &token).await, Rotated::Unknown, "{why}");
            bench.raw(back).await;
            let stored = cast.read().await.grant(grant.id).await.unwrap().unwrap();
            assert_eq!(stored.generation, 0, "{why}, and nothing changed");
        }
        next(&cast, &token).await;
    }

    async fn a_grant_that_has_ended_is_known_as_long_as_its_code_could_come_again(bench) {
        let (cast, session) = scene(bench).await;
        let grant = granted(&cast, &code(&cast, &session, "code").await).await;
        let kept = granted(&cast, &code(&cast, &session, "kept").await).await;
        let expired = code(&cast, &session, "expired").await;
        let expired = granted(&cast, &NewGrant { body: "expired".to_owned(), ..expired }).await;
        let mut writing = cast.write().await;
        assert!(writing.end_grant(grant.id, "app").await.unwrap().is_some());
        writing.commit().await.unwrap();
        let now = cast.store.now().await.unwrap();
        let expire = format!(
            "UPDATE oidc_grant SET expires_at = {} WHERE body = 'expired'", now.0
        );
        assert_eq!(bench.raw(&expire).await, 1);
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.store.sweep().await.unwrap(), 0);
        let later = now.minus(LIFE).minus(LIFE).0;
        bench.raw(&format!("UPDATE oidc_grant SET created_at = {later}")).await;
        assert_eq!(bench.store.sweep().await.unwrap(), 2);
        assert!(lives(&cast, &kept).await && !lives(&cast, &expired).await);
        assert_eq!(bench.count("oidc_grant").await, 1);
    }

    async fn what_a_client_is_registered_with_is_kept(bench) {
        let (cast, _) = scene(bench).await;
        let settings = ClientSettings { offline_access: true, ..ClientSettings::default() };
        let changed = Client { settings: Some(settings.clone()), ..client("app") };
        put(&cast, &changed).await;
        let stored = cast.read().await.client("app").await.unwrap().unwrap();
        assert_eq!(stored.served().map(|it| (it.client_id, it.settings)), Some(("app".into(),
            settings)));
        put(&cast, &Client { enabled: false, ..changed }).await;
        let stored = cast.read().await.client("app").await.unwrap().unwrap();
        assert!(stored.served().is_none(), "disabled");
        let page = cast.read().await.client("account").await.unwrap().unwrap();
        assert!(page.served().is_none(), "a page of ours");
    }

    async fn a_column_with_other_settings_is_no_application(bench) {
        let (cast, _) = scene(bench).await;
        bench.raw("UPDATE client SET settings = '{\"unknown\":1}' WHERE client_id = 'app'").await;
        let refused = cast.read().await.client("app").await;
        assert!(matches!(refused, Err(StoreError::Corrupt("settings"))), "{refused:?}");
    }
}

#[test]
fn only_texts_of_their_form_are_refresh_tokens() {
    let token = |name: &str, tag: &str| format!("rt_{name}.{tag}");
    let (name, tag) = ("0".repeat(40), "A".repeat(43));
    assert!(RefreshToken::parse(&token(&name, &tag)).is_some());
    for bad in [
        String::new(),
        "rt_".into(),
        token(&name, &tag).replace("rt_", "at_"),
        token(&name, &tag).replace('.', ""),
        token(&name[1..], &tag),
        token(&format!("{name}0"), &tag),
        token(&name, &tag[1..]),
        token(&name, &format!("{tag}A")),
        token(&"g".repeat(40), &tag),
        token(&format!("{}+0000000", "0".repeat(32)), &tag),
        token(&format!("{{{}", "0".repeat(39)), &tag),
        token(&"é".repeat(20), &tag),
    ] {
        assert!(RefreshToken::parse(&bad).is_none(), "{bad}");
    }
}

#[test]
fn a_refresh_token_is_not_printed() {
    let token = RefreshToken::parse(&format!("rt_{}.{}", "0".repeat(40), "A".repeat(43)));
    assert!(!format!("{token:?}").contains("AAAA"));
}

#[test]
fn the_life_of_a_code_in_the_statements_is_that_of_the_product() {
    // A statement is a constant: its figure is written out in it.
    assert_eq!(Moment(0).plus(LIFE).0, 60_000_000);
}
