use std::time::Duration;

use ids::TenantId;
use oidc::token_response::TokenRequest;
use secrets::{Secret, Token};
use tokio::task::JoinSet;
use upstream::{Config, Upstream, UpstreamError};
use url::Url;
use uuid::Uuid;

use crate::provider::{ACME, BIRCH, CLIENT, NOW, Provider, new};

/// Two calls at a time to each host, to two providers.
async fn two_providers() -> (Provider, Provider, Upstream) {
    let (sick, well) = (Provider::start().await, Provider::start().await);
    let clouds = vec![sick.cloud(), well.cloud()];
    let upstream = new(Config {
        list_origins: Vec::new(),
        logout_origins: Vec::new(),
        clouds,
        deadline: Duration::from_secs(30),
        calls_per_host: 2,
        calls_per_tenant: 1,
    });
    (sick, well, upstream)
}

/// Starts `number` calls that the sick provider never answers, each for keys of its own.
fn call(sick: &Provider, upstream: &Upstream, number: usize) -> JoinSet<UpstreamError> {
    let mut calls = JoinSet::new();
    for n in 0..number {
        let (upstream, url) = (upstream.clone(), sick.at(&format!("/fault/silent?{n}")));
        calls.spawn(async move { upstream.keys(&url, NOW).await.unwrap_err() });
    }
    calls
}

#[tokio::test]
async fn one_sick_provider_does_not_slow_another() {
    let (sick, well, upstream) = two_providers().await;
    let _calls = call(&sick, &upstream, 2);
    sick.world.wait_for_hits(2).await;
    assert_eq!(upstream.keys(&well.at("/keys"), NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_waits_too_long_for_a_turn_is_told_so() {
    let (sick, _well, upstream) = two_providers().await;
    let _calls = call(&sick, &upstream, 2);
    sick.world.wait_for_hits(2).await;
    let third = upstream.keys(&sick.at("/fault/silent?third"), NOW).await;
    assert_eq!(third.unwrap_err(), UpstreamError::Busy);
    assert_eq!(sick.world.hits(), 2);
}

#[tokio::test]
async fn the_queue_in_front_of_a_provider_is_bounded() {
    let (sick, _well, upstream) = two_providers().await;
    // 2 under way and 8 in the queue; the others are refused at once, not after a wait.
    let mut calls = call(&sick, &upstream, 30);
    let refused = tokio::time::timeout(Duration::from_millis(500), async {
        for _ in 0..20 {
            assert_eq!(calls.join_next().await.unwrap().unwrap(), UpstreamError::Busy);
        }
    });
    refused.await.expect("refused at once");
    assert_eq!(calls.len(), 10);
}

/// Redeems a code of this tenant at an endpoint that never answers.
async fn redeem(sick: Url, upstream: Upstream, tenant: TenantId) -> UpstreamError {
    let code = Secret::from("c0de".to_owned());
    let request = TokenRequest {
        client_id: CLIENT,
        client_secret: None,
        code: &code,
        redirect_uri: "https://cardea.example/realms/acme/broker/azure/endpoint",
        verifier: &Token::new([3; 32]),
    };
    upstream.redeem(tenant, sick.as_str(), &request).await.unwrap_err()
}

#[tokio::test]
async fn one_tenant_uses_its_share_of_a_host_and_no_more() {
    let (sick, _well, upstream) = two_providers().await;
    let url = Url::parse(&sick.at("/fault/silent")).unwrap();
    let _first = tokio::spawn(redeem(url.clone(), upstream.clone(), ACME));
    sick.world.wait_for_hits(1).await;
    // The host has a place more, and it is for others.
    assert_eq!(redeem(url.clone(), upstream.clone(), ACME).await, UpstreamError::Busy);
    assert_eq!(sick.world.hits(), 1);
    let _other = tokio::spawn(redeem(url, upstream, BIRCH));
    sick.world.wait_for_hits(2).await;
}

/// Four tenants whose calls nobody answers, as many as they may have: a fifth does not wait for
/// their deadline.
#[tokio::test]
async fn four_tenants_that_saturate_a_slow_host_leave_room_for_a_fifth() {
    let sick = Provider::start().await;
    let upstream = new(Config {
        list_origins: Vec::new(),
        logout_origins: Vec::new(),
        clouds: vec![sick.cloud()],
        deadline: Duration::from_secs(30),
        calls_per_host: 8,
        calls_per_tenant: 2,
    });
    let silent = Url::parse(&sick.at("/fault/silent")).unwrap();
    let mut crowd = JoinSet::new();
    for number in 0..16 {
        let tenant = TenantId(Uuid::from_u128(10 + number % 4));
        crowd.spawn(redeem(silent.clone(), upstream.clone(), tenant));
    }
    sick.world.wait_for_hits(7).await;
    let answered = Url::parse(&sick.at("/token")).unwrap();
    let fifth = redeem(answered, upstream, ACME).await;
    // The endpoint's answer is no token: it was asked.
    assert!(matches!(fifth, UpstreamError::Token(_)), "{fifth:?}");
}
