use super::*;

fn text(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[test]
fn the_answer_is_always_these_bytes() {
    let response = TokenResponse {
        access_token: text("a.c.c"),
        id_token: Some(text("i.d.t")),
        refresh_token: Some(text("rt_r")),
        scope: Scope::parse("offline_access openid"),
    };
    assert_eq!(
        str::from_utf8(&response.to_json()).unwrap(),
        r#"{"access_token":"a.c.c","token_type":"Bearer","expires_in":300,"refresh_token":"rt_r","id_token":"i.d.t","scope":"openid offline_access"}"#
    );
}

#[test]
fn what_is_not_given_is_not_there() {
    let response = TokenResponse {
        access_token: text("a.c.c"),
        id_token: None,
        refresh_token: None,
        scope: Scope::default(),
    };
    assert_eq!(
        str::from_utf8(&response.to_json()).unwrap(),
        r#"{"access_token":"a.c.c","token_type":"Bearer","expires_in":300}"#
    );
    assert!(!format!("{response:?}").contains("a.c.c"));
}
