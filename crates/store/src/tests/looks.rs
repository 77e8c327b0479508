//! What is remembered holds as long as it is remembered.

use std::time::Duration;

use identity::{Tenant, TenantPolicy};
use ids::Slug;
use secrets::Secret;

use crate::tests::clients::client;
use crate::tests::signing_keys::key;
use crate::tests::support::{Bench, hash, on_both, ring};
use crate::{AuditEntry, KeyDates, KeyIssuer, KeyState, Look, Store, Writing};

fn slug(text: &str) -> Slug {
    Slug::try_from(text.to_owned()).unwrap()
}

async fn look(store: &Store) -> Look {
    store.look(&slug("acme")).await.unwrap().unwrap()
}

/// Another process on the same database.
async fn other(bench: &Bench) -> Store {
    Store::open(bench.location.clone(), ring()).await.unwrap()
}

/// Changes something in another process than the one that looks.
async fn change(store: &Store, tenant: &Tenant, change: impl AsyncFnOnce(&mut Writing)) {
    let mut writing = store.write(tenant.id).await.unwrap();
    change(&mut writing).await;
    writing.commit().await.unwrap();
}

/// Name and secrets of an application, as who calls is looked up.
async fn registered(store: &Store, client_id: &str) -> Option<(String, usize)> {
    let found = store.registered(&look(store).await, client_id).await.unwrap()?;
    Some((found.served.as_ref()?.name.clone(), found.secrets.len()))
}

async fn keys(store: &Store) -> Vec<(String, KeyState)> {
    let keys = store.signing_keys(&look(store).await, KeyIssuer::Eam).await.unwrap();
    keys.iter().map(|(key, state)| (key.kid.clone(), *state)).collect()
}

on_both! {
    async fn what_another_process_changes_of_a_tenant_holds_at_the_next_look(bench) {
        bench.tenant("acme").await;
        let (here, there) = (&bench.store, other(bench).await);
        let before = look(here).await;
        let acme = before.tenant().clone();
        change(&there, &acme, async |rows| assert!(rows.put_display_name("New").await.unwrap())).await;
        assert_eq!(look(here).await.tenant().display_name, "New");
        assert_eq!(before.tenant().display_name, acme.display_name, "what was seen stays as it was");
        let policy = TenantPolicy { session_seconds: 77, ..acme.policy.clone() };
        change(&there, &acme, async |rows| assert!(rows.put_policy(&policy).await.unwrap())).await;
        assert_eq!(look(here).await.tenant().policy.session_seconds, 77);
    }

    async fn what_another_process_changes_of_an_application_holds_at_the_next_look(bench) {
        bench.tenant("acme").await;
        let (here, there) = (&bench.store, other(bench).await);
        let acme = look(here).await.tenant().clone();
        assert_eq!(registered(here, "one").await, None);
        change(&there, &acme, async |rows| assert!(rows.add_client(&client("one")).await.unwrap())).await;
        let name = client("one").name;
        assert_eq!(registered(here, "one").await, Some((name.clone(), 0)));
        for (secret, count) in [("first", 1), ("second", 2)] {
            let secret = hash(secret);
            change(&there, &acme, async |rows| {
                assert!(rows.add_client_secret("one", &secret).await.unwrap());
            }).await;
            assert_eq!(registered(here, "one").await, Some((name.clone(), count)));
        }
        change(&there, &acme, async |rows| {
            assert!(rows.remove_client_secret("one", &hash("first")).await.unwrap());
        }).await;
        assert_eq!(registered(here, "one").await, Some((name, 1)));
        let changed = crate::Client { name: "Other".to_owned(), ..client("one") };
        change(&there, &acme, async |rows| assert!(rows.change_client(&changed).await.unwrap())).await;
        assert_eq!(registered(here, "one").await, Some(("Other".to_owned(), 1)));
        change(&there, &acme, async |rows| assert!(rows.remove_client("one").await.unwrap())).await;
        assert_eq!(registered(here, "one").await, None);
    }

    async fn what_another_process_does_with_keys_holds_at_the_next_look(bench) {
        bench.tenant("acme").await;
        let (here, there) = (&bench.store, other(bench).await);
        let acme = look(here).await.tenant().clone();
        let now = here.now().await.unwrap();
        assert_eq!(keys(here).await, []);
        let one = key("one", 1, now);
        change(&there, &acme, async |rows| assert!(rows.insert_signing_key(&one).await.unwrap())).await;
        assert_eq!(keys(here).await, [("one".to_owned(), KeyState::Active)]);
        let private = here.signing_keys(&look(here).await, KeyIssuer::Eam).await.unwrap();
        assert!(private[0].0.private.matches(&Secret::new(b"one".to_vec())));
        let dates = KeyDates { retired_at: Some(now), ..one.dates };
        change(&there, &acme, async |rows| {
            assert!(rows.date_signing_key("one", dates).await.unwrap());
        }).await;
        assert_eq!(keys(here).await, [("one".to_owned(), KeyState::Retired)]);
        let dates = KeyDates { ends_at: Some(now), ..dates };
        change(&there, &acme, async |rows| {
            assert!(rows.date_signing_key("one", dates).await.unwrap());
        }).await;
        assert_eq!(keys(here).await, []);
    }

    async fn what_a_key_is_follows_from_the_moment_of_the_look(bench) {
        bench.tenant("acme").await;
        let first = look(&bench.store).await;
        let soon = first.at().plus(Duration::from_millis(300));
        let one = key("one", 1, first.at());
        let one = crate::SigningKey { dates: KeyDates { active_from: soon, ..one.dates }, ..one };
        change(&bench.store, first.tenant(), async |rows| {
            assert!(rows.insert_signing_key(&one).await.unwrap());
        }).await;
        assert_eq!(keys(&bench.store).await, [("one".to_owned(), KeyState::Next)]);
        while look(&bench.store).await.at() < soon {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Nothing was changed since.
        assert_eq!(keys(&bench.store).await, [("one".to_owned(), KeyState::Active)]);
    }

    async fn what_is_undone_is_no_other_edition(bench) {
        let acme = bench.tenant("acme").await;
        let edition = look(&bench.store).await.edition();
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        drop(writing);
        bench.store.append(acme, AuditEntry::new("happened", serde_json::json!({}))).await.unwrap();
        assert_eq!(look(&bench.store).await.edition(), edition, "neither was an event");
        assert_eq!(registered(&bench.store, "one").await, None);
    }

    async fn of_two_tenants_each_has_its_own(bench) {
        let (acme, rival) = (bench.tenant("acme").await, bench.tenant("rival").await);
        let mut writing = bench.store.write(rival).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(registered(&bench.store, "one").await, None);
        let rivals = bench.store.look(&slug("rival")).await.unwrap().unwrap();
        assert!(bench.store.registered(&rivals, "one").await.unwrap().is_some());
        assert_eq!(look(&bench.store).await.tenant().id, acme);
        assert!(bench.store.look(&slug("nobody")).await.unwrap().is_none());
    }

    async fn a_database_that_was_put_back_is_not_taken_for_what_it_was(bench) {
        bench.tenant("acme").await;
        let (here, there) = (&bench.store, other(bench).await);
        let acme = look(here).await.tenant().clone();
        change(&there, &acme, async |rows| assert!(rows.add_client(&client("one")).await.unwrap())).await;
        let (before, remembered) = (look(here).await.edition(), registered(here, "one").await);
        assert!(remembered.is_some());
        // As a backup of before has it, and then somebody else is added.
        assert_eq!(bench.raw("UPDATE tenant SET edition = 0").await, 1);
        assert_eq!(bench.raw("DELETE FROM client WHERE client_id = 'one'").await, 1);
        change(&there, &acme, async |rows| assert!(rows.add_client(&client("two")).await.unwrap())).await;
        assert_ne!(look(here).await.edition(), before);
        assert_eq!(registered(here, "one").await, None);
    }

    async fn a_slug_that_names_another_tenant_now_names_that_one(bench) {
        let (acme, rival) = (bench.tenant("acme").await, bench.tenant("rival").await);
        assert_eq!(look(&bench.store).await.tenant().id, acme);
        for (to, from) in [("between", "acme"), ("acme", "rival")] {
            let exchange = format!("UPDATE tenant SET slug = '{to}' WHERE slug = '{from}'");
            assert_eq!(bench.raw(&exchange).await, 1);
        }
        assert_eq!(bench.raw("UPDATE tenant SET edition = 7").await, 2);
        assert_eq!(look(&bench.store).await.tenant().id, rival);
    }

    async fn who_is_registered_takes_no_longer_to_find_than_who_is_not(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        writing.commit().await.unwrap();
        let look = look(&bench.store).await;
        assert!(bench.store.registered(&look, "nobody").await.unwrap().is_none());
        // Nothing is asked of the database any more, for either.
        bench.store.close().await.unwrap();
        assert!(bench.store.registered(&look, "somebody").await.unwrap().is_none());
        assert!(bench.store.registered(&look, "one").await.unwrap().is_some());
    }
}
