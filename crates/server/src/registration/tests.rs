use identity::Moment;
use openid_provider::client::presets::PRESETS;

use super::*;

fn client(name: &str, settings: ClientSettings) -> Client {
    Client {
        client_id: "files".into(),
        name: name.into(),
        home_url: None,
        settings: Some(settings),
        enabled: true,
        created_at: Moment(0),
    }
}

#[test]
fn an_id_is_what_is_said_or_is_made_of_the_name() {
    assert_eq!(client_id(" files ", "Grafana"), Ok("files".into()));
    assert_eq!(client_id("", "Grafana – Ward 3"), Ok("grafana-ward-3".into()));
    assert_eq!(client_id("", "病院"), Ok("application".into()));
    let long = "x".repeat(129);
    for bad in ["new", ".", "..", "a b", "a/b", "https://app.example", "é", &long] {
        assert!(client_id(bad, "Grafana").is_err(), "{bad}");
    }
    assert!(client_id("", "New").is_err());
}

#[test]
fn what_is_wrong_stands_at_the_question_that_it_comes_from() {
    let refused = |preset: &str, answers: &[(&str, &str)]| {
        fill(Preset::find(preset).unwrap(), answers).unwrap_err()
    };
    let redirect = ("redirect_uris", "https://a.example/cb");
    for (preset, answers, field, words) in [
        ("generic-web", vec![], "redirect_uris", "Fill this in, such as https://"),
        (
            "generic-web",
            vec![("redirect_uris", "http://a.example/cb")],
            "redirect_uris",
            "https://",
        ),
        ("generic-web", vec![("redirect_uris", "https://a.example/*")], "redirect_uris", "whole"),
        ("generic-web", vec![("redirect_uris", "https://a.example/#x")], "redirect_uris", "no #"),
        ("generic-web", vec![redirect, ("logout_uris", "a.example")], "logout_uris", "a.example"),
        ("grafana", vec![("host", "http://a.example")], "host", "Only the host"),
        ("keycloak", vec![("host", "a.example"), ("realm", "a/b")], "realm", "A word"),
    ] {
        let (at, said) = refused(preset, &answers);
        assert_eq!(at, field, "{answers:?}: {said}");
        assert!(said.contains(words), "{answers:?}: {said}");
    }
    let long = format!("https://a.example/{}", "x".repeat(2000));
    let (_, said) = refused("generic-web", &[("redirect_uris", &long)]);
    assert!(said.len() < 400, "{said}");
}

#[test]
fn a_secret_is_copied_while_it_is_known_and_by_whom_has_one() {
    let issuer = Issuer::new("https://login.example", &"acme".to_owned().try_into().unwrap());
    let issuer = issuer.unwrap();
    let secret = Secret::from("s3cr3t".to_owned());
    let of = |settings: &ClientSettings, secret| -> Vec<Option<String>> {
        let all = copied(&issuer, "files", settings, secret);
        let secrets = all.into_iter().filter(|one| one.name == "Client secret");
        secrets.map(|one| one.value).collect()
    };
    let mut settings = ClientSettings::default();
    assert_eq!(of(&settings, Some(&secret)), [Some("s3cr3t".to_owned())]);
    assert_eq!(of(&settings, None), [None]);
    settings.authentication = ClientAuthentication::PrivateKeyJwt;
    assert!(of(&settings, None).is_empty());
    // A preset that is not known any more is copied like any other web application.
    settings.preset = "gone".into();
    assert!(!copied(&issuer, "files", &settings, None).is_empty());
}

#[test]
fn the_trail_tells_what_was_changed_and_of_keys_a_fingerprint() {
    let settings = ClientSettings { jwks: Some("{\"keys\":[]}".into()), ..Default::default() };
    let was = client("Files", settings.clone());
    let is = client("Papers", ClientSettings { without_pkce: true, ..settings });
    let detail = changed(&was, &is);
    let expected = serde_json::json!({
        "client": "files",
        "from": { "name": "Files", "without_pkce": false },
        "to": { "name": "Papers", "without_pkce": true },
    });
    assert_eq!(detail, expected);
    assert_eq!(added(&was)["jwks"].as_str().map(str::len), Some(64));
}

#[test]
fn every_preset_has_a_name_that_makes_an_id() {
    for preset in PRESETS {
        let id = client_id(preset.client_id.unwrap_or_default(), preset.title);
        assert!(id.is_ok(), "{}", preset.name);
    }
}

/// On PostgreSQL two may write at once, and neither sees what the other has not committed.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_add_the_last_application_at_once_one_does() {
    let (app, _data) = crate::test_app::test_app_on_postgres().await;
    let slug = crate::OPERATORS.to_owned().try_into().unwrap();
    let tenant = app.store().tenant(&slug).await.unwrap().unwrap();
    let numbered = |number: usize| Client {
        client_id: number.to_string(),
        ..client("Files", ClientSettings::default())
    };
    let mut tx = app.store().write(tenant.id).await.unwrap();
    for number in 1..MOST {
        assert!(tx.add_client(&numbered(number)).await.unwrap());
    }
    tx.commit().await.unwrap();
    let mut first = app.store().write(tenant.id).await.unwrap();
    assert!(matches!(add(&mut first, &numbered(MOST)).await.unwrap(), Added::Written(_)));
    let (store, other) = (app.store().clone(), numbered(0));
    let mut second = tokio::spawn(async move {
        let mut tx = store.write(tenant.id).await.unwrap();
        matches!(add(&mut tx, &other).await.unwrap(), Added::Full)
    });
    // Who does not wait is done long before.
    let early = tokio::time::timeout(std::time::Duration::from_secs(2), &mut second).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    first.commit().await.unwrap();
    assert!(second.await.unwrap(), "there are five hundred by now");
}

#[tokio::test]
async fn a_tenant_has_five_hundred_applications_and_no_more() {
    let (app, _data) = crate::test_app::test_app().await;
    let slug = crate::OPERATORS.to_owned().try_into().unwrap();
    let tenant = app.store().tenant(&slug).await.unwrap().unwrap();
    let numbered = |number: usize| Client {
        client_id: number.to_string(),
        ..client("Files", ClientSettings::default())
    };
    let mut tx = app.store().write(tenant.id).await.unwrap();
    for number in 1..MOST {
        assert!(tx.add_client(&numbered(number)).await.unwrap());
    }
    assert!(matches!(add(&mut tx, &numbered(1)).await.unwrap(), Added::Taken));
    assert!(matches!(add(&mut tx, &numbered(MOST)).await.unwrap(), Added::Written(Some(_))));
    assert!(matches!(add(&mut tx, &numbered(0)).await.unwrap(), Added::Full));
    assert!(tx.remove_client("1").await.unwrap());
    assert!(matches!(add(&mut tx, &numbered(0)).await.unwrap(), Added::Written(Some(_))));
    assert_eq!(MOST, 500);
}
