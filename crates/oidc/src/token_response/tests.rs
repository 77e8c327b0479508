use serde_json::json;

use super::*;

#[test]
fn the_form_is_what_rfc_6749_asks_for() {
    let secret = Secret::from("s/e+c=r e~t&".to_owned());
    let code = Secret::from("0.AX&b".to_owned());
    let request = TokenRequest {
        client_id: "client",
        client_secret: Some(&secret),
        code: &code,
        redirect_uri: "https://cardea.example/realms/acme/broker/azure/endpoint",
        verifier: &Token::new([1; 32]),
    };
    assert_eq!(
        request.form().expose_text().unwrap(),
        "grant_type=authorization_code&client_id=client\
         &redirect_uri=https%3A%2F%2Fcardea.example%2Frealms%2Facme%2Fbroker%2Fazure%2Fendpoint\
         &code=0.AX%26b&code_verifier=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\
         &client_secret=s%2Fe%2Bc%3Dr+e%7Et%26"
    );
    let public = TokenRequest { client_secret: None, ..request };
    assert!(!public.form().expose_text().unwrap().contains("client_secret"));
}

#[test]
fn reads_the_tokens() {
    let body = br#"{"token_type":"Bearer","scope":"openid","expires_in":3599,
        "access_token":"opaque","id_token":"e.y.J"}"#;
    let tokens = TokenResponse::parse(200, body).unwrap();
    assert_eq!(tokens.id_token.expose(), b"e.y.J");
    assert_eq!(tokens.access_token.as_ref().map(Secret::expose), Some(&b"opaque"[..]));
    assert!(!format!("{tokens:?}").contains("opaque"));
    let lower = br#"{"token_type":"bearer","id_token":"e.y.J"}"#;
    assert!(TokenResponse::parse(200, lower).unwrap().access_token.is_none());
}

#[test]
fn a_refusal_says_which_number_and_ids() {
    let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 11111111-2222-3333-4444-555555555555 Correlation ID: 66666666-7777-8888-9999-000000000000 Timestamp: 2026-11-23 15:04:05Z","error_codes":[7000215],"timestamp":"2026-11-23 15:04:05Z","trace_id":"11111111-2222-3333-4444-555555555555","correlation_id":"66666666-7777-8888-9999-000000000000"}"#;
    let Err(TokenResponseError::Refused(refusal)) = TokenResponse::parse(401, body) else {
        panic!("not refused")
    };
    assert_eq!(refusal.error, ErrorCode::InvalidClient);
    assert_eq!(refusal.report.aadsts, Some(7_000_215));
    assert_eq!(refusal.report.timestamp.as_deref(), Some("2026-11-23 15:04:05Z"));
}

#[test]
fn numbers_and_ids_are_found_in_fields_when_the_text_has_none() {
    let id = "11111111-2222-3333-4444-555555555555";
    let body = json!({ "error": "invalid_grant", "error_codes": [54005, 1], "trace_id": id,
        "correlation_id": id });
    let Err(TokenResponseError::Refused(refusal)) =
        TokenResponse::parse(400, body.to_string().as_bytes())
    else {
        panic!("not refused")
    };
    assert_eq!(refusal.report.aadsts, Some(54_005));
    assert_eq!(refusal.report.trace_id.as_deref(), Some(id));
    assert_eq!(refusal.report.correlation_id.as_deref(), Some(id));
}

#[test]
fn everything_else_is_a_named_error() {
    use TokenResponseError as E;
    let large = " ".repeat(MAX_BODY + 1);
    let long =
        format!(r#"{{"token_type":"Bearer","id_token":"{}"}}"#, "a".repeat(MAX_ID_TOKEN + 1));
    let long_error = format!(r#"{{"error":"{}"}}"#, "e".repeat(101));
    for (name, status, body, error) in [
        ("nothing", 200, "", E::NotJson),
        ("HTML", 200, "<html></html>", E::NotJson),
        ("a list", 200, "[]", E::NotJson),
        ("cut off", 200, r#"{"token_type":"Bearer","id_token":"#, E::NotJson),
        (
            "id_token twice",
            200,
            r#"{"token_type":"Bearer","id_token":"a","id_token":"b"}"#,
            E::NotJson,
        ),
        ("larger than any answer", 200, &large, E::TooLarge),
        ("token_type missing", 200, r#"{"id_token":"a"}"#, E::TokenType),
        ("token_type DPoP", 200, r#"{"token_type":"DPoP","id_token":"a"}"#, E::TokenType),
        ("token_type a number", 200, r#"{"token_type":1,"id_token":"a"}"#, E::TokenType),
        (
            "id_token missing",
            200,
            r#"{"token_type":"Bearer","access_token":"a"}"#,
            E::MissingIdToken,
        ),
        ("id_token empty", 200, r#"{"token_type":"Bearer","id_token":""}"#, E::IdToken),
        ("id_token null", 200, r#"{"token_type":"Bearer","id_token":null}"#, E::IdToken),
        ("id_token an object", 200, r#"{"token_type":"Bearer","id_token":{}}"#, E::IdToken),
        ("id_token too long", 200, &long, E::IdToken),
        (
            "access_token a number",
            200,
            r#"{"token_type":"Bearer","id_token":"a","access_token":1}"#,
            E::AccessToken,
        ),
        ("error without a word", 400, "{}", E::Status(400)),
        ("error that is no text", 400, r#"{"error":7}"#, E::Status(400)),
        ("error empty", 400, r#"{"error":""}"#, E::Status(400)),
        ("error with a line feed", 400, "{\"error\":\"a\\nb\"}", E::Status(400)),
        ("error too long", 400, &long_error, E::Status(400)),
        ("HTML with an error status", 503, "<html>", E::Status(503)),
        (
            "tokens with an error status",
            500,
            r#"{"token_type":"Bearer","id_token":"a"}"#,
            E::Status(500),
        ),
        ("created", 201, r#"{"token_type":"Bearer","id_token":"a"}"#, E::Status(201)),
    ] {
        assert_eq!(TokenResponse::parse(status, body.as_bytes()).unwrap_err(), error, "{name}");
    }
    let both = br#"{"token_type":"Bearer","id_token":"a","error":"invalid_grant"}"#;
    assert!(matches!(TokenResponse::parse(200, both), Err(E::Refused(_))));
}
