use std::sync::atomic::Ordering;
use std::time::Duration;

use jose::KeySetError;
use oidc::discovery::{MetadataAddress, MetadataError};
use upstream::{Config, UpstreamError};

use crate::provider::{NOW, Provider, TID, new};

const SHORT: Duration = Duration::from_millis(250);

#[tokio::test]
async fn each_fault_of_a_provider_has_its_own_error() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    for (fault, error) in [
        ("huge", UpstreamError::TooLarge),
        ("over", UpstreamError::TooLarge),
        ("cut", UpstreamError::Unreachable),
        ("html", UpstreamError::ContentType),
        ("text", UpstreamError::ContentType),
        ("untyped", UpstreamError::ContentType),
        ("not-json", UpstreamError::Keys(KeySetError::NotJson)),
        ("moved", UpstreamError::Redirected),
        ("kept", UpstreamError::Redirected),
        ("error", UpstreamError::Status(500)),
        ("html-error", UpstreamError::Status(502)),
        ("nowhere", UpstreamError::Status(404)),
    ] {
        let url = provider.at(&format!("/fault/{fault}"));
        assert_eq!(upstream.keys(&url, NOW).await.unwrap_err(), error, "{fault}");
    }
    assert_eq!(provider.world.stolen.load(Ordering::SeqCst), 0, "followed a redirect");
}

#[tokio::test]
async fn answers_up_to_the_limits_are_taken() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    for good in ["limit", "charset", "jwk-set"] {
        let url = provider.at(&format!("/fault/{good}"));
        assert_eq!(upstream.keys(&url, NOW).await.unwrap().len(), 1, "{good}");
    }
}

#[tokio::test]
async fn a_provider_that_is_silent_or_drips_meets_the_deadline() {
    let provider = Provider::start().await;
    let upstream = provider.upstream_with(SHORT);
    for fault in ["silent", "drip"] {
        let url = provider.at(&format!("/fault/{fault}"));
        let address = MetadataAddress { url: url.parse().unwrap(), directory: None, notes: vec![] };
        let metadata = upstream.fetch_metadata(&address).await;
        assert_eq!(metadata.unwrap_err(), UpstreamError::Deadline, "{fault}");
        let keys = upstream.keys(&url, NOW).await;
        assert_eq!(keys.unwrap_err(), UpstreamError::Deadline, "{fault}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unreachable() {
    let provider = Provider::start().await;
    let (upstream, url) = (provider.upstream(), provider.at("/keys"));
    let cloud = provider.cloud();
    provider.stop().await;
    let error = upstream.keys(&url, NOW).await.unwrap_err();
    assert_eq!(error, UpstreamError::Unreachable);
    assert!(error.is_temporary());
    assert_eq!(upstream.clouds(), [cloud]);
}

#[tokio::test]
async fn https_to_a_server_without_tls_is_unreachable() {
    let provider = Provider::start().await;
    let mut cloud = provider.cloud();
    cloud.authority = provider.at("/").replace("http://", "https://").parse().unwrap();
    let upstream = new(Config { clouds: vec![cloud], ..Config::default() });
    let url = provider.at("/keys").replace("http://", "https://");
    assert_eq!(upstream.keys(&url, NOW).await.unwrap_err(), UpstreamError::Unreachable);
}

#[tokio::test]
async fn metadata_is_fetched_and_checked() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    let address = MetadataAddress::parse(&provider.at(&format!("/{TID}")), upstream.clouds());
    let missing = upstream.fetch_metadata(&address.unwrap()).await;
    assert_eq!(missing.unwrap_err(), UpstreamError::Status(404));
    let keys = MetadataAddress {
        url: provider.at("/keys").parse().unwrap(),
        directory: None,
        notes: vec![],
    };
    let not_metadata = upstream.fetch_metadata(&keys).await;
    assert_eq!(not_metadata.unwrap_err(), MetadataError::Missing("issuer").into());
}
