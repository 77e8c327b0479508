use secrets::TokenHash;

use super::*;
use crate::cli::entra::Voice;
use crate::test_app::test_app;

/// Runs `cardea client …` with these arguments; what it says, or why it fails.
async fn say(app: &App, arguments: &str) -> Result<String, String> {
    say_and(app, arguments, false).await
}

async fn say_and(app: &App, arguments: &str, yes: bool) -> Result<String, String> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }
    let words = std::iter::once("client").chain(arguments.split_whitespace());
    let line = <Line as clap::Parser>::try_parse_from(words).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let mut ask = |_: &str| yes;
    let mut voice = Voice { out: &mut out, ask: &mut ask };
    let done = carry_out(app, &line.command, &mut voice).await;
    done.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
}

async fn rows(app: &App) -> store::Reading {
    let tenant = tenant(app).await;
    app.store().read(tenant.id).await.unwrap()
}

async fn tenant(app: &App) -> Tenant {
    let slug = Slug::try_from("operators".to_owned()).unwrap();
    app.store().tenant(&slug).await.unwrap().unwrap()
}

/// The hashes of the secrets of `grafana`.
async fn hashes(app: &App) -> Vec<TokenHash> {
    let all = rows(app).await.client_secrets("grafana").await.unwrap();
    all.into_iter().map(|secret| secret.hash).collect()
}

async fn audited(app: &App) -> Vec<String> {
    let events = rows(app).await.audit(0, 100).await.unwrap();
    let of_clients = events.into_iter().filter(|event| event.kind.starts_with("client."));
    of_clients.map(|event| event.kind).collect()
}

const ADD: &str = "add --tenant operators --preset grafana --set host=grafana.acme.example";

#[tokio::test]
async fn an_application_is_added_and_its_secret_said_once() {
    let (app, _data) = test_app().await;
    let said = say(&app, ADD).await.unwrap();
    let line = said.lines().find(|line| line.contains("client_secret = ")).unwrap();
    let secret = line.split_once(" = ").unwrap().1;
    assert_eq!(hashes(&app).await, [TokenHash::of(secret.as_bytes())]);
    assert!(said.contains("client_id = grafana"), "{said}");
    let shown = say(&app, "show --tenant operators grafana").await.unwrap();
    assert!(!shown.contains(secret) && shown.contains("(shown once"), "{shown}");
    for address in ["redirect URI", "post-logout URI"] {
        let at = format!("{address} https://grafana.acme.example/login");
        assert!(shown.contains(&at), "{at}: {shown}");
    }
    let again = say(&app, ADD).await.unwrap_err();
    assert!(again.contains("there is a client grafana"), "{again}");
    let other = say(&app, &format!("{ADD} --id ward --name Ward")).await.unwrap();
    assert!(other.contains("client_id = ward"), "{other}");
    assert_eq!(audited(&app).await, ["client.added", "client.added"]);
}

#[tokio::test]
async fn where_it_is_told_of_logouts_is_said_or_known() {
    let (app, _data) = test_app().await;
    let told = "--backchannel-logout-uri https://grafana.acme.example/out";
    say(&app, &format!("{ADD} {told} --without-sid")).await.unwrap();
    let shown = say(&app, "show --tenant operators grafana").await.unwrap();
    assert!(shown.contains("logout URL https://grafana.acme.example/out"), "{shown}");
    let settings = rows(&app).await.client("grafana").await.unwrap().unwrap().settings.unwrap();
    assert!(!settings.backchannel_logout_session_required);
    let keycloak = "add --tenant operators --preset keycloak --set host=k.example --set realm=r \
                    --set alias=a";
    say(&app, keycloak).await.unwrap();
    let settings = rows(&app).await.client("keycloak").await.unwrap().unwrap().settings.unwrap();
    let known = "https://k.example/realms/r/protocol/openid-connect/logout/backchannel-logout";
    assert_eq!(settings.backchannel_logout_uri.as_deref(), Some(known));
    assert!(settings.backchannel_logout_session_required);
    let inside = "--id other --backchannel-logout-uri http://grafana.acme.example/out";
    let refused = say(&app, &format!("{ADD} {inside}")).await.unwrap_err();
    assert!(refused.contains("must begin with https://"), "{refused}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_the_questions_and_changes_nothing() {
    let (app, _data) = test_app().await;
    let add = "add --tenant operators --preset";
    for (arguments, words) in [
        (format!("{add} grafana"), "--set host=…"),
        (format!("{add} grafana --set hots=a"), "does not ask for hots"),
        (format!("{add} grafana --set host"), "NAME=VALUE"),
        (format!("{add} grafana --set host=http://a.example"), "Only the host"),
        (format!("{add} nothing"), "possible values"),
        (format!("{ADD} --id a/b"), "A client ID has"),
        (format!("{ADD} --id account"), "there is a client account"),
        ("add --tenant none --preset service".to_owned(), "there is no tenant none"),
        ("show --tenant operators gone".to_owned(), "there is no application gone"),
        ("show --tenant operators account".to_owned(), "a page of Cardea"),
        ("remove --yes --tenant operators account".to_owned(), "a page of Cardea"),
        ("secret --tenant operators account".to_owned(), "a page of Cardea"),
    ] {
        let said = say(&app, &arguments).await.unwrap_err();
        assert!(said.contains(words), "{arguments}: {said}");
    }
    assert_eq!(rows(&app).await.clients().await.unwrap().len(), 1);
    assert_eq!(audited(&app).await, [""; 0]);
}

#[tokio::test]
async fn a_secret_is_replaced_by_a_second_one_and_the_older_one_removed() {
    let (app, _data) = test_app().await;
    say(&app, ADD).await.unwrap();
    let secret = "secret --tenant operators grafana";
    let older = format!("{secret} --remove-older");
    let first = hashes(&app).await;
    let refused = say(&app, &older).await.unwrap_err();
    assert!(refused.contains("does not have two"), "{refused}");
    assert_eq!(hashes(&app).await, first);
    let said = say(&app, secret).await.unwrap();
    let second = TokenHash::of(said.lines().next().unwrap().as_bytes());
    assert!(hashes(&app).await.contains(&second));
    let refused = say(&app, secret).await.unwrap_err();
    assert!(refused.contains("has two secrets"), "{refused}");
    say(&app, &older).await.unwrap();
    assert_eq!(hashes(&app).await, [second]);
    let kinds = ["client.added", "client.secret-added", "client.secret-removed"];
    assert_eq!(audited(&app).await, kinds);
}

#[tokio::test]
async fn who_keeps_no_secret_gets_none() {
    let (app, _data) = test_app().await;
    let add =
        "add --tenant operators --preset native --id app --set redirect_uris=http://127.0.0.1/cb";
    let said = say(&app, add).await.unwrap();
    assert!(!said.contains("secret"), "{said}");
    let refused = say(&app, "secret --tenant operators app").await.unwrap_err();
    assert!(refused.contains("no client secret"), "{refused}");
}

#[tokio::test]
async fn an_application_is_removed_when_the_question_is_answered_with_yes() {
    let (app, _data) = test_app().await;
    say(&app, ADD).await.unwrap();
    let remove = "remove --tenant operators grafana";
    assert_eq!(say_and(&app, remove, false).await.unwrap_err(), "nothing was removed");
    assert!(rows(&app).await.client("grafana").await.unwrap().is_some());
    say_and(&app, remove, true).await.unwrap();
    assert_eq!(rows(&app).await.client("grafana").await.unwrap(), None);
    assert!(hashes(&app).await.is_empty());
    assert_eq!(audited(&app).await, ["client.added", "client.removed"]);
}

#[tokio::test]
async fn for_scripts_there_is_json() {
    let (app, _data) = test_app().await;
    say(&app, ADD).await.unwrap();
    let parsed = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let list = parsed(say(&app, "list --tenant operators --json").await.unwrap());
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|one| &one["client_id"]).collect();
    assert_eq!(ids, ["account", "grafana"]);
    let shown = parsed(say(&app, "show --tenant operators grafana --json").await.unwrap());
    assert_eq!(shown["settings"]["preset"], "grafana");
    assert_eq!(shown["secrets_made"].as_array().unwrap().len(), 1);
    let plain = say(&app, "list --tenant operators").await.unwrap();
    assert!(plain.contains("grafana") && plain.contains("a page of Cardea"), "{plain}");
}
