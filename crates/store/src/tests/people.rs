use std::time::Duration;

use identity::{EntraLink, Moment, Person, PersonState, Provider, ProviderKind, SyncConflict};
use ids::{Alias, CredentialId, UserId};

use crate::tests::providers::provider;
use crate::tests::support::{Cast, credential, id, link, on_both, person, until};
use crate::{Credential, PeopleFilter, PeopleOnly, StoreError};

async fn usernames(cast: &Cast, filter: PeopleFilter) -> Vec<String> {
    let people = cast.read().await.people(&filter).await.unwrap();
    people.into_iter().map(|row| row.person.username).collect()
}

on_both! {
    async fn a_person_is_read_as_written_by_id_link_username_and_address(bench) {
        let cast = bench.cast("acme").await;
        let eve = Person {
            display_name: Some("Ève Ünal".to_owned()),
            conflict: Some(SyncConflict {
                attribute: "email".to_owned(),
                value: "ada@example.com".to_owned(),
                at: Moment(9),
            }),
            last_sign_in_at: Some(Moment(10)),
            ..person("Ève@example.com")
        };
        let mut writing = cast.write().await;
        writing.write_person(&eve).await.unwrap();
        writing.insert_link(&link("oid-eve"), eve.id).await.unwrap();
        writing.commit().await.unwrap();
        let mut reading = cast.read().await;
        assert_eq!(reading.person(eve.id).await.unwrap(), Some(eve.clone()));
        assert_eq!(reading.person_by_link("tid", "oid-eve").await.unwrap(), Some(eve.clone()));
        assert_eq!(reading.person_by_username("ÈVE@EXAMPLE.COM").await.unwrap(), Some(eve.clone()));
        assert_eq!(reading.email_owner("èVE@example.com").await.unwrap(), Some(eve.id));
        assert_eq!(reading.links(eve.id).await.unwrap(), [link("oid-eve")]);
        assert_eq!(reading.person_by_link("tid", "oid-bob").await.unwrap(), None);
        assert_eq!(reading.person_by_link("other", "oid-eve").await.unwrap(), None);
        assert_eq!(reading.email_owner("nobody@example.com").await.unwrap(), None);
    }

    async fn an_import_does_not_undo_what_an_administrator_did(bench) {
        let cast = bench.cast("acme").await;
        let stale = cast.read().await.person(cast.person).await.unwrap().unwrap();
        assert_eq!(bench.raw("UPDATE person SET administrator = TRUE").await, 1);
        let mut writing = cast.write().await;
        writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap();
        writing.revoke_credential(cast.card).await.unwrap();
        writing.touch_person_signed_in(cast.person).await.unwrap();
        let enrolled = Person { enrolled_by_upstream: true, ..stale.clone() };
        writing.write_person(&enrolled).await.unwrap();
        let renamed = Person { display_name: Some("Ada".to_owned()), ..stale };
        writing.write_person(&renamed).await.unwrap();
        writing.commit().await.unwrap();
        let now = cast.read().await.person(cast.person).await.unwrap().unwrap();
        assert_eq!(now.display_name.as_deref(), Some("Ada"));
        assert_eq!(now.state, PersonState::Disabled);
        assert!(now.administrator && now.card_was_revoked && now.enrolled_by_upstream);
        assert!(now.last_sign_in_at.is_some());
    }

    async fn a_username_belongs_to_one_person_in_any_case(bench) {
        let cast = bench.cast("acme").await;
        let refused = cast.write().await.write_person(&person("ADA@example.com")).await;
        assert!(matches!(refused, Err(StoreError::Conflict("username"))), "{refused:?}");
    }

    async fn a_link_names_one_person(bench) {
        let cast = bench.cast("acme").await;
        let eve = person("eve@example.com");
        let mut writing = cast.write().await;
        writing.write_person(&eve).await.unwrap();
        let refused = writing.insert_link(&link("oid-ada"), eve.id).await;
        assert!(matches!(refused, Err(StoreError::Conflict("link"))), "{refused:?}");
        assert!(matches!(writing.commit().await, Err(StoreError::Spoiled)));
        assert_eq!(cast.read().await.person(eve.id).await.unwrap(), None);
    }

    async fn two_first_sign_ins_at_once_make_one_person(bench) {
        let acme = bench.tenant("acme").await;
        let tasks: Vec<_> = (0..8).map(|number| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                let new = person(&format!("new-{number}@example.com"));
                let mut writing = store.write(acme).await.unwrap();
                writing.write_person(&new).await.unwrap();
                match writing.insert_link(&link("oid-new"), new.id).await {
                    Ok(()) => writing.commit().await.unwrap(),
                    Err(error) => assert!(matches!(error, StoreError::Conflict(_)), "{error:?}"),
                }
                let mut reading = store.read(acme).await.unwrap();
                reading.person_by_link("tid", "oid-new").await.unwrap().unwrap().id
            })
        }).collect();
        let mut ids = Vec::new();
        for task in tasks {
            ids.push(task.await.unwrap());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(bench.count("person").await, 1);
    }

    async fn facts_tell_what_the_hallway_must_know(bench) {
        let cast = bench.cast("acme").await;
        let facts = cast.read().await.person_facts(cast.person).await.unwrap().unwrap();
        assert_eq!((facts.id, facts.tenant), (cast.person, cast.tenant));
        assert!(facts.has_card && facts.linked && !facts.card_was_revoked);
        assert_eq!(facts.last_upstream_at, Some(Moment(3_000)));
        let root = Person { administrator: true, ..person("root") };
        let nobody = person("nobody");
        let mut writing = cast.write().await;
        writing.revoke_credential(cast.card).await.unwrap();
        writing.write_person(&root).await.unwrap();
        writing.write_person(&nobody).await.unwrap();
        let facts = writing.person_facts(cast.person).await.unwrap().unwrap();
        assert!(!facts.has_card && facts.card_was_revoked);
        assert!(writing.person_facts(root.id).await.unwrap().unwrap().linked);
        assert!(!writing.person_facts(nobody.id).await.unwrap().unwrap().linked);
        assert_eq!(writing.person_facts(UserId(id())).await.unwrap(), None);
    }

    async fn of_two_who_enrol_a_first_card_at_once_one_sees_the_others(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        writing.revoke_credential(cast.card).await.unwrap();
        writing.commit().await.unwrap();
        let mut first = cast.write().await;
        assert!(!first.person_facts(cast.person).await.unwrap().unwrap().has_card);
        let second = tokio::spawn({
            let cast = cast.clone();
            async move { cast.write().await.person_facts(cast.person).await.unwrap().unwrap() }
        });
        until(async || second.is_finished() || bench.waiting().await > 0).await;
        first.insert_credential(&credential(cast.person)).await.unwrap();
        first.commit().await.unwrap();
        assert!(second.await.unwrap().has_card);
    }

    async fn people_are_searched_filtered_and_paged(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        for (name, sign_in) in [("b_b", None), ("bxb", Some(Moment(5))), ("Çelik", None)] {
            let person = Person { last_sign_in_at: sign_in, ..person(name) };
            writing.write_person(&person).await.unwrap();
        }
        writing.insert_link(&link("oid-ada-2"), cast.person).await.unwrap();
        writing.commit().await.unwrap();
        let all = PeopleFilter { limit: 10, ..PeopleFilter::default() };
        let page = |only, search: &str| {
            PeopleFilter { only, search: Some(search.to_owned()), ..all.clone() }
        };
        let everybody = ["ada@example.com", "b_b", "bxb", "Çelik"];
        assert_eq!(usernames(&cast, all.clone()).await, everybody);
        assert_eq!(usernames(&cast, page(PeopleOnly::Completed, "")).await, ["bxb"]);
        assert_eq!(usernames(&cast, page(PeopleOnly::All, "B_")).await, ["b_b"]);
        assert_eq!(usernames(&cast, page(PeopleOnly::All, "çEL")).await, ["Çelik"]);
        assert_eq!(usernames(&cast, page(PeopleOnly::All, "%")).await, Vec::<String>::new());
        let rest = PeopleFilter { after: Some("ada@example.com".to_owned()), limit: 2, ..all.clone() };
        assert_eq!(usernames(&cast, rest).await, ["b_b", "bxb"]);
        let first = PeopleFilter { limit: 1, ..all };
        let first = cast.read().await.people(&first).await.unwrap();
        assert_eq!((first.len(), first[0].links.len(), first[0].cards), (1, 2, 1));
    }

    async fn who_waits_for_a_first_card_came_from_entra_is_enabled_and_never_had_one(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        let other = |name: &str, kind| Provider { kind, ..provider(name, 1) };
        writing.put_provider(&other("azure", ProviderKind::Entra)).await.unwrap();
        writing.put_provider(&other("lab", ProviderKind::Oidc)).await.unwrap();
        let of = |name: &str, alias: &str| EntraLink {
            provider: Alias::try_from(alias.to_owned()).unwrap(),
            ..link(name)
        };
        // The cast's own person has a card; "gone" came by a provider that is there no more.
        for (name, alias) in
            [("waits", "azure"), ("out", "azure"), ("lost", "azure"), ("lab", "lab"), ("gone", "old")]
        {
            let person = person(name);
            writing.write_person(&person).await.unwrap();
            writing.insert_link(&of(name, alias), person.id).await.unwrap();
            if name == "out" {
                writing.set_person_state(person.id, PersonState::Disabled).await.unwrap();
            }
            if name == "lost" {
                let card = credential(person.id);
                writing.insert_credential(&card).await.unwrap();
                writing.revoke_credential(card.id).await.unwrap();
            }
        }
        writing.write_person(&person("invited")).await.unwrap();
        writing.commit().await.unwrap();
        let filter = PeopleFilter {
            only: PeopleOnly::EntraOnlyNoCard,
            limit: 10,
            ..PeopleFilter::default()
        };
        assert_eq!(usernames(&cast, filter).await, ["waits"]);
    }

    async fn people_with_a_sync_conflict_are_found(bench) {
        let cast = bench.cast("acme").await;
        let conflict = SyncConflict {
            attribute: "email".to_owned(),
            value: "ada@example.com".to_owned(),
            at: Moment(9),
        };
        let mut writing = cast.write().await;
        writing.write_person(&Person { conflict: Some(conflict), ..person("eve") }).await.unwrap();
        writing.commit().await.unwrap();
        let filter =
            PeopleFilter { only: PeopleOnly::SyncConflict, limit: 10, ..PeopleFilter::default() };
        assert_eq!(usernames(&cast, filter).await, ["eve"]);
    }

    async fn a_card_is_enrolled_once_in_its_tenant(bench) {
        let (cast, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        let card = credential(cast.person);
        let mut writing = cast.write().await;
        writing.insert_credential(&card).await.unwrap();
        writing.commit().await.unwrap();
        let mut reading = cast.read().await;
        assert_eq!(reading.credential(card.id).await.unwrap(), Some(card.clone()));
        assert_eq!(reading.credential_by_id(&card.webauthn_id).await.unwrap(), Some(card.clone()));
        assert_eq!(reading.credentials(cast.person).await.unwrap().len(), 2);
        let again = Credential { id: CredentialId(id()), ..card.clone() };
        let refused = cast.write().await.insert_credential(&again).await;
        assert!(matches!(refused, Err(StoreError::Conflict("card"))), "{refused:?}");
        let elsewhere = Credential { person: rival.person, ..again };
        rival.write().await.insert_credential(&elsewhere).await.unwrap();
    }

    async fn a_counter_only_rises_unless_there_is_none(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        assert!(writing.swap_counter(cast.card, 0).await.unwrap(), "none, and never one");
        assert!(writing.swap_counter(cast.card, 5).await.unwrap());
        assert!(!writing.swap_counter(cast.card, 5).await.unwrap(), "the same again");
        assert!(!writing.swap_counter(cast.card, 4).await.unwrap(), "back");
        assert!(!writing.swap_counter(cast.card, 0).await.unwrap(), "none any more");
        assert!(writing.swap_counter(cast.card, u32::MAX).await.unwrap());
        let card = writing.credential(cast.card).await.unwrap().unwrap();
        assert_eq!(card.passkey().unwrap().counter, u32::MAX);
        let now = cast.store.now().await.unwrap();
        assert!(now.since(card.last_used_at.unwrap()) < Duration::from_secs(60));
    }

    async fn a_revoked_card_counts_no_further(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        writing.revoke_credential(cast.card).await.unwrap();
        assert!(!writing.swap_counter(cast.card, 9).await.unwrap());
    }

    async fn a_card_is_renamed(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        assert!(writing.rename_credential(cast.card, "blue\0card").await.unwrap());
        let label = writing.credential(cast.card).await.unwrap().unwrap().label;
        assert_eq!(label, "blue\u{fffd}card", "U+0000 fits neither engine");
        assert!(!writing.rename_credential(CredentialId(id()), "x").await.unwrap());
    }
}
