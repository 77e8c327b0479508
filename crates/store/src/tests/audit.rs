use ids::{LoginId, UserId};
use serde_json::json;

use crate::rows::audit_hash;
use crate::tests::support::{Bench, Cast, id, on_both};
use crate::{AuditEntry, AuditEvent, Rows, StoreError};

/// A chain of six, the first of them from the tenant's beginning.
async fn chain(bench: &Bench) -> (Cast, Vec<AuditEvent>) {
    let cast = bench.cast("acme").await;
    for number in 0..5 {
        let mut writing = cast.write().await;
        let detail = json!({ "z": number, "a": { "y": [1, null], "b": "ü\n\0" } });
        let entry = AuditEntry {
            person: Some(cast.person),
            actor: Some(UserId(id())),
            login: Some(LoginId(id())),
            ..AuditEntry::new("signed-in", detail)
        };
        writing.audit(&entry).await.unwrap();
        writing.commit().await.unwrap();
    }
    let events = cast.read().await.audit(0, 100).await.unwrap();
    (cast, events)
}

on_both! {
    async fn the_chain_verifies_and_is_read_in_parts(bench) {
        let (cast, events) = chain(bench).await;
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        let mut reading = cast.read().await;
        assert_eq!(reading.verify_chain(&events), Ok(()));
        assert!(reading.audit_head().await.unwrap().unwrap().ends(&events));
        let part = reading.audit(2, 3).await.unwrap();
        assert_eq!(part, events[2..5]);
        assert_eq!(reading.verify_chain(&part), Ok(()));
    }

    async fn the_sign_ins_of_a_person_are_found_behind_whatever_else_happened(bench) {
        let cast = bench.cast("acme").await;
        let all = ["login.upstream", "card.enrolled", "login.signed-in"];
        let mut writing = cast.write().await;
        for kind in all.into_iter().chain(["person.disabled"; 50]) {
            let entry = AuditEntry { person: Some(cast.person), ..AuditEntry::new(kind, json!({})) };
            writing.audit(&entry).await.unwrap();
        }
        writing.audit(&AuditEntry::new("login.refused", json!({}))).await.unwrap();
        writing.commit().await.unwrap();
        let found = cast.read().await.sign_ins(cast.person, 2).await.unwrap();
        let kinds: Vec<&str> = found.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["login.signed-in", "card.enrolled"], "the newest first");
    }

    async fn what_became_of_requests_of_entra_is_found_the_newest_first(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        for kind in ["eam.asked", "login.upstream", "eam.refused", "eam.connection-saved", "eam.proved"] {
            writing.audit(&AuditEntry::new(kind, json!({}))).await.unwrap();
        }
        writing.commit().await.unwrap();
        let found = cast.read().await.requests_of_entra(2).await.unwrap();
        let kinds: Vec<&str> = found.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["eam.proved", "eam.refused"]);
    }

    async fn an_edited_event_is_noticed(bench) {
        let (cast, _) = chain(bench).await;
        let edits = [
            "kind = 'signed-out'", "at = at + 1", "person_id = actor_id", "actor_id = person_id",
            "login_id = NULL", "detail = '{}'", "prev_hash = hash", "hash = prev_hash",
            "mac = hash", "mac = (SELECT mac FROM audit_head)",
            "actor_id = NULL, login_id = actor_id",
        ];
        for edit in edits {
            let mut reading = cast.read().await;
            let before = reading.audit(0, 100).await.unwrap();
            drop(reading);
            bench.raw("CREATE TABLE kept AS SELECT * FROM audit").await;
            assert_eq!(bench.raw(&format!("UPDATE audit SET {edit} WHERE seq = 3")).await, 1);
            let mut reading = cast.read().await;
            let edited = reading.audit(0, 100).await.unwrap();
            assert_ne!(edited, before, "{edit}");
            assert_eq!(reading.verify_chain(&edited), Err(2), "{edit}");
            drop(reading);
            bench.raw("DELETE FROM audit").await;
            bench.raw("INSERT INTO audit SELECT * FROM kept").await;
            bench.raw("DROP TABLE kept").await;
        }
    }

    async fn a_deleted_event_is_noticed(bench) {
        let (cast, _) = chain(bench).await;
        bench.raw("DELETE FROM audit WHERE seq = 3").await;
        let mut reading = cast.read().await;
        let events = reading.audit(0, 100).await.unwrap();
        assert_eq!(reading.verify_chain(&events), Err(2));
    }

    async fn a_chain_that_was_cut_off_is_noticed(bench) {
        let (cast, _) = chain(bench).await;
        bench.raw("DELETE FROM audit WHERE seq = 6").await;
        let mut reading = cast.read().await;
        let events = reading.audit(0, 100).await.unwrap();
        assert_eq!(reading.verify_chain(&events), Ok(()));
        let head = reading.audit_head().await.unwrap().unwrap();
        assert!(!head.ends(&events));
        assert!(!head.ends(&[]));
    }

    async fn events_in_another_order_are_noticed(bench) {
        let (cast, mut events) = chain(bench).await;
        let reading = cast.read().await;
        events.swap(2, 3);
        assert_eq!(reading.verify_chain(&events), Err(2));
        let (first, second) = (events[2].seq, events[3].seq);
        events[2].seq = second;
        events[3].seq = first;
        assert_eq!(reading.verify_chain(&events), Err(2), "with numbers to match");
    }

    async fn a_chain_does_not_begin_in_the_middle_under_number_one(bench) {
        let (cast, events) = chain(bench).await;
        let mut forged = events[1..].to_vec();
        for (seq, event) in (1..).zip(&mut forged) {
            event.seq = seq;
        }
        assert_eq!(cast.read().await.verify_chain(&forged), Err(0));
    }

    /// Who writes to the database can compute each hash anew.
    async fn a_chain_that_was_written_anew_from_an_event_on_is_noticed(bench) {
        let (cast, mut events) = chain(bench).await;
        let mut before = events[1].hash;
        for event in &mut events[2..] {
            event.prev_hash = before;
            event.detail = if event.seq == 3 { json!({}) } else { event.detail.clone() };
            event.hash = audit_hash(cast.tenant, event);
            before = event.hash;
        }
        assert_eq!(cast.read().await.verify_chain(&events), Err(2));
    }

    async fn a_chain_that_was_moved_to_another_tenant_is_noticed(bench) {
        let (_, mut events) = chain(bench).await;
        let rival = bench.cast("rival").await;
        assert_eq!(rival.read().await.verify_chain(&events), Err(0));
        let mut before = [0; 32];
        for event in &mut events {
            event.prev_hash = before;
            event.hash = audit_hash(rival.tenant, event);
            before = event.hash;
        }
        assert_eq!(rival.read().await.verify_chain(&events), Err(0), "with hashes to match");
    }

    async fn a_chain_that_was_cut_off_whole_does_not_begin_anew(bench) {
        let (cast, _) = chain(bench).await;
        bench.raw("DELETE FROM audit").await;
        let zeros = match bench.location {
            crate::Location::Sqlite(_) => "zeroblob(32)",
            crate::Location::Postgres(_) => "decode(repeat('00', 32), 'hex')",
        };
        bench.raw(&format!("UPDATE audit_head SET seq = 0, hash = {zeros}, mac = {zeros}")).await;
        let mut writing = cast.write().await;
        writing.audit(&AuditEntry::new("signed-in", json!({}))).await.unwrap();
        writing.commit().await.unwrap();
        let mut reading = cast.read().await;
        let events = reading.audit(0, 100).await.unwrap();
        assert_eq!((events.len(), reading.verify_chain(&events)), (1, Err(0)));
    }

    /// Cut back to an end that it once had: only who has seen a later one can tell.
    async fn a_chain_that_was_cut_back_lacks_the_end_that_was_told(bench) {
        let (cast, events) = chain(bench).await;
        let moved = bench.store.take_moved_heads();
        assert_eq!(bench.store.take_moved_heads(), [], "each is told once");
        bench.raw("DELETE FROM audit WHERE seq > 4").await;
        let row = |column: &str| format!("{column} = (SELECT {column} FROM audit WHERE seq = 4)");
        let columns = ["seq", "hash", "mac"].map(row).join(", ");
        bench.raw(&format!("UPDATE audit_head SET {columns}")).await;
        let mut reading = cast.read().await;
        let cut = reading.audit(0, 100).await.unwrap();
        assert_eq!(reading.verify_chain(&cut), Ok(()));
        assert!(reading.audit_head().await.unwrap().unwrap().ends(&cut));
        let known = bench.store.known_audit_head(cast.tenant).unwrap();
        assert_eq!(moved, [(cast.tenant, known)]);
        let last = events.last().unwrap();
        assert_eq!((known.seq, known.mac), (last.seq, last.mac));
        assert!(cut.iter().all(|event| event.mac != known.mac));
    }

    async fn many_who_append_at_once_make_one_chain(bench) {
        let cast = bench.cast("acme").await;
        let tasks: Vec<_> = (0..40).map(|number| {
            let cast = cast.clone();
            tokio::spawn(async move {
                let mut writing = cast.write().await;
                let entry = AuditEntry::new("signed-in", json!({ "number": number }));
                writing.audit(&entry).await.unwrap();
                writing.commit().await.unwrap();
            })
        }).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut reading = cast.read().await;
        let events = reading.audit(0, 100).await.unwrap();
        assert_eq!(events.len(), 41);
        assert_eq!(reading.verify_chain(&events), Ok(()));
        let head = reading.audit_head().await.unwrap();
        assert!(head.is_some() && head == bench.store.known_audit_head(cast.tenant));
    }

    async fn an_event_of_a_dropped_transaction_leaves_no_gap(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        writing.audit(&AuditEntry::new("dropped", json!({}))).await.unwrap();
        drop(writing);
        let mut writing = cast.write().await;
        writing.audit(&AuditEntry::new("kept", json!({}))).await.unwrap();
        let events = Rows::audit(&mut writing, 0, 10).await.unwrap();
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), [
            "tenant.created", "kept"
        ]);
        assert_eq!(writing.verify_chain(&events), Ok(()));
        let created = bench.store.known_audit_head(cast.tenant).unwrap();
        assert_eq!(created.seq, 1, "nothing is known of what is not kept");
    }

    async fn a_tenant_that_is_not_there_has_no_chain(bench) {
        let mut writing = bench.store.write(ids::TenantId(id())).await.unwrap();
        let refused = writing.audit(&AuditEntry::new("x", json!({}))).await;
        assert!(matches!(refused, Err(StoreError::Reference)), "{refused:?}");
    }
}
