use super::*;
use crate::testing::{NOW_US, asked_with, client, request_with};

#[test]
fn a_pushed_request_is_answered_with_the_address_that_brings_it_back() {
    assert_eq!(
        String::from_utf8(response("c2VhbGVk")).unwrap(),
        r#"{"request_uri":"urn:ietf:params:oauth:request_uri:c2VhbGVk","expires_in":60}"#
    );
    let p = asked_with(&[("request_uri", Some("urn:ietf:params:oauth:request_uri:c2VhbGVk"))]);
    assert_eq!(sealed(&p), Some("c2VhbGVk"));
    for other in [
        "https://shop.example/r",
        "urn:ietf:params:oauth:request_uri",
        "URN:ietf:params:oauth:request_uri:x",
    ] {
        assert_eq!(sealed(&asked_with(&[("request_uri", Some(other))])), None, "{other}");
    }
    assert_eq!(sealed(&asked_with(&[])), None);
}

#[test]
fn a_pushed_request_is_good_for_a_minute_and_for_its_client() {
    let pushed = Pushed { request: request_with(&client(), &[]), pushed_at: NOW_US };
    assert!(!pushed.is_over(NOW_US + 60_000_000) && pushed.is_over(NOW_US + 60_000_001));
    assert!(pushed.is_of(&asked_with(&[])));
    for other in [None, Some("other")] {
        assert!(!pushed.is_of(&asked_with(&[("client_id", other)])), "{other:?}");
    }
    let kept = serde_json::to_vec(&pushed).unwrap();
    assert_eq!(serde_json::from_slice::<Pushed>(&kept).unwrap(), pushed);
}
