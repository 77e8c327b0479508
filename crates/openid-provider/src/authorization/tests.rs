use ids::UserId;
use jose::NumericDate;

use super::*;
use crate::claims::{IdToken, IdTokenHint, verify_id_token_hint};
use crate::client::ClientKind;
use crate::testing::{
    CHALLENGE, CLIENT_ID, NOW, NOW_US, REDIRECT_URI, amr, asked_with, client, client_with, issuer,
    own, person, public, request_with, rsa, service, session, somebody_else, target_of,
};
use crate::{Acr, AcrRequest, Client, ErrorCode, Name, Parameters, Scope};

fn refused(client: &Client, others: &[(&'static str, Option<&str>)]) -> RequestError {
    let p = asked_with(others);
    request(&p, client, &target_of(&p, client), None).unwrap_err()
}

mod targets {
    use super::*;

    fn refused(others: &[(&'static str, Option<&str>)]) -> TargetError {
        target(&asked_with(others), Some(&client())).unwrap_err()
    }

    #[test]
    fn an_answer_goes_where_the_client_is_registered() {
        let expected = Target {
            client_id: CLIENT_ID.to_owned(),
            redirect_uri: REDIRECT_URI.to_owned(),
            mode: ResponseMode::Query,
            state: Some("af0&ifj=sldkj".to_owned()),
        };
        assert_eq!(target(&asked_with(&[]), Some(&client())), Ok(expected.clone()));
        let p = asked_with(&[("response_mode", Some("form_post")), ("state", None)]);
        let expected = Target { mode: ResponseMode::FormPost, state: None, ..expected };
        assert_eq!(target(&p, Some(&client())), Ok(expected));
    }

    #[test]
    fn without_a_client_there_is_nobody_to_answer() {
        assert_eq!(target(&asked_with(&[]), None), Err(TargetError::UnknownClient));
        assert_eq!(refused(&[("client_id", None)]), TargetError::NoClientId);
        assert_eq!(refused(&[("client_id", Some(""))]), TargetError::NoClientId);
        for bad in ["Shop", "shop ", "shop\0", "shop/../shop", "other", "*", "shóp"] {
            assert_eq!(refused(&[("client_id", Some(bad))]), TargetError::UnknownClient, "{bad}");
        }
    }

    #[test]
    fn without_a_registered_address_there_is_nobody_to_answer() {
        assert_eq!(refused(&[("redirect_uri", None)]), TargetError::NoRedirectUri);
        assert_eq!(refused(&[("redirect_uri", Some(""))]), TargetError::NoRedirectUri);
        for bad in
            ["https://evil.example/", "https://shop.example/callback/", "javascript:alert(1)"]
        {
            assert_eq!(refused(&[("redirect_uri", Some(bad))]), TargetError::RedirectUri, "{bad}");
        }
        let p = asked_with(&[]);
        assert_eq!(target(&p, Some(&service())), Err(TargetError::RedirectUri));
    }
}

#[test]
fn reads_what_a_client_asks() {
    let client = client();
    let others: &[_] = &[
        ("response_mode", Some("form_post")),
        ("prompt", Some("login consent")),
        ("max_age", Some("3600")),
        ("acr_values", Some("gold phrh phr phrh")),
        ("login_hint", Some("ann")),
        ("kc_idp_hint", Some("azure")),
        ("ui_locales", Some("nb en")),
        ("display", Some("page")),
        ("claims", Some(r#"{"userinfo":{"email":null,"groups":{"essential":true},"x":null}}"#)),
    ];
    let expected = Request {
        client_id: CLIENT_ID.to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        mode: ResponseMode::FormPost,
        state: Some("af0&ifj=sldkj".to_owned()),
        scope: Scope::parse("openid profile email"),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        code_challenge: Some(CHALLENGE.to_owned()),
        prompt: Prompt::Login,
        max_age: Some(3600),
        acr: AcrRequest {
            essential: false,
            values: vec![Acr::HardwareProtected, Acr::PhishingResistant],
        },
        login_hint: Some("ann".to_owned()),
        provider_hint: Some("azure".to_owned()),
        person: None,
        claims: ClaimsRequest {
            id_token: Vec::new(),
            userinfo: vec!["email".to_owned(), "groups".to_owned()],
        },
        ui_locales: Some("nb en".to_owned()),
    };
    let request = request_with(&client, others);
    assert_eq!(request, expected);
    assert_eq!(request.target(), target_of(&asked_with(others), &client));
    let asked = Asked { request, asked_at: NOW_US };
    let kept = serde_json::to_vec(&asked).unwrap();
    assert_eq!(serde_json::from_slice::<Asked>(&kept).unwrap(), asked);
}

#[test]
fn what_is_not_served_is_refused_in_the_words_of_the_standard() {
    use ErrorCode as Code;
    for (name, value, error, code) in [
        ("request", "e30.e30.", RequestError::RequestObject, Code::RequestNotSupported),
        (
            "request_uri",
            "https://shop.example/r",
            RequestError::RequestUri,
            Code::RequestUriNotSupported,
        ),
        (
            "request_uri",
            "urn:ietf:params:oauth:request_uri:x",
            RequestError::RequestUri,
            Code::RequestUriNotSupported,
        ),
        ("registration", "{}", RequestError::Registration, Code::RegistrationNotSupported),
        ("response_type", "token", RequestError::ResponseType, Code::UnsupportedResponseType),
        ("response_type", "id_token", RequestError::ResponseType, Code::UnsupportedResponseType),
        (
            "response_type",
            "id_token token",
            RequestError::ResponseType,
            Code::UnsupportedResponseType,
        ),
        (
            "response_type",
            "code id_token",
            RequestError::ResponseType,
            Code::UnsupportedResponseType,
        ),
        ("response_type", "code token", RequestError::ResponseType, Code::UnsupportedResponseType),
        ("response_type", "code code", RequestError::ResponseType, Code::UnsupportedResponseType),
        ("response_type", "Code", RequestError::ResponseType, Code::UnsupportedResponseType),
        ("response_type", "code ", RequestError::ResponseType, Code::UnsupportedResponseType),
        ("response_type", "none", RequestError::ResponseType, Code::UnsupportedResponseType),
        ("response_type", "", RequestError::NoResponseType, Code::InvalidRequest),
        ("response_mode", "fragment", RequestError::ResponseMode, Code::InvalidRequest),
        ("response_mode", "web_message", RequestError::ResponseMode, Code::InvalidRequest),
        ("response_mode", "query.jwt", RequestError::ResponseMode, Code::InvalidRequest),
        ("response_mode", "Form_Post", RequestError::ResponseMode, Code::InvalidRequest),
        ("scope", "", RequestError::Scope, Code::InvalidScope),
        ("scope", "profile email", RequestError::Scope, Code::InvalidScope),
        ("scope", "OpenID", RequestError::Scope, Code::InvalidScope),
        ("scope", "openid2", RequestError::Scope, Code::InvalidScope),
        ("scope", "openid\tprofile", RequestError::Scope, Code::InvalidScope),
        ("prompt", "none login", RequestError::Prompt, Code::InvalidRequest),
        ("prompt", "none none", RequestError::Prompt, Code::InvalidRequest),
        ("prompt", "create", RequestError::Prompt, Code::InvalidRequest),
        ("prompt", "login nonsense", RequestError::Prompt, Code::InvalidRequest),
        ("prompt", " ", RequestError::Prompt, Code::InvalidRequest),
        ("max_age", "-1", RequestError::MaxAge, Code::InvalidRequest),
        ("max_age", "+1", RequestError::MaxAge, Code::InvalidRequest),
        ("max_age", "1.5", RequestError::MaxAge, Code::InvalidRequest),
        ("max_age", "an hour", RequestError::MaxAge, Code::InvalidRequest),
        ("max_age", "1e3", RequestError::MaxAge, Code::InvalidRequest),
    ] {
        let refused = refused(&client(), &[(name, Some(value))]);
        assert_eq!((refused, refused.code()), (error, code), "{name}={value}");
    }
    let refused = refused(&client(), &[("response_type", None)]);
    assert_eq!(refused, RequestError::NoResponseType);
}

#[test]
fn a_service_signs_nobody_in() {
    let p = asked_with(&[]);
    let target = target_of(&p, &client());
    let refused = request(&p, &service(), &target, None).unwrap_err();
    assert_eq!((refused, refused.code()), (RequestError::Service, ErrorCode::UnauthorizedClient));
}

#[test]
fn pkce_is_s256_and_nothing_else() {
    for (challenge, method, error) in [
        (None, None, RequestError::NoChallenge),
        (None, Some("S256"), RequestError::NoChallenge),
        (Some(""), Some("S256"), RequestError::NoChallenge),
        (Some(CHALLENGE), None, RequestError::ChallengeMethod),
        (Some(CHALLENGE), Some("plain"), RequestError::ChallengeMethod),
        (Some(CHALLENGE), Some("s256"), RequestError::ChallengeMethod),
        (Some(CHALLENGE), Some("S512"), RequestError::ChallengeMethod),
        (Some(&CHALLENGE[..42]), Some("S256"), RequestError::Challenge),
        (
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"),
            Some("S256"),
            RequestError::Challenge,
        ),
        (
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="),
            Some("S256"),
            RequestError::Challenge,
        ),
        (Some("a"), Some("S256"), RequestError::Challenge),
    ] {
        let pkce = [("code_challenge", challenge), ("code_challenge_method", method)];
        let refused = refused(&client(), &pkce);
        assert_eq!((refused, refused.code()), (error, ErrorCode::InvalidRequest), "{pkce:?}");
    }
}

#[test]
fn idp_04_only_a_client_that_keeps_a_secret_can_be_excused_from_pkce() {
    let without = [("code_challenge", None), ("code_challenge_method", None)];
    let excused = client_with(|settings| settings.without_pkce = true);
    assert_eq!(request_with(&excused, &without).code_challenge, None);
    // What it sends counts nevertheless.
    assert!(request_with(&excused, &[]).code_challenge.is_some());
    let plain = [("code_challenge_method", Some("plain"))];
    assert_eq!(refused(&excused, &plain), RequestError::ChallengeMethod);
    let method_alone = [("code_challenge", None)];
    assert_eq!(refused(&excused, &method_alone), RequestError::NoChallenge);
    for kind in [ClientKind::Native, ClientKind::SinglePage, ClientKind::Web] {
        let mut client = public(kind, &[REDIRECT_URI]);
        client.settings.without_pkce = true;
        assert_eq!(refused(&client, &without), RequestError::NoChallenge, "{kind:?}");
    }
}

#[test]
fn words_of_scope_that_we_do_not_know_or_do_not_give_are_ignored() {
    let asked = [("scope", Some("offline_access address openid openid x:y profile"))];
    let scope = request_with(&client(), &asked).scope;
    assert_eq!(scope.to_string(), "openid profile");
    let offline = client_with(|settings| settings.offline_access = true);
    let scope = request_with(&offline, &asked).scope;
    assert_eq!(scope.to_string(), "openid profile offline_access");
}

#[test]
fn prompt_and_max_age_are_read() {
    for (text, expected) in [
        ("none", Prompt::None),
        ("login", Prompt::Login),
        ("select_account", Prompt::Login),
        ("consent", Prompt::Any),
        ("consent login", Prompt::Login),
        ("", Prompt::Any),
    ] {
        assert_eq!(request_with(&client(), &[("prompt", Some(text))]).prompt, expected, "{text}");
    }
    for (text, expected) in
        [("0", Some(0)), ("007", Some(7)), ("99999999999999999999", Some(u32::MAX)), ("", None)]
    {
        assert_eq!(request_with(&client(), &[("max_age", Some(text))]).max_age, expected, "{text}");
    }
}

#[test]
fn acr_is_read_of_claims_before_acr_values() {
    let acr = |values: Option<&str>, claims: Option<&str>| {
        request_with(&client(), &[("acr_values", values), ("claims", claims)]).acr
    };
    let (phr, phrh) = (Acr::PhishingResistant, Acr::HardwareProtected);
    let voluntary = |values: &[Acr]| AcrRequest { essential: false, values: values.to_vec() };
    assert_eq!(acr(Some("phr"), None), voluntary(&[phr]));
    assert_eq!(acr(Some("gold 0"), None), voluntary(&[]));
    let claims = r#"{"id_token":{"acr":{"values":["phrh","gold"]}}}"#;
    assert_eq!(acr(Some("phr"), Some(claims)), voluntary(&[phrh]));
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"phrh"}}}"#;
    let essential = AcrRequest { essential: true, values: vec![phrh] };
    assert_eq!(acr(Some("phr"), Some(claims)), essential);
    // That it must be there says nothing of what it must be.
    let claims = r#"{"id_token":{"acr":{"essential":true}}}"#;
    assert_eq!(acr(Some("phr"), Some(claims)), voluntary(&[phr]));
}

#[test]
fn what_is_essential_and_no_card_reaches_is_told() {
    for values in [
        r#""value":"gold""#,
        r#""values":["gold","silver"]"#,
        r#""values":[]"#,
        r#""values":[7]"#,
        r#""value":"PHRH""#,
    ] {
        let claims = format!(r#"{{"id_token":{{"acr":{{"essential":true,{values}}}}}}}"#);
        let refused = refused(&client(), &[("claims", Some(&claims))]);
        let code = ErrorCode::UnmetAuthenticationRequirements;
        assert_eq!((refused, refused.code()), (RequestError::Acr, code), "{claims}");
    }
}

#[test]
fn claims_of_another_form_are_refused() {
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    for bad in [
        "claims",
        "[]",
        "null",
        "{",
        "{} {}",
        r#"{"id_token":{},"id_token":{}}"#,
        r#"{"userinfo":{"email":null,"email":null}}"#,
        r#"{"id_token":[]}"#,
        r#"{"userinfo":"email"}"#,
        r#"{"id_token":7}"#,
        r#"{"id_token":{"acr":{"essential":"true"}}}"#,
        r#"{"id_token":{"acr":{"value":7}}}"#,
        r#"{"id_token":{"acr":{"values":"phr"}}}"#,
        r#"{"id_token":{"acr":{"value":"phr","values":["phr"]}}}"#,
        r#"{"id_token":{"sub":{"value":"ann"}}}"#,
        r#"{"userinfo":{"sub":{"value":7}}}"#,
        r#"{"id_token":{"sub":{"value":"0a0a0a0a-1111-4222-8333-444455556666"}},"userinfo":{"sub":{"value":"0b0b0b0b-1111-4222-8333-444455556666"}}}"#,
        &deep,
    ] {
        let refused = refused(&client(), &[("claims", Some(bad))]);
        assert_eq!(
            (refused, refused.code()),
            (RequestError::Claims, ErrorCode::InvalidRequest),
            "{bad}"
        );
    }
    for good in [r"{}", r#"{"id_token":null}"#, r#"{"other":7,"id_token":{"acr":null,"sub":null}}"#]
    {
        assert_eq!(request_with(&client(), &[("claims", Some(good))]).person, None, "{good}");
    }
}

/// A hint as the client got it.
fn hint_of(client: &Client, sub: UserId) -> String {
    let token = IdToken {
        issuer: issuer(),
        client,
        sub,
        session: session(),
        auth_time: NumericDate(NOW),
        acr: Acr::PhishingResistant,
        amr: &amr(&["pop"]),
        nonce: None,
        access_token: &secrets::Secret::new(Vec::new()),
        person: &serde_json::Map::new(),
        issued_at: NumericDate(NOW),
    };
    token.sign(rsa()).unwrap().expose_text().unwrap().to_owned()
}

fn with_hint(others: &[(&'static str, Option<&str>)]) -> Result<Request, RequestError> {
    let p: Parameters = asked_with(others);
    let hint: Option<IdTokenHint> =
        p.get(Name::IdTokenHint).and_then(|hint| verify_id_token_hint(&own(), hint).ok());
    request(&p, &client(), &target_of(&p, &client()), hint.as_ref())
}

#[test]
fn a_request_is_about_the_person_of_its_hint() {
    let hint = hint_of(&client(), person());
    assert_eq!(with_hint(&[("id_token_hint", Some(&hint))]).unwrap().person, Some(person()));
    let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{}"}}}}}}"#, somebody_else());
    let asked = with_hint(&[("claims", Some(&claims))]).unwrap();
    assert_eq!(asked.person, Some(somebody_else()));
    let both = with_hint(&[("claims", Some(&claims)), ("id_token_hint", Some(&hint))]);
    assert_eq!(both, Err(RequestError::TwoPeople));
}

#[test]
fn a_hint_that_is_not_ours_is_refused() {
    let of_another = Client { client_id: "other".to_owned(), ..client() };
    let of_another = hint_of(&of_another, person());
    let mut changed = hint_of(&client(), person());
    changed.truncate(changed.len() - 4);
    for bad in [&*of_another, &changed, "e30.e30.", "nonsense"] {
        let refused = with_hint(&[("id_token_hint", Some(bad))]);
        assert_eq!(refused, Err(RequestError::Hint), "{bad}");
    }
}

#[test]
fn a_request_waits_ten_minutes() {
    let asked = Asked { request: request_with(&client(), &[]), asked_at: NOW_US };
    assert!(!asked.is_over(NOW_US) && !asked.is_over(NOW_US + 600_000_000));
    assert!(asked.is_over(NOW_US + 600_000_001));
    assert!(Asked { asked_at: i64::MIN, ..asked }.is_over(NOW_US));
}
