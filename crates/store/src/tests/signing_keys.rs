use std::time::Duration;

use identity::Moment;
use secrets::Secret;

use crate::tests::eam::how_many;
use crate::tests::support::on_both;
use crate::{KeyDates, KeyIssuer, KeyState, Rows, SigningKey, StoreError};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn key(kid: &str, number: u32, now: Moment) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        issuer: KeyIssuer::Eam,
        alg: "RS256".to_owned(),
        number,
        private: Secret::new(kid.as_bytes().to_vec()),
        certificate: Some(vec![0x30, 0]),
        dates: KeyDates { published_at: now, active_from: now, retired_at: None, ends_at: None },
    }
}

fn seen(keys: &[(SigningKey, KeyState)]) -> Vec<(&str, KeyState)> {
    keys.iter().map(|(key, state)| (key.kid.as_str(), *state)).collect()
}

/// The key with which an issuer signs now; of several, the last.
async fn signs_now(rows: &mut Rows, issuer: KeyIssuer, alg: &str) -> Option<SigningKey> {
    let keys = rows.signing_keys(issuer).await.unwrap().into_iter();
    let mut active = keys.filter(|(key, state)| *state == KeyState::Active && key.alg == alg);
    active.next_back().map(|(key, _)| key)
}

on_both! {
    async fn a_key_comes_back_as_it_was_kept(bench) {
        let acme = bench.tenant("acme").await;
        let now = bench.store.now().await.unwrap();
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(signs_now(&mut writing, KeyIssuer::Eam, "RS256").await.is_none());
        assert!(writing.insert_signing_key(&key("one", 1, now)).await.unwrap());
        let found = signs_now(&mut writing, KeyIssuer::Eam, "RS256").await.unwrap();
        assert!(found.private.matches(&Secret::new(b"one".to_vec())));
        assert_eq!((found.kid.as_str(), found.number), ("one", 1));
        assert_eq!(found.dates, key("one", 1, now).dates);
        assert_eq!(found.certificate, Some(vec![0x30, 0]));
        assert!(signs_now(&mut writing, KeyIssuer::Tenant, "RS256").await.is_none());
        assert!(signs_now(&mut writing, KeyIssuer::Eam, "ES256").await.is_none());
        assert!(writing.signing_keys(KeyIssuer::Tenant).await.unwrap().is_empty());
    }

    async fn a_private_key_is_sealed_where_it_stands(bench) {
        let (acme, now) = (bench.tenant("acme").await, bench.store.now().await.unwrap());
        let mut writing = bench.store.write(acme).await.unwrap();
        for (number, kid) in [(1, "one"), (2, "two")] {
            assert!(writing.insert_signing_key(&key(kid, number, now)).await.unwrap());
        }
        writing.commit().await.unwrap();
        let copied = "UPDATE signing_key SET private = (SELECT private FROM signing_key \
                      WHERE kid = 'one') WHERE kid = 'two'";
        assert_eq!(bench.raw(copied).await, 1);
        let mut reading = bench.store.read(acme).await.unwrap();
        let refused = reading.signing_keys(KeyIssuer::Eam).await;
        assert!(matches!(refused, Err(StoreError::Corrupt("private"))), "{refused:?}");
    }

    async fn what_a_key_is_follows_from_its_dates(bench) {
        let (acme, now) = (bench.tenant("acme").await, bench.store.now().await.unwrap());
        let mut writing = bench.store.write(acme).await.unwrap();
        let soon = now.plus(DAY);
        let dates = |published_at, active_from, retired_at, ends_at| KeyDates {
            published_at, active_from, retired_at, ends_at,
        };
        for (number, kid, dates) in [
            (1, "gone", dates(now, now, Some(now), Some(now))),
            (2, "retired", dates(now, now, Some(now), Some(soon))),
            (3, "active", dates(now, now, Some(soon), Some(soon.plus(DAY)))),
            (4, "next", dates(now, soon, None, None)),
            (5, "unpublished", dates(soon, now, None, None)),
        ] {
            let key = SigningKey { dates, ..key(kid, number, now) };
            assert!(writing.insert_signing_key(&key).await.unwrap());
        }
        let keys = writing.signing_keys(KeyIssuer::Eam).await.unwrap();
        let states = [
            ("retired", KeyState::Retired), ("active", KeyState::Active), ("next", KeyState::Next),
        ];
        assert_eq!(seen(&keys), states);
        let active = signs_now(&mut writing, KeyIssuer::Eam, "RS256").await.unwrap();
        assert_eq!(active.kid, "active");
        // The next one begins where the other ends.
        assert!(writing.date_signing_key("active", dates(now, now, Some(now), None)).await.unwrap());
        assert!(signs_now(&mut writing, KeyIssuer::Eam, "RS256").await.is_none());
        assert!(writing.date_signing_key("next", dates(now, now, None, None)).await.unwrap());
        let active = signs_now(&mut writing, KeyIssuer::Eam, "RS256").await.unwrap();
        assert_eq!(active.kid, "next");
        assert!(!writing.date_signing_key("other", active.dates).await.unwrap());
    }

    async fn of_two_who_make_the_next_key_at_once_one_does(bench) {
        let (acme, now) = (bench.tenant("acme").await, bench.store.now().await.unwrap());
        let tasks: Vec<_> = ["one", "two"].into_iter().map(|kid| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                let mut writing = store.write(acme).await.unwrap();
                let kept = writing.insert_signing_key(&key(kid, 1, now)).await.unwrap();
                writing.commit().await.unwrap();
                kept
            })
        }).collect();
        assert_eq!((how_many(tasks).await, bench.count("signing_key").await), (1, 1));
        let mut writing = bench.store.write(acme).await.unwrap();
        let other = SigningKey { issuer: KeyIssuer::Tenant, ..key("other", 1, now) };
        assert!(writing.insert_signing_key(&other).await.unwrap(), "of another issuer");
        let again = writing.insert_signing_key(&key("other", 2, now)).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    }

    async fn a_key_that_has_ended_is_swept_and_no_other(bench) {
        let (acme, now) = (bench.tenant("acme").await, bench.store.now().await.unwrap());
        let mut writing = bench.store.write(acme).await.unwrap();
        for (number, kid, ends_at) in
            [(1, "gone", Some(now)), (2, "there", Some(now.plus(DAY))), (3, "for good", None)]
        {
            let new = key(kid, number, now);
            let dates = KeyDates { ends_at, ..new.dates };
            assert!(writing.insert_signing_key(&SigningKey { dates, ..new }).await.unwrap());
        }
        writing.commit().await.unwrap();
        assert_eq!(bench.store.sweep().await.unwrap(), 1);
        assert_eq!(bench.count("signing_key WHERE kid = 'gone'").await, 0);
        assert_eq!(bench.count("signing_key").await, 2);
    }
}
