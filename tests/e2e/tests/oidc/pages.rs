//! The pages that people see on their way into an application, and out of it.

use e2e::Answer;

use crate::support::{ACME, CARD, header, mia, ready, signed_in};

/// Nobody frames it, and all that it loads is ours.
#[track_caller]
fn is_safe(name: &str, page: &Answer) {
    assert_eq!(page.status, 200, "{name}: {page:?}");
    assert_eq!(header(page, "x-frame-options"), "DENY", "{name}");
    let policy = header(page, "content-security-policy");
    for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.split(';').any(|it| it.trim() == rule), "{name}: {rule} in {policy}");
    }
    let sources = policy.split(';').filter(|it| it.contains("-src"));
    for source in sources {
        assert!(!source.contains("http") && !source.contains('*'), "{name}: {source}");
    }
}

#[tokio::test]
async fn no_page_on_the_way_can_be_framed_or_loads_anything_of_others() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = world.browser();
    let login = browser.get(&syncro.asks().url()).await;
    let number = login.location.clone().unwrap();
    is_safe("login", &browser.follow(login).await);
    let number = number.split('=').nth(1).unwrap().to_owned();
    let authorize = ACME.choose_provider(&mut browser, &number).await;
    let callback = e2e::at_provider(&mut mia(), &authorize).await;
    browser.get(&callback).await;
    is_safe("card", &browser.get(CARD).await);
    let mut browser = signed_in(&world, &mut card).await;
    let posted = syncro.asks().with("response_mode", "form_post");
    is_safe("form_post", &browser.get(&posted.url()).await);
    let logout = browser.get(&ACME.path("protocol/openid-connect/logout")).await;
    is_safe("logout", &browser.follow(logout).await);
    let unknown = syncro.asks().with("redirect_uri", "https://evil.test/");
    let refused = browser.get(&unknown.url()).await;
    is_safe("refused", &Answer { status: 200, ..refused });
}
