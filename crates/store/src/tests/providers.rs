use identity::{
    GroupsSent, Mapper, MapperKind, Moment, Provider, ProviderEndpoints, ProviderKind, Seen,
    SyncMode, SyncOverride,
};
use ids::{Alias, MapperId};
use secrets::Secret;

use crate::tests::support::{Bench, alias, id, on_both};
use crate::{Location, StoreError};

pub(super) fn provider(name: &str, position: i32) -> Provider {
    Provider {
        alias: Alias::try_from(name.to_owned()).unwrap(),
        display_name: "Azure".to_owned(),
        kind: ProviderKind::Entra,
        endpoints: ProviderEndpoints {
            discovery: "https://login.example/.well-known".to_owned(),
            issuer: "https://login.example".to_owned(),
            authorization: "https://login.example/authorize".to_owned(),
            token: "https://login.example/token".to_owned(),
            jwks: "https://login.example/keys".to_owned(),
            userinfo: None,
            end_session: Some("https://login.example/logout".to_owned()),
        },
        client_id: "client".to_owned(),
        client_secret: Some(Secret::from("canary-secret".to_owned())),
        client_secret_expires_at: Some(Moment(77)),
        sync_mode: SyncMode::Force,
        groups_sent: GroupsSent::Unknown,
        enabled: true,
        hidden: false,
        position,
        seen: Seen::default(),
        created_at: Moment(1),
    }
}

fn mapper(name: &str) -> Mapper {
    Mapper {
        id: MapperId(id()),
        name: name.to_owned(),
        sync: SyncOverride::Inherit,
        kind: MapperKind::AttributeImporter {
            claim: "upn".to_owned(),
            attribute: "email".to_owned(),
        },
    }
}

async fn dump(bench: &Bench) -> Vec<u8> {
    let text = "SELECT client_secret FROM provider";
    match &bench.location {
        Location::Sqlite(_) => bench.raw_sqlite().query_row(text, [], |row| row.get(0)).unwrap(),
        Location::Postgres(_) => {
            sqlx::query_scalar(text).fetch_one(&mut bench.raw_postgres().await).await.unwrap()
        }
    }
}

fn secret(provider: &Provider) -> &[u8] {
    provider.client_secret.as_ref().unwrap().expose()
}

on_both! {
    async fn a_client_secret_is_sealed_and_opens_again(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.put_provider(&provider("azure", 1)).await.unwrap();
        writing.commit().await.unwrap();
        let sealed = dump(bench).await;
        assert!(!sealed.windows(6).any(|part| part == b"canary"));
        let read = bench.store.read(acme).await.unwrap().provider(&alias()).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", provider("azure", 1)));
        assert_eq!(secret(&read), b"canary-secret");
    }

    async fn a_sealed_secret_of_another_tenant_does_not_open(bench) {
        let (acme, rival) = (bench.tenant("acme").await, bench.tenant("rival").await);
        for tenant in [acme, rival] {
            let mut writing = bench.store.write(tenant).await.unwrap();
            writing.put_provider(&provider("azure", 1)).await.unwrap();
            writing.commit().await.unwrap();
        }
        let copy = "UPDATE provider SET client_secret = (SELECT p.client_secret FROM provider p \
                    JOIN tenant t ON t.tenant_id = p.tenant_id WHERE t.slug = 'rival')";
        bench.raw(copy).await;
        let opened = bench.store.read(rival).await.unwrap().provider(&alias()).await;
        assert!(opened.is_ok(), "in its own place");
        let opened = bench.store.read(acme).await.unwrap().provider(&alias()).await;
        assert!(matches!(opened, Err(StoreError::Corrupt("client_secret"))), "{opened:?}");
    }

    async fn saving_without_a_secret_keeps_the_one_that_is_stored(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.put_provider(&provider("azure", 1)).await.unwrap();
        for kept in [None, Some(Secret::new(Vec::new()))] {
            let edited = Provider {
                client_secret: kept,
                display_name: "Entra".to_owned(),
                ..provider("azure", 1)
            };
            writing.put_provider(&edited).await.unwrap();
            let read = writing.provider(&alias()).await.unwrap().unwrap();
            assert_eq!((read.display_name.as_str(), secret(&read)), ("Entra", &b"canary-secret"[..]));
        }
        let new = Some(Secret::from("new".to_owned()));
        writing.put_provider(&Provider { client_secret: new, ..provider("azure", 1) }).await.unwrap();
        assert_eq!(secret(&writing.provider(&alias()).await.unwrap().unwrap()), b"new");
    }

    async fn providers_stand_in_the_order_of_the_login_page(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        for (name, position) in [("cc", 1), ("bb", -1), ("aa", 1)] {
            writing.put_provider(&provider(name, position)).await.unwrap();
        }
        let providers = writing.providers().await.unwrap();
        let names: Vec<_> = providers.iter().map(|provider| provider.alias.as_str()).collect();
        assert_eq!(names, ["bb", "aa", "cc"]);
    }

    async fn mappers_have_names_of_their_own_and_go_with_their_provider(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.put_provider(&provider("azure", 1)).await.unwrap();
        writing.put_provider(&provider("other", 2)).await.unwrap();
        let (first, second) = (mapper("email"), mapper("groups"));
        assert!(writing.put_mapper(&alias(), &first).await.unwrap());
        assert!(writing.put_mapper(&alias(), &second).await.unwrap());
        assert_eq!(writing.mappers(&alias()).await.unwrap(), [first.clone(), second.clone()]);
        let other = Alias::try_from("other".to_owned()).unwrap();
        assert!(!writing.put_mapper(&other, &first).await.unwrap(), "it stays where it is");
        assert!(!writing.delete_mapper(&other, first.id).await.unwrap());
        assert!(writing.delete_mapper(&alias(), first.id).await.unwrap());
        assert!(writing.delete_provider(&alias()).await.unwrap());
        assert!(!writing.delete_provider(&alias()).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(bench.count("mapper").await, 0);
    }

    async fn a_second_mapper_of_the_same_name_is_refused(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.put_provider(&provider("azure", 1)).await.unwrap();
        writing.put_mapper(&alias(), &mapper("email")).await.unwrap();
        let refused = writing.put_mapper(&alias(), &mapper("email")).await;
        assert!(matches!(refused, Err(StoreError::Conflict("name of the mapper"))), "{refused:?}");
    }

    async fn that_groups_are_sent_is_learnt_once_and_never_against_an_administrator(bench) {
        let acme = bench.tenant("acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.put_provider(&provider("azure", 1)).await.unwrap();
        assert!(writing.learn_groups_sent(&alias()).await.unwrap());
        assert!(!writing.learn_groups_sent(&alias()).await.unwrap());
        let set = Provider { groups_sent: GroupsSent::No, ..provider("azure", 1) };
        writing.put_provider(&set).await.unwrap();
        assert!(!writing.learn_groups_sent(&alias()).await.unwrap());
    }
}
