use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;

use super::*;
use crate::testing::{SECRET, compact, read};

fn presented(
    header: Option<&str>,
    body: &[(&'static str, &str)],
) -> Result<(String, &'static str, String), TokenError> {
    let owned: Vec<_> = body.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let presented = credential(header, &read(&owned))?;
    let (way, secret) = match presented.credential {
        ClientCredential::Basic(secret) => ("basic", secret),
        ClientCredential::Post(secret) => ("post", secret),
        ClientCredential::Assertion(secret) => ("assertion", secret),
        ClientCredential::None => ("none", Secret::new(Vec::new())),
    };
    Ok((presented.client_id, way, secret.expose_text().unwrap().to_owned()))
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn found(client_id: &str, way: &'static str, secret: &str) -> (String, &'static str, String) {
    (client_id.to_owned(), way, secret.to_owned())
}

#[test]
fn a_client_shows_itself_in_one_of_four_ways() {
    let header = basic(&format!("shop:{SECRET}"));
    assert_eq!(presented(Some(&header), &[]), Ok(found("shop", "basic", SECRET)));
    let named = [("client_id", "shop")];
    assert_eq!(presented(Some(&header), &named), Ok(found("shop", "basic", SECRET)));
    let post = [("client_id", "shop"), ("client_secret", SECRET)];
    assert_eq!(presented(None, &post), Ok(found("shop", "post", SECRET)));
    assert_eq!(presented(None, &named), Ok(found("shop", "none", "")));
    let assertion = compact(&json!({}), &json!({ "sub": "shop" }));
    let body = [("client_assertion", &*assertion), ("client_assertion_type", JWT_BEARER)];
    assert_eq!(presented(None, &body), Ok(found("shop", "assertion", &assertion)));
}

#[test]
fn both_parts_of_the_header_are_in_the_encoding_of_forms() {
    for (pair, client_id, secret) in [
        ("a%3Ab:c%3Ad", "a:b", "c:d"),
        ("shop:a+b%20c%25", "shop", "a b c%"),
        ("shop:a:b", "shop", "a:b"),
        ("sh%C3%B8p:%C3%A9", "shøp", "é"),
    ] {
        for scheme in ["Basic", "basic", "BASIC", "Basic "] {
            let header = format!("{scheme} {}", STANDARD.encode(pair));
            assert_eq!(
                presented(Some(&header), &[]),
                Ok(found(client_id, "basic", secret)),
                "{pair}"
            );
        }
    }
    assert_eq!(presented(Some(&basic("shop:")), &[]), Ok(found("shop", "none", "")));
}

#[test]
fn more_than_one_way_is_refused() {
    let header = basic(&format!("shop:{SECRET}"));
    let assertion = [("client_assertion", "a.b.c"), ("client_assertion_type", JWT_BEARER)];
    let secret = ("client_secret", SECRET);
    for body in [vec![secret], assertion.to_vec(), [&assertion[..], &[secret]].concat()] {
        assert_eq!(presented(Some(&header), &body), Err(TokenError::TwoWays), "{body:?}");
    }
    let body = [&assertion[..], &[secret, ("client_id", "shop")]].concat();
    assert_eq!(presented(None, &body), Err(TokenError::TwoWays));
    // Whatever the header holds.
    let body = [secret, ("client_id", "shop")];
    assert_eq!(presented(Some("Bearer a"), &body), Err(TokenError::TwoWays));
}

#[test]
fn two_clients_are_refused() {
    let header = basic(&format!("shop:{SECRET}"));
    for other in ["other", "Shop", "shop "] {
        let refused = presented(Some(&header), &[("client_id", other)]);
        assert_eq!(refused, Err(TokenError::TwoClients), "{other}");
    }
}

#[test]
fn idp_03_a_header_without_its_scheme_is_recognised_and_explained() {
    let bare = STANDARD.encode(format!("shop:{SECRET}"));
    let refused = presented(Some(&bare), &[("client_id", "shop")]).unwrap_err();
    assert_eq!(refused, TokenError::HeaderWithoutBasic);
    assert!(refused.description().contains("lacks the word 'Basic'"), "{}", refused.description());
    assert!(refused.description().contains("Payload"));
}

#[test]
fn a_header_that_is_not_basic_is_refused() {
    let long = basic(&format!("shop:{}", "a".repeat(257)));
    let without_id = basic(":secret");
    let url_safe = format!("Basic {}", URL_SAFE.encode("shop:~~~???>>>"));
    for bad in [
        "",
        " ",
        "Basic",
        "Basic ",
        "Basic !",
        "Basic c2hvcA==",
        "Basic c2hvcDph=",
        "Bearer a.b.c",
        "Digest c2hvcDph",
        "Basic c2hvcDph c2hvcDph",
        "nonsense",
        &long,
        &without_id,
        &url_safe,
        &basic("shop:%"),
        &basic("sh%FFop:a"),
        &basic("shop:%zz"),
        "Basic\tc2hvcDph",
    ] {
        assert_eq!(presented(Some(bad), &[]), Err(TokenError::Header), "{bad}");
    }
    let no_text = format!("Basic {}", STANDARD.encode(b"shop:\xFF"));
    assert_eq!(presented(Some(&no_text), &[]), Err(TokenError::Header));
}

#[test]
fn without_a_client_id_nobody_calls() {
    assert_eq!(presented(None, &[]), Err(TokenError::NoClient));
    assert_eq!(presented(None, &[("client_id", "")]), Err(TokenError::NoClient));
    assert_eq!(presented(None, &[("client_secret", SECRET)]), Err(TokenError::NoClient));
    let nobody = [
        compact(&json!({}), &json!({})),
        compact(&json!({}), &json!({ "sub": 7 })),
        compact(&json!({}), &json!({ "sub": "a".repeat(257) })),
        "a.b.c".to_owned(),
        "nonsense".to_owned(),
    ];
    for assertion in nobody {
        let body = [("client_assertion", &*assertion), ("client_assertion_type", JWT_BEARER)];
        assert_eq!(presented(None, &body), Err(TokenError::NoClient), "{assertion}");
    }
}

#[test]
fn an_assertion_and_its_type_come_together() {
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let named = ("client_id", "shop");
    for body in [
        vec![named, ("client_assertion", "a.b.c")],
        vec![named, ("client_assertion_type", JWT_BEARER)],
        vec![named, ("client_assertion", "a.b.c"), ("client_assertion_type", saml)],
        vec![named, ("client_assertion_type", "jwt-bearer")],
        vec![named, ("client_assertion_type", JWT_BEARER), ("client_secret", SECRET)],
    ] {
        assert_eq!(presented(None, &body), Err(TokenError::AssertionType), "{body:?}");
    }
}
