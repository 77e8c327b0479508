//! Tenants are blind to each other, by what statements say and, on PostgreSQL, by the wall behind.

use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{DeviceId, TicketId};
use sqlx::{AssertSqlSafe, Row};

use crate::rows::Link;
use crate::store::Engine;
use crate::tests::devices::{device, pairing, ticket};
use crate::tests::support::{
    Bench, Cast, alias, hash, id, link, new_session, on_both, person, take,
};
use crate::tests::x509::{AUTHORITY, authority, certificate, list};
use crate::{NewSession, Pairing, Rows, SessionKind, TicketState, Writing};

/// All tables behind the wall.
const WALLED: [&str; 19] = [
    "audit",
    "audit_head",
    "client",
    "code",
    "consumed",
    "credential",
    "device",
    "groups_missing",
    "link",
    "login",
    "mapper",
    "pairing",
    "person",
    "proof",
    "provider",
    "session",
    "ticket",
    "x509_authority",
    "x509_list",
];

on_both! {
    async fn nothing_of_another_tenant_is_found_or_changed(bench) {
        let (acme, rival) = (bench.cast("acme").await, bench.tenant("rival").await);
        let desk = device(&acme, "desk").await;
        let (held, connection) = (TicketId(id()), id());
        let opened = NewSession { device: Some(desk.id), ticket: Some(held), ..new_session("token") };
        let session = acme.sign_in_with("token", opened).await;
        bench.raw("UPDATE session SET created_at = created_at - 100000000").await;
        let waiting = acme.waiting("handle").await;
        let ticket = ticket(&acme, &desk, &waiting).await;
        let until = acme.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = acme.write().await;
        writing.confirm_device(desk.id).await.unwrap();
        writing.connect_device(desk.id, connection).await.unwrap();
        writing.disconnect_device(desk.id, connection).await.unwrap();
        let pairing = Pairing { expires_at: until, ..pairing(&acme, &desk, 60).await };
        writing.insert_pairing(&hash("dev"), &pairing).await.unwrap();
        let agent_code = hash("agent");
        writing.put_agent_code(waiting.started.id, &agent_code, until).await.unwrap();
        writing.put_card_authority(&authority()).await.unwrap();
        assert!(writing.put_revocation_list(&list(1)).await.unwrap());
        let webauthn_id = writing.credential(acme.card).await.unwrap().unwrap().webauthn_id;
        writing.commit().await.unwrap();

        let mut other = bench.store.write(rival).await.unwrap();
        let (id, challenge) = (waiting.started.id, ticket.challenge);
        assert!(other.person(acme.person).await.unwrap().is_none());
        assert!(other.person_facts(acme.person).await.unwrap().is_none());
        assert!(other.person_by_username("ada@example.com").await.unwrap().is_none());
        assert!(other.person_by_link("tid", "oid-ada").await.unwrap().is_none());
        assert!(other.email_owner("ada@example.com").await.unwrap().is_none());
        assert!(other.links(acme.person).await.unwrap().is_empty());
        assert!(other.credential(acme.card).await.unwrap().is_none());
        assert!(other.credential_by_id(&webauthn_id).await.unwrap().is_none());
        assert!(other.credentials(acme.person).await.unwrap().is_empty());
        assert!(other.card_authorities().await.unwrap().is_empty());
        assert!(other.revocation_lists().await.unwrap().is_empty());
        assert!(other.login(id).await.unwrap().is_none());
        assert!(other.login_by_handle(&waiting.handle).await.unwrap().is_none());
        let token = hash("token");
        assert!(other.session(&token, SessionKind::Account).await.unwrap().is_none());
        assert!(other.session_by_claim(&hash("handle of token")).await.unwrap().is_none());
        assert!(other.sessions(acme.person).await.unwrap().is_empty());
        assert!(other.device(desk.id).await.unwrap().is_none());
        assert!(other.devices(acme.person).await.unwrap().is_empty());
        assert!(other.pairing(&hash("dev")).await.unwrap().is_none());
        assert!(other.ticket(ticket.id).await.unwrap().is_none());
        assert!(other.ticket_of_login(id).await.unwrap().is_none());
        assert!(other.sign_ins(acme.person, 10).await.unwrap().is_empty());
        assert_eq!(Rows::audit(&mut other, 0, 10).await.unwrap().len(), 1, "its own beginning");

        assert!(take(&mut other, &waiting).await.is_none());
        assert!(!other.end_login(id).await.unwrap());
        assert!(!other.spend_challenge(id, challenge).await.unwrap());
        assert!(!other.swap_counter(acme.card, 9).await.unwrap());
        assert!(!other.rename_credential(acme.card, "mine").await.unwrap());
        assert!(!other.revoke_credential(acme.card).await.unwrap());
        assert!(!other.set_person_state(acme.person, PersonState::Disabled).await.unwrap());
        assert!(!other.touch_person_signed_in(acme.person).await.unwrap());
        assert!(!other.end_session(session.id).await.unwrap());
        assert_eq!(other.end_sessions_of(acme.person).await.unwrap(), 0);
        assert!(!other.revoke_device(desk.id).await.unwrap());
        assert!(other.connect_device(desk.id, connection).await.unwrap().is_none());
        assert!(!other.keep_device(desk.id, connection).await.unwrap());
        assert!(!other.disconnect_device(desk.id, connection).await.unwrap());
        assert!(other.session_of_ticket(held).await.unwrap().is_none());
        assert!(!other.holds_sessions(desk.id).await.unwrap());
        assert!(other.end_lifted(desk.id, held).await.unwrap().is_empty());
        assert!(!other.release_session(desk.id, held).await.unwrap());
        assert!(other.end_not_held(desk.id, &[], Moment(i64::MAX)).await.unwrap().is_empty());
        assert!(other.lost_sessions(Duration::ZERO, Moment(0)).await.unwrap().is_empty());
        let lost = acme.read().await.lost_sessions(Duration::ZERO, Moment(0)).await.unwrap();
        assert_eq!(lost.len(), 1);
        assert!(other.end_lost(lost, Duration::ZERO).await.unwrap().is_empty());
        assert!(other.end_elsewhere(acme.card, DeviceId(connection)).await.unwrap().is_empty());
        assert!(!other.rotate_pairing(&hash("dev"), &hash("taken")).await.unwrap());
        assert!(!other.renew_pairings(desk.id, Duration::from_secs(60)).await.unwrap());
        assert!(other.pairings(acme.person).await.unwrap().is_empty());
        assert!(other.revoke_devices_of(acme.person, None).await.unwrap().is_empty());
        assert!(!other.claim_ticket(ticket.id, desk.id).await.unwrap());
        let refused = TicketState::Refused { reason: "cancelled".to_owned() };
        assert!(!other.finish_ticket(ticket.id, &refused).await.unwrap());
        assert!(!other.take_agent_code(id, &agent_code).await.unwrap());
        assert!(!other.delete_provider(&alias()).await.unwrap());
        assert!(!other.renew_certificate(acme.card, &certificate(1)).await.unwrap());
        assert!(!other.delete_card_authority(&AUTHORITY).await.unwrap());
        assert!(!other.set_list_url(&AUTHORITY, None).await.unwrap());
        assert!(!other.note_list_fetch(&AUTHORITY, None).await.unwrap());
        other.commit().await.unwrap();
        assert!(acme.session("token").await.is_some());
        assert!(take(&mut acme.write().await, &waiting).await.is_some());
    }

    async fn a_row_does_not_refer_to_a_row_of_another_tenant(bench) {
        let (acme, rival) = (bench.cast("acme").await, bench.tenant("rival").await);
        let mut writing = bench.store.write(rival).await.unwrap();
        let refused = writing.insert_link(&link("oid"), acme.person).await;
        assert!(matches!(refused, Err(crate::StoreError::Reference)), "{refused:?}");
    }

    async fn both_tenants_may_have_the_same_names(bench) {
        let (acme, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        assert_ne!(acme.person, rival.person);
        let found = rival.read().await.person_by_link("tid", "oid-ada").await.unwrap();
        assert_eq!(found.unwrap().id, rival.person);
    }
}

/// Counts the rows of a table with a statement that forgets the tenant.
async fn forgetful(writing: &mut Writing, sql: String) -> Result<u64, sqlx::Error> {
    let Link::Postgres { transaction, .. } = &mut writing.rows.link else { panic!("PostgreSQL") };
    let row = sqlx::query(AssertSqlSafe(sql)).execute(&mut **transaction).await?;
    Ok(row.rows_affected())
}

async fn both_tenants(bench: &Bench) -> (Cast, Cast) {
    let (acme, rival) = (bench.cast("acme").await, bench.cast("rival").await);
    acme.sign_in("token").await;
    (acme, rival)
}

#[tokio::test]
async fn a_statement_that_forgets_the_tenant_meets_the_wall() {
    let bench = Bench::postgres().await;
    let (acme, rival) = both_tenants(&bench).await;
    let mut writing = rival.write().await;
    for (table, own) in [("person", 1), ("link", 1), ("session", 0), ("proof", 0), ("audit", 1)] {
        assert!(bench.count(table).await > own, "{table}");
        let seen = forgetful(&mut writing, format!("SELECT * FROM {table}")).await.unwrap();
        assert_eq!(i64::try_from(seen).unwrap(), own, "{table}");
    }
    let changed = forgetful(&mut writing, "UPDATE person SET username = 'x'".to_owned()).await;
    assert_eq!(changed.unwrap(), 1);
    let deleted = forgetful(&mut writing, "DELETE FROM session".to_owned()).await;
    assert_eq!(deleted.unwrap(), 0);
    let foreign = format!(
        "INSERT INTO consumed (tenant_id, value, expires_at) VALUES ('{}', '\\x00', 1)",
        acme.tenant
    );
    let refused = forgetful(&mut writing, foreign).await.unwrap_err().to_string();
    assert!(refused.contains("row-level security"), "{refused}");
}

#[tokio::test]
async fn nobody_changes_or_deletes_an_audit_event() {
    let bench = Bench::postgres().await;
    let (acme, _) = both_tenants(&bench).await;
    let mut writing = acme.write().await;
    for sql in ["UPDATE audit SET kind = 'x'", "DELETE FROM audit"] {
        assert_eq!(forgetful(&mut writing, sql.to_owned()).await.unwrap(), 0, "{sql}");
    }
}

#[tokio::test]
async fn a_connection_that_goes_back_to_the_pool_forgets_its_tenant() {
    let bench = Bench::postgres().await;
    let (acme, _) = both_tenants(&bench).await;
    let Engine::Postgres(pool) = bench.store.engine() else { panic!("PostgreSQL") };
    for round in 0..3 {
        let mut connection = {
            let mut writing = acme.write().await;
            assert!(writing.person(acme.person).await.unwrap().is_some());
            if round == 0 {
                writing.commit().await.unwrap();
            } else {
                drop(writing);
            }
            pool.acquire().await.unwrap()
        };
        let seen = sqlx::query("SELECT * FROM person").fetch_all(&mut *connection).await.unwrap();
        assert!(seen.is_empty(), "round {round}");
    }
}

#[tokio::test]
async fn every_table_with_a_tenant_stands_behind_the_wall() {
    let bench = Bench::postgres().await;
    let sql = "SELECT relname::text AS name, relrowsecurity AND relforcerowsecurity AS walled \
               FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid \
               WHERE attname = 'tenant_id' AND relkind = 'r' ORDER BY relname";
    let tables = sqlx::query(sql).fetch_all(&mut bench.raw_postgres().await).await.unwrap();
    let name = |row: &sqlx::postgres::PgRow| row.get::<String, _>("name");
    let (walled, open): (Vec<_>, Vec<_>) =
        tables.iter().partition(|row| row.get::<bool, _>("walled"));
    assert_eq!(walled.into_iter().map(name).collect::<Vec<_>>(), WALLED);
    let directory = ["agent_code", "device_directory", "tenant"];
    assert_eq!(open.into_iter().map(name).collect::<Vec<_>>(), directory);
}

#[tokio::test]
async fn a_reading_cannot_write() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let cast = bench.cast("acme").await;
        let rows = cast.read().await.rows;
        let mut writing = Writing { rows };
        assert!(writing.write_person(&person("eve")).await.is_err());
        assert!(writing.commit().await.is_err());
    }
}
