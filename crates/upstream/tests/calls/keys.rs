use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use jose::{KeySet, NumericDate};
use oidc::id_token::IdTokenError;
use tokio::task::JoinSet;
use upstream::{Upstream, UpstreamError};

use crate::provider::{NOW, Provider, expected, kind, nonce};

const HOUR: i64 = 3600;

fn after(seconds: i64) -> NumericDate {
    NOW.plus(seconds)
}

async fn keys(
    provider: &Provider,
    upstream: &Upstream,
    now: NumericDate,
) -> Result<Arc<KeySet>, UpstreamError> {
    upstream.keys(&provider.at("/keys"), now).await
}

/// Verifies a token that names the key `kid`.
async fn verify(
    provider: &Provider,
    upstream: &Upstream,
    kid: &str,
    now: NumericDate,
) -> Result<(), UpstreamError> {
    let (issuer, nonce, entra) = (provider.issuer(), nonce(), kind());
    let expected = expected(&issuer, &nonce, &entra, now);
    let verdict = upstream.verify(&provider.at("/keys"), &provider.id_token(kid), &expected).await;
    verdict.map(|_| ())
}

fn no_such_key() -> UpstreamError {
    IdTokenError::NoSuchKey.into()
}

#[tokio::test]
async fn keys_are_fetched_once_in_an_hour() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    for age in [0, 1, HOUR - 1] {
        assert!(keys(&provider, &upstream, after(age)).await.is_ok());
    }
    assert_eq!(provider.world.hits(), 1);
}

#[tokio::test]
async fn old_keys_serve_while_new_ones_are_fetched() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    keys(&provider, &upstream, NOW).await.unwrap();
    provider.world.set_keys(&["second"]);
    provider.world.hold();
    let old = keys(&provider, &upstream, after(HOUR)).await.unwrap();
    assert!(old.find("first").is_some());
    provider.world.wait_for_hits(2).await;
    // A second request meanwhile does not fetch again.
    assert!(keys(&provider, &upstream, after(HOUR)).await.unwrap().find("first").is_some());
    provider.world.release();
    while keys(&provider, &upstream, after(HOUR)).await.unwrap().find("second").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(provider.world.hits(), 2);
}

#[tokio::test]
async fn the_last_good_keys_serve_for_a_day_of_failures_and_no_longer() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    keys(&provider, &upstream, NOW).await.unwrap();
    provider.world.fail_keys(StatusCode::INTERNAL_SERVER_ERROR);
    for (number, age) in [(2, HOUR), (3, 2 * HOUR), (4, 24 * HOUR - 1)] {
        // The fetch before this one may still have its turn; then this request starts none.
        while provider.world.hits() < number {
            assert!(keys(&provider, &upstream, after(age)).await.is_ok());
            tokio::task::yield_now().await;
        }
    }
    let end = keys(&provider, &upstream, after(24 * HOUR)).await;
    assert_eq!(end.unwrap_err(), UpstreamError::Status(500));
    provider.world.set_keys(&["second"]);
    assert!(keys(&provider, &upstream, after(24 * HOUR)).await.is_ok());
}

#[tokio::test]
async fn a_failing_provider_is_asked_again_once_a_minute() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    keys(&provider, &upstream, NOW).await.unwrap();
    provider.world.fail_keys(StatusCode::INTERNAL_SERVER_ERROR);
    keys(&provider, &upstream, after(HOUR)).await.unwrap();
    provider.world.wait_for_hits(2).await;
    // An unknown key waits for the turn, hence for the end of the failing fetch.
    assert!(verify(&provider, &upstream, "unknown", after(HOUR)).await.is_err());
    for seconds in 0..60 {
        keys(&provider, &upstream, after(HOUR + seconds)).await.unwrap();
    }
    // This one may not ask again yet; it only waits for whoever fetches.
    assert!(verify(&provider, &upstream, "unknown", after(HOUR + 59)).await.is_err());
    let before = provider.world.hits();
    keys(&provider, &upstream, after(HOUR + 60)).await.unwrap();
    provider.world.wait_for_hits(before + 1).await;
    assert_eq!(before, 3);
}

#[tokio::test]
async fn a_rotated_key_is_found_at_once() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    assert_eq!(verify(&provider, &upstream, "first", NOW).await, Ok(()));
    provider.world.set_keys(&["first", "second"]);
    assert_eq!(verify(&provider, &upstream, "second", after(1)).await, Ok(()));
    assert_eq!(provider.world.hits(), 2);
}

#[tokio::test]
async fn unknown_keys_fail_closed_and_are_asked_for_every_five_minutes() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    for (age, hits) in [(0, 2), (1, 2), (299, 2), (300, 3), (301, 3)] {
        let verdict = verify(&provider, &upstream, "unknown", after(age)).await;
        assert_eq!(verdict, Err(no_such_key()), "after {age} s");
        assert_eq!(provider.world.hits(), hits, "after {age} s");
    }
}

#[tokio::test]
async fn a_refresh_that_brings_the_unknown_key_is_enough() {
    let provider = Arc::new(Provider::start().await);
    let upstream = provider.upstream();
    keys(&provider, &upstream, NOW).await.unwrap();
    provider.world.set_keys(&["second"]);
    provider.world.hold();
    let verdict = {
        let (provider, upstream) = (provider.clone(), upstream.clone());
        tokio::spawn(async move { verify(&provider, &upstream, "second", after(HOUR)).await })
    };
    provider.world.wait_for_hits(2).await;
    provider.world.release();
    assert_eq!(verdict.await.unwrap(), Ok(()));
    assert_eq!(provider.world.hits(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_verifies_no_more() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    assert_eq!(verify(&provider, &upstream, "first", NOW).await, Ok(()));
    provider.world.set_keys(&["second"]);
    assert_eq!(verify(&provider, &upstream, "second", after(1)).await, Ok(()));
    assert_eq!(verify(&provider, &upstream, "first", after(2)).await, Err(no_such_key()));
}

#[tokio::test]
async fn a_storm_of_unknown_keys_is_one_fetch() {
    let provider = Arc::new(Provider::start().await);
    let upstream = provider.upstream();
    assert_eq!(verify(&provider, &upstream, "first", NOW).await, Ok(()));
    let mut storm = JoinSet::new();
    for n in 0..50 {
        let (provider, upstream) = (provider.clone(), upstream.clone());
        storm.spawn(async move { verify(&provider, &upstream, &format!("u{n}"), after(1)).await });
    }
    for verdict in storm.join_all().await {
        assert_eq!(verdict, Err(no_such_key()));
    }
    assert_eq!(provider.world.hits(), 2);
}

#[tokio::test]
async fn whoever_comes_while_keys_are_fetched_shares_the_result() {
    for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
        let provider = Arc::new(Provider::start().await);
        let upstream = provider.upstream();
        if status != StatusCode::OK {
            provider.world.fail_keys(status);
        }
        provider.world.hold();
        let mut callers = JoinSet::new();
        for _ in 0..50 {
            let (provider, upstream) = (provider.clone(), upstream.clone());
            callers.spawn(async move { keys(&provider, &upstream, NOW).await.map(|_| ()) });
        }
        provider.world.wait_for_hits(1).await;
        provider.world.release();
        let good = if status == StatusCode::OK { Ok(()) } else { Err(UpstreamError::Status(503)) };
        assert!(callers.join_all().await.into_iter().all(|result| result == good), "{status}");
        assert_eq!(provider.world.hits(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_browser_that_goes_away_does_not_end_the_fetch() {
    let provider = Arc::new(Provider::start().await);
    let upstream = provider.upstream();
    provider.world.hold();
    let first = {
        let (provider, upstream) = (provider.clone(), upstream.clone());
        tokio::spawn(async move { keys(&provider, &upstream, NOW).await.map(|_| ()) })
    };
    provider.world.wait_for_hits(1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    provider.world.release();
    assert!(keys(&provider, &upstream, NOW).await.is_ok());
    assert_eq!(provider.world.hits(), 1);
}

#[tokio::test]
async fn waiting_for_somebody_elses_fetch_ends_at_the_deadline() {
    let provider = Arc::new(Provider::start().await);
    let upstream = provider.upstream_with(Duration::from_millis(250));
    let url = provider.at("/fault/silent");
    let mut callers = JoinSet::new();
    for _ in 0..3 {
        let (upstream, url) = (upstream.clone(), url.clone());
        callers.spawn(async move { upstream.keys(&url, NOW).await.map(|_| ()) });
    }
    for result in callers.join_all().await {
        assert_eq!(result, Err(UpstreamError::Deadline));
    }
    assert_eq!(provider.world.hits(), 1);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_keep_keys_for_ever() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    keys(&provider, &upstream, after(48 * HOUR)).await.unwrap();
    provider.world.set_keys(&["second"]);
    assert!(keys(&provider, &upstream, NOW).await.unwrap().find("second").is_some());
}

#[tokio::test]
async fn each_address_has_keys_of_its_own() {
    // A tenant may claim another's issuer; its keys count for its own address only.
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    upstream.keys(&provider.at("/stolen"), NOW).await.unwrap();
    assert_eq!(verify(&provider, &upstream, "stolen", NOW).await, Err(no_such_key()));
}
