//! Tenants are blind to each other, by what statements say and, on PostgreSQL, by the wall behind.

use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{DeviceId, ProofId, TicketId};
use openid_provider::ClientSettings;
use sqlx::{AssertSqlSafe, Row};

use crate::rows::Link;
use crate::store::Engine;
use crate::tests::clients::client;
use crate::tests::devices::{device, pairing, ticket};
use crate::tests::eam::{begun, connection as eam_connection, proved};
use crate::tests::grants::{again, code, granted, scene};
use crate::tests::signing_keys::key;
use crate::tests::support::{
    Bench, Cast, alias, hash, id, link, new_session, on_both, person, take,
};
use crate::tests::x509::{AUTHORITY, authority, certificate, list};
use crate::{
    Client, KeyIssuer, NewSession, Pairing, Redeemed, Rotated, Rows, SessionKind, TicketState,
    Writing,
};

/// All tables behind the wall.
const WALLED: [&str; 25] = [
    "audit",
    "audit_head",
    "client",
    "client_secret",
    "code",
    "consumed",
    "credential",
    "device",
    "eam_connection",
    "eam_transaction",
    "groups_missing",
    "link",
    "login",
    "logout_notice",
    "mapper",
    "oidc_grant",
    "pairing",
    "person",
    "proof",
    "provider",
    "session",
    "signing_key",
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
        assert!(other.requests_of_entra(10).await.unwrap().is_empty());
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
        assert!(!other.rename_device(desk.id, "mine").await.unwrap());
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
        assert!(other.desks_elsewhere(acme.card, DeviceId(connection)).await.unwrap().is_empty());
        assert!(other.end_elsewhere(acme.card, DeviceId(connection)).await.unwrap().is_empty());
        assert!(!other.rotate_pairing(&hash("dev"), &hash("taken")).await.unwrap());
        assert!(!other.renew_pairings(desk.id, acme.person, Duration::from_secs(60)).await.unwrap());
        assert!(other.pairings(acme.person).await.unwrap().is_empty());
        assert!(other.revoke_devices_of(acme.person, None).await.unwrap().is_empty());
        assert!(!other.claim_ticket(ticket.id, desk.id).await.unwrap());
        assert!(other.tickets_open_at(desk.id).await.unwrap().is_empty());
        assert!(!other.refuse_unclaimed(ticket.id, "timeout").await.unwrap());
        assert!(!other.abandon_ticket(ticket.id, connection, "agent-offline").await.unwrap());
        assert!(!other.refuse_claimed(ticket.id, desk.id, "removed").await.unwrap());
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

    async fn nothing_about_entras_questions_is_found_or_changed_elsewhere(bench) {
        let (acme, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        let (open, login) = (begun(&acme, "open").await, rival.waiting("broker").await);
        proved(&acme, "hint").await;
        let now = acme.store.now().await.unwrap();
        let mut writing = acme.write().await;
        writing.put_eam_connection(&eam_connection("client")).await.unwrap();
        assert!(writing.insert_signing_key(&key("kid", 1, now)).await.unwrap());
        writing.commit().await.unwrap();
        let mut other = rival.write().await;
        assert!(other.eam_connection("client").await.unwrap().is_none());
        assert!(other.eam_connections().await.unwrap().is_empty());
        assert!(other.eam_transaction_by_hint(&hash("hint")).await.unwrap().is_none());
        let eam = hash("handle of hint");
        assert!(other.eam_transaction_by_handle(&eam).await.unwrap().is_none());
        assert!(other.eam_transaction_for_one_tap(&eam).await.unwrap().is_none());
        assert!(other.eam_login_waits(&open.handle).await.unwrap().is_none());
        assert!(other.signing_keys(KeyIssuer::Eam).await.unwrap().is_empty());
        assert!(!other.delete_eam_connection("client").await.unwrap());
        let dates = key("kid", 1, now).dates;
        assert!(!other.date_signing_key("kid", dates).await.unwrap());
        let theirs = other.take_login_proved(open.started.id, &open.handle).await.unwrap();
        assert!(theirs.is_none());
        let own = other.take_login_proved(login.started.id, &login.handle).await.unwrap();
        let proof = other.take_eam_proof(own.unwrap(), &hash("hint"), ProofId(id())).await;
        assert!(proof.unwrap().is_none());
        other.commit().await.unwrap();
        assert!(take(&mut acme.write().await, &open).await.is_some());
    }

    async fn nothing_about_applications_is_found_or_changed_elsewhere(bench) {
        let (acme, session) = scene(bench).await;
        let rival = bench.cast("rival").await;
        let once = code(&acme, &session, "code").await;
        let grant = granted(&acme, &once).await;
        let token = acme.store.refresh_token(acme.tenant, &grant).unwrap();
        let mut writing = acme.write().await;
        assert!(writing.add_client_secret("app", &hash("secret")).await.unwrap());
        writing.commit().await.unwrap();
        let mut other = rival.write().await;
        assert!(other.client("app").await.unwrap().is_none());
        assert!(other.client_secrets("app").await.unwrap().is_empty());
        assert!(!other.add_client_secret("app", &hash("mine")).await.unwrap());
        assert!(!other.remove_client_secret("app", &hash("secret")).await.unwrap());
        assert!(!other.remove_client("app").await.unwrap());
        assert!(other.grant(grant.id).await.unwrap().is_none());
        assert!(other.grant_by_refresh(&token).await.unwrap().is_none());
        assert_eq!(other.rotate_refresh(&token, "app").await.unwrap(), Rotated::Unknown);
        assert_eq!(other.end_grant(grant.id, "app").await.unwrap(), None);
        assert!(other.add_client(&client("app")).await.unwrap());
        for code in [again(&once), code(&acme, &session, "fresh").await] {
            assert_eq!(other.redeem_code(&code).await.unwrap(), Redeemed::Refused, "{code:?}");
        }
        other.commit().await.unwrap();
        assert_eq!(bench.count("oidc_grant").await, 1);
        assert!(acme.read().await.grant(grant.id).await.unwrap().is_some());
        let listens = ClientSettings {
            backchannel_logout_uri: Some("https://app.example/out".into()),
            ..client("app").settings.unwrap()
        };
        let mut writing = acme.write().await;
        let listens = Client { settings: Some(listens), ..client("app") };
        assert!(writing.change_client(&listens).await.unwrap());
        writing.commit().await.unwrap();
        let mut writing = acme.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("logout_notice").await, 1);
        let mut other = rival.write().await;
        assert!(other.logout_notices_due().await.unwrap().is_empty());
        assert_eq!(other.next_logout_notice().await.unwrap(), None);
        assert!(other.take_logout_notices("app", 9).await.unwrap().is_empty());
        other.commit().await.unwrap();
        let mut writing = acme.write().await;
        let notice = writing.take_logout_notices("app", 9).await.unwrap().remove(0);
        writing.commit().await.unwrap();
        let mut other = rival.write().await;
        assert!(!other.end_logout_notice(&notice).await.unwrap());
        assert!(!other.put_off_logout_notice(&notice, Duration::ZERO).await.unwrap());
        assert_eq!(other.forget_logout_notices("app").await.unwrap(), 0);
        other.commit().await.unwrap();
        assert_eq!(bench.count("logout_notice").await, 1);
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
