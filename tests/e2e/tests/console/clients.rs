//! The applications that people sign in to, as an administrator connects them.

use e2e::{Answer, Browser, World};
use openid_provider::client::presets::{AnswerKind, PRESETS, Preset};
use openid_provider::client::{CardRule, ClientAuthentication};
use reqwest::Method;
use secrets::TokenHash;
use store::Client;

use crate::support::{administrator, marks};

const PAGE: &str = "/admin/tenants/acme/clients";
const GRAFANA: &str = "/admin/tenants/acme/clients/grafana";

/// Adds Grafana; the answer with its secret.
async fn grafana(browser: &mut Browser) -> Answer {
    let form = [("name", "Grafana"), ("client_id", ""), ("host", "grafana.acme.example")];
    let added = browser.post_form(&format!("{PAGE}?preset=grafana"), &form).await;
    assert_eq!(added.status, 200, "{added:?}");
    added
}

/// Adds an application; its client id, and what stands for its secret in addresses.
pub(crate) async fn application(browser: &mut Browser) -> (String, String) {
    grafana(browser).await;
    let page = browser.get(GRAFANA).await;
    ("grafana".to_owned(), secret_ids(&page).remove(0))
}

/// What stands for the secrets on an application's page, in addresses.
fn secret_ids(page: &Answer) -> Vec<String> {
    let rest = page.body.split("/secrets/").skip(1);
    rest.filter_map(|rest| Some(rest.split_once("/remove")?.0.to_owned())).collect()
}

/// What is to be copied into the setting with this name.
fn copied(page: &Answer, name: &str) -> Option<String> {
    let row = page.body.split(&format!(">{name}</label>")).nth(1)?;
    let row = row.split("</div></div>").next()?;
    Some(row.split_once("data-copy=\"")?.1.split('"').next()?.to_owned())
}

async fn stored(world: &World, client_id: &str) -> Option<Client> {
    let tenant = world.tenant("acme").await.id;
    let mut rows = world.app.store().read(tenant).await.unwrap();
    rows.client(client_id).await.unwrap()
}

async fn hashes(world: &World, client_id: &str) -> Vec<TokenHash> {
    let tenant = world.tenant("acme").await.id;
    let mut rows = world.app.store().read(tenant).await.unwrap();
    let all = rows.client_secrets(client_id).await.unwrap();
    all.into_iter().map(|secret| secret.hash).collect()
}

/// The form of a preset, filled in with its examples.
fn examples(preset: &Preset) -> Vec<(&'static str, &'static str)> {
    let mut form = vec![("name", preset.title), ("client_id", preset.name)];
    form.extend(preset.asks.iter().map(|ask| (ask.name, ask.example)));
    form
}

#[tokio::test]
async fn each_preset_is_offered_and_added_with_its_questions_alone() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let offered = browser.get(&format!("{PAGE}/new")).await;
    for preset in PRESETS {
        let name = preset.name;
        let link = format!("{PAGE}/new?preset={name}");
        assert!(offered.body.contains(&format!("href=\"{link}\"")), "{name}: {offered:?}");
        assert!(offered.body.contains(preset.title), "{name}");
        let form = browser.get(&link).await;
        for ask in preset.asks {
            let area = if ask.answer == AnswerKind::Addresses { "textarea" } else { "input" };
            let field = format!("<{area} id=\"{}\"", ask.name);
            assert!(form.body.contains(&field), "{name}: {field}: {form:?}");
        }
        let address = format!("{PAGE}?preset={name}");
        let added = browser.post_form(&address, &examples(preset)).await;
        assert_eq!(added.status, 200, "{name}: {added:?}");
        let client = stored(&world, name).await.unwrap();
        let settings = client.settings.clone().unwrap();
        assert_eq!((client.name.as_str(), client.enabled), (preset.title, true));
        assert_eq!((settings.check(), settings.preset.as_str()), (Ok(()), name));
        let has_secret = settings.authentication == ClientAuthentication::ClientSecret;
        assert_eq!(hashes(&world, name).await.len(), usize::from(has_secret), "{name}");
        // Everything is on the page, ready to be copied.
        for setting in preset.settings {
            assert!(copied(&added, setting.name).is_some(), "{name}: {}", setting.name);
        }
        let list = browser.get(PAGE).await;
        assert!(list.body.contains(&format!("href=\"{PAGE}/{name}\"")), "{name}: {list:?}");
        for below in ["", "/settings"] {
            let page = browser.get(&format!("{PAGE}/{name}{below}")).await;
            assert_eq!(page.status, 200, "{name}{below}: {page:?}");
        }
        // As it is shown, it is saved.
        let settings_page = format!("{PAGE}/{name}/settings");
        assert_eq!(browser.post_form(&settings_page, &[]).await.status, 303);
        assert_eq!(stored(&world, name).await, Some(client));
    }
    assert_eq!(browser.get(&format!("{PAGE}/new?preset=other")).await.status, 404);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_never_again() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let setting = "[auth.generic_oauth] client_secret";
    let added = grafana(&mut browser).await;
    let first = copied(&added, setting).unwrap();
    assert_eq!(hashes(&world, "grafana").await, [TokenHash::of(first.as_bytes())]);
    assert!(added.body.contains("shown this once"), "{added:?}");
    let page = browser.get(GRAFANA).await;
    assert!(copied(&page, setting).is_none() && !page.body.contains(&first), "{page:?}");

    let made = browser.post_form(&format!("{GRAFANA}/secrets"), &[]).await;
    let second = copied(&made, setting).unwrap();
    assert!(!made.body.contains(&first), "{made:?}");
    let both = [TokenHash::of(first.as_bytes()), TokenHash::of(second.as_bytes())];
    assert_eq!(hashes(&world, "grafana").await, both);
    let third = browser.post_form(&format!("{GRAFANA}/secrets"), &[]).await;
    assert_eq!(third.location, Some(format!("{GRAFANA}?done=two-secrets")), "{third:?}");
    assert_eq!(hashes(&world, "grafana").await, both);

    // The old one is removed, after a question; a second time finds nothing.
    let old = secret_ids(&browser.get(GRAFANA).await).remove(0);
    let remove = format!("{GRAFANA}/secrets/{old}/remove");
    assert_eq!(browser.get(&remove).await.status, 200);
    let removed = browser.post_form(&remove, &[]).await;
    assert_eq!(removed.location, Some(format!("{GRAFANA}?done=secret-removed")), "{removed:?}");
    assert_eq!(hashes(&world, "grafana").await, both[1..]);
    assert_eq!(browser.post_form(&remove, &[]).await.status, 404);
    // Whoever removes the last one is told what that means.
    let last = secret_ids(&browser.get(GRAFANA).await).remove(0);
    let asked = browser.get(&format!("{GRAFANA}/secrets/{last}/remove")).await;
    assert!(asked.body.contains("It is the only one"), "{asked:?}");
    let dump = format!("{:?}", world.dump().await);
    assert!(!dump.contains(&first) && !dump.contains(&second), "a secret is kept");
    for secret in [&first, &second] {
        let seen = browser.seen();
        let shown = seen.iter().filter(|(_, answer)| answer.body.contains(secret.as_str()));
        assert_eq!(shown.count(), 1, "shown once");
    }
}

#[tokio::test]
async fn an_administrator_changes_switches_off_and_removes_an_application() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let before = world.dump().await;
    grafana(&mut browser).await;
    let settings = format!("{GRAFANA}/settings");
    let form = [
        ("name", "Charts"),
        ("home_uri", "https://grafana.acme.example/"),
        ("redirect_uris", "https://grafana.acme.example/cb\r\nhttps://g.acme.example/cb\r\n"),
        ("post_logout_redirect_uris", ""),
        ("allowed_groups", "Ward 3\r\nNurses"),
        ("card", "within-minutes"),
        ("card_minutes", "15"),
        ("attested_only", "yes"),
        ("mappers", "group = roles[]\r\ndepartment = dept"),
        ("offline_access", "yes"),
        ("signing_alg", "ES256"),
        ("without_pkce", "yes"),
    ];
    let saved = browser.post_form(&settings, &form).await;
    assert_eq!(saved.location, Some(format!("{GRAFANA}?done=saved")), "{saved:?}");
    let client = stored(&world, "grafana").await.unwrap();
    let is = client.settings.clone().unwrap();
    assert_eq!((client.name.as_str(), client.home()), ("Charts", is.home_uri.as_deref()));
    let uris = ["https://grafana.acme.example/cb", "https://g.acme.example/cb"];
    assert_eq!(is.redirect_uris, uris);
    assert!(is.post_logout_redirect_uris.is_empty() && is.without_pkce && is.offline_access);
    assert_eq!((is.card, is.attested_only), (CardRule::WithinMinutes(15), true));
    assert_eq!(is.allowed_groups, ["Ward 3", "Nurses"]);
    assert_eq!((is.mappers.len(), is.signing_alg.as_str()), (2, "ES256"));
    let page = browser.get(GRAFANA).await;
    assert!(page.body.contains("PKCE is not asked for"), "{page:?}");

    let disable = format!("{GRAFANA}/disable");
    assert_eq!(browser.get(&disable).await.status, 200);
    // A second time changes nothing, and is no event.
    for _ in 0..2 {
        let disabled = browser.post_form(&disable, &[]).await;
        assert_eq!(disabled.location, Some(format!("{GRAFANA}?done=disabled")), "{disabled:?}");
        assert!(stored(&world, "grafana").await.unwrap().served().is_none());
    }
    assert_eq!(browser.post_form(&format!("{GRAFANA}/enable"), &[]).await.status, 303);
    assert_eq!(stored(&world, "grafana").await, Some(client));

    let remove = format!("{GRAFANA}/remove");
    assert_eq!(browser.get(&remove).await.status, 200);
    let removed = browser.post_form(&remove, &[]).await;
    assert_eq!(removed.location, Some(format!("{PAGE}?done=removed")), "{removed:?}");
    assert_eq!(stored(&world, "grafana").await, None);
    assert!(hashes(&world, "grafana").await.is_empty());
    assert_eq!(browser.post_form(&remove, &[]).await.status, 404);
    let audited = before.audited(&world.dump().await);
    let kinds: Vec<_> = audited.iter().filter(|kind| kind.starts_with("client.")).collect();
    let expected = ["added", "changed", "disabled", "enabled", "removed"];
    assert_eq!(kinds, expected.map(|kind| format!("client.{kind}")).iter().collect::<Vec<_>>());
    let trail = browser.get("/admin/tenants/acme/audit").await;
    assert!(trail.body.contains("The application grafana was removed"), "{trail:?}");
    assert!(trail.body.contains("name: Grafana → Charts"), "{trail:?}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_field_and_changes_nothing() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    grafana(&mut browser).await;
    let before = world.dump().await;
    let new = format!("{PAGE}?preset=generic-web");
    let good = [("name", "Files"), ("client_id", ""), ("redirect_uris", "https://a.example/cb")];
    for (field, value) in [
        ("name", ""),
        ("name", "\u{200b}"),
        ("client_id", "a/b"),
        ("client_id", "new"),
        ("client_id", ".."),
        // There are clients with these ids.
        ("client_id", "grafana"),
        ("client_id", "account"),
        ("redirect_uris", ""),
        ("redirect_uris", "https://a.example/*"),
        ("redirect_uris", "http://a.example/cb"),
        ("redirect_uris", "https://a.example/cb#x"),
        ("redirect_uris", "javascript:alert(1)"),
        ("redirect_uris", "com.example.app:/cb"),
        ("redirect_uris", "https://a.example/{logout_uris}"),
        ("logout_uris", "a.example"),
    ] {
        let mut form: Vec<_> = good.into_iter().filter(|(name, _)| *name != field).collect();
        form.push((field, value));
        let refused = browser.post_form(&new, &form).await;
        assert!(marks(&refused, field), "{field}={value}: {refused:?}");
    }
    let settings = format!("{GRAFANA}/settings");
    for (field, value) in [
        ("name", " "),
        ("home_uri", "javascript:alert(1)"),
        ("redirect_uris", "\r\n"),
        ("redirect_uris", "https://grafana.acme.example/*"),
        ("card", "sometimes"),
        ("attested_only", "maybe"),
        ("mappers", "group = sub"),
        ("signing_alg", "none"),
        ("authentication", "trust"),
        ("jwks", "{}"),
    ] {
        let refused = browser.post_form(&settings, &[(field, value)]).await;
        assert!(marks(&refused, field), "{field}={value}: {refused:?}");
        // What was not sent stands in the form as it is stored.
        assert!(refused.body.contains("grafana.acme.example"), "{field}: {refused:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn the_account_page_stays_as_it_is() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let list = browser.get(PAGE).await;
    assert!(list.body.contains("<code>account</code>"), "{list:?}");
    assert!(!list.body.contains(&format!("href=\"{PAGE}/account")), "{list:?}");
    let before = world.dump().await;
    for below in ["", "/settings", "/disable", "/remove"] {
        let page = format!("{PAGE}/account{below}");
        assert_eq!(browser.get(&page).await.status, 404, "{page}");
    }
    for below in ["/settings", "/disable", "/enable", "/remove", "/secrets"] {
        let page = format!("{PAGE}/account{below}");
        let refused = browser.post_form(&page, &[("name", "Mine")]).await;
        assert_eq!(refused.status, 404, "{page}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn an_application_of_another_tenant_is_not_found() {
    let world = World::start().await.with_birch().await;
    let mut browser = administrator(&world).await;
    let (_, secret) = application(&mut browser).await;
    let before = world.dump().await;
    let there = "/admin/tenants/birch/clients/grafana";
    let removal = format!("/secrets/{secret}/remove");
    for below in ["", "/settings", "/disable", "/remove", removal.as_str()] {
        assert_eq!(browser.get(&format!("{there}{below}")).await.status, 404, "{below}");
    }
    for below in ["/settings", "/disable", "/enable", "/remove", "/secrets", removal.as_str()] {
        let refused = browser.post_form(&format!("{there}{below}"), &[("name", "Mine")]).await;
        assert_eq!(refused.status, 404, "{below}");
    }
    // Nor is a secret of one application that of another.
    let form = [("name", "Other"), ("host", "other.acme.example")];
    browser.post_form(&format!("{PAGE}?preset=grafana"), &form).await;
    assert_eq!(before.audited(&world.dump().await), ["client.added"]);
    let before = world.dump().await;
    let other = format!("{PAGE}/other/secrets/{secret}/remove");
    assert_eq!(browser.post_form(&other, &[]).await.status, 404);
    assert!(!browser.get("/admin/tenants/birch/clients").await.body.contains("grafana"));
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_stranger_and_another_site_change_nothing() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    grafana(&mut browser).await;
    let before = world.dump().await;
    let forms = ["/settings", "/secrets", "/disable", "/enable", "/remove"];
    for below in forms {
        let path = format!("{GRAFANA}{below}");
        let refused = world.browser().post_form(&path, &[("name", "Mine")]).await;
        assert_eq!(refused.status, 401, "{path}");
        let elsewhere = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "https://evil.example"),
        ];
        let body = Some("name=Mine".to_owned());
        let refused = browser.send(Method::POST, &path, body, &elsewhere).await;
        assert_eq!(refused.status, 403, "{path}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn who_changes_to_a_key_has_no_secret_to_copy_and_makes_none() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    grafana(&mut browser).await;
    let keys = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    let form = [("authentication", "private-key-jwt"), ("jwks", keys)];
    assert_eq!(browser.post_form(&format!("{GRAFANA}/settings"), &form).await.status, 303);
    let page = browser.get(GRAFANA).await;
    assert!(!page.body.contains("client_secret") && !page.body.contains("Make a new secret"));
    let made = browser.post_form(&format!("{GRAFANA}/secrets"), &[]).await;
    assert_eq!(made.location, Some(format!("{GRAFANA}?done=no-secret")), "{made:?}");
    assert_eq!(hashes(&world, "grafana").await.len(), 1, "the old one can be removed");
    assert_eq!(secret_ids(&page).len(), 1, "{page:?}");
}
