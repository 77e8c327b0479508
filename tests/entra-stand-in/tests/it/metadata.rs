//! Metadata in all forms, and the keys.

use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entra_stand_in::{ACME, BIRCH, Endpoint};
use serde_json::{Value, json};

use crate::fixture::{Fixture, get};

async fn metadata(fixture: &Fixture, authority: &str) -> Value {
    let url = format!("{}/{authority}/.well-known/openid-configuration", fixture.entra.base_url());
    let answer = get(&url).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test]
async fn by_guid_and_by_domain_the_issuer_has_the_guid() {
    let fixture = Fixture::new().await;
    let base = fixture.entra.base_url().to_owned();
    let by_guid = metadata(&fixture, &format!("{ACME}/v2.0")).await;
    assert_eq!(by_guid["issuer"], format!("{base}/{ACME}/v2.0"));
    assert_eq!(by_guid["authorization_endpoint"], format!("{base}/{ACME}/oauth2/v2.0/authorize"));
    assert_eq!(by_guid["jwks_uri"], format!("{base}/{ACME}/discovery/v2.0/keys"));
    assert_eq!(by_guid, metadata(&fixture, "acme.example/v2.0").await);
    assert_eq!(by_guid, metadata(&fixture, "ACME.example/v2.0").await);
    assert_eq!(
        metadata(&fixture, "birch.example/v2.0").await["issuer"],
        format!("{base}/{BIRCH}/v2.0")
    );
}

#[tokio::test]
async fn common_has_a_template_for_an_issuer_and_endpoints_of_its_own() {
    let fixture = Fixture::new().await;
    let base = fixture.entra.base_url().to_owned();
    for authority in ["common", "organizations"] {
        let document = metadata(&fixture, &format!("{authority}/v2.0")).await;
        assert_eq!(document["issuer"], format!("{base}/{{tenantid}}/v2.0"));
        assert_eq!(document["token_endpoint"], format!("{base}/{authority}/oauth2/v2.0/token"));
        assert_eq!(document["tenant_region_scope"], Value::Null);
    }
}

#[tokio::test]
async fn without_v2_the_issuer_is_that_of_version_1() {
    let fixture = Fixture::new().await;
    let document = metadata(&fixture, "acme.example").await;
    assert_eq!(document["issuer"], format!("https://sts.windows.net/{ACME}/"));
    assert_eq!(metadata(&fixture, "common").await["issuer"], "https://sts.windows.net/{tenantid}/");
}

#[tokio::test]
async fn says_what_it_can_do_in_the_fields_that_entra_has() {
    let fixture = Fixture::new().await;
    let document = metadata(&fixture, &format!("{ACME}/v2.0")).await;
    let host = fixture.entra.base_url().strip_prefix("http://").unwrap();
    assert_eq!(
        document["token_endpoint_auth_methods_supported"],
        json!(["client_secret_post", "private_key_jwt", "client_secret_basic"])
    );
    assert_eq!(document["response_modes_supported"], json!(["query", "fragment", "form_post"]));
    assert_eq!(document["subject_types_supported"], json!(["pairwise"]));
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));
    assert_eq!(document["cloud_instance_name"], "microsoftonline.com");
    assert_eq!(document["msgraph_host"], host);
    assert_eq!(document["tenant_region_scope"], "EU");
    // Entra supports PKCE and does not say so.
    assert_eq!(document.get("code_challenge_methods_supported"), None);
}

#[tokio::test]
async fn an_unknown_directory_is_an_error_in_json() {
    let fixture = Fixture::new().await;
    for end in [
        "v2.0/.well-known/openid-configuration",
        ".well-known/openid-configuration",
        "discovery/v2.0/keys",
    ] {
        let answer = get(&format!("{}/nowhere.example/{end}", fixture.entra.base_url())).await;
        assert_eq!(answer.error(), (400, "invalid_tenant".to_owned(), 90002));
    }
}

#[tokio::test]
async fn publishes_several_keys_and_says_for_which_issuer_each_is_good() {
    let fixture = Fixture::new().await;
    let base = fixture.entra.base_url().to_owned();
    let keys = get(&format!("{base}/acme.example/discovery/v2.0/keys")).await.json();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    assert_ne!(keys[0]["kid"], fixture.entra.active_kid());
    for key in keys {
        assert_eq!(
            (&key["kty"], &key["use"], &key["e"]),
            (&json!("RSA"), &json!("sig"), &json!("AQAB"))
        );
        assert_eq!(key["issuer"], format!("{base}/{ACME}/v2.0"));
        assert_eq!(key["kid"], key["x5t"]);
    }
    let common = get(&format!("{base}/common/discovery/v2.0/keys")).await.json();
    let issuers: Vec<&str> = common["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["issuer"].as_str().unwrap())
        .collect();
    let template = format!("{base}/{{tenantid}}/v2.0");
    let consumers = format!("{base}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0");
    assert_eq!(issuers, [&template, &template, &template, &consumers]);
}

#[tokio::test]
async fn the_certificate_of_each_key_holds_that_key_and_is_signed_by_it() {
    let fixture = Fixture::new().await;
    let keys =
        get(&format!("{}/{ACME}/discovery/v2.0/keys", fixture.entra.base_url())).await.json();
    for key in keys["keys"].as_array().unwrap() {
        let der = BASE64_STANDARD.decode(key["x5c"][0].as_str().unwrap()).unwrap();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            wrap(&BASE64_STANDARD.encode(der))
        );
        let modulus = openssl(&["x509", "-noout", "-modulus"], &pem);
        let n = BASE64_URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
        let n: String =
            n.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).map(char::from).collect();
        assert_eq!(modulus.trim(), format!("Modulus={n}"));
        let folder = std::env::temp_dir().join(format!(
            "stand-in-{}-{}",
            std::process::id(),
            key["kid"].as_str().unwrap()
        ));
        std::fs::write(&folder, &pem).unwrap();
        let verified =
            openssl(&["verify", "-check_ss_sig", "-CAfile", folder.to_str().unwrap()], &pem);
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(verified.trim(), "stdin: OK");
    }
}

fn wrap(base64: &str) -> String {
    base64
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

fn openssl(arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn counts_how_often_keys_and_metadata_are_fetched() {
    let fixture = Fixture::new().await;
    let keys = format!("{}/{ACME}/discovery/v2.0/keys", fixture.entra.base_url());
    for _ in 0..3 {
        get(&keys).await;
    }
    get(&fixture.entra.metadata_url(ACME)).await;
    fixture.entra.wait_for(Endpoint::Keys, 3).await;
    let counted = [Endpoint::Keys, Endpoint::Metadata, Endpoint::Token]
        .map(|endpoint| fixture.entra.count(endpoint));
    assert_eq!(counted, [3, 1, 0]);
    let logged: Vec<Endpoint> =
        fixture.entra.requests().iter().map(|request| request.endpoint).collect();
    assert_eq!(logged, [Endpoint::Keys, Endpoint::Keys, Endpoint::Keys, Endpoint::Metadata]);
    fixture.entra.clear_requests();
    assert_eq!(fixture.entra.count(Endpoint::Keys), 0);
}
