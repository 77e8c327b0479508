use super::*;
use crate::testing::read;

fn read_of(header: Option<&str>, body: Option<&str>) -> Result<String, BearerError> {
    let p = body.map(|token| read(&[("access_token", token.to_owned())]));
    presented(header, p.as_ref()).map(|token| token.expose_text().unwrap().to_owned())
}

#[test]
fn a_token_comes_in_the_header_or_in_the_body() {
    for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
        assert_eq!(read_of(Some(header), None), Ok("a.b.c".to_owned()), "{header}");
    }
    assert_eq!(read_of(None, Some("a.b.c")), Ok("a.b.c".to_owned()));
    assert_eq!(read_of(None, None), Err(BearerError::Missing));
    assert_eq!(read_of(None, Some("")), Err(BearerError::Missing));
    let long = format!("Bearer {}", "a".repeat(8 * 1024 + 1));
    for bad in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "DPoP a.b.c", &long] {
        assert_eq!(read_of(Some(bad), None), Err(BearerError::Request), "{bad}");
    }
    assert_eq!(read_of(Some("Bearer a.b.c"), Some("a.b.c")), Err(BearerError::Request));
}

#[test]
fn a_refusal_says_what_rfc_6750_wants_and_not_why() {
    let over = "Bearer error=\"invalid_token\", error_description=\"the access token is not good, or not any more\"";
    for (error, status, header) in [
        (BearerError::Missing, 401, "Bearer"),
        (BearerError::Token(VerifyError::Expired), 401, over),
        (BearerError::Token(VerifyError::Signature), 401, over),
        (BearerError::Ended, 401, over),
        (
            BearerError::NoPerson,
            403,
            "Bearer error=\"insufficient_scope\", error_description=\"the access token speaks for no person\"",
        ),
        (
            BearerError::NoOpenid,
            403,
            "Bearer error=\"insufficient_scope\", error_description=\"the access token has not the scope openid\"",
        ),
        (
            BearerError::Request,
            400,
            "Bearer error=\"invalid_request\", error_description=\"the access token did not come in one of the ways of RFC 6750\"",
        ),
        (
            BearerError::Parameters(ParametersError::TooLarge),
            400,
            "Bearer error=\"invalid_request\", error_description=\"the access token did not come in one of the ways of RFC 6750\"",
        ),
    ] {
        assert_eq!((error.status(), &*error.www_authenticate()), (status, header), "{error:?}");
    }
}
