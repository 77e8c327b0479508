use super::*;
use crate::claims::{PERSON_CLAIMS, RESERVED};
use crate::testing::{REDIRECT_URI, client, client_with, public, service, signing_client};

fn refused(change: impl FnOnce(&mut ClientSettings)) -> SettingsError {
    client_with(change).settings.check().unwrap_err()
}

fn uris(of: &[&str]) -> Vec<String> {
    of.iter().map(|uri| (*uri).to_owned()).collect()
}

fn mapper(attribute: &str, claim: &str) -> ClaimMapper {
    ClaimMapper { attribute: attribute.to_owned(), claim: claim.to_owned(), list: true }
}

#[test]
fn each_kind_of_client_can_be_registered() {
    let native = [
        "http://127.0.0.1/cb",
        "http://[::1]:1",
        "http://localhost/cb",
        "com.example.app:/cb",
        "https://app.example/cb",
    ];
    for client in [
        client(),
        service(),
        signing_client(),
        public(ClientKind::Web, &[REDIRECT_URI, "http://localhost:3000/cb", "http://127.0.0.1/"]),
        public(ClientKind::SinglePage, &["https://shop.example"]),
        public(ClientKind::Native, &native),
    ] {
        assert_eq!(client.settings.check(), Ok(()), "{:?}", client.settings);
    }
}

#[test]
fn an_address_has_the_form_of_its_kind() {
    use ClientKind::{Native, SinglePage, Web};
    for (kind, bad) in [
        (Web, "http://shop.example/cb"),
        (Web, "com.example.app:/cb"),
        (Web, "ftp://shop.example/"),
        (Web, "http://10.0.0.1/cb"),
        (Web, "http://localhost.evil.example/cb"),
        (Web, "data:text/html,x"),
        (Web, "javascript:alert(1)"),
        (Web, "https:shop.example"),
        (SinglePage, "http://shop.example/cb"),
        (SinglePage, "com.example.app:/cb"),
        (Web, "HTTPS://shop.example/cb"),
        (Web, "file:///etc/passwd"),
        (Native, "http://shop.example/cb"),
        (Native, "myapp:/cb"),
        (Native, "javascript:alert(1)"),
        (Native, "data:text/html,x"),
        (Native, "http://127.0.0.2/cb"),
        (Native, "http://10.0.0.1/cb"),
    ] {
        let refused = public(kind, &[REDIRECT_URI, bad]).settings.check();
        let form = if kind == Native { NATIVE_FORM } else { WEB_FORM };
        let expected = SettingsError::Form(Field::RedirectUris, bad.to_owned(), form);
        assert_eq!(refused, Err(expected), "{kind:?}");
        let after = client_with(|settings| settings.post_logout_redirect_uris = uris(&[bad]));
        if kind != Native {
            let expected = SettingsError::Form(Field::PostLogoutRedirectUris, bad.to_owned(), form);
            assert_eq!(after.settings.check(), Err(expected));
        }
    }
}

#[test]
fn an_address_is_one_that_can_be_compared() {
    let long = format!("https://shop.example/{}", "a".repeat(1024 - 20));
    for bad in [
        "",
        "shop.example",
        "https://shop.example/#",
        "https://shop.example/cb#a",
        "https://a@shop.example/",
        "https://a:b@shop.example/",
        "https://shop.example/a b",
        "https://shop.example/é",
        "https://",
        " https://shop.example/",
        "https://shop.example/\n",
        "https://shop.example\\cb",
        &long,
        "https://{host}/cb",
        "https://shop.example/<cb>",
        "/cb",
    ] {
        let expected = SettingsError::NotPlain(Field::RedirectUris, bad.to_owned());
        assert_eq!(refused(|settings| settings.redirect_uris = uris(&[bad])), expected);
        let expected = SettingsError::NotPlain(Field::PostLogoutRedirectUris, bad.to_owned());
        assert_eq!(refused(|settings| settings.post_logout_redirect_uris = uris(&[bad])), expected);
    }
}

#[test]
fn a_star_at_the_end_is_refused_with_words() {
    for bad in ["https://shop.example/*", "https://shop.example*", "*", "com.example.app:/*"] {
        let refused = refused(|settings| settings.redirect_uris = uris(&[bad]));
        assert_eq!(refused, SettingsError::Wildcard(Field::RedirectUris, bad.to_owned()));
        assert_eq!(refused.setting(), "redirect_uris");
        let words =
            "write the whole address: a * at the end would let answers go anywhere below it";
        assert_eq!(refused.to_string(), format!("{bad}: {words}"));
    }
}

#[test]
fn there_are_between_one_and_twenty_addresses() {
    let many = |count: usize| vec![REDIRECT_URI.to_owned(); count];
    let counted =
        |count| client_with(|settings| settings.redirect_uris = many(count)).settings.check();
    assert_eq!(counted(0), Err(SettingsError::NoRedirectUri));
    assert_eq!(counted(20), Ok(()));
    assert_eq!(counted(21), Err(SettingsError::TooManyUris(Field::RedirectUris)));
    let after = refused(|settings| settings.post_logout_redirect_uris = many(21));
    assert_eq!(after, SettingsError::TooManyUris(Field::PostLogoutRedirectUris));
    let mut service = service();
    service.settings.redirect_uris = many(1);
    assert_eq!(service.settings.check(), Err(SettingsError::RedirectUriOfService));
    service.settings.redirect_uris.clear();
    service.settings.post_logout_redirect_uris = many(1);
    assert_eq!(service.settings.check(), Err(SettingsError::RedirectUriOfService));
}

#[test]
fn the_server_itself_goes_to_https_or_to_this_computer() {
    let with = |uri: &str| client_with(|s| s.backchannel_logout_uri = Some(uri.to_owned()));
    // Whether it may go to this computer at all, the operator's configuration says.
    for good in ["https://shop.example/logout", "http://localhost/logout", "http://127.0.0.1:1/"] {
        assert_eq!(with(good).settings.check(), Ok(()), "{good}");
    }
    for bad in ["http://shop.example/", "http://localhost.shop.example/", "ftp://a.b/", "a.b:/c"] {
        let refused = with(bad).settings.check().unwrap_err();
        let expected = SettingsError::Form(
            Field::BackchannelLogoutUri,
            bad.to_owned(),
            "must begin with https://, or with http://localhost for development",
        );
        assert_eq!(refused, expected);
        assert_eq!(refused.setting(), "backchannel_logout_uri");
    }
    let mut service = service();
    service.settings.backchannel_logout_uri = Some("https://shop.example/logout".into());
    assert_eq!(service.settings.check(), Err(SettingsError::LogoutOfService));
    let fragment = with("https://shop.example/#").settings.check();
    assert!(matches!(fragment, Err(SettingsError::NotPlain(Field::BackchannelLogoutUri, _))));
}

#[test]
fn the_page_of_an_application_is_one_that_a_browser_opens() {
    let with = |uri: &str| client_with(|s| s.home_uri = Some(uri.to_owned())).settings.check();
    assert_eq!(with("https://shop.example/?a=b"), Ok(()));
    assert_eq!(with("http://localhost:3000/"), Ok(()));
    for bad in ["javascript:alert(1)", "data:text/html,x", "http://shop.example/", "/shop", ""] {
        assert_eq!(with(bad).unwrap_err().setting(), "home_uri", "{bad}");
    }
}

#[test]
fn a_client_authenticates_as_its_kind_can() {
    for kind in [ClientKind::SinglePage, ClientKind::Native] {
        for way in [ClientAuthentication::ClientSecret, ClientAuthentication::PrivateKeyJwt] {
            let mut client = public(kind, &[REDIRECT_URI]);
            client.settings.authentication = way;
            assert_eq!(client.settings.check(), Err(SettingsError::SecretOfPublic));
        }
    }
    let mut machine = service();
    machine.settings.authentication = ClientAuthentication::None;
    assert_eq!(machine.settings.check(), Err(SettingsError::ServiceWithoutSecret));
    let mut machine = service();
    machine.settings.offline_access = true;
    assert_eq!(machine.settings.check(), Err(SettingsError::RefreshOfService));
    for kind in [ClientKind::Web, ClientKind::SinglePage, ClientKind::Native] {
        let mut client = public(kind, &[REDIRECT_URI]);
        client.settings.without_pkce = true;
        assert_eq!(client.settings.check(), Err(SettingsError::PublicWithoutPkce), "{kind:?}");
    }
    assert_eq!(client_with(|settings| settings.without_pkce = true).settings.check(), Ok(()));
}

#[test]
fn keys_are_there_and_can_be_used() {
    let with = |jwks: Option<&str>| {
        let mut client = signing_client();
        client.settings.jwks = jwks.map(str::to_owned);
        client.settings.check().map_err(|error| error.to_string())
    };
    assert_eq!(with(None).unwrap_err(), "the public keys (JWKS) are missing");
    for bad in
        ["", "nonsense", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}"#]
    {
        assert!(with(Some(bad)).unwrap_err().starts_with("the public keys (JWKS) cannot"), "{bad}");
    }
}

#[test]
fn keys_are_so_many_and_so_long_and_no_more() {
    let check = |jwks: String| {
        let mut client = signing_client();
        client.settings.jwks = Some(jwks);
        client.settings.check()
    };
    let whole = signing_client().settings.jwks.unwrap();
    let sized = |length: usize| format!("{whole}{}", " ".repeat(length - whole.len()));
    assert_eq!(check(sized(32 * 1024)), Ok(()));
    assert_eq!(check(sized(32 * 1024 + 1)), Err(SettingsError::KeysTooLong));
    // What we cannot use counts: it is read as well.
    let other = r#"{"kty":"oct","k":"AAAA","kid":"a"},"#;
    let many = |others: usize| whole.replacen('[', &format!("[{}", other.repeat(others)), 1);
    let own = KeySet::parse(whole.as_bytes()).unwrap().len();
    assert_eq!(check(many(20 - own)), Ok(()));
    assert_eq!(check(many(21 - own)), Err(SettingsError::TooManyKeys));
    for error in [SettingsError::KeysTooLong, SettingsError::TooManyKeys] {
        assert_eq!(error.setting(), "jwks");
        assert!(error.to_string().contains("leave out"), "{error}");
    }
    let long = SettingsError::KeysTooLong.to_string();
    assert!(long.contains("longer than 32 KiB"), "{long}");
}

#[test]
fn what_has_a_number_has_a_last_one() {
    for (minutes, good) in [(0, false), (1, true), (525_600, true), (525_601, false)] {
        let client = client_with(|settings| settings.card = CardRule::WithinMinutes(minutes));
        let expected = if good { Ok(()) } else { Err(SettingsError::Minutes) };
        assert_eq!(client.settings.check(), expected, "{minutes}");
    }
    for groups in [
        vec![String::new()],
        vec!["a".repeat(257)],
        vec!["a\n".to_owned()],
        vec!["a".to_owned(); 101],
    ] {
        assert_eq!(refused(|settings| settings.allowed_groups = groups), SettingsError::Groups);
    }
    let mappers = (0..51).map(|at| mapper("a", &format!("claim-{at}"))).collect();
    assert_eq!(refused(|settings| settings.mappers = mappers), SettingsError::TooManyMappers);
}

#[test]
fn a_mapper_makes_no_claim_of_ours() {
    for claim in RESERVED.into_iter().chain(PERSON_CLAIMS) {
        let refused = refused(|settings| settings.mappers = vec![mapper("a", claim)]);
        assert_eq!(refused, SettingsError::Reserved(claim.to_owned()));
        assert_eq!(refused.setting(), "mappers");
    }
    let twice = refused(|settings| settings.mappers = vec![mapper("a", "b"), mapper("c", "b")]);
    assert_eq!(twice, SettingsError::ClaimTwice("b".to_owned()));
    for (attribute, claim) in [("", "b"), ("a", ""), ("a\0", "b"), ("a", "b\n")] {
        let refused = refused(|settings| settings.mappers = vec![mapper(attribute, claim)]);
        assert_eq!(refused, SettingsError::MapperName, "{attribute:?} {claim:?}");
    }
}

#[test]
fn a_client_id_is_the_same_in_every_encoding() {
    for good in ["shop", "a", "Shop-1.a_b~c", &"a".repeat(128)] {
        assert!(is_client_id(good), "{good}");
    }
    for bad in [
        "",
        " ",
        "a b",
        "a/b",
        "https://a.example",
        "a+b",
        "a%20b",
        "é",
        "a\0",
        "a:b",
        &"a".repeat(129),
    ] {
        assert!(!is_client_id(bad), "{bad}");
    }
}
