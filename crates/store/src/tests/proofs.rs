use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{LoginId, ProofId};
use login::Purpose;

use crate::tests::support::{credential, hash, id, new_session, on_both, person, take};
use crate::{Proof, StoreError};

fn mismatched<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Mismatch))
}

on_both! {
    async fn a_login_becomes_a_proof_and_a_session_in_one_transaction(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        let before = cast.store.now().await.unwrap();
        let session = cast.sign_in("token").await;
        assert_eq!((session.person, session.credential), (cast.person, cast.card));
        assert_eq!(session.amr, ["pop", "user"]);
        assert!(session.auth_time >= before);
        assert_eq!(session.expires_at.since(session.created_at), Duration::from_secs(3600));
        let mut reading = cast.read().await;
        assert!(reading.login(waiting.started.id).await.unwrap().is_some(), "another login stays");
        assert_eq!(bench.count("proof").await, 1);
        assert_eq!(bench.count("login").await, 1);
    }

    async fn nothing_of_a_dropped_sign_in_stays(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        let mut writing = cast.write().await;
        let taken = take(&mut writing, &waiting).await.unwrap();
        let proof = writing.consume_proof(taken, &cast.proof(&waiting)).await.unwrap();
        writing.insert_session(&proof, new_session("token")).await.unwrap();
        drop(writing);
        assert_eq!(cast.session("token").await, None);
        let mut writing = cast.write().await;
        assert!(take(&mut writing, &waiting).await.is_some());
    }

    async fn a_proof_is_of_the_login_that_was_taken(bench) {
        let cast = bench.cast("acme").await;
        let other = person("eve@example.com");
        let other_card = credential(other.id);
        let mut writing = cast.write().await;
        writing.write_person(&other).await.unwrap();
        writing.insert_credential(&other_card).await.unwrap();
        writing.commit().await.unwrap();
        let waiting = cast.waiting("handle").await;
        let good = cast.proof(&waiting);
        let wrong: [(&str, Proof); 5] = [
            ("login", Proof { login: LoginId(id()), ..good.clone() }),
            ("person", Proof {
                person: other.id, credential: other_card.id, ..good.clone()
            }),
            ("card of another person", Proof { credential: other_card.id, ..good.clone() }),
            ("challenge", Proof { challenge_at: Moment(5), ..good.clone() }),
            ("unknown card", Proof { credential: credential(cast.person).id, ..good.clone() }),
        ];
        for (what, proof) in wrong {
            let mut writing = cast.write().await;
            let taken = take(&mut writing, &waiting).await.unwrap();
            assert!(mismatched(&writing.consume_proof(taken, &proof).await), "{what}");
            let refused = writing.commit().await;
            assert!(matches!(refused, Err(StoreError::Spoiled)), "{what}");
        }
        let mut writing = cast.write().await;
        let taken = take(&mut writing, &waiting).await.unwrap();
        assert!(writing.consume_proof(taken, &good).await.is_ok());
    }

    async fn what_was_taken_in_one_transaction_proves_nothing_in_another(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        let mut first = cast.write().await;
        let taken = take(&mut first, &waiting).await.unwrap();
        drop(first);
        let mut second = cast.write().await;
        assert!(mismatched(&second.consume_proof(taken, &cast.proof(&waiting)).await));
    }

    async fn a_proof_of_one_transaction_makes_no_session_in_another(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        let mut first = cast.write().await;
        let taken = take(&mut first, &waiting).await.unwrap();
        let proof = first.consume_proof(taken, &cast.proof(&waiting)).await.unwrap();
        first.commit().await.unwrap();
        let mut second = cast.write().await;
        assert!(mismatched(&second.insert_session(&proof, new_session("token")).await));
    }

    async fn a_disabled_person_proves_nothing(bench) {
        let cast = bench.cast("acme").await;
        let until = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let waiting = cast.waiting("handle").await;
        let mut writing = cast.write().await;
        assert!(writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap());
        let taken = writing.spend_challenge_of_stranger(&hash("c"), until).await.unwrap().unwrap();
        assert!(mismatched(&writing.consume_proof(taken, &cast.proof(&waiting)).await));
    }

    async fn a_revoked_card_proves_nothing(bench) {
        let cast = bench.cast("acme").await;
        let until = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let waiting = cast.waiting("handle").await;
        let mut writing = cast.write().await;
        assert!(writing.revoke_credential(cast.card).await.unwrap());
        let taken = writing.spend_challenge_of_stranger(&hash("c"), until).await.unwrap().unwrap();
        assert!(mismatched(&writing.consume_proof(taken, &cast.proof(&waiting)).await));
    }

    async fn a_login_ends_in_one_proof_even_when_its_row_comes_back(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        for round in 0..2 {
            let mut writing = cast.write().await;
            assert!(writing.write_login(&waiting).await.unwrap());
            let taken = take(&mut writing, &waiting).await.unwrap();
            let proof = Proof { id: ProofId(id()), ..cast.proof(&waiting) };
            let consumed = writing.consume_proof(taken, &proof).await;
            if round == 0 {
                let _proof = consumed.unwrap();
                writing.commit().await.unwrap();
            } else {
                assert!(matches!(consumed, Err(StoreError::Conflict("login"))), "{consumed:?}");
            }
        }
    }

    async fn a_login_that_adds_a_card_has_a_proof_of_each_purpose(bench) {
        let cast = bench.cast("acme").await;
        let waiting = cast.waiting("handle").await;
        for purpose in [Purpose::Authenticate, Purpose::Register] {
            let mut writing = cast.write().await;
            assert!(writing.write_login(&waiting).await.unwrap());
            let taken = take(&mut writing, &waiting).await.unwrap();
            let proof = Proof { id: ProofId(id()), purpose, ..cast.proof(&waiting) };
            let _proof = writing.consume_proof(taken, &proof).await.unwrap();
            writing.commit().await.unwrap();
        }
        assert_eq!(bench.count("proof").await, 2);
    }

    async fn a_stranger_with_a_card_proves_for_its_owner(bench) {
        let cast = bench.cast("acme").await;
        let until = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let proof = Proof { login: LoginId(id()), ..cast.proof(&cast.waiting("h").await) };
        let mut writing = cast.write().await;
        let taken = writing.spend_challenge_of_stranger(&hash("c"), until).await.unwrap().unwrap();
        let consumed = writing.consume_proof(taken, &proof).await.unwrap();
        assert_eq!(consumed.person(), cast.person);
        writing.insert_session(&consumed, new_session("token")).await.unwrap();
        writing.commit().await.unwrap();
        assert!(cast.session("token").await.is_some());
    }
}
