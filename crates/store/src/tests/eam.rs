use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{LoginId, ProofId, UserId};
use login::{EAM_LIFE, EntraAccount, ONE_TAP_LIFE, Waiting};

use crate::tests::support::{
    Cast, credential, hash, id, new_session, on_both, person, take, until,
};
use crate::{
    ConsumedProof, EamConnection, EamRequest, NewEamTransaction, Proof, ProvedLogin, StoreError,
    Writing,
};

pub(super) fn connection(client_id: &str) -> EamConnection {
    EamConnection {
        client_id: client_id.to_owned(),
        app_id: "app".to_owned(),
        authority: "https://login.microsoftonline.com".to_owned(),
        directories: vec!["tid".to_owned()],
        enabled: true,
        created_at: Moment(6_000),
    }
}

fn request() -> EamRequest {
    EamRequest {
        client_id: "client".to_owned(),
        return_address: "https://login.microsoftonline.com/common".to_owned(),
        sub: "sub".to_owned(),
        nonce: Some("nonce \u{0} \"".to_owned()),
        state: None,
        claims: "{}".to_owned(),
        client_request_id: None,
        authority: "https://login.microsoftonline.com".to_owned(),
    }
}

pub(super) async fn new_transaction(cast: &Cast, hint: &str, login: &Waiting) -> NewEamTransaction {
    let now = cast.store.now().await.unwrap();
    NewEamTransaction {
        hint: hash(hint),
        valid_until: now.plus(Duration::from_secs(600)),
        login: login.started.id,
        handle: login.handle,
        person: login.person,
        account: EntraAccount { tid: "tid".to_owned(), oid: "oid-ada".to_owned() },
        request: request(),
        expires_at: now.plus(EAM_LIFE),
    }
}

/// A login that Entra's hint has begun.
pub(super) async fn begun(cast: &Cast, hint: &str) -> Waiting {
    let login = cast.waiting(&format!("handle of {hint}")).await;
    let new = new_transaction(cast, hint, &login).await;
    let mut writing = cast.write().await;
    assert!(writing.begin_eam_transaction(&new).await.unwrap());
    writing.commit().await.unwrap();
    login
}

async fn prove(cast: &Cast, writing: &mut Writing, login: &Waiting) -> ConsumedProof {
    let taken = take(writing, login).await.unwrap();
    writing.consume_proof(taken, &cast.proof(login)).await.unwrap()
}

/// How many of them did.
pub(super) async fn how_many(tasks: Vec<tokio::task::JoinHandle<bool>>) -> usize {
    let mut did = Vec::new();
    for task in tasks {
        did.push(task.await.unwrap());
    }
    did.into_iter().filter(|did| *did).count()
}

/// Ada has proved in it.
pub(super) async fn proved(cast: &Cast, hint: &str) {
    let login = begun(cast, hint).await;
    let mut writing = cast.write().await;
    let proof = prove(cast, &mut writing, &login).await;
    assert!(writing.prove_eam_transaction(&proof, "possession", "fido").await.unwrap());
    writing.commit().await.unwrap();
}

async fn take_proved(writing: &mut Writing, login: &Waiting) -> Option<ProvedLogin> {
    writing.take_login_proved(login.started.id, &login.handle).await.unwrap()
}

/// Lets the login rest on what was proved for a hint, with a session.
async fn one_tap(cast: &Cast, hint: &str, login: &Waiting) -> Result<bool, StoreError> {
    let mut writing = cast.write().await;
    let Some(taken) = take_proved(&mut writing, login).await else { return Ok(false) };
    let proof = writing.take_eam_proof(taken, &hash(hint), ProofId(id())).await?;
    let Some(proof) = proof else { return Ok(false) };
    writing.insert_session(&proof, new_session(&id().to_string())).await?;
    writing.commit().await.map(|()| true)
}

on_both! {
    async fn connections_come_change_and_go(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.put_eam_connection(&connection("one")).await.unwrap();
        let second = EamConnection { created_at: Moment(7_000), ..connection("a second") };
        writing.put_eam_connection(&second).await.unwrap();
        assert_eq!(writing.eam_connection("one").await.unwrap(), Some(connection("one")));
        assert_eq!(writing.eam_connection("ONE").await.unwrap(), None);
        let changed = EamConnection {
            directories: Vec::new(), enabled: false, created_at: Moment(9), ..connection("one")
        };
        writing.put_eam_connection(&changed).await.unwrap();
        let kept = EamConnection { created_at: connection("one").created_at, ..changed };
        assert_eq!(writing.eam_connections().await.unwrap(), [kept, second]);
        assert!(writing.delete_eam_connection("one").await.unwrap());
        assert!(!writing.delete_eam_connection("one").await.unwrap());
        assert_eq!(writing.eam_connection("one").await.unwrap(), None);
    }

    async fn a_transaction_is_read_as_it_was_begun(bench) {
        let cast = bench.cast("acme").await;
        let login = begun(&cast, "hint").await;
        let mut reading = cast.read().await;
        let found = reading.eam_transaction_by_handle(&login.handle).await.unwrap().unwrap();
        assert_eq!((found.login, found.person), (login.started.id, cast.person));
        assert_eq!((found.account.tid.as_str(), found.account.oid.as_str()), ("tid", "oid-ada"));
        assert_eq!((found.request.clone(), found.proved.clone()), (request(), None));
        assert!(found.expires_at.since(found.created_at) <= EAM_LIFE);
        let by_hint = reading.eam_transaction_by_hint(&hash("hint")).await.unwrap();
        assert_eq!(by_hint, Some(found));
        assert_eq!(reading.eam_transaction_by_hint(&hash("other")).await.unwrap(), None);
        assert_eq!(reading.eam_transaction_by_handle(&hash("other")).await.unwrap(), None);
        assert_eq!(reading.eam_login_waits(&login.handle).await.unwrap(), Some(true));
        assert_eq!(reading.eam_login_waits(&hash("other")).await.unwrap(), None);
        let unproved = reading.eam_transaction_for_one_tap(&login.handle).await.unwrap();
        assert_eq!(unproved, None);
    }

    async fn a_hint_begins_one_transaction_in_each_tenant_and_none_too_late(bench) {
        let (cast, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        let first = begun(&cast, "hint").await;
        let login = cast.waiting("another browser").await;
        let again = new_transaction(&cast, "hint", &login).await;
        let mut writing = cast.write().await;
        assert!(!writing.begin_eam_transaction(&again).await.unwrap(), "a replay");
        let late = NewEamTransaction { hint: hash("late"), valid_until: Moment(1), ..again };
        assert!(!writing.begin_eam_transaction(&late).await.unwrap(), "too late");
        let found = writing.eam_transaction_by_hint(&hash("hint")).await.unwrap().unwrap();
        assert!(found.handle.matches(&first.handle), "that of the first browser");
        drop(writing);
        begun(&rival, "hint").await;
    }

    async fn of_many_who_post_a_hint_at_once_one_begins(bench) {
        let cast = bench.cast("acme").await;
        let mut tasks = Vec::new();
        for number in 0..8 {
            let login = cast.waiting(&format!("browser {number}")).await;
            let (cast, new) = (cast.clone(), new_transaction(&cast, "hint", &login).await);
            tasks.push(tokio::spawn(async move {
                let mut writing = cast.write().await;
                let begun = writing.begin_eam_transaction(&new).await.unwrap();
                writing.commit().await.unwrap();
                begun
            }));
        }
        assert_eq!(how_many(tasks).await, 1);
    }

    async fn a_hint_is_known_as_long_as_it_could_be_posted_again(bench) {
        let cast = bench.cast("acme").await;
        let login = begun(&cast, "hint").await;
        bench.raw("UPDATE eam_transaction SET expires_at = 1").await;
        let mut reading = cast.read().await;
        let by_handle = reading.eam_transaction_by_handle(&login.handle).await.unwrap();
        assert_eq!(by_handle, None, "Entra has given up");
        assert_eq!(reading.eam_login_waits(&login.handle).await.unwrap(), None);
        assert!(reading.eam_transaction_by_hint(&hash("hint")).await.unwrap().is_some());
        drop(reading);
        assert_eq!(bench.store.sweep().await.unwrap(), 0);
        bench.raw("UPDATE eam_transaction SET remembered_until = 1").await;
        let mut reading = cast.read().await;
        assert_eq!(reading.eam_transaction_by_hint(&hash("hint")).await.unwrap(), None);
        drop(reading);
        assert_eq!(bench.store.sweep().await.unwrap(), 1);
        assert_eq!(bench.count("eam_transaction").await, 0);
    }

    async fn a_transaction_is_remembered_longer_than_its_hint_and_its_proof_count(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let new = new_transaction(&cast, "hint", &login).await;
        let proof = new.expires_at.plus(ONE_TAP_LIFE);
        for (hint, valid_until) in [("long", proof.plus(ONE_TAP_LIFE)), ("short", proof)] {
            let login = cast.waiting(hint).await;
            let new = NewEamTransaction {
                hint: hash(hint), valid_until, login: login.started.id, handle: login.handle,
                ..new.clone()
            };
            let mut writing = cast.write().await;
            assert!(writing.begin_eam_transaction(&new).await.unwrap());
            writing.commit().await.unwrap();
        }
        let long = valid(proof.plus(ONE_TAP_LIFE));
        assert_eq!(bench.count(&long).await, 1);
        assert_eq!(bench.count(&valid(proof)).await, 1);
    }

    async fn a_transaction_is_proved_in_its_login_by_its_person_and_once(bench) {
        let cast = bench.cast("acme").await;
        let login = begun(&cast, "hint").await;
        let mut writing = cast.write().await;
        let proof = prove(&cast, &mut writing, &login).await;
        assert!(writing.prove_eam_transaction(&proof, "possession", "fido").await.unwrap());
        assert!(!writing.prove_eam_transaction(&proof, "inherence", "fpt").await.unwrap());
        writing.commit().await.unwrap();
        let mut reading = cast.read().await;
        let found = reading.eam_transaction_by_handle(&login.handle).await.unwrap().unwrap();
        let proved = found.proved.unwrap();
        assert_eq!((proved.proof, proved.at), (proof.id(), proof.verified_at()));
        assert_eq!((proved.card, proved.card_of), (cast.card, cast.person));
        assert_eq!((proved.acr.as_str(), proved.amr.as_str()), ("possession", "fido"));
        assert!(!proved.revoked && !proved.used);
        assert_eq!(reading.eam_login_waits(&login.handle).await.unwrap(), Some(false));
    }

    async fn the_proof_of_another_login_proves_no_transaction(bench) {
        let cast = bench.cast("acme").await;
        begun(&cast, "hint").await;
        let other = cast.waiting("another").await;
        let mut writing = cast.write().await;
        let proof = prove(&cast, &mut writing, &other).await;
        assert!(!writing.prove_eam_transaction(&proof, "possession", "fido").await.unwrap());
    }

    async fn a_transaction_of_another_person_is_not_proved(bench) {
        let cast = bench.cast("acme").await;
        let login = begun(&cast, "hint").await;
        let eve = person("eve");
        let mut writing = cast.write().await;
        writing.write_person(&eve).await.unwrap();
        writing.commit().await.unwrap();
        let sql = "UPDATE eam_transaction SET person_id = (SELECT person_id FROM person \
                   WHERE username = 'eve')";
        assert_eq!(bench.raw(sql).await, 1);
        let mut writing = cast.write().await;
        let proof = prove(&cast, &mut writing, &login).await;
        assert!(!writing.prove_eam_transaction(&proof, "possession", "fido").await.unwrap());
    }

    async fn a_transaction_is_not_proved_when_entra_has_given_up(bench) {
        let cast = bench.cast("acme").await;
        let login = begun(&cast, "hint").await;
        let now = cast.store.now().await.unwrap().0;
        bench.raw(&format!("UPDATE eam_transaction SET expires_at = {now}")).await;
        let mut writing = cast.write().await;
        let proof = prove(&cast, &mut writing, &login).await;
        assert!(!writing.prove_eam_transaction(&proof, "possession", "fido").await.unwrap());
    }

    async fn a_proof_of_one_transaction_answers_entra_in_no_other(bench) {
        let cast = bench.cast("acme").await;
        let login = begun(&cast, "hint").await;
        let mut first = cast.write().await;
        let proof = prove(&cast, &mut first, &login).await;
        first.commit().await.unwrap();
        let mut second = cast.write().await;
        let refused = second.prove_eam_transaction(&proof, "possession", "fido").await;
        assert!(matches!(refused, Err(StoreError::Mismatch)), "{refused:?}");
    }

    async fn what_was_proved_to_entra_proves_a_login_too(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("broker").await;
        proved(&cast, "hint").await;
        let handle = hash("handle of hint");
        let found = cast.read().await.eam_transaction_for_one_tap(&handle).await.unwrap();
        let at = found.unwrap().proved.unwrap().at;
        let mut writing = cast.write().await;
        let taken = take_proved(&mut writing, &login).await.unwrap();
        let proof = writing.take_eam_proof(taken, &hash("hint"), ProofId(id())).await.unwrap();
        let proof = proof.unwrap();
        assert_eq!((proof.person(), proof.credential()), (cast.person, cast.card));
        assert_eq!(proof.verified_at(), at, "the moment of the tap");
        writing.insert_session(&proof, new_session("token")).await.unwrap();
        writing.commit().await.unwrap();
        let session = cast.session("token").await.unwrap();
        assert_eq!((session.amr, session.auth_time), (vec!["pop".into(), "user".into()], at));
        assert_eq!(bench.count("proof").await, 2, "each login has one of its own");
        assert_eq!(bench.count("proof WHERE purpose = 'authenticate'").await, 2);
        let mut reading = cast.read().await;
        assert_eq!(reading.eam_transaction_for_one_tap(&handle).await.unwrap(), None, "once");
        let found = reading.eam_transaction_by_handle(&handle).await.unwrap().unwrap();
        assert!(found.proved.unwrap().used, "and Entra is answered still");
    }

    async fn one_tap_is_once_of_many_at_one_time(bench) {
        let cast = bench.cast("acme").await;
        let mut logins = Vec::new();
        for number in 0..8 {
            logins.push(cast.waiting(&format!("browser {number}")).await);
        }
        proved(&cast, "hint").await;
        let tasks: Vec<_> = logins.into_iter().map(|login| {
            let cast = cast.clone();
            tokio::spawn(async move { one_tap(&cast, "hint", &login).await.unwrap() })
        }).collect();
        assert_eq!((how_many(tasks).await, bench.count("session").await), (1, 1));
    }

    async fn one_tap_is_of_its_own_person_of_what_was_proved_and_of_now(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("broker").await;
        begun(&cast, "unproved").await;
        assert!(!one_tap(&cast, "unproved", &login).await.unwrap());
        assert!(!one_tap(&cast, "unknown", &login).await.unwrap());
        proved(&cast, "hint").await;
        let eve = person("eve");
        let mut writing = cast.write().await;
        writing.write_person(&eve).await.unwrap();
        writing.insert_credential(&credential(eve.id)).await.unwrap();
        writing.commit().await.unwrap();
        let hers = Cast { person: eve.id, ..cast.clone() }.waiting("eve").await;
        assert!(!one_tap(&cast, "hint", &hers).await.unwrap(), "of another person");
        let now = cast.store.now().await.unwrap();
        let old = now.minus(ONE_TAP_LIFE).0;
        bench.raw(&format!("UPDATE eam_transaction SET proved_at = {old}")).await;
        let handle = hash("handle of hint");
        let found = cast.read().await.eam_transaction_for_one_tap(&handle).await.unwrap();
        assert_eq!(found, None);
        assert!(!one_tap(&cast, "hint", &login).await.unwrap(), "too long ago");
        let minute = now.minus(ONE_TAP_LIFE).plus(Duration::from_secs(60)).0;
        bench.raw(&format!("UPDATE eam_transaction SET proved_at = {minute}")).await;
        assert!(one_tap(&cast, "hint", &login).await.unwrap(), "as long as a tap counts");
    }

    async fn one_tap_is_of_a_card_in_force_and_a_person_who_is_enabled(bench) {
        let cast = bench.cast("acme").await;
        proved(&cast, "hint").await;
        let mut writing = cast.write().await;
        writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap();
        writing.commit().await.unwrap();
        let login = cast.waiting("broker").await;
        let refused = one_tap(&cast, "hint", &login).await;
        assert!(matches!(refused, Err(StoreError::Mismatch)), "{refused:?}");
        let mut writing = cast.write().await;
        writing.set_person_state(cast.person, PersonState::Enabled).await.unwrap();
        writing.revoke_credential(cast.card).await.unwrap();
        writing.commit().await.unwrap();
        let handle = hash("handle of hint");
        let found = cast.read().await.eam_transaction_for_one_tap(&handle).await.unwrap();
        assert!(found.unwrap().proved.unwrap().revoked);
        let login = cast.waiting("broker again").await;
        let refused = one_tap(&cast, "hint", &login).await;
        assert!(matches!(refused, Err(StoreError::Mismatch)), "{refused:?}");
        assert_eq!(bench.count("session").await, 0);
    }

    async fn a_login_is_taken_for_one_tap_by_its_handle_alive_and_once(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("broker").await;
        let mut writing = cast.write().await;
        let other = writing.take_login_proved(login.started.id, &hash("other")).await.unwrap();
        assert!(other.is_none());
        let unknown = writing.take_login_proved(LoginId(id()), &login.handle).await.unwrap();
        assert!(unknown.is_none());
        assert!(take_proved(&mut writing, &login).await.is_some());
        assert!(take_proved(&mut writing, &login).await.is_none());
        drop(writing);
        let now = cast.store.now().await.unwrap().0;
        bench.raw(&format!("UPDATE login SET expires_at = {now}")).await;
        assert!(take_proved(&mut cast.write().await, &login).await.is_none(), "too late");
    }

    async fn what_was_taken_for_one_tap_counts_in_no_other_transaction(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("broker").await;
        proved(&cast, "hint").await;
        let mut first = cast.write().await;
        let taken = take_proved(&mut first, &login).await.unwrap();
        drop(first);
        let mut second = cast.write().await;
        let refused = second.take_eam_proof(taken, &hash("hint"), ProofId(id())).await;
        assert!(matches!(refused, Err(StoreError::Mismatch)), "{refused:?}");
    }

    async fn a_login_with_a_proof_gets_no_second_one_by_one_tap(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("broker").await;
        proved(&cast, "hint").await;
        let mut writing = cast.write().await;
        let taken = take(&mut writing, &login).await.unwrap();
        let proof = Proof { id: ProofId(id()), ..cast.proof(&login) };
        let _proof = writing.consume_proof(taken, &proof).await.unwrap();
        assert!(writing.write_login(&login).await.unwrap(), "as if its row came back");
        let taken = take_proved(&mut writing, &login).await.unwrap();
        let refused = writing.take_eam_proof(taken, &hash("hint"), ProofId(id())).await;
        assert!(matches!(refused, Err(StoreError::Conflict("login"))), "{refused:?}");
    }

    async fn one_tap_waits_for_who_holds_the_person(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("broker").await;
        proved(&cast, "hint").await;
        let mut holding = cast.write().await;
        assert!(holding.person_facts(cast.person).await.unwrap().is_some());
        let late = cast.clone();
        let task = tokio::spawn(async move { one_tap(&late, "hint", &login).await });
        until(async || task.is_finished() || bench.waiting().await > 0).await;
        assert!(!task.is_finished(), "it holds something else first");
        holding.commit().await.unwrap();
        assert!(task.await.unwrap().unwrap());
    }

    async fn a_transaction_is_of_a_person_who_is_there(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let nobody = NewEamTransaction {
            person: UserId(id()), ..new_transaction(&cast, "hint", &login).await
        };
        let refused = cast.write().await.begin_eam_transaction(&nobody).await;
        assert!(matches!(refused, Err(StoreError::Reference)), "{refused:?}");
    }
}

fn valid(until: Moment) -> String {
    format!("eam_transaction WHERE remembered_until = {}", until.0)
}

#[test]
fn what_entra_asked_is_not_printed() {
    let printed = format!("{:?}", request());
    assert!(!printed.contains("nonce") && printed.contains("client"), "{printed}");
}
