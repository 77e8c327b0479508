use ids::TenantId;
use oidc::discovery::MetadataAddress;
use secrets::Secret;
use upstream::{Config, UpstreamError};
use uuid::Uuid;

use crate::provider::{NOW, Provider, new};

/// Addresses that a tenant's administrator might type to reach something inside.
#[tokio::test]
async fn inner_addresses_are_not_called_for_tenants() {
    let provider = Provider::start().await;
    let port = provider.origin.port().unwrap();
    let upstream = new(Config::default());
    for url in [
        format!("https://127.0.0.1:{port}/keys"),
        format!("https://127.1:{port}/keys"),
        format!("https://2130706433:{port}/keys"),
        format!("https://0x7f.0.0.1:{port}/keys"),
        format!("https://0:{port}/keys"),
        format!("https://localhost:{port}/keys"),
        format!("https://LocalHost:{port}/keys"),
        format!("https://[::1]:{port}/keys"),
        format!("https://[::ffff:127.0.0.1]:{port}/keys"),
        format!("https://[::ffff:7f00:1]:{port}/keys"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://168.63.129.16/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
        "https://[64:ff9b::7f00:1]/".to_owned(),
    ] {
        let keys = upstream.keys(&url, NOW).await;
        assert_eq!(keys.unwrap_err(), UpstreamError::ForbiddenAddress, "{url}");
        let address = MetadataAddress { url: url.parse().unwrap(), directory: None, notes: vec![] };
        let metadata = upstream.fetch_metadata(&address).await;
        assert_eq!(metadata.unwrap_err(), UpstreamError::ForbiddenAddress, "{url}");
    }
    assert_eq!(provider.world.hits(), 0);
}

#[tokio::test]
async fn only_https_is_called_for_tenants() {
    let provider = Provider::start().await;
    let port = provider.origin.port().unwrap();
    let upstream = new(Config::default());
    for url in [
        provider.at("/keys"),
        format!("http://localhost:{port}/keys"),
        "ftp://id.example/keys".to_owned(),
        "file:///etc/passwd".to_owned(),
        "data:application/json,{}".to_owned(),
        "https://ann:secret@id.example/keys".to_owned(),
        "keys".to_owned(),
        String::new(),
    ] {
        assert_eq!(upstream.keys(&url, NOW).await.unwrap_err(), UpstreamError::BadUrl, "{url}");
    }
    assert_eq!(provider.world.hits(), 0);
}

#[tokio::test]
async fn what_the_operator_named_is_called_and_nothing_beside_it() {
    let named = Provider::start().await;
    let beside = Provider::start().await;
    let upstream = named.upstream();
    assert!(upstream.keys(&named.at("/keys"), NOW).await.is_ok());
    assert_eq!(upstream.keys(&beside.at("/keys"), NOW).await.unwrap_err(), UpstreamError::BadUrl);
    let other_scheme = named.at("/keys").replace("http://", "https://");
    assert_eq!(
        upstream.keys(&other_scheme, NOW).await.unwrap_err(),
        UpstreamError::ForbiddenAddress
    );
    assert_eq!(beside.world.hits(), 0);
}

#[tokio::test]
async fn lists_come_from_inside_only_where_the_operator_named_the_origin() {
    let provider = Provider::start().await;
    let port = provider.origin.port().unwrap();
    let upstream = new(Config::default());
    for url in [
        provider.at("/keys"),
        format!("http://localhost:{port}/keys"),
        format!("https://127.0.0.1:{port}/keys"),
        format!("http://[::ffff:127.0.0.1]:{port}/keys"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let list = upstream.fetch_list(&url, 1 << 20).await;
        assert_eq!(list.unwrap_err(), UpstreamError::ForbiddenAddress, "{url}");
    }
    for url in ["ftp://pki.example/a.crl", "file:///etc/passwd", "http://a:b@pki.example/a.crl"] {
        let list = upstream.fetch_list(url, 1 << 20).await;
        assert_eq!(list.unwrap_err(), UpstreamError::BadUrl, "{url}");
    }
    assert_eq!(provider.world.hits(), 0);
    let list_origins = vec![provider.origin.clone()];
    let upstream = new(Config { list_origins, ..Config::default() });
    let url = provider.at("/keys");
    assert!(!upstream.fetch_list(&url, 1 << 20).await.unwrap().is_empty());
    assert_eq!(upstream.fetch_list(&url, 10).await.unwrap_err(), UpstreamError::TooLarge);
    // To name it for lists is to name it for nothing else.
    assert_eq!(upstream.keys(&url, NOW).await.unwrap_err(), UpstreamError::BadUrl);
}

#[tokio::test]
async fn applications_are_told_inside_only_where_the_operator_named_the_origin() {
    let provider = Provider::start().await;
    let port = provider.origin.port().unwrap();
    let (tenant, form) = (TenantId(Uuid::nil()), Secret::from("logout_token=x".to_owned()));
    let upstream = new(Config::default());
    for (url, refused) in [
        (provider.at("/keys"), UpstreamError::BadUrl),
        (format!("http://localhost:{port}/keys"), UpstreamError::BadUrl),
        ("https://a:b@app.example/out".to_owned(), UpstreamError::BadUrl),
        (format!("https://127.0.0.1:{port}/keys"), UpstreamError::ForbiddenAddress),
        (format!("https://localhost:{port}/keys"), UpstreamError::ForbiddenAddress),
        (format!("https://[::ffff:127.0.0.1]:{port}/"), UpstreamError::ForbiddenAddress),
        ("https://169.254.169.254/latest/meta-data/".to_owned(), UpstreamError::ForbiddenAddress),
    ] {
        let told = upstream.tell(tenant, &url, &form).await;
        assert_eq!(told.unwrap_err(), refused, "{url}");
    }
    assert_eq!(provider.world.hits(), 0);
    let logout_origins = vec![provider.origin.clone()];
    let upstream = new(Config { logout_origins, ..Config::default() });
    assert!(upstream.tell(tenant, &provider.at("/keys"), &form).await.is_ok());
    // To name it for logouts is to name it for nothing else.
    let keys = upstream.keys(&provider.at("/keys"), NOW).await;
    assert_eq!(keys.unwrap_err(), UpstreamError::BadUrl);
}
