use super::*;

#[test]
fn an_error_is_told_in_the_words_of_rfc_6749() {
    let failed = r#"{"error":"invalid_client","error_description":"client authentication failed"}"#;
    let code =
        r#"{"error":"invalid_grant","error_description":"the code is not good, or not any more"}"#;
    for (error, status, body) in [
        (TokenError::UnknownClient, 401, failed),
        (TokenError::Secret, 401, failed),
        (TokenError::OtherWay, 401, failed),
        (TokenError::Assertion(AssertionError::Signature), 401, failed),
        (TokenError::AssertionAgain, 401, failed),
        (TokenError::Code, 400, code),
        (TokenError::CodeAgain, 400, code),
        (TokenError::CodeOfAnother, 400, code),
        (
            TokenError::Verifier,
            400,
            r#"{"error":"invalid_grant","error_description":"code_verifier does not fit the code_challenge"}"#,
        ),
        (
            TokenError::Missing("code"),
            400,
            r#"{"error":"invalid_request","error_description":"code is missing"}"#,
        ),
        (
            TokenError::GrantType,
            400,
            r#"{"error":"unsupported_grant_type","error_description":"grant_type is not supported"}"#,
        ),
        (
            TokenError::Unauthorized,
            400,
            r#"{"error":"unauthorized_client","error_description":"this application may not use this grant_type"}"#,
        ),
        (
            TokenError::Scope,
            400,
            r#"{"error":"invalid_scope","error_description":"scope is more than was granted"}"#,
        ),
        (
            TokenError::JustNow,
            503,
            r#"{"error":"temporarily_unavailable","error_description":"the refresh token is being used by another request"}"#,
        ),
        (
            ParametersError::Duplicate("code").into(),
            400,
            r#"{"error":"invalid_request","error_description":"parameter code stands twice"}"#,
        ),
        (
            ParametersError::TooLarge.into(),
            413,
            r#"{"error":"invalid_request","error_description":"request is larger than 64 KiB"}"#,
        ),
    ] {
        let told = (error.status(), String::from_utf8(error.to_json()).unwrap());
        assert_eq!(told, (status, body.to_owned()), "{error:?}");
    }
}

/// RFC 6749 §5.2: what may stand in `error_description`.
#[test]
fn a_description_has_no_signs_that_must_not_be_there() {
    for error in [TokenError::HeaderWithoutBasic, TokenError::Header, TokenError::Unavailable] {
        let legal = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        assert!(error.description().bytes().all(legal), "{error:?}");
    }
}
