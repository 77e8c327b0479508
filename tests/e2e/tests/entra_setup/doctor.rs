//! Each link is broken once, and its line says so.

use e2e::{Card, Way, World};
use entra_stand_in::{ACME, ExternalFault, IdTokenFault, Person, Signature};
use secrets::Secret;
use store::EamConnection;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::support::{Said, examined, examined_by, set_up};

type Change = Box<dyn Fn(&mut entra_stand_in::ExternalMethod)>;

async fn change_connection(world: &World, app: Uuid, change: impl FnOnce(&mut EamConnection)) {
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    let mut row = tx.eam_connection(&app.to_string()).await.unwrap().unwrap();
    change(&mut row);
    tx.put_eam_connection(&row).await.unwrap();
    tx.commit().await.unwrap();
}

/// The one line that is bad, and a remedy after it.
#[track_caller]
fn assert_bad(said: &Said, link: &str, what: &str) {
    let bad = said.lines("BAD");
    let fits = |line: &str| line.starts_with(&format!("BAD  {link}: ")) && line.contains(what);
    assert!(bad.len() == 1 && fits(bad[0]), "{link}, {what}: {said:?}");
    assert_eq!(said.done, Err("1 link is broken".to_owned()));
    let mut after = said.text.lines().skip_while(|line| !line.starts_with("BAD")).skip(1);
    assert!(after.next().is_some_and(|line| line.contains("→")), "no remedy: {said:?}");
}

#[tokio::test]
async fn a_chain_that_is_whole_has_no_broken_link() {
    let world = World::start().await;
    let (graph, _) = set_up(&world).await;
    let before = world.dump().await;
    // The first look makes the key, as Entra's would.
    let said =
        examined(&world, Some(&graph), |asked| asked.user = vec!["mia@acme.example".into()]).await;
    assert_eq!(said.done, Ok(()), "{said:?}");
    for link in [
        "connection",
        "discovery",
        "keys",
        "Entra's keys",
        "app registration",
        "consent",
        "external method",
        "registration",
        "Conditional Access",
    ] {
        assert_eq!(said.lines(&format!("ok   {link}: ")).len(), 1, "{link}: {said:?}");
    }
    assert_eq!(before.audited(&world.dump().await), ["signing-key.made"]);
    let without = examined(&world, None, |_| {}).await;
    assert!(without.done.is_ok() && without.text.contains("no credentials"), "{without:?}");
}

#[tokio::test]
async fn what_is_wrong_at_cardea_has_its_line() {
    let world = World::start().await;
    let said = examined(&world, None, |_| {}).await;
    assert_bad(&said, "connection", "the tenant has none");
    let (_, app) = set_up(&world).await;
    change_connection(&world, app, |row| row.enabled = false).await;
    assert_bad(&examined(&world, None, |_| {}).await, "connection", "is disabled");
    change_connection(&world, app, |row| {
        row.enabled = true;
        row.directories = vec!["904bc2ee-0000-4000-8000-0000000000ff".into()];
    })
    .await;
    assert_bad(&examined(&world, None, |_| {}).await, "Entra's keys", "knows no directory");
    change_connection(&world, app, |row| row.directories = vec![ACME.to_string()]).await;
    // A key that was moved in the database opens nowhere.
    world.sql("UPDATE signing_key SET kid = 'moved'").await;
    assert_bad(&examined(&world, None, |_| {}).await, "keys", "status 500");
    world.sql("DELETE FROM signing_key").await;
    assert_eq!(examined(&world, None, |_| {}).await.done, Ok(()));
}

/// The same rows behind an address at which nobody answers, and behind one that another server has.
#[tokio::test]
async fn an_address_that_does_not_lead_here_has_its_line() {
    let world = World::start().await;
    set_up(&world).await;
    let other = World::start().await;
    for (url, what) in [("http://localhost:9", "cannot be reached"), (&other.origin, "status 404")]
    {
        let mut config = world.config.clone();
        config.url = url.parse().unwrap();
        let app = server::open(config).await.unwrap();
        let said = examined_by(&app, None, |_| {}, &Notify::new()).await;
        assert!(said.done.is_err(), "{said:?}");
        let text = said.text;
        let line = text.lines().find(|line| line.starts_with("BAD  discovery: "));
        assert!(line.is_some_and(|line| line.contains(what)), "{what}: {text}");
    }
}

#[tokio::test]
async fn what_is_wrong_in_azure_has_its_line() {
    let world = World::start().await;
    let (mut graph, app) = set_up(&world).await;
    let entra = &world.stand_in;
    let user = |name: &str| vec![name.to_owned()];
    let said = examined(&world, Some(&graph), |asked| asked.user = user("una@acme.example")).await;
    assert_bad(&said, "registration", "has not registered");

    let whole = entra.app(app).unwrap();
    entra.update_app(app, |app| app.redirect_uris.clear()).unwrap();
    assert_bad(&examined(&world, Some(&graph), |_| {}).await, "app registration", "AADSTS50161");
    let put_back = whole.clone();
    entra.update_app(app, |app| *app = put_back).unwrap();
    entra.update_app(app, |app| app.consents.clear()).unwrap();
    assert_bad(&examined(&world, Some(&graph), |_| {}).await, "consent", "not granted");
    entra.update_app(app, |app| app.service_principals.clear()).unwrap();
    assert_bad(&examined(&world, Some(&graph), |_| {}).await, "consent", "AADSTS900491");
    entra.update_app(app, |app| *app = whole).unwrap();

    let method = entra.external_methods(ACME).pop().unwrap();
    let slash = format!("{}/", method.discovery_url);
    let changes: [(&str, Change); 3] = [
        ("Discovery Endpoint", Box::new(move |method| method.discovery_url.clone_from(&slash))),
        ("Client ID", Box::new(|method| method.client_id = "cardea".into())),
        ("is off", Box::new(|method| method.enabled = false)),
    ];
    for (what, change) in changes {
        entra.update_external_method(method.id, change).unwrap();
        assert_bad(&examined(&world, Some(&graph), |_| {}).await, "external method", what);
        let whole = method.clone();
        entra.update_external_method(method.id, |method| *method = whole).unwrap();
    }
    let policy = entra.policies(ACME).pop().unwrap();
    entra.remove_policy(policy.id);
    let said = examined(&world, Some(&graph), |_| {}).await;
    assert_bad(&said, "Conditional Access", "nobody is asked");
    entra.require_mfa(ACME, None).unwrap();
    let said = examined(&world, Some(&graph), |_| {}).await;
    assert!(said.done.is_ok() && said.text.contains("keeps nobody out"), "{said:?}");

    graph.client_secret = Secret::from("wrong".to_owned());
    assert_bad(&examined(&world, Some(&graph), |_| {}).await, "Microsoft Graph", "no token");
}

fn plays(asked: &mut server::cli::entra::Doctor) {
    asked.synthetic = Some(env!("CARGO_BIN_EXE_simulator-under-test").into());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_stand_in_it_ends_with_a_sign_in_by_somebody_who_is_made_for_it() {
    let world = World::start().await;
    set_up(&world).await;
    examined(&world, None, |_| {}).await;
    let before = world.dump().await;
    let policies = world.stand_in.policies(ACME).len();
    let said = examined(&world, None, plays).await;
    assert_eq!(said.done, Ok(()), "{said:?}");
    let lines = said.lines("ok   sign-in: ");
    assert!(lines.len() == 1 && lines[0].contains("Entra let them in"), "{said:?}");
    let after = world.dump().await;
    assert_eq!(
        before.audited(&after),
        ["doctor.person-made", "eam.asked", "eam.proved", "doctor.person-put-away"]
    );
    let outcome = world.stand_in.external_outcomes().pop().unwrap();
    assert_eq!((outcome.refused, outcome.error), (None, None));
    assert_eq!(world.stand_in.policies(ACME).len(), policies, "a policy of its own stays");
    // Whoever was made is nobody any more.
    let people = after.rows("person");
    let made: Vec<_> = people.iter().filter(|row| row["username"].contains("doctor-")).collect();
    assert!(made.len() == 1 && made[0]["state"].contains("disabled"), "{made:?}");
    let cards = after.rows("credential");
    let own = cards.iter().find(|row| row["label"].contains("Simulated key")).unwrap();
    assert!(!own["revoked_at"].to_lowercase().contains("null"), "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synthetic_sign_in_that_fails_says_where_and_leaves_nobody() {
    let world = World::start().await;
    set_up(&world).await;
    let forged = IdTokenFault::signed(Signature::ForeignKey);
    world.stand_in.spoil_next_external_mfa(ExternalFault::hint(forged));
    let said = examined(&world, None, plays).await;
    assert_bad(&said, "sign-in", "Cardea tells Entra");
    let after = world.dump().await;
    let people = after.rows("person");
    let made = people.iter().find(|row| row["username"].contains("doctor-")).unwrap();
    assert!(made["state"].contains("disabled"), "{made:?}");
    let said = examined(&world, None, |asked| asked.synthetic = Some("/nowhere".into())).await;
    assert_bad(&said, "sign-in", "cannot run /nowhere");
}

#[tokio::test]
async fn it_waits_for_a_sign_in_and_tells_how_it_came_out() {
    let world = World::start().await;
    let mut card = Card::new(1);
    let mut mia = Person::new("mia@acme.example");
    Way::into("acme").sign_in(&mut world.browser(), &mut mia, &mut card).await;
    let (_, app) = set_up(&world).await;
    let method = world.stand_in.external_methods(ACME).pop().unwrap();
    let una = world.stand_in.user("una@acme.example").unwrap();
    world.stand_in.register_external_method(una.id, method.id).unwrap();
    let mfa = world.mfa_of(app, method);
    let waits = Notify::new();
    let wait = |asked: &mut server::cli::entra::Doctor| asked.wait = Some(60);
    let sign_in = async {
        let (mut browser, mut mia) = (world.browser(), Person::new("mia@acme.example"));
        mfa.prove(&mut browser, &mut mia, &mut card).await
    };
    let (said, _) =
        tokio::join!(examined_by(&world.app, None, wait, &waits), after(&waits, sign_in));
    assert_eq!(said.done, Ok(()), "{said:?}");
    assert_eq!(said.lines("ok   sign-in: ").len(), 2, "{said:?}");
    // Una has no card, and a hint enrols nothing.
    let refused = async {
        let mut una = Person::new("una@acme.example");
        mfa.to_card(&mut world.browser(), &mut una).await
    };
    let (said, _) =
        tokio::join!(examined_by(&world.app, None, wait, &waits), after(&waits, refused));
    assert_bad(&said, "sign-in", "EAM-15");
    let said = examined(&world, None, |asked| asked.wait = Some(1)).await;
    assert_bad(&said, "sign-in", "nothing came");
}

/// Begins when the doctor waits.
async fn after<T>(waits: &Notify, sign_in: impl Future<Output = T>) -> T {
    waits.notified().await;
    sign_in.await
}
