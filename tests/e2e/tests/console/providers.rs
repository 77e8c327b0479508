//! Identity providers and mappers.

use e2e::{Answer, Browser, World};

use crate::support::{administrator, ids_after, marks, provider_form, registration};

const LIST: &str = "/admin/tenants/acme/providers";

async fn add(browser: &mut Browser, form: &[(&str, &str)]) -> Answer {
    browser.post_form(&format!("{LIST}?template=oidc"), form).await
}

#[tokio::test]
async fn each_template_starts_with_its_mappers() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    for (template, alias, mappers) in [
        ("oidc", "plain", vec!["Cardea Onboarding"]),
        (
            "entra",
            "entra",
            vec!["azure-group-mapper", "Azure Username", "Azure Sub Importer", "Cardea Onboarding"],
        ),
    ] {
        let form = provider_form(&azure, &id, &[("alias", alias)]);
        let added = browser.post_form(&format!("{LIST}?template={template}"), &form).await;
        assert_eq!(added.location.unwrap(), format!("{LIST}/{alias}?done=added"));
        let page = browser.get(&format!("{LIST}/{alias}/mappers")).await;
        let rows = page.body.matches("<th scope=\"row\">").count();
        assert_eq!(rows, mappers.len(), "{template}: {}", page.body);
        let places: Vec<_> = mappers.iter().map(|name| page.body.find(name).unwrap()).collect();
        assert!(places.is_sorted(), "{template}: {places:?}");
    }
    // Both are linked by (tid, oid): the kind follows the issuer, not the template.
    let list = browser.get(LIST).await;
    assert_eq!(list.body.matches("<td>Microsoft Entra ID").count(), 3, "{}", list.body);
}

#[tokio::test]
async fn the_redirect_uri_is_shown_before_saving_and_follows_the_alias() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let page = browser.get(&format!("{LIST}/new?template=entra")).await;
    let uri = |alias: &str| format!("{}/realms/acme/broker/{alias}/endpoint", world.origin);
    assert!(page.body.contains(&format!("value=\"{}\"", uri("azure"))), "{}", page.body);
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let form = provider_form(&azure, &id, &[("alias", "Entra"), ("action", "fetch")]);
    let fetched = add(&mut browser, &form).await;
    assert!(fetched.body.contains(&format!("value=\"{}\"", uri("entra"))), "{}", fetched.body);
}

#[tokio::test]
async fn fetch_fills_in_the_endpoints_and_explains_a_bad_address() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let form = provider_form(&azure, &id, &[("action", "fetch")]);
    let page = add(&mut browser, &form).await;
    assert_eq!(page.status, 200);
    let token = format!("{}/{}/oauth2/v2.0/token", world.stand_in.base_url(), azure.directory);
    assert!(page.body.contains(&format!("value=\"{token}\"")), "{}", page.body);
    assert!(page.body.contains("This is a directory of Microsoft Entra ID"));
    let closed = format!("{}/x/.well-known/openid-configuration", "https://127.0.0.1:1");
    for bad in ["", "mia@acme.example", "http://id.example/", "my directory", &closed] {
        let form = provider_form(&azure, &id, &[("action", "fetch"), ("discovery", bad)]);
        let page = add(&mut browser, &form).await;
        assert!(marks(&page, "discovery"), "{bad}: {}", page.status);
    }
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_said_to_be_so_and_nothing_about_saving() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let base = world.stand_in.base_url();
    for nowhere in ["904bc2ee-3374-4f03-a63b-40efc0d85237", "nowhere.example"] {
        let address = format!("{base}/{nowhere}/v2.0/.well-known/openid-configuration");
        let form = provider_form(&azure, &id, &[("action", "fetch"), ("discovery", &address)]);
        let page = add(&mut browser, &form).await;
        assert!(marks(&page, "discovery"), "{nowhere}: {}", page.status);
        assert!(page.body.contains("knows no directory with this ID"), "{}", page.body);
        assert!(page.body.contains(&format!("Cardea asked {address}")), "{}", page.body);
        assert!(!page.body.contains("Not saved"), "{}", page.body);
        assert!(page.body.contains("Nothing was fetched"), "{}", page.body);
        let form = provider_form(&azure, &id, &[("discovery", &address)]);
        assert!(add(&mut browser, &form).await.body.contains("Not saved"));
    }
    assert!(!browser.get(&format!("{LIST}/new")).await.body.contains("[["));
}

#[tokio::test]
async fn a_directory_is_found_by_its_domain_and_in_capitals_too() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let base = world.stand_in.base_url();
    let capitals = format!("{}/ACME.Example/v2.0", base.replace("http", "HTTP"));
    for address in [format!("{base}/acme.example"), capitals] {
        let form = provider_form(&azure, &id, &[("action", "fetch"), ("discovery", &address)]);
        let page = add(&mut browser, &form).await;
        assert_eq!(page.status, 200, "{address}: {}", page.body);
        let words = format!("acme.example is the directory {}", azure.directory);
        assert!(page.body.contains(&words), "{address}: {}", page.body);
    }
}

#[tokio::test]
async fn addresses_inside_of_a_network_are_never_called() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    for inner in ["https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/"] {
        let form = provider_form(&azure, &id, &[("discovery", inner)]);
        let page = add(&mut browser, &form).await;
        assert!(marks(&page, "discovery"), "{inner}: {}", page.status);
        assert!(page.body.contains("not a public one"), "{inner}: {}", page.body);
    }
}

#[tokio::test]
async fn each_bad_field_is_marked_and_nothing_is_saved() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let long = "x".repeat(300);
    for (field, value) in [
        ("alias", ""),
        ("alias", "a b"),
        ("alias", "new"),
        ("alias", "azure"),
        ("display_name", ""),
        ("display_name", long.as_str()),
        ("client_id", ""),
        ("client_id", "my-app"),
        ("client_id", long.as_str()),
        ("client_secret", ""),
        ("client_secret", "904bc2ee-3374-4f03-a63b-40efc0d85237"),
        ("client_secret_expires", "tomorrow"),
        ("client_secret_expires", "2020-01-01"),
        ("sync_mode", "LEGACY"),
        ("groups_sent", "perhaps"),
        ("enabled", "perhaps"),
        ("hidden", "perhaps"),
    ] {
        let form = provider_form(&azure, &id, &[(field, value)]);
        let page = add(&mut browser, &form).await;
        assert!(marks(&page, field), "{field}={value}: {} {}", page.status, page.body);
        assert!(!page.body.contains(&azure.secret), "{field}: the secret came back");
    }
    assert_eq!(browser.get(&format!("{LIST}/entra")).await.status, 404);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_form_is_said_at_once() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    for alias in ["azure", "a b", "new"] {
        let form = provider_form(&azure, "my-app", &[("alias", alias), ("sync_mode", "LEGACY")]);
        let page = add(&mut browser, &form).await;
        for field in ["alias", "client_id", "sync_mode"] {
            assert!(marks(&page, field), "{alias}, {field}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn a_secret_id_is_refused_with_where_to_find_the_value() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let guid = "904bc2ee-3374-4f03-a63b-40efc0d85237";
    let form = provider_form(&azure, &id, &[("client_secret", guid)]);
    let page = add(&mut browser, &form).await;
    let words = "This looks like the Secret ID; copy the Value column";
    assert!(page.body.contains(words), "{}", page.body);
}

#[tokio::test]
async fn invisible_characters_around_the_client_id_are_dropped() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = format!("\u{feff} {}\u{200b}\n", azure.client_id);
    let form = provider_form(&azure, &id, &[]);
    assert_eq!(add(&mut browser, &form).await.status, 303);
    let page = browser.get(&format!("{LIST}/entra")).await;
    assert!(page.body.contains(&format!("value=\"{}\"", azure.client_id)), "{}", page.body);
}

#[tokio::test]
async fn a_saved_secret_is_on_no_page_and_stays_when_the_form_leaves_it_out() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    add(&mut browser, &provider_form(&azure, &id, &[])).await;
    let path = format!("{LIST}/entra");
    let change = [("client_secret", ""), ("display_name", "Renamed"), ("hidden", "yes")];
    let saved = browser.post_form(&path, &provider_form(&azure, &id, &change)).await;
    assert_eq!(saved.location.as_deref(), Some(format!("{path}?done=saved").as_str()));
    let tenant = world.tenant("acme").await;
    let alias = ids::Alias::try_from("entra".to_owned()).unwrap();
    let stored = world.app.store().read(tenant.id).await.unwrap().provider(&alias).await.unwrap();
    let stored = stored.unwrap();
    assert_eq!((stored.display_name.as_str(), stored.hidden), ("Renamed", true));
    assert_eq!(stored.client_secret.unwrap().expose_text(), Some(azure.secret.as_str()));
    for page in ["", "/entra", "/entra/mappers", "/entra/test", "/entra/delete", "/../audit"] {
        let page = browser.get(&format!("{LIST}{page}")).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains(&azure.secret));
    }
}

#[tokio::test]
async fn a_stored_secret_does_not_follow_to_another_provider_or_registration() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    add(&mut browser, &provider_form(&azure, &id, &[])).await;
    let other = world.stand_in.metadata_url(entra_stand_in::BIRCH);
    let path = format!("{LIST}/entra");
    for change in [
        vec![("client_secret", ""), ("discovery", other.as_str())],
        vec![("client_secret", ""), ("client_id", "904bc2ee-3374-4f03-a63b-40efc0d85237")],
    ] {
        let answer = browser.post_form(&path, &provider_form(&azure, &id, &change)).await;
        assert!(marks(&answer, "client_secret"), "{change:?}: {}", answer.status);
    }
}

#[tokio::test]
async fn endpoints_are_those_of_the_provider_whatever_the_form_says() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let azure = registration(&world);
    let id = azure.client_id.to_string();
    let evil = "https://evil.example/token";
    let change = [("token", evil), ("jwks", evil), ("issuer", evil)];
    assert_eq!(add(&mut browser, &provider_form(&azure, &id, &change)).await.status, 303);
    let page = browser.get(&format!("{LIST}/entra")).await;
    assert!(!page.body.contains("evil"), "{}", page.body);
    browser.post_form(&format!("{LIST}/entra"), &provider_form(&azure, &id, &change)).await;
    let page = browser.get(&format!("{LIST}/entra")).await;
    assert!(!page.body.contains("evil"), "{}", page.body);
}

#[tokio::test]
async fn a_secret_that_expires_soon_or_has_expired_has_a_banner() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let now = world.app.store().now().await.unwrap();
    for (days, banner) in [(40, ""), (20, "expires in "), (-1, "has expired")] {
        let alias = ids::Alias::try_from("azure".to_owned()).unwrap();
        let tenant = world.tenant("acme").await;
        let mut tx = world.app.store().write(tenant.id).await.unwrap();
        let mut provider = tx.provider(&alias).await.unwrap().unwrap();
        provider.client_secret_expires_at =
            Some(identity::Moment(now.0 + days * 86_400 * 1_000_000));
        tx.put_provider(&provider).await.unwrap();
        tx.commit().await.unwrap();
        for path in ["/admin/tenants/acme/", LIST] {
            let page = browser.get(path).await;
            let shown = page.body.contains("The client secret of Azure");
            assert_eq!(shown, !banner.is_empty(), "{days} days on {path}");
            assert!(page.body.contains(banner), "{days} days on {path}");
        }
    }
}

#[tokio::test]
async fn a_provider_is_deleted_after_a_question() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let ask = browser.get(&format!("{LIST}/azure/delete")).await;
    assert!(ask.body.contains("Delete Azure?"), "{}", ask.body);
    let gone = browser.post_form(&format!("{LIST}/azure/delete"), &[]).await;
    assert_eq!(gone.status, 303);
    assert_eq!(browser.get(&format!("{LIST}/azure")).await.status, 404);
    assert_eq!(browser.post_form(&format!("{LIST}/azure/delete"), &[]).await.status, 404);
}

#[tokio::test]
async fn a_mapper_is_added_changed_and_deleted() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let base = format!("{LIST}/azure/mappers");
    let form = [
        ("name", "mail"),
        ("sync", "Force"),
        ("type", "Attribute Importer"),
        ("claim", "email"),
        ("attribute", "mail"),
    ];
    assert_eq!(browser.post_form(&base, &form).await.status, 303);
    let again = browser.post_form(&base, &form).await;
    assert!(marks(&again, "name"), "{}", again.status);
    let list = browser.get(&base).await;
    let row = list.body.split("<tr>").find(|row| row.contains(">mail</a>")).unwrap();
    let row = Answer { body: row.to_owned(), ..list.clone() };
    let id = ids_after(&row, &format!("{base}/")).pop().unwrap();
    let path = format!("{base}/{id}");
    let changed = [("name", "mail"), ("sync", "Import"), ("type", "hardcoded-attribute")];
    let answer = browser.post_form(&path, &changed).await;
    assert!(marks(&answer, "attribute") && marks(&answer, "value"), "{}", answer.body);
    let changed = [&changed[..], &[("attribute", "site"), ("value", "Bern")]].concat();
    assert_eq!(browser.post_form(&path, &changed).await.status, 303);
    let page = browser.get(&path).await;
    assert!(page.body.contains("value=\"Bern\""), "{}", page.body);
    assert_eq!(browser.get(&format!("{path}/delete")).await.status, 200);
    assert_eq!(browser.post_form(&format!("{path}/delete"), &[]).await.status, 303);
    assert_eq!(browser.get(&path).await.status, 404);
}

#[tokio::test]
async fn each_bad_field_of_a_mapper_is_marked() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let base = format!("{LIST}/azure/mappers");
    for (kind, field, value) in [
        ("attribute-importer", "name", ""),
        ("attribute-importer", "sync", "LEGACY"),
        ("attribute-importer", "claim", ""),
        ("attribute-importer", "claim", "a..b"),
        ("attribute-importer", "claim", "a[x]"),
        ("attribute-importer", "attribute", ""),
        ("username-template", "template", ""),
        ("username-template", "template", "everybody"),
        ("username-template", "template", "${CLAIM.upn"),
        ("hardcoded-attribute", "value", ""),
        ("magic", "type", "magic"),
    ] {
        let mut form = vec![
            ("name", "n"),
            ("sync", "FORCE"),
            ("type", kind),
            ("claim", "c"),
            ("attribute", "a"),
            ("template", "${CLAIM.upn}"),
            ("value", "v"),
        ];
        form.retain(|(name, _)| *name != field);
        form.push((field, value));
        let page = browser.post_form(&base, &form).await;
        assert!(marks(&page, field), "{field}={value}: {}", page.status);
    }
}
