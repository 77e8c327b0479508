//! What applications send, in each of the ways in which they can show who they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fuzz::{NOW, framed, openid_issuer, openid_key};
use serde_json::{Value, json};

use super::Input;

const SECRET: &str = "Zm91ciBiZWFycyB3ZW50IHRvIHRoZSBzZWEgdG8gc2U";
/// Of RFC 7636 B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PERSON: &str = "0a0a0a0a-1111-4222-8333-444455556666";

pub(super) fn all() -> Vec<Input> {
    let input = |name: &str, how, frames: [Vec<u8>; 4], signed: &[Value]| {
        let signed = signed.iter().map(|claims| claims.to_string().into_bytes());
        let frames: Vec<_> = frames.into_iter().chain(signed).collect();
        ("openid", name.to_owned(), framed(how, &frames))
    };
    let header = format!("Basic {}", STANDARD.encode(format!("shop:{SECRET}"))).into_bytes();
    let web = "https://shop.example/callback";
    let loopback = "http://127.0.0.1:51004/cb";
    let nothing = Vec::new;
    let whole = [
        (
            "claims",
            r#"{"id_token":{"acr":{"essential":true,"value":"phrh"}},"userinfo":{"email":null}}"#,
        ),
        ("prompt", "login"),
        ("max_age", "60"),
        ("acr_values", "phrh phr"),
        ("login_hint", "ann"),
        ("response_mode", "form_post"),
        ("ui_locales", "nb en"),
        ("post_logout_redirect_uri", web),
    ];
    let refresh = form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", "rt_a"),
        ("scope", "openid"),
        ("client_id", "shop"),
    ]);
    let machine = form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "shop"),
        ("client_secret", SECRET),
    ]);
    let signs = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let signed = code(
        &[("client_assertion_type", signs), ("client_assertion", "a.b.c"), ("client_id", "shop")],
        web,
    );
    vec![
        input("web", 8, [ask(web, &whole), code(&[], web), header, nothing()], &[token()]),
        input("native", 1 | 8, [ask(loopback, &[]), refresh, nothing(), nothing()], &[token()]),
        input("service", 2 | 8, [nothing(), machine, nothing(), nothing()], &[machines_token()]),
        input(
            "signed",
            3 | 4 | 8,
            [ask(web, &[("id_token_hint", "")]), signed, nothing(), nothing()],
            &[assertion(), token()],
        ),
        input("brought", 0, [hinted(web), nothing(), nothing(), bearer()], &[]),
    ]
}

fn form(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish().into_bytes()
}

fn ask(redirect_uri: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let ask = [
        ("response_type", "code"),
        ("client_id", "shop"),
        ("redirect_uri", redirect_uri),
        ("scope", "openid profile offline_access"),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    form(&[&ask[..], more].concat())
}

fn code(more: &[(&str, &str)], redirect_uri: &str) -> Vec<u8> {
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "c0de"),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    form(&[&code[..], more].concat())
}

fn assertion() -> Value {
    json!({
        "iss": "shop", "sub": "shop", "aud": openid_issuer().token_endpoint(), "exp": NOW + 60,
        "iat": NOW, "jti": "a-jti",
    })
}

fn machines_token() -> Value {
    let issuer = openid_issuer().as_str();
    json!({
        "iss": issuer, "sub": "shop", "aud": [issuer], "exp": NOW + 300, "iat": NOW, "jti": "a-jti",
        "client_id": "shop",
    })
}

fn token() -> Value {
    let mut token = machines_token();
    for (name, value) in [
        ("sub", json!(PERSON)),
        ("sid", json!(PERSON)),
        ("gid", json!(PERSON)),
        ("acr", json!("phr")),
        ("amr", json!(["pop"])),
        ("auth_time", json!(NOW)),
        ("scope", json!("openid")),
    ] {
        token[name] = value;
    }
    token
}

/// A request with a hint that was issued here.
fn hinted(redirect_uri: &str) -> Vec<u8> {
    let mut claims = token();
    claims["aud"] = json!("shop");
    let hint = openid_key().sign("JWT", claims.to_string().as_bytes()).unwrap();
    ask(redirect_uri, &[("id_token_hint", hint.expose_text().unwrap())])
}

fn bearer() -> Vec<u8> {
    let token = openid_key().sign("at+jwt", token().to_string().as_bytes()).unwrap();
    format!("Bearer {}", token.expose_text().unwrap()).into_bytes()
}
