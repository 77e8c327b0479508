use super::*;

fn issuer(tid: &str) -> String {
    format!("https://login.microsoftonline.com/{tid}/v2.0")
}

fn entra() -> Value {
    let base = format!("https://login.microsoftonline.com/{TID}");
    json!({
        "issuer": issuer(TID),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    })
}

fn generic() -> Value {
    json!({
        "issuer": "https://id.example",
        "authorization_endpoint": "https://id.example/auth",
        "token_endpoint": "https://api.id.example/token",
        "jwks_uri": "https://id.example/keys",
    })
}

fn read(document: &Value, at: &str) -> Result<ProviderMetadata, MetadataError> {
    let body = document.to_string();
    ProviderMetadata::parse(body.as_bytes(), &address(at).unwrap(), &stand_in())
}

#[test]
fn reads_a_directory() {
    let metadata = read(&entra(), TID).unwrap();
    assert_eq!(metadata.kind, Kind::Entra { tid: TID.to_owned() });
    assert_eq!(metadata.issuer, issuer(TID));
    assert_eq!(metadata.jwks_uri.path(), format!("/{TID}/discovery/v2.0/keys"));
    assert_eq!(metadata.warnings, []);
    assert_eq!(Kind::entra(&metadata.issuer), Some(metadata.kind));
}

#[test]
fn reads_another_provider() {
    let metadata = read(&generic(), "https://id.example").unwrap();
    assert_eq!((metadata.kind, metadata.userinfo_endpoint), (Kind::Oidc, None));
    assert_eq!(Kind::entra(&metadata.issuer), None);
}

#[test]
fn claims_of_a_directory_make_no_directory_elsewhere() {
    // The kind follows the issuer: no other host becomes Entra by what it writes.
    let issuer = format!("https://id.example/{TID}/v2.0");
    let evil = with(&generic(), "issuer", json!(issuer));
    assert_eq!(read(&evil, &issuer).unwrap().kind, Kind::Oidc);
}

#[test]
fn a_domain_is_resolved_to_the_directory_once() {
    let metadata = read(&entra(), "contoso.example").unwrap();
    assert_eq!(metadata.address.as_str(), global(TID));
    let domain = "contoso.example".to_owned();
    assert_eq!(
        metadata.warnings,
        [MetadataWarning::DomainResolved { domain, tid: TID.to_owned() }]
    );
}

#[test]
fn an_operators_cloud_may_be_plain_http() {
    let local =
        entra().to_string().replace("https://login.microsoftonline.com", "http://127.0.0.1:4444");
    let at = format!("http://127.0.0.1:4444/{TID}/v2.0/{WELL_KNOWN}");
    let metadata = ProviderMetadata::parse(local.as_bytes(), &address(&at).unwrap(), &stand_in());
    assert_eq!(metadata.unwrap().kind, Kind::Entra { tid: TID.to_owned() });
    let stranger = ProviderMetadata::parse(local.as_bytes(), &address(&at).unwrap(), &[]);
    assert!(stranger.is_err());
}

#[test]
fn what_is_odd_and_no_obstacle_is_a_warning() {
    let consumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let personal: Value =
        serde_json::from_str(&entra().to_string().replace(TID, consumers)).unwrap();
    let named = "microsoftonline.us".to_owned();
    for (name, document, at, warning) in [
        ("personal accounts", personal, global("consumers"), MetadataWarning::PersonalAccounts),
        (
            "another cloud",
            with(&entra(), "cloud_instance_name", json!(named)),
            TID.to_owned(),
            MetadataWarning::UnexpectedCloud { named },
        ),
        (
            "no PKCE",
            with(&entra(), "code_challenge_methods_supported", json!(["plain"])),
            TID.to_owned(),
            MetadataWarning::NoPkce,
        ),
        (
            "no secret in the form",
            with(&entra(), "token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
            TID.to_owned(),
            MetadataWarning::NoSecretInForm,
        ),
    ] {
        assert_eq!(read(&document, &at).unwrap().warnings, [warning], "{name}");
    }
}

#[test]
fn a_directory_with_a_bad_issuer_is_explained() {
    use MetadataError as E;
    let other = |issuer: &str| E::IssuerMismatch { issuer: issuer.to_owned() };
    let template = issuer("{tenantid}");
    let us = format!("https://login.microsoftonline.us/{TID}/v2.0");
    for (name, field, value, error) in [
        ("all directories", "issuer", json!(template), E::TemplateIssuer),
        ("v1.0", "issuer", json!(format!("https://sts.windows.net/{TID}/")), E::V1Issuer),
        ("another directory", "issuer", json!(issuer(OTHER_TID)), other(&issuer(OTHER_TID))),
        ("another cloud", "issuer", json!(us), other(&us)),
        (
            "another host",
            "issuer",
            json!(format!("https://evil.example/{TID}/v2.0")),
            other(&format!("https://evil.example/{TID}/v2.0")),
        ),
        (
            "capitals",
            "issuer",
            json!(issuer(&TID.to_uppercase())),
            other(&issuer(&TID.to_uppercase())),
        ),
        (
            "a slash more",
            "issuer",
            json!(format!("{}/", issuer(TID))),
            E::NotADirectory { issuer: format!("{}/", issuer(TID)) },
        ),
        (
            "a name",
            "issuer",
            json!(issuer("contoso")),
            E::NotADirectory { issuer: issuer("contoso") },
        ),
        ("no URL", "issuer", json!("contoso"), E::BadUrl("issuer")),
        ("issuer missing", "issuer", Value::Null, E::Missing("issuer")),
        ("issuer empty", "issuer", json!(""), E::Missing("issuer")),
        ("issuer a list", "issuer", json!([issuer(TID)]), E::Missing("issuer")),
    ] {
        assert_eq!(read(&with(&entra(), field, value), TID).unwrap_err(), error, "{name}");
    }
}

#[test]
fn a_directory_with_bad_endpoints_is_explained() {
    use MetadataError as E;
    for (name, field, value, error) in [
        (
            "authorize missing",
            "authorization_endpoint",
            Value::Null,
            E::Missing("authorization_endpoint"),
        ),
        ("token missing", "token_endpoint", Value::Null, E::Missing("token_endpoint")),
        ("keys missing", "jwks_uri", Value::Null, E::Missing("jwks_uri")),
        ("keys a number", "jwks_uri", json!(7), E::Missing("jwks_uri")),
        (
            "authorize a script",
            "authorization_endpoint",
            json!("javascript:alert(1)"),
            E::BadUrl("authorization_endpoint"),
        ),
        (
            "token over http",
            "token_endpoint",
            json!("http://login.microsoftonline.com/t"),
            E::BadUrl("token_endpoint"),
        ),
        ("keys in a file", "jwks_uri", json!("file:///etc/keys"), E::BadUrl("jwks_uri")),
        (
            "keys with a password",
            "jwks_uri",
            json!("https://a:b@login.microsoftonline.com/k"),
            E::BadUrl("jwks_uri"),
        ),
        ("userinfo no URL", "userinfo_endpoint", json!("userinfo"), E::BadUrl("userinfo_endpoint")),
        (
            "logout over http",
            "end_session_endpoint",
            json!("http://x.example/"),
            E::BadUrl("end_session_endpoint"),
        ),
        (
            "authorize elsewhere",
            "authorization_endpoint",
            json!("https://evil.example/a"),
            E::ForeignEndpoint("authorization_endpoint"),
        ),
        (
            "token elsewhere",
            "token_endpoint",
            json!("https://evil.example/t"),
            E::ForeignEndpoint("token_endpoint"),
        ),
        (
            "keys elsewhere",
            "jwks_uri",
            json!("https://evil.example/k"),
            E::ForeignEndpoint("jwks_uri"),
        ),
        (
            "keys at another port",
            "jwks_uri",
            json!("https://login.microsoftonline.com:444/k"),
            E::ForeignEndpoint("jwks_uri"),
        ),
        ("no code flow", "response_types_supported", json!(["id_token"]), E::NoCodeFlow),
        (
            "no algorithm",
            "id_token_signing_alg_values_supported",
            json!(["ES256", "HS256"]),
            E::NoUsableAlgorithm,
        ),
    ] {
        assert_eq!(read(&with(&entra(), field, value), TID).unwrap_err(), error, "{name}");
    }
}

#[test]
fn a_bad_provider_is_explained() {
    use MetadataError as E;
    let other = |issuer: &str| E::IssuerMismatch { issuer: issuer.to_owned() };
    for (name, field, value, error) in [
        ("another issuer", "issuer", json!("https://evil.example"), other("https://evil.example")),
        ("another path", "issuer", json!("https://id.example/a"), other("https://id.example/a")),
        ("a directory of Entra", "issuer", json!(issuer(TID)), other(&issuer(TID))),
        ("over http", "issuer", json!("http://id.example"), E::BadUrl("issuer")),
        ("with a query", "issuer", json!("https://id.example?x=1"), E::BadUrl("issuer")),
        ("with a fragment", "issuer", json!("https://id.example#x"), E::BadUrl("issuer")),
        (
            "no algorithm",
            "id_token_signing_alg_values_supported",
            json!(["none"]),
            E::NoUsableAlgorithm,
        ),
    ] {
        let refused = read(&with(&generic(), field, value), "https://id.example");
        assert_eq!(refused.unwrap_err(), error, "{name}");
    }
    let slash = with(&generic(), "issuer", json!("https://id.example/"));
    assert!(read(&slash, "https://id.example").is_ok());
    let es256 = with(&generic(), "id_token_signing_alg_values_supported", json!(["ES256"]));
    assert!(read(&es256, "https://id.example").is_ok());
}

/// What the operator named is called without a guard: a stranger's document must not say what.
#[test]
fn a_document_from_elsewhere_names_no_host_of_the_operators() {
    let mut clouds = stand_in();
    clouds.push(EntraCloud {
        name: "Inner".to_owned(),
        authority: Url::parse("https://login.inner.example").unwrap(),
        graph: Some(Url::parse("https://graph.inner.example").unwrap()),
    });
    let read = |document: &Value, at: &str| {
        let address = MetadataAddress::parse(at, &clouds).unwrap();
        ProviderMetadata::parse(document.to_string().as_bytes(), &address, &clouds)
    };
    let endpoints = [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
    ];
    for named in
        ["http://127.0.0.1:4444/x", "https://login.inner.example/x", "https://graph.inner.example"]
    {
        for field in endpoints {
            let refused = Err(MetadataError::OthersHost(field));
            let stranger = with(&generic(), field, json!(named));
            assert_eq!(read(&stranger, "https://id.example"), refused, "{field}: {named}");
            let directory = with(&entra(), field, json!(named));
            assert_eq!(read(&directory, TID), refused, "{field}: {named}");
        }
    }
    let inner = entra().to_string().replace("login.microsoftonline.com", "login.inner.example");
    let inner = inner.replace("graph.microsoft.com", "graph.inner.example");
    let inner: Value = serde_json::from_str(&inner).unwrap();
    let at = format!("https://login.inner.example/{TID}/v2.0/{WELL_KNOWN}");
    assert!(read(&inner, &at).is_ok(), "its own document names them");
    let other = with(&inner, "userinfo_endpoint", json!("http://127.0.0.1:4444/x"));
    assert_eq!(read(&other, &at), Err(MetadataError::OthersHost("userinfo_endpoint")));
}

#[test]
fn documents_that_are_no_metadata_are_refused() {
    let twice = entra().to_string().replacen('{', r#"{"issuer":"https://evil.example","#, 1);
    let large = " ".repeat(MAX_BODY + 1);
    for (name, body, error) in [
        ("nothing", "", MetadataError::NotJson),
        ("HTML", "<!DOCTYPE html><html>", MetadataError::NotJson),
        ("a list", "[]", MetadataError::NotJson),
        ("issuer twice", &twice, MetadataError::NotJson),
        ("an empty object", "{}", MetadataError::Missing("issuer")),
        ("too large", &large, MetadataError::TooLarge),
    ] {
        let refused = ProviderMetadata::parse(body.as_bytes(), &address(TID).unwrap(), &[]);
        assert_eq!(refused.unwrap_err(), error, "{name}");
    }
}

#[test]
fn a_directory_is_unknown_when_entra_says_so_and_nothing_else() {
    let said =
        br#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'x' not found."}"#;
    assert!(is_unknown_directory(said));
    for other in ["", "{}", "<html>", r#"{"error":"invalid_request"}"#, r#""invalid_tenant""#] {
        assert!(!is_unknown_directory(other.as_bytes()), "{other}");
    }
}
