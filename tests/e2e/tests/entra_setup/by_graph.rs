//! With credentials: Graph does the steps, and a second run finds them done.

use e2e::{Card, Way, World, entra_answer};
use entra_stand_in::{ACME, Audience, GroupsClaim, OptionalClaim, Person};

use crate::support::{PERMISSIONS, asked, connected, set_up, tool};

#[tokio::test]
async fn everything_is_set_up_and_a_card_lets_people_in() {
    let world = World::start().await;
    let mut card = Card::new(1);
    let mut mia = Person::new("mia@acme.example");
    Way::into("acme").sign_in(&mut world.browser(), &mut mia, &mut card).await;
    let (_, app) = set_up(&world).await;
    let entra = &world.stand_in;
    let made = entra.app(app).unwrap();
    let uris: Vec<_> = made.redirect_uris.iter().map(|known| known.uri.as_str()).collect();
    let realm = format!("{}/realms/acme", world.origin);
    assert_eq!(uris, [format!("{realm}/eam/auth"), format!("{realm}/broker/azure/endpoint")]);
    assert!(made.id_tokens && made.audience == Audience::SingleDirectory, "{made:?}");
    assert_eq!(made.groups_claim, GroupsClaim::SecurityGroup);
    assert!(made.optional_claims.contains(&OptionalClaim::AuthTime), "{made:?}");
    let method = entra.external_methods(ACME).pop().unwrap();
    assert_eq!((method.display_name.as_str(), method.enabled), ("Acme card", true));
    assert_eq!(entra.registrations(entra.user("mia@acme.example").unwrap().id).len(), 1);
    let policy = entra.policies(ACME).pop().unwrap();
    assert_eq!(policy.users.exclude, [entra.user("max@acme.example").unwrap().id]);
    assert_eq!(policy.state, "enabled");

    let mfa = world.mfa_of(app, method);
    let (mut browser, mut mia) = (world.browser(), Person::new("mia@acme.example"));
    let answer = mfa.prove(&mut browser, &mut mia, &mut card).await;
    assert!(entra_answer(&world.origin, &answer).unwrap().field("id_token").is_some());
    let arrival = mfa.back(&mut mia, &world.origin, &answer).await;
    let url = arrival.redirect();
    assert!(url.as_str().starts_with("https://files.example/back?"), "{url}");
}

#[tokio::test]
async fn a_second_run_finds_everything_and_asks_nothing() {
    let world = World::start().await;
    let (graph, app) = set_up(&world).await;
    let entra = &world.stand_in;
    let (before, state) =
        (world.dump().await, (entra.app(app), entra.external_methods(ACME), entra.policies(ACME)));
    let mut asked = asked(&world);
    asked.register = vec!["mia@acme.example".into()];
    let again = connected(&world, &asked, Some(&graph), true).await;
    assert_eq!((again.done.clone(), again.asked.len()), (Ok(()), 0), "{again:?}");
    assert_eq!((again.lines("done").len(), again.lines("there").len()), (0, 7), "{again:?}");
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    let now = (entra.app(app), entra.external_methods(ACME), entra.policies(ACME));
    assert_eq!(format!("{now:?}"), format!("{state:?}"));
}

#[tokio::test]
async fn what_is_missing_is_added_and_what_is_there_stays() {
    let world = World::start().await;
    let (graph, app) = set_up(&world).await;
    let entra = &world.stand_in;
    let other = "https://other.example/back";
    entra.add_redirect_uri(app, other).unwrap();
    entra
        .update_app(app, |app| {
            app.redirect_uris.retain(|known| !known.uri.ends_with("/eam/auth"));
            app.optional_claims = [OptionalClaim::LoginHint].into();
            app.id_tokens = false;
        })
        .unwrap();
    let method = entra.external_methods(ACME).pop().unwrap();
    entra
        .update_external_method(method.id, |method| {
            method.enabled = false;
            method.discovery_url = "https://other.example/.well-known/openid-configuration".into();
        })
        .unwrap();
    let mut asked = asked(&world);
    asked.app = Some(app.to_string());
    // A name that is there is never changed.
    asked.name = "Another".into();
    let said = connected(&world, &asked, Some(&graph), true).await;
    assert_eq!((said.done.clone(), said.lines("done").len()), (Ok(()), 2), "{said:?}");
    let mended = entra.app(app).unwrap();
    let uris: Vec<_> = mended.redirect_uris.iter().map(|known| known.uri.as_str()).collect();
    assert!(uris.contains(&other) && uris.iter().any(|uri| uri.ends_with("/eam/auth")), "{uris:?}");
    assert!(mended.id_tokens && mended.optional_claims.len() == 3, "{mended:?}");
    let mended = entra.external_methods(ACME).pop().unwrap();
    assert_eq!((mended.display_name, mended.enabled), (method.display_name, true));
    assert_eq!(mended.discovery_url, method.discovery_url);
}

#[tokio::test]
async fn conditional_access_is_made_only_after_a_yes_and_with_somebody_kept_out() {
    let world = World::start().await;
    let graph = tool(&world, &PERMISSIONS);
    let entra = &world.stand_in;
    let mut asked = asked(&world);
    let said = connected(&world, &asked, Some(&graph), true).await;
    assert!(said.asked.is_empty() && said.text.contains("--break-glass"), "{said:?}");
    asked.break_glass = vec![entra.user("max@acme.example").unwrap().id.to_string()];
    let said = connected(&world, &asked, Some(&graph), false).await;
    assert_eq!((said.done.clone(), said.asked.len()), (Ok(()), 1), "{said:?}");
    assert!(entra.policies(ACME).is_empty());
    let said = connected(&world, &asked, Some(&graph), true).await;
    assert!(said.asked[0].contains("report-only"), "{said:?}");
    assert_eq!(entra.policies(ACME)[0].state, "enabledForReportingButNotEnforced");
}

#[tokio::test]
async fn what_graph_refuses_names_the_permission_and_what_was_done_stays() {
    let world = World::start().await;
    let entra = &world.stand_in;
    for missing in PERMISSIONS.into_iter().filter(|name| *name != "Policy.Read.All") {
        let graph = tool(
            &world,
            &PERMISSIONS.map(|name| if name == missing { "User.Read.All" } else { name }),
        );
        let mut asked = asked(&world);
        asked.register = vec!["una@acme.example".into()];
        asked.break_glass = vec![entra.user("max@acme.example").unwrap().id.to_string()];
        let said = connected(&world, &asked, Some(&graph), true).await;
        let why = said.done.clone().unwrap_err();
        assert!(
            why.contains(missing) && why.contains("Grant admin consent"),
            "{missing}: {said:?}"
        );
    }
    let mut wrong = tool(&world, &PERMISSIONS);
    wrong.client_secret = secrets::Secret::from("n0t-the-value".to_owned());
    let said = connected(&world, &asked(&world), Some(&wrong), true).await;
    let why = said.done.unwrap_err();
    assert!(
        why.starts_with("no token for Microsoft Graph") && !why.contains("n0t-the-value"),
        "{why}"
    );
    // Each run went on from where the one before had ended.
    assert_eq!(entra.external_methods(ACME).len(), 1);
}
