use std::time::Duration;

use identity::PersonState;
use login::{Vouched, Waiting};

use crate::SessionKind;
use crate::tests::devices::{device, ticket};
use crate::tests::support::{credential, hash, new_session, on_both, take, waiting};
use crate::{Code, CodePurpose, Credential, Proof, StoreError};

on_both! {
    async fn a_session_opens_what_it_is_for_and_nothing_else(bench) {
        let cast = bench.cast("acme").await;
        cast.sign_in("token").await;
        let mut reading = cast.read().await;
        let token = hash("token");
        assert!(reading.session(&token, SessionKind::Account).await.unwrap().is_some());
        assert!(reading.session(&token, SessionKind::Administrator).await.unwrap().is_none());
        assert!(reading.session(&hash("other"), SessionKind::Account).await.unwrap().is_none());
    }

    async fn the_browser_that_began_claims_its_session(bench) {
        let cast = bench.cast("acme").await;
        let session = cast.sign_in("token").await;
        let mut reading = cast.read().await;
        let claimed = reading.session_by_claim(&hash("handle of token")).await.unwrap();
        assert_eq!(claimed, Some(session));
        assert_eq!(reading.session_by_claim(&hash("another handle")).await.unwrap(), None);
    }

    async fn a_session_has_one_change_under_way_which_ends_with_it(bench) {
        let cast = bench.cast("acme").await;
        let session = cast.sign_in("token").await.id;
        let now = cast.store.now().await.unwrap();
        let begun = |handle: &str| Waiting {
            vouched: Vouched::Session { session },
            ..waiting(cast.tenant, cast.person, handle, now)
        };
        let mut writing = cast.write().await;
        assert!(writing.write_login(&begun("first")).await.unwrap());
        writing.commit().await.unwrap();
        let mut writing = cast.write().await;
        let second = writing.write_login(&begun("second")).await;
        assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
        drop(writing);
        let mut writing = cast.write().await;
        assert!(writing.end_change_of(session).await.unwrap());
        assert!(writing.write_login(&begun("second")).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("login").await, 1);
        let mut writing = cast.write().await;
        assert!(writing.end_session(session).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("login").await, 0);
    }

    async fn refused_answers_are_counted_with_their_challenges(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        let (login, challenge) = (waiting.started.id, waiting.challenge.unwrap().id);
        let mut writing = cast.write().await;
        assert!(writing.spend_challenge(login, challenge).await.unwrap());
        assert!(!writing.spend_challenge(login, challenge).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(cast.read().await.login(login).await.unwrap().unwrap().refusals, 1);
    }

    async fn a_session_is_not_claimed_after_a_minute(bench) {
        let cast = bench.cast("acme").await;
        cast.sign_in("token").await;
        let aged = "UPDATE session SET created_at = created_at - 61000000";
        assert_eq!(bench.raw(aged).await, 1);
        let mut reading = cast.read().await;
        assert_eq!(reading.session_by_claim(&hash("handle of token")).await.unwrap(), None);
        assert!(cast.session("token").await.is_some());
    }

    async fn disabling_a_person_ends_their_sessions_and_logins(bench) {
        let cast = bench.cast("acme").await;
        cast.sign_in("token").await;
        let waiting = cast.waiting("handle").await;
        let mut writing = cast.write().await;
        assert!(writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(cast.session("token").await, None);
        assert!(take(&mut cast.write().await, &waiting).await.is_none());
        let mut writing = cast.write().await;
        assert!(writing.set_person_state(cast.person, PersonState::Enabled).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(cast.session("token").await, None, "enabling brings nothing back");
    }

    async fn disabling_a_person_ends_their_codes_and_the_tickets_of_their_logins(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        ticket(&cast, &desk, &cast.waiting("handle").await).await;
        let expires_at = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let (person, purpose) = (Some(cast.person), CodePurpose::FirstCard);
        let code = Code { person, purpose, expires_at, issued_by: None };
        let mut writing = cast.write().await;
        writing.put_code(&hash("code"), &code).await.unwrap();
        assert!(writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap());
        writing.commit().await.unwrap();
        for table in ["code", "ticket", "login"] {
            assert_eq!(bench.count(table).await, 0, "{table}");
        }
    }

    async fn a_session_of_a_disabled_person_or_a_revoked_card_opens_nothing(bench) {
        let cast = bench.cast("acme").await;
        cast.sign_in("token").await;
        bench.raw("UPDATE person SET state = 'disabled'").await;
        assert_eq!(cast.session("token").await, None);
        assert_eq!(cast.read().await.sessions(cast.person).await.unwrap(), []);
        bench.raw("UPDATE person SET state = 'enabled'").await;
        assert!(cast.session("token").await.is_some());
        bench.raw("UPDATE credential SET revoked_at = 1").await;
        assert_eq!(cast.session("token").await, None);
        let mut reading = cast.read().await;
        assert_eq!(reading.session_by_claim(&hash("handle of token")).await.unwrap(), None);
    }

    async fn revoking_a_card_ends_its_sessions_and_no_others(bench) {
        let cast = bench.cast("acme").await;
        let second = Credential { label: "second".to_owned(), ..credential(cast.person) };
        let mut writing = cast.write().await;
        writing.insert_credential(&second).await.unwrap();
        writing.commit().await.unwrap();
        cast.sign_in("first").await;
        crate::tests::support::Cast { card: second.id, ..cast.clone() }.sign_in("second").await;
        let mut writing = cast.write().await;
        assert!(writing.revoke_credential(second.id).await.unwrap());
        assert!(!writing.revoke_credential(second.id).await.unwrap(), "once");
        writing.commit().await.unwrap();
        assert!(cast.session("first").await.is_some());
        assert_eq!(cast.session("second").await, None);
        assert_eq!(bench.count("session").await, 1, "gone, not only hidden");
        let mut reading = cast.read().await;
        assert!(reading.person(cast.person).await.unwrap().unwrap().card_was_revoked);
        assert!(reading.credential(second.id).await.unwrap().unwrap().revoked_at.is_some());
    }

    async fn revoking_a_card_ends_the_waiting_logins_of_its_person(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        assert!(cast.read().await.login(login.started.id).await.unwrap().is_some());
        let mut writing = cast.write().await;
        writing.revoke_credential(cast.card).await.unwrap();
        writing.commit().await.unwrap();
        assert!(cast.read().await.login(login.started.id).await.unwrap().is_none());
    }

    async fn sessions_are_listed_and_ended_one_by_one_or_all(bench) {
        let cast = bench.cast("acme").await;
        let first = cast.sign_in("first").await;
        let second = cast.sign_in("second").await;
        cast.sign_in("third").await;
        let mut writing = cast.write().await;
        assert_eq!(writing.sessions(cast.person).await.unwrap()[..2], [first.clone(), second]);
        assert!(writing.end_session(first.id).await.unwrap());
        assert!(!writing.end_session(first.id).await.unwrap());
        assert_eq!(writing.end_sessions_of(cast.person).await.unwrap(), 2);
        assert_eq!(writing.sessions(cast.person).await.unwrap(), []);
    }

    async fn a_claim_names_one_session(bench) {
        let cast = bench.cast("acme").await;
        cast.sign_in("token").await;
        let waiting = cast.waiting("again").await;
        let mut writing = cast.write().await;
        let taken = take(&mut writing, &waiting).await.unwrap();
        let proof: Proof = cast.proof(&waiting);
        let consumed = writing.consume_proof(taken, &proof).await.unwrap();
        let mut session = new_session("another token");
        session.claim = Some(hash("handle of token"));
        let refused = writing.insert_session(&consumed, session).await;
        let expected = StoreError::Conflict("claim of the session").to_string();
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
}
