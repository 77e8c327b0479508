//! T02 to T05, T15, T16, T20: what goes well.

use entra_stand_in::{ExternalFault, IdTokenFault};

use crate::support::{ACME, answered, assert_here, assert_in, at_card, mia, ready};

#[tokio::test]
async fn t02_a_tap_lets_the_person_into_the_application() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, mut person) = (world.browser(), mia());
    let request = mfa.asked(&mut person).await;
    let posted = mfa.post(&mut browser, &request).await;
    assert_eq!(
        (posted.status, posted.location.as_deref()),
        (303, Some("/realms/acme/eam/continue"))
    );
    let page = browser.follow(posted).await;
    assert!(page.body.contains("Microsoft Entra asks for your card"), "{page:?}");
    let before = world.dump().await;
    let answer = mfa.tap(&mut browser, &mut card).await;
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["eam.proved"]);
    assert_eq!(after.rows("session").len(), before.rows("session").len(), "a session was made");

    let form = answered(&world, &answer);
    assert!(form.sends);
    assert_eq!(form.field("state"), request.field("state"));
    let (header, claims) = (form.part(0), form.part(1));
    assert_eq!((&header["alg"], &header["typ"]), (&"RS256".into(), &"JWT".into()));
    assert_eq!(claims["iss"], format!("{}/realms/acme/eam", world.origin));
    assert_eq!(claims["aud"], mfa.client_id.to_string());
    assert_eq!(claims["nonce"], request.field("nonce").unwrap());
    assert_eq!(claims["acr"], "possessionorinherence");
    assert_eq!(claims["amr"], serde_json::json!(["fido"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    // A page that is loaded again answers the same.
    let again = browser.get("/realms/acme/eam/answer").await;
    assert_eq!(answered(&world, &again).fields, form.fields);
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    let outcome = world.stand_in.external_outcomes().pop().unwrap();
    assert_eq!((outcome.refused, outcome.error), (None, None));
}

#[tokio::test]
async fn t03_what_did_not_come_does_not_go_back() {
    let (world, mfa, mut card) = ready().await;
    for name in ["nonce", "state"] {
        world.stand_in.spoil_next_external_mfa(ExternalFault::without(name));
        let (mut browser, mut person) = (world.browser(), mia());
        let answer = mfa.prove(&mut browser, &mut person, &mut card).await;
        let form = answered(&world, &answer);
        assert_eq!(form.field(name), None, "{name}");
        assert_eq!(form.part(1).get("nonce").is_some(), name != "nonce");
        assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    }
}

#[tokio::test]
async fn t04_t05_what_entra_is_seen_to_send_is_taken() {
    let (world, mfa, mut card) = ready().await;
    for fault in [
        ExternalFault::field("response_type", "Id_token"),
        ExternalFault::with("ui_locales", "de"),
        ExternalFault::with("x-client-SKU", "1"),
        ExternalFault::hint(IdTokenFault::shifted("exp", -1)),
    ] {
        world.stand_in.spoil_next_external_mfa(fault);
        let (mut browser, mut person) = (world.browser(), mia());
        let answer = mfa.prove(&mut browser, &mut person, &mut card).await;
        assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    }
}

/// The request comes from another site, so no cookie comes along and the answer sets one.
#[tokio::test]
async fn t15_one_cookie_of_its_own_is_set_and_opens_the_rest() {
    let (world, mfa, _) = ready().await;
    let mut browser = world.browser();
    let request = mfa.asked(&mut mia()).await;
    let posted = mfa.post(&mut browser, &request).await;
    let names: Vec<_> = posted.cookies().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["__Host-eam-acme"]);
    let set = posted.headers.iter().find(|(name, _)| name == "set-cookie").unwrap();
    for part in ["Path=/", "Max-Age=600", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(set.1.split("; ").any(|given| given == part), "{part} in {}", set.1);
    }
    let page = browser.get("/realms/acme/eam/continue").await;
    assert_eq!(page.location.as_deref(), Some("/realms/acme/login/card"));
    assert_eq!(browser.cookie("__Host-card-acme"), browser.cookie("__Host-eam-acme"));
}

/// EAM-42: a session spares no tap.
#[tokio::test]
async fn t16_who_is_signed_in_taps_all_the_same() {
    let (world, mfa, mut card) = ready().await;
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), &mut card).await;
    let session = browser.cookie("__Host-sid-acme").unwrap().to_owned();
    let page = mfa.to_card(&mut browser, &mut mia()).await;
    assert!(page.body.contains("Microsoft Entra asks for your card"), "{page:?}");
    let early = browser.get("/realms/acme/eam/answer").await;
    assert_eq!(early.location.as_deref(), Some("/realms/acme/eam/continue"));
    let answer = mfa.tap(&mut browser, &mut card).await;
    answered(&world, &answer);
    assert_eq!(browser.cookie("__Host-sid-acme"), Some(session.as_str()), "another session");
}

#[tokio::test]
async fn t20_what_comes_from_outside_stays_text() {
    let (world, mfa, mut card) = ready().await;
    let state = r#""><script>alert(1)</script>'&lt;"#;
    world.stand_in.spoil_next_external_mfa(ExternalFault::field("state", state));
    let mut browser = world.browser();
    let answer = mfa.prove(&mut browser, &mut mia(), &mut card).await;
    assert!(!answer.body.contains("<script>alert"), "{answer:?}");
    assert_eq!(answered(&world, &answer).field("state"), Some(state));
    let header = |name: &str| {
        let found = answer.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let policy = header("content-security-policy");
    let entra = world.stand_in.base_url();
    assert!(policy.contains(&format!("form-action 'self' {entra};")), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("nonce-"), "{policy}");
    assert_eq!(
        (header("cache-control").as_str(), header("referrer-policy").as_str()),
        ("no-store", "no-referrer")
    );
    assert!(answer.body.contains(r#"<meta name="referrer" content="no-referrer">"#));
}

/// Cookies of the card step are not those of Entra's request: what one opens, the other does not.
#[tokio::test]
async fn the_handle_of_an_ordinary_login_opens_nothing_of_entras() {
    let (world, mfa, _) = ready().await;
    let (browser, _) = at_card(&world, &mfa).await;
    let mut other = world.browser();
    ACME.to_card(&mut other, &mut mia()).await;
    let handle = other.cookie("__Host-card-acme").unwrap().to_owned();
    other.set_cookie("__Host-eam-acme", &handle);
    for path in ["/realms/acme/eam/continue", "/realms/acme/eam/answer"] {
        let refused = other.get(path).await;
        assert_here(&world, path, &refused);
        assert_eq!(refused.status, 403);
    }
    drop(browser);
}
