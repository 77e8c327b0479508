//! Addresses that people type or keep: where they lead.

use e2e::World;

use crate::support::administrator;

#[tokio::test]
async fn an_address_typed_by_hand_leads_to_the_page_that_is_meant() {
    let world = World::start().await;
    for (typed, page) in [
        ("/", "/admin/"),
        ("/admin", "/admin/"),
        ("/help", "/help/aadsts"),
        ("/help/", "/help/aadsts"),
        ("/realms/acme", "/realms/acme/account/"),
        ("/realms/ACME/", "/realms/acme/account/"),
        ("/realms/acme/account", "/realms/acme/account/"),
    ] {
        let answer = world.browser().get(typed).await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some(page)), "{typed}");
    }
    for nothing in ["/realms/nobody", "/realms/nobody/", "/realms", "/administrator"] {
        assert_eq!(world.browser().get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn each_aadsts_code_has_an_address_of_its_own() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = "/help/aadsts/AADSTS50011";
    let pasted = "AADSTS50011%3A+The+redirect+URI+of+mia%40acme.example";
    for question in [pasted, "50011", "aadsts50011"] {
        let asked = browser.get(&format!("/help/aadsts?q={question}")).await;
        assert_eq!((asked.status, asked.location.as_deref()), (303, Some(page)), "{question}");
    }
    for other in ["50011", "aadsts50011", "AADSTS050011"] {
        let asked = browser.get(&format!("/help/aadsts/{other}")).await;
        assert_eq!((asked.status, asked.location.as_deref()), (303, Some(page)), "{other}");
    }
    let known = browser.get(page).await;
    assert!(known.status == 200 && known.body.contains("redirect URI"), "{known:?}");
    for part in [
        "What an administrator does now",
        "Overview → Add a Redirect URI",
        "your provider → Settings → Redirect URI",
    ] {
        assert!(known.body.contains(part), "{part}: {}", known.body);
    }
    let hers = browser.get("/help/aadsts/AADSTS65004").await;
    assert!(hers.body.contains("What to do now"), "{}", hers.body);
    assert!(!hers.body.contains("In the Azure portal"), "{}", hers.body);
    let unknown = browser.get("/help/aadsts/AADSTS99999999").await;
    assert!(unknown.body.contains("error?code=99999999"), "{unknown:?}");
    assert_eq!(browser.get("/help/aadsts/none").await.status, 404);
    let no_code = browser.get("/help/aadsts?q=it+does+not+work").await;
    assert!(no_code.body.contains("There is no code in this"), "{no_code:?}");
}

#[tokio::test]
async fn the_console_shows_where_the_help_is() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let page = browser.get("/admin/tenants/acme/providers/azure/test").await;
    assert!(page.body.contains("action=\"/help/aadsts\""), "{}", page.body);
}
