//! The card step through the agent: set up from within the login, then a card on a reader.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use agent_protocol::{Link, Selector};
use e2e::{Browser, Desktop, TENANT, World, ask_agent};
use entra_stand_in::Person;
use identity::{FirstCard, ReturnStep, TenantPolicy};
use serde_json::{Value, json};
use url::Url;

const STEP: &str = "/realms/acme/login/card";
const OPERATORS: &str = "/realms/operators/login/card";

/// How far everything has come that agents were asked.
async fn requests(world: &World) -> Vec<String> {
    let rows = world.dump().await.rows("ticket");
    rows.iter().map(|row| row["state"].trim_matches('\'').to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_card_is_enrolled_through_the_agent_and_signs_in_the_next_time() {
    let world = World::start().await;
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(1);
    let mut mia = Person::new("mia@acme.example");
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut mia).await.unwrap();
    let (tenant, account) = desktop.set_up(&world, &mut browser, STEP).await;
    assert_eq!((tenant.as_str(), account.as_str()), (TENANT, "mia@acme.example"));

    for _ in ["enrol", "authenticate"] {
        let done = ask_agent(&mut browser, STEP).await;
        assert_eq!(done["state"], "done", "{done}");
        let exit = browser.get(done["location"].as_str().unwrap()).await;
        assert_eq!(exit.location.as_deref(), Some("/realms/acme/account/"), "{exit:?}");
        let account = browser.get("/realms/acme/account/").await;
        assert!(account.body.contains("mia@acme.example"), "{account:?}");
        browser.drop_cookie("__Host-sid-acme");
        world.entra_leg(&mut browser, &mut mia).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_new_here_opens_the_agent_by_a_link_and_is_paired_then() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let _card = desktop.put_new_card(1);
    let mut first = without_card(&world, &desktop).await;
    assert_eq!(ask_agent(&mut first, STEP).await["state"], "done");

    let (mut mia, mut browser) = (Person::new("mia@acme.example"), world.browser());
    world.entra_leg(&mut browser, &mut mia).await.unwrap();
    assert_eq!(
        browser.post_json(&format!("{STEP}/agent"), &json!({})).await.member("state"),
        "no-agent"
    );
    let mut events = browser.events(&format!("{STEP}/events")).await;
    let link = browser.post_json(&format!("{STEP}/link"), &json!({})).await.json();
    let address = desktop.agent.open(&link["link"].as_str().unwrap().parse().unwrap()).await;
    let address = address.unwrap();
    assert!(address.starts_with(&format!("{}{STEP}/return#rt=", world.origin)), "a place of ours");
    assert_eq!(requests(&world).await.iter().filter(|state| *state == "held").count(), 1);
    let back = browser.come_back(&address).await;
    assert_eq!(back.title(), "Your card is checked", "{back:?}");
    let mut told = Vec::new();
    while told.last() != Some(&json!("done")) {
        told.push(events.next().await["state"].clone());
    }
    assert!(told.contains(&json!("returning")), "{told:?}");
    browser.get(STEP).await;
    let account = browser.get("/realms/acme/account/").await;
    assert!(account.body.contains("mia@acme.example"), "{account:?}");

    // From now on it asks by itself.
    browser.drop_cookie("__Host-sid-acme");
    world.entra_leg(&mut browser, &mut mia).await.unwrap();
    assert_eq!(ask_agent(&mut browser, STEP).await["state"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_tenant_wants_it_the_agent_has_the_browser_come_back_each_time() {
    let policy = TenantPolicy {
        return_step: ReturnStep::Always,
        first_card: FirstCard::FreshEntraSignIn,
        ..TenantPolicy::default()
    };
    let (world, desktop) = (World::with_policy(policy).await, Desktop::start());
    let _card = desktop.put_new_card(1);
    let mut browser = without_card(&world, &desktop).await;
    let mut events = browser.events(&format!("{STEP}/events")).await;
    let pushed = browser.post_json(&format!("{STEP}/agent"), &json!({})).await;
    assert_eq!(pushed.member("state"), "pushed");
    let back = browser.come_back(&desktop.opened().await).await;
    assert_eq!(back.title(), "Your card is checked", "{back:?}");
    while events.next().await["state"] != "done" {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_another_server_or_tenant_reaches_nobody() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let mut browser = without_card(&world, &desktop).await;
    let link = browser.post_json(&format!("{STEP}/link"), &json!({})).await.json();
    // The secret is good, so it is the selector alone that keeps the agent from calling.
    let (_, secret) = link["link"].as_str().unwrap().split_at("cardea://t/AAAAAAAA".len());
    let before = world.dump().await;
    let port = Url::parse(&world.origin).unwrap().port().unwrap();
    for (name, origin, tenant) in [
        ("a link of a server that nobody has heard of", "https://evil.example", TENANT),
        ("a link of another tenant of this server", world.origin.as_str(), "birch"),
        ("a link of no tenant", world.origin.as_str(), ""),
        ("a link of this server by another scheme", &format!("https://localhost:{port}"), TENANT),
        ("a link of this server by its address", &format!("http://127.0.0.1:{port}"), TENANT),
        ("a link of another port of this computer", "http://localhost:1", TENANT),
    ] {
        let other = Link::new(Selector::of(origin, tenant), [0; 32]).reveal();
        let other = [&other[..other.len() - secret.len()], secret].concat();
        assert_eq!(desktop.agent.open(&other.parse().unwrap()).await, None, "{name}");
        assert_eq!(before, world.dump().await, "{name}: no call was made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_agent_a_sign_in_is_two_commits_more_than_in_a_browser() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let _card = desktop.put_new_card(1);
    let mut browser = without_card(&world, &desktop).await;
    assert_eq!(ask_agent(&mut browser, STEP).await["state"], "done");
    browser.drop_cookie("__Host-sid-acme");

    let before = world.app.store().figures().transactions;
    world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await.unwrap();
    let done = ask_agent(&mut browser, STEP).await;
    browser.get(done["location"].as_str().unwrap()).await;
    let account = browser.get("/realms/acme/account/").await;
    assert!(account.body.contains("mia@acme.example"), "{account:?}");
    assert_eq!(world.app.store().figures().transactions - before, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_the_console_is_confirmed_through_the_agent() {
    let world = World::start().await;
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(1);
    let mut browser = world.browser();
    let invitation = server::invite(&world.config).await.unwrap();
    let (_, token) = invitation.split_once('#').unwrap();
    browser.post_form("/admin/invite", &[("token", token), ("name", "Olivia Bauer")]).await;
    let (tenant, account) = desktop.set_up(&world, &mut browser, OPERATORS).await;
    assert_eq!((tenant.as_str(), account.as_str()), ("operators", "Olivia Bauer"));
    let done = ask_agent(&mut browser, OPERATORS).await;
    browser.get(done["location"].as_str().unwrap()).await;
    world.sql("UPDATE proof SET verified_at = verified_at - 300000000").await;

    let settings = "/admin/tenants/acme/settings";
    let form = [("session_minutes", "30")];
    assert_eq!(browser.post_form(settings, &form).await.title(), "Confirm with your card");
    browser.post_form("/admin/step-up", &[("to", settings)]).await;
    let done = ask_agent(&mut browser, OPERATORS).await;
    assert_eq!(done["state"], "done", "{done}");
    let back = browser.get(done["location"].as_str().unwrap()).await;
    assert_eq!(back.location.as_deref(), Some("/admin/tenants/acme/settings?done=confirmed"));
    assert_eq!(browser.post_form(settings, &form).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_card_was_added_through_the_agent_goes_on_to_the_account() {
    let world = World::start().await;
    let desktop = Desktop::start();
    let card = desktop.put_new_card(1);
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await.unwrap();
    desktop.set_up(&world, &mut browser, STEP).await;
    let done = ask_agent(&mut browser, STEP).await;
    browser.get(done["location"].as_str().unwrap()).await;
    browser.post_form("/realms/acme/account/cards/add", &[]).await;
    let confirmed = ask_agent(&mut browser, STEP).await;
    assert_eq!(confirmed["location"], STEP, "{confirmed}");
    drop(card);
    let _second = desktop.put_new_card(2);
    assert_eq!(requests(&world).await, ["proved", "proved"]);
    let added = ask_agent(&mut browser, STEP).await;
    assert_eq!(added["location"], "/realms/acme/account/?done=added", "{added}");
    assert_eq!(requests(&world).await, ["proved"; 3], "what has its proof is not taken back");
    let account = browser.get("/realms/acme/account/?done=added").await;
    assert!(account.body.contains("The card is on your account"), "{account:?}");
}

/// Mia at the card step with an agent that is paired, and no card of hers.
async fn without_card(world: &World, desktop: &Desktop) -> Browser {
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await.unwrap();
    desktop.set_up(world, &mut browser, STEP).await;
    browser
}

/// Asks the agent, and waits until it shows the prompt: what the page was answered, and told.
async fn shown(browser: &mut Browser) -> (Value, Value) {
    let mut events = browser.events(&format!("{STEP}/events")).await;
    let pushed = browser.post_json(&format!("{STEP}/agent"), &json!({})).await.json();
    assert_eq!(pushed["state"], "pushed", "{pushed}");
    loop {
        let event = events.next().await;
        if !matches!(event["state"].as_str(), Some("paired" | "pushed")) {
            return (pushed, event);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_nothing_but_what_browsers_reach_is_offered_the_browser_first() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let _card = desktop.put_new_card(1);
    let mut browser = without_card(&world, &desktop).await;
    assert_eq!(ask_agent(&mut browser, STEP).await["state"], "done");
    browser.drop_cookie("__Host-sid-acme");
    world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await.unwrap();
    let agent_first = async |browser: &mut Browser| {
        let page = browser.get(STEP).await;
        assert!(page.body.contains("data-way=\"card\""), "{page:?}");
        page.body.contains("data-way=\"card\" data-start=\"agent\"")
    };
    for (transports, reached) in [
        ("[\"usb\"]", true),
        ("[\"nfc\"]", false),
        ("[\"usb\",\"nfc\"]", false),
        ("[]", false),
        ("[\"internal\",\"hybrid\"]", true),
    ] {
        world.sql(&format!("UPDATE credential SET transports = '{transports}'")).await;
        assert_eq!(agent_first(&mut browser).await, !reached, "{transports}");
    }
    // One that is not reached is enough, unless it is revoked.
    let tenant = world.tenant(TENANT).await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    let mia = tx.person_by_username("mia@acme.example").await.unwrap().unwrap().id;
    let first = tx.credentials(mia).await.unwrap().remove(0);
    let Some(passkey) = first.passkey().cloned() else { panic!("{first:?}") };
    let second = store::Credential {
        id: ids::CredentialId(uuid::Uuid::new_v4()),
        webauthn_id: vec![7; 16],
        kind: store::CredentialKind::Fido2(store::Passkey {
            transports: vec!["nfc".into()],
            ..passkey
        }),
        ..first
    };
    tx.insert_credential(&second).await.unwrap();
    tx.commit().await.unwrap();
    assert!(agent_first(&mut browser).await);
    let revoked = "UPDATE credential SET revoked_at = 1 WHERE transports = '[\"nfc\"]'";
    assert_eq!(world.sql(revoked).await, 1);
    assert!(!agent_first(&mut browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_stream_opens_late_hears_at_once_how_its_prompt_stands() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let mut browser = without_card(&world, &desktop).await;
    let (pushed, claimed) = shown(&mut browser).await;
    assert_eq!((&claimed["state"], &claimed["ticket"]), (&json!("claimed"), &pushed["ticket"]));
    assert_eq!(claimed["match"], pushed["match"]);
    assert!((1..=60).contains(&pushed["expires_in"].as_u64().unwrap()), "{pushed}");
    assert!((61..=120).contains(&claimed["expires_in"].as_u64().unwrap()), "{claimed}");

    let late = browser.events(&format!("{STEP}/events")).await.next().await;
    assert_eq!((&late["state"], &late["ticket"]), (&json!("claimed"), &pushed["ticket"]));
    browser.post_json(&format!("{STEP}/agent/cancel"), &json!({})).await;
    let late = browser.events(&format!("{STEP}/events")).await.next().await;
    assert_eq!(
        late,
        json!({ "state": "refused", "ticket": pushed["ticket"], "reason": "cancelled" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_agent_is_revoked_while_it_waits_hears_so() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let mut browser = without_card(&world, &desktop).await;
    let (pushed, claimed) = shown(&mut browser).await;
    assert_eq!(claimed["state"], "claimed", "{claimed}");
    let mut events = browser.events(&format!("{STEP}/events")).await;
    assert_eq!(events.next().await["state"], "claimed");

    let tenant = world.tenant(TENANT).await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    let mia = tx.person_by_username("mia@acme.example").await.unwrap().unwrap();
    let device = tx.devices(mia.id).await.unwrap().remove(0);
    assert!(tx.revoke_device(device.id).await.unwrap());
    tx.commit().await.unwrap();
    let told = events.next().await;
    assert_eq!(
        told,
        json!({ "state": "refused", "ticket": pushed["ticket"], "reason": "agent-revoked" })
    );
}

/// In seconds, and not when the time of its prompt is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_agent_dies_while_it_waits_hears_so() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let mut browser = without_card(&world, &desktop).await;
    let (pushed, claimed) = shown(&mut browser).await;
    assert_eq!(claimed["state"], "claimed", "{claimed}");
    let mut events = browser.events(&format!("{STEP}/events")).await;
    assert_eq!(events.next().await["state"], "claimed");
    drop(desktop);
    let told = events.next().await;
    assert_eq!(
        told,
        json!({ "state": "refused", "ticket": pushed["ticket"], "reason": "agent-offline" })
    );
    assert_eq!(requests(&world).await, ["refused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_again_goes_on_with_the_prompt_that_is_out() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let mut browser = without_card(&world, &desktop).await;
    let before = browser.get(STEP).await.body;
    assert!(before.contains("data-view=\"choose\""), "{before}");
    let (pushed, _) = shown(&mut browser).await;
    let again = browser.get(STEP).await.body;
    assert!(again.contains("data-view=\"agent\""), "{again}");
    assert!(again.contains("data-progress=\"claimed\""), "{again}");
    for (name, value) in [("ticket", "data-ticket=\"{}\""), ("match", "data-match>{}<")] {
        let value = value.replace("{}", pushed[name].as_str().unwrap());
        assert!(again.contains(&value), "{value} in {again}");
    }

    browser.post_json(&format!("{STEP}/agent/cancel"), &json!({})).await;
    let over = browser.get(STEP).await.body;
    assert!(over.contains("data-view=\"choose\""), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_agent_is_busy_with_somebody_else_hears_so_at_once() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let mut mia = without_card(&world, &desktop).await;
    assert_eq!(shown(&mut mia).await.1["state"], "claimed");
    // At the same desk, in another window.
    let mut ada = mia.clone();
    ada.drop_cookie("__Host-card-acme");
    world.entra_leg(&mut ada, &mut Person::new("ada@acme.example")).await.unwrap();
    let (pushed, told) = shown(&mut ada).await;
    assert_eq!(told, json!({ "state": "refused", "ticket": pushed["ticket"], "reason": "busy" }));
    assert_eq!(requests(&world).await, ["claimed", "refused"], "hers goes on");
}
