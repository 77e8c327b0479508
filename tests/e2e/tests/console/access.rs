//! Who may use the console.

use e2e::{Card, Way, World};
use entra_stand_in::Person;
use reqwest::Method;
use server::{Access, RouteInfo};

use crate::support::{administrator, administrator_with};

/// Every route of the console, with the tenant and the provider that the world has.
fn routes() -> Vec<(RouteInfo, String)> {
    let id = "00000000-0000-7000-8000-000000000000";
    let fill = |path: &str| {
        path.replace("{slug}", "acme")
            .replace("{alias}", "azure")
            .replace("{id}", id)
            .replace("{card}", id)
            .replace("{device}", id)
    };
    let all = server::table().into_iter().filter(|route| route.access == Access::Administrator);
    let routes: Vec<_> = all.map(|route| (route.clone(), fill(route.path))).collect();
    assert!(routes.len() > 20, "{routes:?}");
    routes
}

#[tokio::test]
async fn without_a_session_pages_lead_to_the_sign_in_and_forms_are_refused() {
    let world = World::start().await;
    for (route, path) in routes() {
        for method in route.methods {
            let mut nobody = world.browser();
            if *method == "GET" {
                let answer = nobody.get(&path).await;
                assert_eq!(answer.status, 303, "{method} {path}");
                assert_eq!(answer.location.as_deref(), Some("/admin/"), "{path}");
            } else {
                let answer = nobody.post_form(&path, &[("name", "x")]).await;
                assert_eq!(answer.status, 401, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_of_a_tenant_is_no_session_of_the_console_under_whatever_name() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut mia = Person::new("mia@acme.example");
    world.sign_in(&mut browser, &mut mia, &mut Card::new(1)).await.unwrap();
    let session = browser.cookie("__Host-sid-acme").unwrap().to_owned();
    browser.set_cookie("__Host-admin", &session);
    for (route, path) in routes() {
        for method in route.methods {
            let answer = if *method == "GET" {
                browser.get(&path).await
            } else {
                browser.post_form(&path, &[("name", "x")]).await
            };
            assert!([303, 401].contains(&answer.status), "{method} {path}: {}", answer.status);
        }
    }
}

/// Of the same person in the same tenant: what tells them apart is what they were made for.
#[tokio::test]
async fn an_operators_account_session_is_none_of_the_console_nor_the_other_way_round() {
    const OPERATORS: Way = Way::into("operators");
    let world = World::start().await;
    let (console, mut card) = administrator_with(&world).await;
    let mut account = world.browser();
    let options = OPERATORS.use_card_options(&mut account).await;
    let answer = card.answer(&account, &options);
    let signed_in = OPERATORS.use_card(&mut account, &answer).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let page = OPERATORS.path("account/");
    assert_eq!(account.get(&page).await.status, 200);
    for (from, name, to, path) in [
        (&account, "__Host-sid-operators", "__Host-admin", "/admin/tenants/acme/"),
        (&console, "__Host-admin", "__Host-sid-operators", page.as_str()),
    ] {
        let mut browser = world.browser();
        browser.set_cookie(to, from.cookie(name).unwrap());
        assert_eq!(browser.get(path).await.status, 303, "{name} as {to}");
    }
}

#[tokio::test]
async fn who_is_no_administrator_any_more_is_shown_nothing() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    assert_eq!(browser.get("/admin/tenants/acme/users").await.status, 200);
    assert_eq!(world.sql("UPDATE person SET administrator = FALSE WHERE administrator").await, 1);
    for (route, path) in routes() {
        for method in route.methods {
            let answer = match *method {
                "GET" => browser.get(&path).await,
                _ => browser.post_form(&path, &[("name", "x")]).await,
            };
            assert!([303, 401].contains(&answer.status), "{method} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_and_a_wrong_method_too() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    for (route, path) in routes() {
        if route.methods.contains(&"POST") {
            let form = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("origin", "https://evil.example"),
            ];
            let body = Some("name=Evil&slug=evil".to_owned());
            let answer = browser.send(Method::POST, &path, body, &form).await;
            assert_eq!(answer.status, 403, "{path}");
        } else {
            assert_eq!(browser.post_form(&path, &[("name", "x")]).await.status, 405, "{path}");
        }
        if !route.methods.contains(&"GET") {
            assert_eq!(browser.get(&path).await.status, 405, "{path}");
        }
    }
    let evil = ids::Slug::try_from("evil".to_owned()).unwrap();
    assert_eq!(world.app.store().tenant(&evil).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    for (route, path) in routes() {
        if !path.contains("acme") {
            continue;
        }
        for method in route.methods {
            for other in [path.replace("acme", "nobody"), path.replace("acme", "no%20slug")] {
                let answer = if *method == "GET" {
                    browser.get(&other).await
                } else {
                    browser.post_form(&other, &[("name", "x")]).await
                };
                assert_eq!(answer.status, 404, "{method} {other}");
            }
        }
    }
    for path in ["providers/none", "providers/azure/mappers/x", "users/x", "users/none/code"] {
        let path = format!("/admin/tenants/acme/{path}");
        let answer = if path.ends_with("code") {
            browser.post_form(&path, &[]).await
        } else {
            browser.get(&path).await
        };
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_of_the_console() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let token = browser.cookie("__Host-admin").unwrap().to_owned();
    let out = browser.post_form("/admin/sign-out", &[]).await;
    assert_eq!(out.status, 200);
    assert!(browser.cookie("__Host-admin").is_none());
    browser.set_cookie("__Host-admin", &token);
    assert_eq!(browser.get("/admin/tenants/acme/").await.status, 303);
}

/// What a browser is told with each answer: scripts and forms are ours alone, nobody frames the
/// page, and nothing of it is kept.
const RULES: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

#[tokio::test]
async fn each_answer_of_the_console_says_what_its_page_may_load_and_who_may_frame_it() {
    let world = World::start().await;
    let mut administrator = administrator(&world).await;
    let pages = routes().into_iter().filter(|(route, _)| route.methods.contains(&"GET"));
    let doors = ["/admin/", "/admin/invite"].map(str::to_owned);
    let mut shown = 0;
    for path in doors.into_iter().chain(pages.map(|(_, path)| path)) {
        for browser in [&mut administrator, &mut world.browser()] {
            let answer = browser.get(&path).await;
            shown += usize::from(answer.status == 200);
            for (name, expected) in RULES {
                let values = answer.headers.iter().filter(|(header, _)| header == name);
                let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
                assert_eq!(values, [*expected], "{path}: {name}");
            }
        }
    }
    assert!(shown > 10, "{shown} pages");
}
