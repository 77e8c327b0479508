use super::*;
use crate::testing::{client, public};

/// Everything that a stranger makes of `https://shop.example/callback`.
#[test]
fn an_address_is_compared_to_the_character() {
    let settings = client().settings;
    assert!(is_registered("https://shop.example/callback", &settings));
    assert!(is_registered("https://shop.example/other?a=b", &settings));
    for bad in [
        "",
        "https://shop.example",
        "https://shop.example/",
        "https://shop.example/callback/",
        "https://shop.example/callback?",
        "https://shop.example/callback?a=b",
        "https://shop.example/callback?code=stolen",
        "https://shop.example/callback#",
        "https://shop.example/callback#a",
        "https://shop.example/Callback",
        "https://SHOP.example/callback",
        "HTTPS://shop.example/callback",
        "http://shop.example/callback",
        "https://shop.example:443/callback",
        "https://shop.example./callback",
        "https://www.shop.example/callback",
        "https://shop.example.evil.example/callback",
        "https://evil.example/callback",
        "https://shop.example@evil.example/callback",
        "https://a@shop.example/callback",
        "https://a:b@shop.example/callback",
        "https://@shop.example/callback",
        "https://shop.example/callback/../evil",
        "https://shop.example/./callback",
        "https://shop.example//callback",
        "https://shop.example/%63allback",
        "https://shop.example/callback%2F",
        "https://shop.example/callback%00",
        "https://shop.example/callback%0d%0a",
        "https://shop.example/callback ",
        " https://shop.example/callback",
        "https://shop.example/callback\n",
        "https://shop.example/callback\t",
        "https:\\\\shop.example\\callback",
        "https:/shop.example/callback",
        "https:shop.example/callback",
        "//shop.example/callback",
        "/callback",
        "callback",
        "shop.example/callback",
        "https://shop.example\\callback",
        "https://shop.example/callback;a",
        "https://shop.example/callback*",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://shop.example/other",
        "https://shop.example/other?a=b&c=d",
        "https://shop.example/other?a=B",
        "https://xn--shp-7na.example/callback",
        "https://shöp.example/callback",
        "https://shop.example/callback\u{202E}",
        "https://shop.example/callback\0",
        "https://[::1]/callback",
        "https://shop.example:/callback",
    ] {
        assert!(!is_registered(bad, &settings), "{bad:?}");
    }
}

#[test]
fn in_a_native_client_the_port_of_a_loopback_address_is_free() {
    let native = public(
        ClientKind::Native,
        &[
            "http://127.0.0.1/cb",
            "http://[::1]:1/cb?a=b",
            "http://localhost:8080",
            "com.example.app:/cb",
        ],
    );
    for good in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:51004/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]/cb?a=b",
        "http://[::1]:51004/cb?a=b",
        "http://localhost",
        "http://localhost:1",
        "com.example.app:/cb",
    ] {
        assert!(is_registered(good, &native.settings), "{good}");
    }
    for bad in [
        "http://127.0.0.1",
        "http://127.0.0.1/",
        "http://127.0.0.1/cb/",
        "http://127.0.0.1/cb?a=b",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:999999999999/cb",
        "http://127.0.0.1:-1/cb",
        "http://127.0.0.1:+1/cb",
        "http://127.0.0.1:80a/cb",
        "http://127.0.0.1:8 0/cb",
        "http://127.0.0.1:80:80/cb",
        "https://127.0.0.1:80/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://a@127.0.0.1/cb",
        "http://127.1/cb",
        "http://0x7f000001/cb",
        "http://0.0.0.0/cb",
        "http://localhost/cb",
        "http://LOCALHOST:1",
        "http://localhost.evil.example",
        "http://localhost:1/",
        "http://[::1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb?a=b",
        "http://[::1]:1/cb?a=b#",
        "com.example.app:/cb/",
        "com.example.app://cb",
        "COM.example.app:/cb",
        "com.example.app:51004/cb",
    ] {
        assert!(!is_registered(bad, &native.settings), "{bad}");
    }
}

#[test]
fn elsewhere_the_port_is_compared_too() {
    for kind in [ClientKind::Web, ClientKind::SinglePage, ClientKind::Service] {
        let settings = public(kind, &["http://localhost:8080/cb"]).settings;
        assert!(is_registered("http://localhost:8080/cb", &settings), "{kind:?}");
        for other in ["http://localhost:8081/cb", "http://localhost/cb"] {
            assert!(!is_registered(other, &settings), "{kind:?} {other}");
        }
    }
}

#[test]
fn what_two_readers_could_take_for_two_addresses_is_refused_even_when_it_is_registered() {
    for bad in [
        "https://shop.example/cb#",
        "https://shop.example/cb#a",
        "https://a@shop.example/cb",
        "https://@shop.example/cb",
        "https://shop.example/c b",
        "https://shop.example\\cb",
        "https://shop.example/\"cb",
        "https://shop.example/<cb>",
        "/cb",
        "",
        "https://",
        "https:///",
        "https://shop.example/é",
        "https://shop.example/^",
        "https://shop.example/`",
        "http://:80/",
        "https://shop.example/{cb}",
        "https://shop.example/|",
    ] {
        let settings = public(ClientKind::Web, &[bad]).settings;
        assert!(!is_registered(bad, &settings), "{bad}");
    }
}
