//! Bad requests: nothing is issued and nothing is written, whatever they are.

use e2e::{Answer, Browser, World};
use openid_provider::client::{ClientAuthentication, ClientKind, ClientSettings};

use crate::support::{ACME, Application, Asked, ready, settings, signed_in};

/// What a bad request must lead to.
#[derive(Clone, Copy, Debug)]
enum Leads {
    /// A page of ours with this status and title, and nobody is told anything.
    Page(u16, &'static str),
    /// The application, with this error.
    Back(&'static str),
}

use Leads::{Back, Page};

const UNKNOWN: Leads = Page(400, "This application is not known here");
const ADDRESS: Leads = Page(400, "The application&#39;s address is not registered here");
const UNREADABLE: Leads = Page(400, "The application&#39;s request could not be read");

fn assert_leads(application: &Application, name: &str, answer: &Answer, leads: Leads) {
    assert!(!answer.gives_a_session(), "{name}: {answer:?}");
    let told: String = answer.headers.iter().map(|(_, value)| value.as_str()).collect();
    assert!(!told.contains("code=") && !answer.body.contains("code="), "{name}: {answer:?}");
    match leads {
        Back(error) => {
            let back = application.back(answer);
            assert_eq!(back.error(), error, "{name}: {answer:?}");
            assert!(back.get("error_description").is_some_and(|it| it.len() > 5), "{name}");
        }
        Page(status, title) => {
            assert_eq!(answer.status, status, "{name}: {answer:?}");
            assert_eq!(answer.location, None, "{name}: {answer:?}");
            let title = title.replace("&#39;", "'");
            let shown = answer.title().replace("&#39;", "'").replace("&#x27;", "'");
            assert_eq!(shown, title, "{name}: {answer:?}");
            assert!(!answer.body.contains("href=\"https://"), "{name}: {answer:?}");
        }
    }
}

/// Tries each by a link and by a form, signed in and not: nothing comes of any.
async fn nothing_comes_of(
    world: &World,
    application: &Application,
    signed_in: &Browser,
    cases: Vec<(String, Asked, Leads)>,
) {
    let before = world.dump().await;
    for (name, asked, leads) in cases {
        for browser in [signed_in.clone(), world.browser()] {
            let answer = browser.clone().get(&asked.url()).await;
            assert_leads(application, &name, &answer, leads);
            let answer = asked.post(&mut browser.clone()).await;
            assert_leads(application, &format!("{name}, posted"), &answer, leads);
        }
        assert_eq!(before.changes(&world.dump().await), [""; 0], "{name}");
    }
}

fn named(cases: Vec<(&str, Asked, Leads)>) -> Vec<(String, Asked, Leads)> {
    cases.into_iter().map(|(name, asked, leads)| (name.to_owned(), asked, leads)).collect()
}

#[tokio::test]
async fn an_answer_goes_to_no_address_that_is_not_registered_to_the_character() {
    let (world, syncro, mut card) = ready().await;
    let browser = signed_in(&world, &mut card).await;
    let good = syncro.redirect_uri.clone();
    let cases = [
        "https://evil.test/callback".to_owned(),
        format!("{good}/"),
        format!("{good}?x=1"),
        format!("{good}?"),
        format!("{good}#x"),
        format!("{good}#"),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}%20"),
        format!("{good}\n"),
        format!("{good}\0"),
        format!("{good}.evil.test"),
        format!("{good}/../callback"),
        format!("{good};x"),
        good.to_uppercase(),
        good.replace("https", "HTTPS"),
        good.replace("https", "http"),
        good.replace("https:", "javascript:"),
        good.replace("https:", ""),
        good.replace("syncro.", "SYNCRO."),
        good.replace("syncro.", "syncro.example@evil."),
        good.replace("syncro.", "user@syncro."),
        good.replace("syncro.", "user:secret@syncro."),
        good.replace("syncro.", "evil.syncro."),
        good.replace(".example", ".example.evil.test"),
        good.replace(".example", ".example\\@evil.test"),
        good.replace(".example", ".example:443"),
        good.replace(".example", ".example."),
        good.replace("/callback", "/./callback"),
        good.replace("/callback", "//callback"),
        good.replace("/callback", "/%63allback"),
        good.replace("/callback", "/callback%2f.."),
        good.replace("/callback", "/x/%2e%2e/callback"),
        good.replace("/callback", ""),
        good.replace("/callback", "/Callback"),
        "/callback".to_owned(),
        "callback".to_owned(),
        "//syncro.example/callback".to_owned(),
        "data:text/html,x".to_owned(),
        "https://syncro.example/bye".to_owned(),
        world.origin.clone(),
        format!("{}/realms/acme/account/", world.origin),
        "urn:ietf:wg:oauth:2.0:oob".to_owned(),
        "*".to_owned(),
    ];
    let cases: Vec<_> = cases
        .into_iter()
        .map(|uri| (format!("{uri:?}"), syncro.asks().with("redirect_uri", &uri), ADDRESS))
        .collect();
    nothing_comes_of(&world, &syncro, &browser, cases).await;
    let cases = named(vec![
        ("none", syncro.asks().without("redirect_uri"), ADDRESS),
        ("empty", syncro.asks().with("redirect_uri", ""), ADDRESS),
        ("twice", syncro.asks().and("redirect_uri", &good), UNREADABLE),
        (
            "another first",
            syncro
                .asks()
                .without("redirect_uri")
                .and("redirect_uri", "https://evil.test/")
                .and("redirect_uri", &good),
            UNREADABLE,
        ),
        (
            "too long",
            syncro.asks().with("redirect_uri", &format!("{good}{}", "x".repeat(2048))),
            UNREADABLE,
        ),
    ]);
    nothing_comes_of(&world, &syncro, &browser, cases).await;
}

#[tokio::test]
async fn an_application_that_is_not_served_gets_nothing() {
    let (world, syncro, mut card) = ready().await;
    let off = Application::add(&world, "off", settings()).await;
    off.change(&world, |client| client.enabled = false).await;
    world.add_connected("birch", entra_stand_in::BIRCH).await;
    let browser = signed_in(&world, &mut card).await;
    let asks = |client_id: &str| syncro.asks().with("client_id", client_id);
    let cases = named(vec![
        ("none", syncro.asks().without("client_id"), UNKNOWN),
        ("empty", asks(""), UNKNOWN),
        ("unknown", asks("other"), UNKNOWN),
        ("in capitals", asks("SYNCRO"), UNKNOWN),
        ("with a blank", asks("syncro "), UNKNOWN),
        ("NUL", asks("syncro\0"), UNKNOWN),
        ("our own page", asks("account"), UNKNOWN),
        ("quotes", asks("' OR 1=1 --"), UNKNOWN),
        ("switched off", off.asks(), UNKNOWN),
        ("twice", syncro.asks().and("client_id", "syncro"), UNREADABLE),
        ("too long", asks(&"x".repeat(257)), UNREADABLE),
    ]);
    nothing_comes_of(&world, &syncro, &browser, cases).await;
    let elsewhere = syncro.asks().url().replace("/realms/acme/", "/realms/birch/");
    let page = world.browser().get(&elsewhere).await;
    assert_leads(&syncro, "at another tenant", &page, UNKNOWN);
}

#[tokio::test]
async fn what_is_not_served_is_told_to_the_application_in_its_words() {
    let (world, syncro, mut card) = ready().await;
    let browser = signed_in(&world, &mut card).await;
    let with = |name: &str, value: &str| syncro.asks().with(name, value);
    let without = |name: &str| syncro.asks().without(name);
    let claims = |text: &str| with("claims", text);
    let invalid = Back("invalid_request");
    let long = "urn:ietf:params:oauth:request_uri";
    let cases = named(vec![
        ("no response_type", without("response_type"), invalid),
        ("token", with("response_type", "token"), Back("unsupported_response_type")),
        ("id_token", with("response_type", "id_token"), Back("unsupported_response_type")),
        (
            "code id_token",
            with("response_type", "code id_token"),
            Back("unsupported_response_type"),
        ),
        ("code token", with("response_type", "code token"), Back("unsupported_response_type")),
        ("none", with("response_type", "none"), Back("unsupported_response_type")),
        ("Code", with("response_type", "Code"), Back("unsupported_response_type")),
        ("code code", with("response_type", "code code"), Back("unsupported_response_type")),
        ("fragment", with("response_mode", "fragment"), invalid),
        ("jwt", with("response_mode", "query.jwt"), invalid),
        ("no scope", without("scope"), Back("invalid_scope")),
        ("without openid", with("scope", "profile email"), Back("invalid_scope")),
        ("OpenID", with("scope", "OpenID"), Back("invalid_scope")),
        (
            "request object",
            with("request", "eyJhbGciOiJub25lIn0.e30."),
            Back("request_not_supported"),
        ),
        (
            "request_uri",
            with("request_uri", "https://syncro.example/r"),
            Back("request_uri_not_supported"),
        ),
        ("request_uri of ours", with("request_uri", "urn:x"), Back("request_uri_not_supported")),
        ("a prefix alone", with("request_uri", long), Back("request_uri_not_supported")),
        ("registration", with("registration", "{}"), Back("registration_not_supported")),
        ("no PKCE", without("code_challenge").without("code_challenge_method"), invalid),
        ("a method alone", without("code_challenge"), invalid),
        ("plain", with("code_challenge_method", "plain"), invalid),
        ("no method", without("code_challenge_method"), invalid),
        ("s256", with("code_challenge_method", "s256"), invalid),
        ("short challenge", with("code_challenge", "abc"), invalid),
        ("long challenge", with("code_challenge", &"a".repeat(44)), invalid),
        ("padded challenge", with("code_challenge", &format!("{}=", "a".repeat(43))), invalid),
        ("max_age", with("max_age", "-1"), invalid),
        ("max_age in words", with("max_age", "soon"), invalid),
        ("max_age with a point", with("max_age", "1.5"), invalid),
        ("prompt", with("prompt", "never"), invalid),
        ("claims", claims("{"), invalid),
        ("claims as a list", claims("[]"), invalid),
        ("claims twice inside", claims(r#"{"id_token":{},"id_token":{}}"#), invalid),
        ("claims of words", claims(r#"{"id_token":"acr"}"#), invalid),
        ("claims deep", claims(&"{\"a\":".repeat(200)), invalid),
        ("sub that is none", claims(r#"{"id_token":{"sub":{"value":"mia"}}}"#), invalid),
        (
            "an acr that no card reaches",
            claims(r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#),
            Back("unmet_authentication_requirements"),
        ),
        ("hint", with("id_token_hint", "x"), invalid),
        ("nested hint", with("id_token_hint", "a.b.c.d.e"), invalid),
        ("long hint", with("id_token_hint", &"x".repeat(60 << 10)), invalid),
        (
            "too much to keep",
            with("claims", &format!(r#"{{"x":"{}"}}"#, "y".repeat(4000)))
                .with("state", &"s".repeat(1024))
                .with("login_hint", &"l".repeat(512)),
            invalid,
        ),
    ]);
    nothing_comes_of(&world, &syncro, &browser, cases).await;
}

#[tokio::test]
async fn what_nobody_can_read_leads_nowhere() {
    let (world, syncro, mut card) = ready().await;
    let browser = signed_in(&world, &mut card).await;
    let with = |name: &str, value: &str| syncro.asks().with(name, value);
    let many = (0..65).fold(syncro.asks(), |asked, number| asked.and(&format!("x{number}"), "1"));
    let mut cases = named(vec![
        ("65 parameters", many, UNREADABLE),
        ("long state", with("state", &"s".repeat(1025)), UNREADABLE),
        ("long nonce", with("nonce", &"n".repeat(513)), UNREADABLE),
        ("long claims", with("claims", &"c".repeat(5000)), UNREADABLE),
        ("state with a line end", with("state", "a\r\nb"), UNREADABLE),
        ("state with a NUL", with("state", "a\0b"), UNREADABLE),
        ("state in other letters", with("state", "ä"), UNREADABLE),
        ("nonce in other letters", with("nonce", "ä"), UNREADABLE),
        ("nothing", Asked { fields: Vec::new(), ..syncro.asks() }, UNKNOWN),
    ]);
    for name in [
        "response_type",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "claims",
        "login_hint",
        "id_token_hint",
        "request",
        "response_mode",
        "acr_values",
        "ui_locales",
        "request_uri",
    ] {
        let twice = syncro.asks().without(name).and(name, "a").and(name, "a");
        cases.push((format!("{name} twice"), twice, UNREADABLE));
    }
    nothing_comes_of(&world, &syncro, &browser, cases).await;
}

#[tokio::test]
async fn bodies_that_are_no_form_lead_nowhere() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let before = world.dump().await;
    let path = ACME.path("protocol/openid-connect/auth");
    let form = "application/x-www-form-urlencoded";
    let body = syncro.asks().body();
    let large = format!("{body}&x={}", "x".repeat(1 << 20));
    let not_utf8 = [body.as_bytes(), b"&prompt=%ff"].concat();
    for (name, kind, sent, status) in [
        ("json", "application/json", body.clone().into_bytes(), 415),
        ("text", "text/plain", body.clone().into_bytes(), 415),
        ("multipart", "multipart/form-data; boundary=x", body.into_bytes(), 415),
        ("1 MiB", form, large.into_bytes(), 413),
        ("not UTF-8", form, not_utf8, 400),
        ("empty", form, Vec::new(), 400),
        ("bytes", form, (0..=255).collect(), 400),
    ] {
        let headers = [("content-type", kind), ("accept", "text/html")];
        let answer = browser.send_bytes(reqwest::Method::POST, &path, Some(sent), &headers).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert_eq!(answer.location, None, "{name}: {answer:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn what_an_administrator_compares_is_shown_as_text() {
    let (world, syncro, _) = ready().await;
    let hostile = r#"https://evil.test/"><script>alert(1)</script>"#;
    let asked = syncro.asks().with("redirect_uri", hostile);
    let page = world.browser().get(&asked.url()).await;
    assert!(!page.body.contains("<script>alert"), "{page:?}");
    assert!(page.body.contains("<code>syncro</code>"), "{page:?}");
    assert!(page.body.contains("https://evil.test/&#34;&#62;&#60;script"), "{page:?}");
    let asked = syncro.asks().with("client_id", "<b>x</b>");
    let page = world.browser().get(&asked.url()).await;
    assert!(page.body.contains("<code>&#60;b&#62;x&#60;/b&#62;</code>"), "{page:?}");
}

#[tokio::test]
async fn what_was_not_sealed_here_for_this_goes_nowhere() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let answer = browser.get(&syncro.asks().url()).await;
    let code = syncro.back(&answer).get("code").unwrap().to_owned();
    let posted = syncro.asks().post(&mut browser).await.location.unwrap();
    let sealed = posted.split("request=").nth(1).unwrap().to_owned();
    world.add_connected("birch", entra_stand_in::BIRCH).await;
    let goes_on = ACME.path("protocol/openid-connect/auth/continue");
    let before = world.dump().await;
    for (name, path) in [
        ("nothing", goes_on.clone()),
        ("empty", format!("{goes_on}?request=")),
        ("text", format!("{goes_on}?request=x")),
        ("cut", format!("{goes_on}?request={}", &sealed[1..])),
        ("a code", format!("{goes_on}?request={code}")),
        ("twice", format!("{goes_on}?request={sealed}&request={sealed}")),
        ("round", format!("{goes_on}?round=x&request={sealed}")),
        ("round 256", format!("{goes_on}?round=256&request={sealed}")),
        ("birch", posted.replace("/acme/", "/birch/")),
    ] {
        let answer = browser.get(&path).await;
        assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
        assert_eq!(answer.location, None, "{name}: {answer:?}");
    }
    let head = browser.send(reqwest::Method::HEAD, &posted, None, &[]).await;
    assert_eq!((head.status, head.location), (400, None));
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    assert!(syncro.maybe_back(&browser.get(&posted).await).is_some());
}

#[tokio::test]
async fn headers_alone_begin_nothing() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let before = world.dump().await;
    for asked in [syncro.asks(), syncro.asks().with("prompt", "login")] {
        let head = browser.send(reqwest::Method::HEAD, &asked.url(), None, &[]).await;
        assert_eq!((head.status, head.location.clone()), (400, None), "{head:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn what_is_registered_bounds_what_is_asked() {
    let (world, _, mut card) = ready().await;
    let spa = ClientSettings {
        kind: ClientKind::SinglePage,
        authentication: ClientAuthentication::None,
        without_pkce: true,
        offline_access: false,
        ..settings()
    };
    let spa = Application::add(&world, "spa", spa).await;
    let service = ClientSettings { kind: ClientKind::Service, ..settings() };
    let service = Application::add(&world, "service", service).await;
    let old = Application::add(&world, "old", ClientSettings { without_pkce: true, ..settings() });
    let old = old.await;
    let mut browser = signed_in(&world, &mut card).await;
    let bare = |application: &Application| {
        application.asks().without("code_challenge").without("code_challenge_method")
    };
    let answer = browser.get(&bare(&spa).url()).await;
    assert_eq!(spa.back(&answer).error(), "invalid_request", "a public client needs PKCE");
    let answer = browser.get(&service.asks().url()).await;
    assert_eq!(service.back(&answer).error(), "unauthorized_client");
    let answer = browser.get(&bare(&old).url()).await;
    assert!(old.back(&answer).get("code").is_some(), "{answer:?}");
    let asked = spa.asks().with("scope", "openid offline_access");
    let answer = browser.get(&asked.url()).await;
    let code = spa.code(&world, &spa.back(&answer)).await;
    assert!(!code.is_offline());
}
