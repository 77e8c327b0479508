//! What Entra posts, as its documentation has it.

use fuzz::{CLIENT_ID, DIRECTORY, NOW, framed};
use jose::key_set;
use serde_json::{Value, json};

use super::Input;

const AUTHORITY: &str = "https://login.microsoftonline.com";

pub(super) fn all() -> Vec<Input> {
    let keys = key_set([fuzz::eam_key().to_jwk()]);
    let input = |name: &str, how, frames: &[Vec<u8>]| ("eam", name.to_owned(), framed(how, frames));
    let (claims, demand) = (claims().to_string().into_bytes(), demand().to_string().into_bytes());
    let whole = form(&["state", "nonce", "mkt"]);
    vec![
        input("whole", 0, &[whole.clone(), keys.clone()]),
        input("bare", 0, &[form(&[]), keys.clone()]),
        input("claims", 1, &[whole.clone(), keys.clone(), claims.clone()]),
        input("demand", 2, &[whole.clone(), keys, demand.clone()]),
        input("both", 3, &[whole, keys_of_entra(), claims, demand]),
    ]
}

/// Keys as Entra publishes them: with a certificate, and for whom they serve.
fn keys_of_entra() -> Vec<u8> {
    let mut key = serde_json::to_value(fuzz::eam_key().to_jwk()).unwrap();
    let kid = key["kid"].clone();
    key["issuer"] = json!(format!("{AUTHORITY}/{{tenantid}}/v2.0"));
    key["x5t"] = kid;
    key["x5c"] = json!(["MIIB"]);
    let mut personal = key.clone();
    personal["kid"] = json!("personal");
    personal["issuer"] = json!(format!("{AUTHORITY}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"));
    json!({ "keys": [personal, key] }).to_string().into_bytes()
}

fn claims() -> Value {
    json!({
        "ver": "2.0", "iss": format!("{AUTHORITY}/{DIRECTORY}/v2.0"), "sub": "pairwise",
        "aud": CLIENT_ID, "exp": NOW - 1, "iat": NOW, "nbf": NOW, "name": "Ann",
        "oid": "11112222-3333-4444-5555-666677778888", "tid": DIRECTORY,
        "preferred_username": "ann@contoso.example",
    })
}

fn demand() -> Value {
    json!({ "id_token": {
        "acr": { "essential": true, "values": ["possessionorinherence"] },
        "amr": { "essential": true, "values": ["face", "fido", "fpt", "hwk", "pop", "sc", "swk"] },
    } })
}

fn form(optional: &[&str]) -> Vec<u8> {
    let hint = fuzz::eam_key().sign("JWT", claims().to_string().as_bytes()).unwrap();
    let mut parameters = vec![
        ("scope", "openid".to_owned()),
        ("response_type", "id_token".to_owned()),
        ("response_mode", "form_post".to_owned()),
        ("client_id", CLIENT_ID.to_owned()),
        ("redirect_uri", format!("{AUTHORITY}/common/federation/externalauthprovider")),
        ("id_token_hint", hint.expose_text().unwrap().to_owned()),
        ("claims", demand().to_string()),
        ("client-request-id", "aaaabbbb-0000-4444-8888-ccccddddeeee".to_owned()),
    ];
    parameters.extend(optional.iter().map(|name| (*name, format!("a {name}"))));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(&parameters).finish().into_bytes()
}
