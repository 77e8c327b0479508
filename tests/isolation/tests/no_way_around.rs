//! Every route, called by everybody who must not get through.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use isolation::{Call, Cast, Origin, PRINCIPALS, Principal, calls};

/// Which status classes each principal gets at each route and method, over all content types and
/// origins. The file is the policy as people read it; a new route shows as a difference.
const TABLE: &str = include_str!("routes.txt");

/// What nobody here may be given, wherever they call.
fn assert_gives_nothing(principal: Principal, call: &Call, answer: &e2e::Answer) {
    let place = format!("{principal:?}: {} {} {:?}", call.method, call.path, call.shape);
    assert!(answer.status < 500, "{place}: {answer:?}");
    assert!(!answer.gives_a_session(), "{place}: {answer:?}");
    let location = answer.location.clone().unwrap_or_default();
    assert!(!location.contains("code="), "{place}: {answer:?}");
    // What a cookie authenticates comes from our own pages, whatever the caller may do otherwise.
    let writes = !matches!(call.method.as_str(), "GET" | "HEAD");
    let of_entra = ["auth", "certs", ".well-known/openid-configuration"];
    let by_entra = of_entra.iter().any(|end| call.path.ends_with(&format!("/eam/{end}")));
    let of_applications =
        ["auth", "certs", "introspect", "logout", "par", "revoke", "token", "userinfo"];
    let by_application =
        of_applications.iter().any(|end| call.path.ends_with(&format!("/openid-connect/{end}")))
            || call.path.ends_with("/acme/.well-known/openid-configuration");
    let by_cookie = !call.path.starts_with("/agent/") && !by_entra && !by_application;
    if writes && by_cookie && call.shape.origin != Origin::Own {
        assert_eq!(answer.status, 403, "{place}: {answer:?}");
    }
    let told: String = answer
        .headers
        .iter()
        .map(|(_, value)| value.as_str())
        .chain([answer.body.as_str()])
        .collect();
    let hidden = Cast::foreign_marks(principal, call);
    for mark in hidden.into_iter().chain(Cast::own_marks_behind_the_card(principal)) {
        assert!(!told.contains(&mark), "{place} tells {mark}: {answer:?}");
    }
}

/// Whether the principal is still what it was before its call.
async fn is_intact(browser: &mut e2e::Browser, principal: Principal) -> bool {
    let path = match principal {
        Principal::Half | Principal::Untapped => "/realms/acme/login/card",
        Principal::Member => "/realms/acme/account/",
        Principal::OtherTenant => "/realms/birch/account/",
        Principal::Invited => "/realms/operators/login/card",
        Principal::Administrator => "/admin/",
        Principal::Nobody | Principal::Stranger | Principal::Swapped => return true,
    };
    browser.clone().get(path).await.status == 200
}

#[tokio::test]
async fn no_route_gives_anything_to_anybody_without_their_own_card() {
    let mut cast = Cast::gather().await;
    let victim = cast.victims_rows().await;
    assert!(victim.len() >= 4, "person, link, card and session: {victim:?}");
    let calls = calls(&server::table(), &cast);
    let mut seen: BTreeMap<(usize, &str, String), BTreeMap<usize, String>> = BTreeMap::new();
    for (column, principal) in PRINCIPALS.into_iter().enumerate() {
        let mut browser = cast.browser(principal).await;
        for call in calls.iter().filter(|call| !Cast::is_in_charge(principal, call)) {
            let mut caller = browser.clone();
            let answer = cast.call(&mut caller, call).await;
            assert_gives_nothing(principal, call, &answer);
            let key = (order(call), call.pattern, call.method.to_string());
            let classes = seen.entry(key).or_default().entry(column).or_default();
            let class = format!("{}xx", answer.status / 100);
            if !classes.contains(&class) {
                *classes = sorted(classes, &class);
            }
            if answer.status < 400 && !is_intact(&mut browser, principal).await {
                browser = cast.browser(principal).await;
            }
        }
    }
    assert_eq!(cast.victims_rows().await, victim, "somebody changed what is the victim's");
    let rules: BTreeMap<&str, String> =
        calls.iter().map(|call| (call.pattern, format!("{:?}", call.access))).collect();
    let actual = table(&seen, &rules);
    if actual != TABLE {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/routes.txt");
        std::fs::write(path, &actual).unwrap();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (expected, now) = (lines(TABLE), lines(&actual));
        let gone =
            expected.iter().filter(|line| !now.contains(line)).map(|line| format!("- {line}"));
        let new =
            now.iter().filter(|line| !expected.contains(line)).map(|line| format!("+ {line}"));
        let difference: Vec<_> = gone.chain(new).collect();
        panic!("the table has changed; the new one is {path}\n{}", difference.join("\n"));
    }
}

/// The place of a method in the table.
fn order(call: &Call) -> usize {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    methods.iter().position(|method| *method == call.method.as_str()).unwrap_or(methods.len())
}

fn sorted(classes: &str, more: &str) -> String {
    let mut all: Vec<&str> = classes.split(' ').filter(|class| !class.is_empty()).collect();
    all.push(more);
    all.sort_unstable();
    all.join(" ")
}

type Seen<'a> = BTreeMap<(usize, &'a str, String), BTreeMap<usize, String>>;

fn table(seen: &Seen<'_>, rules: &BTreeMap<&str, String>) -> String {
    let mut text = format!("{:7}{:66}{:14}", "", "", "rule");
    for principal in PRINCIPALS {
        let _ = write!(text, "{:14}", format!("{principal:?}"));
    }
    text = text.trim_end().to_owned();
    text.push('\n');
    let mut rows: Vec<_> = seen.iter().collect();
    rows.sort_by_key(|((order, pattern, _), _)| (*pattern, *order));
    for ((_, pattern, method), columns) in rows {
        // Methods that nobody gets anywhere with need no line.
        if columns.values().all(|classes| classes == "4xx")
            && !matches!(method.as_str(), "GET" | "POST")
        {
            continue;
        }
        let _ = write!(text, "{method:7}{pattern:66}{:14}", rules[pattern]);
        for classes in columns.values() {
            let _ = write!(text, "{classes:14}");
        }
        text = text.trim_end().to_owned();
        text.push('\n');
    }
    text
}

/// In their own tenant somebody is somebody; with the ids of another tenant they get nowhere.
#[tokio::test]
async fn ids_of_another_tenant_are_found_by_nobody() {
    let mut cast = Cast::gather().await;
    let victim = cast.victims_rows().await;
    assert!(victim.len() >= 4, "person, link, card and session: {victim:?}");
    let calls = calls(&server::table(), &cast);
    let mut browser = cast.browser(Principal::OtherTenant).await;
    let with_ids = calls.iter().filter(|call| call.pattern.contains("{id}"));
    for call in with_ids.filter(|call| call.path.starts_with("/realms/acme/")) {
        let mut call = call.clone();
        call.path = call.path.replace("/realms/acme/", "/realms/birch/");
        let answer = cast.call(&mut browser, &call).await;
        assert_gives_nothing(Principal::OtherTenant, &call, &answer);
        assert!(answer.status >= 400, "{call:?}: {answer:?}");
    }
    assert_eq!(cast.victims_rows().await, victim);
}
