use super::*;
use crate::testing::{client, person, read, session};

const ON: &str = "https://shop.example/";

fn asked(parameters: &[(&'static str, &str)]) -> LogoutRequest {
    let owned: Vec<_> =
        parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    request(&read(&owned))
}

fn hint(client_id: &str) -> IdTokenHint {
    IdTokenHint { sub: person(), client_id: client_id.to_owned(), session: session() }
}

#[test]
fn nothing_of_a_request_must_be_there() {
    let nothing = asked(&[]);
    assert!(nothing.id_token_hint.is_none());
    assert_eq!(nothing.client_id(None), Ok(None));
    assert_eq!(nothing.destination(None), Ok(None));
    assert_eq!(nothing.destination(Some(&client())), Ok(None));
}

#[test]
fn the_client_is_that_of_the_hint_or_the_one_that_is_named() {
    let named = asked(&[("client_id", "shop"), ("id_token_hint", "a.b.c"), ("ui_locales", "nb")]);
    assert_eq!(named.id_token_hint.as_ref().and_then(Secret::expose_text), Some("a.b.c"));
    assert_eq!(named.ui_locales.as_deref(), Some("nb"));
    assert_eq!(named.client_id(None), Ok(Some("shop")));
    assert_eq!(named.client_id(Some(&hint("shop"))), Ok(Some("shop")));
    assert_eq!(named.client_id(Some(&hint("other"))), Err(LogoutError::TwoClients));
    assert_eq!(asked(&[]).client_id(Some(&hint("other"))), Ok(Some("other")));
}

#[test]
fn the_browser_goes_on_to_a_registered_address_alone() {
    let on = asked(&[("post_logout_redirect_uri", ON), ("state", "a&b")]);
    let destination = on.destination(Some(&client())).unwrap().unwrap();
    assert_eq!(destination.url(), "https://shop.example/?state=a%26b");
    let without_state = asked(&[("post_logout_redirect_uri", ON)]);
    assert_eq!(without_state.destination(Some(&client())).unwrap().unwrap().url(), ON);
    assert_eq!(on.destination(None), Err(LogoutError::NoClient));
    for bad in [
        "https://shop.example",
        "https://shop.example/?a",
        "https://shop.example/#",
        "//shop.example/",
        "https://shop.example/callback",
        "https://evil.example/",
        "https://SHOP.example/",
        "https://shop.example:443/",
        "https://a@shop.example/",
        "javascript:alert(1)",
    ] {
        let refused = asked(&[("post_logout_redirect_uri", bad)]).destination(Some(&client()));
        assert_eq!(refused, Err(LogoutError::RedirectUri), "{bad}");
    }
}
