use identity::{Moment, TenantPolicy};
use ids::Slug;
use jose::KeySet;
use store::KeyDates;

use super::*;
use crate::entropy;
use crate::test_app::test_app;

async fn tenant(app: &App) -> Tenant {
    let tenant = Tenant {
        id: TenantId(entropy::id()),
        slug: Slug::try_from("acme".to_owned()).unwrap(),
        display_name: "Acme".into(),
        policy: TenantPolicy::default(),
        created_at: Moment(0),
    };
    app.store.create_tenant(&tenant).await.unwrap();
    tenant
}

#[tokio::test]
async fn the_first_key_is_made_once_and_verified_by_what_is_published() {
    let (app, _data) = test_app().await;
    let tenant = tenant(&app).await;
    let first = published(&app, &tenant, KeyIssuer::Eam).await.unwrap();
    let again = published(&app, &tenant, KeyIssuer::Eam).await.unwrap();
    assert_eq!(first.key().kid(), again.key().kid());
    let kid = first.key().kid().to_owned();
    let keys = KeySet::parse(&first.document()).unwrap();
    assert!(keys.find(&kid).is_some());
    // Each issuer has its own.
    let other = published(&app, &tenant, KeyIssuer::Tenant).await.unwrap();
    assert_ne!(other.key().kid(), kid);
    assert!(!other.key().is_verified_by(&again.document()));
}

/// What is published is made of what is kept; so the test keeps a certificate under another key's
/// name, as a damaged database would.
#[tokio::test]
async fn a_key_that_cannot_be_read_signs_nothing() {
    let (app, _data) = test_app().await;
    let tenant = tenant(&app).await;
    published(&app, &tenant, KeyIssuer::Eam).await.unwrap();
    let (first, _) = app
        .store
        .read(tenant.id)
        .await
        .unwrap()
        .signing_keys(KeyIssuer::Eam)
        .await
        .unwrap()
        .remove(0);
    let other = published(&app, &tenant, KeyIssuer::Tenant).await.unwrap();
    let (foreign, _) = app
        .store
        .read(tenant.id)
        .await
        .unwrap()
        .signing_keys(KeyIssuer::Tenant)
        .await
        .unwrap()
        .remove(0);
    drop(other);
    let later = KeyDates { active_from: Moment(first.dates.active_from.0 + 1), ..first.dates };
    let spoilt = store::SigningKey {
        kid: "spoilt".into(),
        number: 2,
        certificate: foreign.certificate,
        dates: later,
        ..first
    };
    let mut tx = app.store.write(tenant.id).await.unwrap();
    assert!(tx.insert_signing_key(&spoilt).await.unwrap());
    tx.commit().await.unwrap();
    let refused = published(&app, &tenant, KeyIssuer::Eam).await;
    assert!(matches!(refused, Err(SigningError::Unreadable(_))));
}

#[tokio::test]
async fn what_signs_is_tested_once_against_what_is_published() {
    let (app, _data) = test_app().await;
    let tenant = tenant(&app).await;
    let published = published(&app, &tenant, KeyIssuer::Eam).await.unwrap();
    assert!(published.active.proven.load(Ordering::Relaxed));
    published.active.proven.store(false, Ordering::Relaxed);
    let refused = published.active.prove(&[]);
    assert!(matches!(refused, Err(SigningError::SelfTest)), "{refused:?}");
    assert!(!published.active.proven.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_key_for_es256_is_made_when_somebody_wants_it_and_both_are_published() {
    let (app, _data) = test_app().await;
    let tenant = tenant(&app).await;
    assert!(own_keys(&app, &tenant).await.unwrap().is_none(), "nobody has asked for a key");
    let rsa = published(&app, &tenant, KeyIssuer::Tenant).await.unwrap();
    let only = KeySet::parse(&rsa.document()).unwrap();
    assert_eq!((rsa.key().alg(), only.len()), (Alg::Rs256, 1));
    let elliptic = published_for(&app, &tenant, KeyIssuer::Tenant, Alg::Es256).await.unwrap();
    assert_eq!(elliptic.key().alg(), Alg::Es256);
    let both = own_keys(&app, &tenant).await.unwrap().unwrap();
    assert_eq!(both.len(), 2);
    for published in [&rsa, &elliptic] {
        assert!(both.find(published.key().kid()).is_some());
    }
    let again = published(&app, &tenant, KeyIssuer::Tenant).await.unwrap();
    assert_eq!(again.key().kid(), rsa.key().kid(), "each algorithm has its own");
    assert!(again.key().is_verified_by(&elliptic.document()));
}

/// Lets all keys of a tenant have signed for so many days.
async fn age(app: &App, tenant: &Tenant, days: u64) {
    let keys = app.store.read(tenant.id).await.unwrap().signing_keys(KeyIssuer::Tenant).await;
    let mut tx = app.store.write(tenant.id).await.unwrap();
    let by = std::time::Duration::from_secs(days.saturating_mul(24 * 60 * 60));
    for (key, _) in keys.unwrap() {
        let dates = KeyDates {
            published_at: key.dates.published_at.minus(by),
            active_from: key.dates.active_from.minus(by),
            ..key.dates
        };
        assert!(tx.date_signing_key(&key.kid, dates).await.unwrap());
    }
    tx.commit().await.unwrap();
}

async fn algs(app: &App, tenant: &Tenant) -> Vec<(String, u32)> {
    let keys = app.store.read(tenant.id).await.unwrap().signing_keys(KeyIssuer::Tenant).await;
    keys.unwrap().into_iter().map(|(key, _)| (key.alg, key.number)).collect()
}

fn application(id: &str, signing_alg: Alg) -> store::Client {
    store::Client {
        client_id: id.to_owned(),
        name: id.to_owned(),
        home_url: None,
        settings: Some(openid_provider::ClientSettings {
            signing_alg,
            ..openid_provider::ClientSettings::default()
        }),
        enabled: true,
        created_at: Moment(0),
    }
}

#[tokio::test]
async fn keys_of_applications_are_followed_by_others_while_somebody_wants_their_algorithm() {
    let (app, _data) = test_app().await;
    let tenant = tenant(&app).await;
    for alg in [Alg::Rs256, Alg::Es256] {
        published_for(&app, &tenant, KeyIssuer::Tenant, alg).await.unwrap();
    }
    age(&app, &tenant, 88).await;
    roll_keys(&app).await;
    assert_eq!(algs(&app, &tenant).await.len(), 2, "nobody is served");
    let add = async |client| {
        let mut tx = app.store.write(tenant.id).await.unwrap();
        assert!(tx.add_client(&client).await.unwrap());
        tx.commit().await.unwrap();
    };
    add(application("one", Alg::Rs256)).await;
    roll_keys(&app).await;
    roll_keys(&app).await;
    let one = |alg: &str, number| (alg.to_owned(), number);
    let rolled = [one("ES256", 1), one("RS256", 1), one("RS256", 2)];
    assert_eq!(algs(&app, &tenant).await, rolled);
    add(application("two", Alg::Es256)).await;
    roll_keys(&app).await;
    assert_eq!(algs(&app, &tenant).await.len(), 4);
    // The old ones sign until the new ones take over.
    for alg in [Alg::Rs256, Alg::Es256] {
        let signs = published_for(&app, &tenant, KeyIssuer::Tenant, alg).await.unwrap();
        let mut rows = app.store.read(tenant.id).await.unwrap();
        let all = rows.signing_keys(KeyIssuer::Tenant).await.unwrap();
        let (first, _) = all.into_iter().find(|(key, _)| key.alg == alg.as_str()).unwrap();
        assert_eq!(signs.key().kid(), first.kid);
    }
}
