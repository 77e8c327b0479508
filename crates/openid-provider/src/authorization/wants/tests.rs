use super::Verdict::{Enough, Login, Tap};
use super::*;
use crate::AcrRequest;
use crate::testing::{NOW_US, amr, client, facts, person, request_with, somebody_else};

/// What a case is called; how long before the request the proof was given, in seconds (negative: after
/// it), and its `amr`; what the client is registered with, what it asks, and what follows.
type Case = (
    &'static str,
    i64,
    &'static [&'static str],
    fn(&mut ClientSettings),
    fn(&mut Request),
    Verdict,
);

/// Asked at [`NOW_US`]; judged ten seconds later.
fn verdict((_, age, methods, registered, asks, _): Case) -> Verdict {
    let mut client = client();
    let mut request = request_with(&client, &[]);
    registered(&mut client.settings);
    asks(&mut request);
    let amr = amr(methods);
    let auth_time = NOW_US.checked_sub(age.checked_mul(1_000_000).unwrap()).unwrap();
    let session = SessionFacts { auth_time, ..facts(&amr) };
    let now = NOW_US.checked_add(10_000_000).unwrap();
    request.wants(&client.settings, NOW_US, Some(&session), now)
}

const SOFT: &[&str] = &["pop", "user"];
const KEY: &[&str] = &["pop", "user", "hwk"];
const CARD: &[&str] = &["sc"];

fn any(_: &mut ClientSettings) {}

fn no(_: &mut Request) {}

fn fresh(settings: &mut ClientSettings) {
    settings.card = CardRule::Fresh;
}

fn within_an_hour(settings: &mut ClientSettings) {
    settings.card = CardRule::WithinMinutes(60);
}

fn attested(settings: &mut ClientSettings) {
    settings.attested_only = true;
}

fn login(request: &mut Request) {
    request.prompt = Prompt::Login;
}

fn phrh(request: &mut Request) {
    request.acr = AcrRequest { essential: true, values: vec![Acr::HardwareProtected] };
}

#[rustfmt::skip]
const WHAT_A_CLIENT_ASKS: &[Case] = &[
    ("nothing", 3600, SOFT, any, no, Enough),
    ("nothing, of a very old session", 1_000_000, SOFT, any, no, Enough),
    ("prompt=login", 3600, SOFT, any, login, Tap),
    ("prompt=login, tapped since", -1, SOFT, any, login, Enough),
    ("prompt=login, tapped in that moment", 0, SOFT, any, login, Enough),
    ("prompt=none", 3600, SOFT, any, |r| r.prompt = Prompt::None, Enough),
    ("max_age kept", 3600, SOFT, any, |r| r.max_age = Some(3610), Enough),
    ("max_age over", 3600, SOFT, any, |r| r.max_age = Some(3609), Tap),
    ("max_age=0", 1, SOFT, any, |r| r.max_age = Some(0), Tap),
    ("max_age=0, tapped since", -1, SOFT, any, |r| r.max_age = Some(0), Enough),
    ("longest max_age", 3600, SOFT, any, |r| r.max_age = Some(u32::MAX), Enough),
    ("phrh essential", 3600, SOFT, any, phrh, Tap),
    ("phrh essential, tapped since", -1, SOFT, any, phrh, Tap),
    ("phrh essential, with a key", 3600, KEY, any, phrh, Enough),
    ("phrh essential, with a smart card", 3600, CARD, any, phrh, Tap),
    ("phrh voluntary", 3600, SOFT, any, |r| { phrh(r); r.acr.essential = false; }, Enough),
];

#[rustfmt::skip]
const WHAT_IT_IS_REGISTERED_WITH: &[Case] = &[
    ("fresh", 1, SOFT, fresh, no, Tap),
    ("fresh, tapped since", -1, SOFT, fresh, no, Enough),
    ("fresh, whatever max_age says", 1, SOFT, fresh, |r| r.max_age = Some(9999), Tap),
    ("within an hour", 3590, SOFT, within_an_hour, no, Enough),
    ("more than an hour ago", 3591, SOFT, within_an_hour, no, Tap),
    ("an hour, whatever max_age says", 3591, SOFT, within_an_hour, |r| r.max_age = Some(9999), Tap),
    ("max_age, whatever the hour says", 60, SOFT, within_an_hour, |r| r.max_age = Some(1), Tap),
    ("longest rule", 3600, SOFT, |s| s.card = CardRule::WithinMinutes(u32::MAX), no, Enough),
    ("attested only", 3600, SOFT, attested, no, Tap),
    ("attested only, tapped since", -1, SOFT, attested, no, Tap),
    ("attested only, with a key", 3600, KEY, attested, no, Enough),
    ("attested only, with a smart card", 3600, CARD, attested, no, Tap),
    ("attested only, in software", 3600, &["swk"], attested, no, Tap),
];

#[rustfmt::skip]
const WHOM_IT_IS_ABOUT: &[Case] = &[
    ("the same person", 3600, SOFT, any, |r| r.person = Some(person()), Enough),
    ("somebody else", 3600, SOFT, any, |r| r.person = Some(somebody_else()), Login),
    ("somebody else, tapped since", -1, SOFT, any, |r| r.person = Some(somebody_else()), Login),
    ("their username", 3600, SOFT, any, |r| r.login_hint = Some("ANN".into()), Enough),
    ("their address", 3600, SOFT, any, |r| r.login_hint = Some("Ann@acme.example".into()), Enough),
    ("another name", 3600, SOFT, any, |r| r.login_hint = Some("bob".into()), Login),
    ("another name, tapped since", -1, SOFT, any, |r| r.login_hint = Some("bob".into()), Enough),
];

#[test]
fn a_session_is_enough_by_all_rules_or_it_is_not() {
    for case in [WHAT_A_CLIENT_ASKS, WHAT_IT_IS_REGISTERED_WITH, WHOM_IT_IS_ABOUT].concat() {
        assert_eq!(verdict(case), case.5, "{}", case.0);
    }
}

#[test]
fn without_a_session_there_is_a_login() {
    let client = client();
    let request = request_with(&client, &[]);
    assert_eq!(request.wants(&client.settings, NOW_US, None, NOW_US), Login);
}

#[test]
fn a_name_is_that_of_the_session_even_without_an_address() {
    let client = client();
    let request = request_with(&client, &[("login_hint", Some("ann@acme.example"))]);
    let amr = amr(&["hwk"]);
    let session = SessionFacts { email: None, ..facts(&amr) };
    let verdict = request.wants(&client.settings, NOW_US, Some(&session), NOW_US);
    assert_eq!(verdict, Login);
}

#[test]
fn who_wants_nothing_shown_is_told_what_would_have_been() {
    for (verdict, code) in [
        (Enough, None),
        (Tap, Some(ErrorCode::InteractionRequired)),
        (Login, Some(ErrorCode::LoginRequired)),
    ] {
        assert_eq!(verdict.without_showing(), code);
    }
}
