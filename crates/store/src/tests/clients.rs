//! Applications and their secrets.

use identity::Moment;
use openid_provider::ClientSettings;

use crate::tests::eam::how_many;
use crate::tests::support::{hash, on_both, tenant, until};
use crate::{Client, StoreError};

/// An application on a server.
pub(super) fn client(client_id: &str) -> Client {
    let redirect_uris = vec!["https://app.example/back".to_owned()];
    Client {
        client_id: client_id.to_owned(),
        name: "An application".to_owned(),
        home_url: Some("https://app.example/".to_owned()),
        settings: Some(ClientSettings { redirect_uris, ..ClientSettings::default() }),
        enabled: true,
        created_at: Moment(7_000),
    }
}

on_both! {
    async fn an_application_comes_changes_and_goes(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        let other = Client { name: "Other".to_owned(), ..client("one") };
        assert!(!writing.add_client(&other).await.unwrap(), "its id is taken");
        assert_eq!(writing.client("one").await.unwrap(), Some(client("one")));
        assert_eq!(writing.client("ONE").await.unwrap(), None);
        let changed = Client { enabled: false, home_url: None, created_at: Moment(9), ..other };
        assert!(writing.change_client(&changed).await.unwrap());
        let kept = Client { created_at: client("one").created_at, ..changed };
        let ids = |clients: Vec<Client>| clients.into_iter().map(|it| it.client_id);
        let all: Vec<_> = ids(writing.clients().await.unwrap()).collect();
        assert_eq!((writing.client("one").await.unwrap(), all), (Some(kept), vec![
            "account".to_owned(), "one".to_owned(),
        ]));
        assert!(writing.remove_client("one").await.unwrap());
        assert!(!writing.remove_client("one").await.unwrap());
        assert_eq!(writing.client("one").await.unwrap(), None);
    }

    async fn a_page_of_ours_is_no_application_and_stays(bench) {
        let acme = tenant("acme");
        bench.store.create_tenant(&acme).await.unwrap();
        let mut writing = bench.store.write(acme.id).await.unwrap();
        assert!(!writing.remove_client("account").await.unwrap());
        assert!(!writing.change_client(&client("account")).await.unwrap());
        assert!(writing.add_client(&client("one")).await.unwrap());
        let page = Client { settings: None, ..client("one") };
        assert!(!writing.change_client(&page).await.unwrap());
        assert_eq!(writing.client("account").await.unwrap(), Some(Client::account(&acme)));
        assert_eq!(writing.client("one").await.unwrap(), Some(client("one")));
        assert!(!writing.add_client_secret("account", &hash("secret")).await.unwrap());
    }

    async fn an_application_has_two_secrets_at_most_and_they_go_with_it(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(!writing.add_client_secret("one", &hash("first")).await.unwrap(), "nobody's");
        for id in ["one", "two"] {
            assert!(writing.add_client(&client(id)).await.unwrap());
        }
        for (secret, kept) in [("first", true), ("second", true), ("third", false)] {
            let added = writing.add_client_secret("one", &hash(secret)).await.unwrap();
            assert_eq!(added, kept, "{secret}");
        }
        assert!(writing.add_client_secret("two", &hash("first")).await.unwrap());
        let secrets = writing.client_secrets("one").await.unwrap();
        let mut hashes: Vec<_> = secrets.iter().map(|secret| *secret.hash.as_bytes()).collect();
        hashes.sort_unstable();
        let mut expected = [*hash("first").as_bytes(), *hash("second").as_bytes()];
        expected.sort_unstable();
        assert_eq!(hashes, expected);
        assert!(!writing.remove_client_secret("two", &hash("second")).await.unwrap());
        assert!(writing.remove_client_secret("one", &hash("first")).await.unwrap());
        assert!(!writing.remove_client_secret("one", &hash("first")).await.unwrap());
        assert!(writing.add_client_secret("one", &hash("third")).await.unwrap());
        assert!(writing.remove_client("one").await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("client_secret").await, 1, "that of the other one");
    }

    async fn a_secret_is_one_applications_once(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        assert!(writing.add_client_secret("one", &hash("first")).await.unwrap());
        let again = writing.add_client_secret("one", &hash("first")).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    }

    async fn who_adds_a_secret_waits_for_who_is_about_it(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        assert!(writing.add_client_secret("one", &hash("first")).await.unwrap());
        writing.commit().await.unwrap();
        let mut holding = bench.store.write(acme).await.unwrap();
        assert!(holding.add_client_secret("one", &hash("second")).await.unwrap());
        let store = bench.store.clone();
        let late = tokio::spawn(async move {
            let mut writing = store.write(acme).await.unwrap();
            writing.add_client_secret("one", &hash("third")).await.unwrap()
        });
        until(async || late.is_finished() || bench.waiting().await > 0).await;
        assert!(!late.is_finished());
        holding.commit().await.unwrap();
        assert!(!late.await.unwrap(), "it has two by now");
    }

    async fn who_counts_applications_to_add_one_waits_for_who_is_about_it(bench) {
        let acme = bench.tenant("acme").await;
        let mut first = bench.store.write(acme).await.unwrap();
        assert_eq!(first.count_applications_to_add().await.unwrap(), 0);
        let store = bench.store.clone();
        let second = tokio::spawn(async move {
            let mut writing = store.write(acme).await.unwrap();
            writing.count_applications_to_add().await.unwrap()
        });
        until(async || second.is_finished() || bench.waiting().await > 0).await;
        assert!(!second.is_finished());
        assert!(first.add_client(&client("one")).await.unwrap());
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), 1);
    }

    async fn who_removes_an_application_waits_for_who_changes_it_and_it_stays_away(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        writing.commit().await.unwrap();
        let mut changing = bench.store.write(acme).await.unwrap();
        let found = changing.client_to_change("one").await.unwrap().unwrap();
        let store = bench.store.clone();
        let removing = tokio::spawn(async move {
            let mut writing = store.write(acme).await.unwrap();
            let removed = writing.remove_client("one").await.unwrap();
            writing.commit().await.unwrap();
            removed
        });
        until(async || removing.is_finished() || bench.waiting().await > 0).await;
        assert!(!removing.is_finished());
        let changed = Client { name: "Changed".to_owned(), ..found };
        assert!(changing.change_client(&changed).await.unwrap());
        changing.commit().await.unwrap();
        assert!(removing.await.unwrap());
        // Who has read it before does not bring it back.
        let mut writing = bench.store.write(acme).await.unwrap();
        assert_eq!(writing.client_to_change("one").await.unwrap(), None);
        assert!(!writing.change_client(&changed).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("client WHERE client_id = 'one'").await, 0);
    }

    async fn of_two_who_change_an_application_the_second_changes_what_the_first_wrote(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        writing.commit().await.unwrap();
        let mut first = bench.store.write(acme).await.unwrap();
        let found = first.client_to_change("one").await.unwrap().unwrap();
        let store = bench.store.clone();
        let second = tokio::spawn(async move {
            let mut writing = store.write(acme).await.unwrap();
            let found = writing.client_to_change("one").await.unwrap().unwrap();
            let renamed = Client { name: "Second".to_owned(), ..found };
            assert!(writing.change_client(&renamed).await.unwrap());
            writing.commit().await.unwrap();
        });
        until(async || second.is_finished() || bench.waiting().await > 0).await;
        assert!(!second.is_finished());
        assert!(first.change_client(&Client { enabled: false, ..found }).await.unwrap());
        first.commit().await.unwrap();
        second.await.unwrap();
        let stored = bench.store.read(acme).await.unwrap().client("one").await.unwrap().unwrap();
        assert_eq!((stored.name.as_str(), stored.enabled), ("Second", false));
    }

    async fn of_many_who_add_a_secret_at_once_two_do(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.add_client(&client("one")).await.unwrap());
        writing.commit().await.unwrap();
        let add = |number: usize| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                let mut writing = store.write(acme).await.unwrap();
                let secret = hash(&number.to_string());
                let added = writing.add_client_secret("one", &secret).await.unwrap();
                writing.commit().await.unwrap();
                added
            })
        };
        assert_eq!(how_many((0..16).map(add).collect()).await, 2);
        assert_eq!(bench.count("client_secret").await, 2);
    }
}
