use std::time::Duration;

use crate::tests::devices::{device, pairing, ticket};
use crate::tests::support::{Bench, Cast, hash, on_both, take};
use crate::{Code, CodePurpose, Pairing};

/// One of each thing that expires, alive.
async fn everything(bench: &Bench) -> (Cast, login::Waiting, crate::Ticket) {
    let cast = bench.cast("acme").await;
    cast.sign_in("token").await;
    let waiting = cast.waiting("handle").await;
    let desk = device(&cast, "desk").await;
    let ticket = ticket(&cast, &desk, &waiting).await;
    let until = cast.store.now().await.unwrap().plus(Duration::from_secs(600));
    let code = Code {
        person: Some(cast.person),
        purpose: CodePurpose::FirstCard,
        expires_at: until,
        issued_by: None,
    };
    let pairing = Pairing { expires_at: until, ..pairing(&cast, &desk, 60).await };
    let mut writing = cast.write().await;
    writing.put_code(&hash("code"), &code).await.unwrap();
    writing.confirm_device(desk.id).await.unwrap();
    writing.insert_pairing(&hash("dev"), &pairing).await.unwrap();
    writing.put_agent_code(waiting.started.id, &hash("agent"), until).await.unwrap();
    assert!(writing.spend(&hash("state"), until).await.unwrap());
    writing.commit().await.unwrap();
    (cast, waiting, ticket)
}

/// Ends the life of all that stands in a table, a moment ago by the database's clock.
async fn expire(cast: &Cast, bench: &Bench, table: &str) {
    let now = cast.store.now().await.unwrap().0;
    let changed = bench.raw(&format!("UPDATE {table} SET expires_at = {now}")).await;
    assert!(changed > 0, "{table}");
}

const TABLES: [&str; 7] =
    ["agent_code", "code", "consumed", "login", "pairing", "session", "ticket"];

on_both! {
    async fn a_login_that_has_expired_is_neither_found_taken_nor_written(bench) {
        let (cast, waiting, _) = everything(bench).await;
        expire(&cast, bench, "login").await;
        let mut writing = cast.write().await;
        assert!(writing.login(waiting.started.id).await.unwrap().is_none());
        assert!(writing.login_by_handle(&waiting.handle).await.unwrap().is_none());
        assert!(!writing.write_login(&waiting).await.unwrap());
        assert!(take(&mut writing, &waiting).await.is_none());
        drop(writing);
        let mut reading = cast.read().await;
        assert!(reading.login(waiting.started.id).await.unwrap().is_none());
        assert!(reading.login_by_handle(&waiting.handle).await.unwrap().is_none());
    }

    async fn a_challenge_that_has_expired_takes_no_login(bench) {
        let (cast, waiting, ticket) = everything(bench).await;
        let now = cast.store.now().await.unwrap().0;
        bench.raw(&format!("UPDATE login SET challenge_expires_at = {now}")).await;
        let mut writing = cast.write().await;
        assert!(take(&mut writing, &waiting).await.is_none());
        assert!(!writing.claim_ticket(ticket.id, ticket.device.unwrap()).await.unwrap());
        assert!(writing.login(waiting.started.id).await.unwrap().is_some());
    }

    async fn a_code_that_has_expired_is_neither_found_nor_taken(bench) {
        let (cast, ..) = everything(bench).await;
        expire(&cast, bench, "code").await;
        let mut writing = cast.write().await;
        assert_eq!(writing.code(&hash("code")).await.unwrap(), None);
        assert!(!writing.take_code(&hash("code"), Some(cast.person)).await.unwrap());
    }

    async fn an_agents_code_that_has_expired_is_neither_found_nor_taken(bench) {
        let (cast, waiting, _) = everything(bench).await;
        let store = &bench.store;
        assert!(store.login_by_agent_code(&hash("agent")).await.unwrap().is_some());
        expire(&cast, bench, "agent_code").await;
        assert_eq!(store.login_by_agent_code(&hash("agent")).await.unwrap(), None);
        let taken = cast.write().await.take_agent_code(waiting.started.id, &hash("agent")).await;
        assert!(!taken.unwrap());
    }

    async fn a_session_that_has_expired_opens_nothing(bench) {
        let (cast, ..) = everything(bench).await;
        expire(&cast, bench, "session").await;
        assert_eq!(cast.session("token").await, None);
        let mut reading = cast.read().await;
        assert_eq!(reading.session_by_claim(&hash("handle of token")).await.unwrap(), None);
        assert_eq!(reading.sessions(cast.person).await.unwrap(), []);
    }

    async fn a_ticket_that_has_expired_is_neither_found_nor_claimed(bench) {
        let (cast, _, ticket) = everything(bench).await;
        expire(&cast, bench, "ticket").await;
        let mut writing = cast.write().await;
        assert_eq!(writing.ticket(ticket.id).await.unwrap(), None);
        assert_eq!(writing.ticket_of_login(ticket.login).await.unwrap(), None);
        assert!(!writing.claim_ticket(ticket.id, ticket.device.unwrap()).await.unwrap());
    }

    async fn a_pairing_that_has_expired_is_not_found(bench) {
        let (cast, ..) = everything(bench).await;
        assert!(cast.read().await.pairing(&hash("dev")).await.unwrap().is_some());
        expire(&cast, bench, "pairing").await;
        assert_eq!(cast.read().await.pairing(&hash("dev")).await.unwrap(), None);
    }

    async fn a_sweep_deletes_what_has_expired_and_nothing_else(bench) {
        let (cast, ..) = everything(bench).await;
        let pending = device(&cast, "pending").await;
        assert_eq!(bench.store.sweep().await.unwrap(), 0);
        for table in TABLES {
            assert_eq!(bench.count(table).await, 1, "{table}");
            expire(&cast, bench, table).await;
        }
        bench.raw("UPDATE device SET created_at = created_at - 3700000000").await;
        assert_eq!(bench.store.sweep().await.unwrap(), 7 + 2);
        for table in TABLES {
            assert_eq!(bench.count(table).await, 0, "{table}");
        }
        let mut reading = cast.read().await;
        assert_eq!(reading.device(pending.id).await.unwrap(), None);
        assert_eq!(reading.devices(cast.person).await.unwrap().len(), 1, "the confirmed one");
        assert_eq!(bench.count("proof").await, 1, "what sessions rested on is history");
        assert_eq!(bench.store.device_by_thumbprint("pending").await.unwrap(), None);
    }

    async fn a_sweep_takes_so_much_at_a_time_and_goes_on(bench) {
        let acme = bench.tenant("acme").await;
        let until = bench.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = bench.store.write(acme).await.unwrap();
        for number in 0..501 {
            writing.spend(&hash(&format!("{number}")), until).await.unwrap();
        }
        writing.commit().await.unwrap();
        bench.raw("UPDATE consumed SET expires_at = 1").await;
        assert_eq!(bench.store.sweep().await.unwrap(), 500);
        assert_eq!(bench.store.sweep().await.unwrap(), 1);
    }

    async fn sweeps_come_round_to_every_tenant(bench) {
        for number in 0..70 {
            bench.tenant(&format!("tenant-{number}")).await;
        }
        let last = bench.tenant("last").await;
        let until = bench.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = bench.store.write(last).await.unwrap();
        writing.spend(&hash("state"), until).await.unwrap();
        writing.commit().await.unwrap();
        bench.raw("UPDATE consumed SET expires_at = 1").await;
        assert_eq!(bench.store.sweep().await.unwrap(), 0, "not among the first");
        assert_eq!(bench.store.sweep().await.unwrap(), 1);
        assert_eq!(bench.store.sweep().await.unwrap(), 0, "begins again");
    }
}
