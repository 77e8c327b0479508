//! Groups that a token has no room for: Graph names them where Azure allows it, and they stay as
//! they are, and count as old, where it does not answer.

use std::collections::BTreeSet;

use e2e::{Answer, Row, Way, World};
use entra_stand_in::{Endpoint, Fault, GroupKind, GroupsClaim, IdTokenFault, MANY_GROUPS, Person};
use uuid::Uuid;

use crate::support::administrator;

const MAX: &str = "max@acme.example";
const WAY: Way = Way::into("acme");
const ENOUGH: [&str; 2] = ["GroupMember.Read.All", "User.ReadBasic.All"];

fn allow(world: &World) {
    world.stand_in.grant_application_permissions(world.azure.client_id, &ENOUGH).unwrap();
}

/// Up to the card step: that is when a person is imported.
async fn sign_in(world: &World) {
    WAY.to_card(&mut world.browser(), &mut Person::new(MAX)).await;
}

async fn max(world: &World) -> identity::Person {
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    rows.person_by_username(MAX).await.unwrap().unwrap()
}

/// The groups that are stored.
fn stored(person: &identity::Person) -> BTreeSet<String> {
    person.attributes.get("group").into_iter().flatten().cloned().collect()
}

/// The groups that the directory knows.
fn true_groups(world: &World) -> BTreeSet<String> {
    let user = world.stand_in.user(MAX).unwrap();
    user.groups.iter().map(Uuid::to_string).collect()
}

fn calls(world: &World) -> usize {
    let requests = world.stand_in.requests();
    requests.iter().filter(|request| request.endpoint == Endpoint::Graph).count()
}

async fn kept(world: &World) -> Vec<Row> {
    let rows = world.dump().await.rows("audit").clone();
    rows.into_iter().filter(|row| row["kind"] == "'person.groups-kept'").collect()
}

/// An administrator tests the provider as Max.
async fn tested(world: &World) -> Answer {
    let mut browser = administrator(world).await;
    let start = browser.get("/admin/tenants/acme/providers/azure/test/start").await;
    let mut max = Person::new(MAX);
    let callback = max.sign_in(start.location.as_deref().unwrap()).await.unwrap().redirect();
    browser.get(callback.as_str()).await
}

#[tokio::test]
async fn graph_names_the_groups_that_a_token_has_no_room_for() {
    let world = World::start().await;
    allow(&world);
    let before = world.app.store().figures().transactions;
    sign_in(&world).await;
    assert_eq!(
        world.app.store().figures().transactions - before,
        1,
        "one commit, as without Graph"
    );
    let person = max(&world).await;
    assert_eq!(stored(&person).len(), MANY_GROUPS);
    assert_eq!(stored(&person), true_groups(&world));
    assert!(!person.groups_stale);
    assert!(kept(&world).await.is_empty());
    let asked = calls(&world);
    sign_in(&world).await;
    assert_eq!(calls(&world), asked, "once in five minutes");
    assert!(!max(&world).await.groups_stale, "what Graph said a moment ago is not old");
}

#[tokio::test]
async fn without_the_permission_groups_stay_and_count_as_old() {
    let world = World::start().await;
    sign_in(&world).await;
    let person = max(&world).await;
    assert!(person.groups_stale && stored(&person).is_empty());
    let told = kept(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["detail"].contains("GroupMember.Read.All"), "{told:?}");
    let about = told[0]["person_id"].replace('-', "").to_lowercase();
    assert!(about.contains(&person.id.0.simple().to_string()), "{told:?}");
    let page = tested(&world).await;
    for words in ["what is stored stays", "GroupMember.Read.All and User.ReadBasic.All"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let mut browser = administrator(&world).await;
    let audit = browser.get("/admin/tenants/acme/audit").await;
    assert!(audit.body.contains("Microsoft Graph did not name them"), "{}", audit.body);
    let asked = calls(&world);
    sign_in(&world).await;
    assert_eq!(calls(&world), asked, "once in five minutes");
    assert!(max(&world).await.groups_stale);
    assert_eq!(kept(&world).await.len(), 1, "that is told once");
    // What is granted counts at once for the test, and then for who tested.
    allow(&world);
    let page = tested(&world).await;
    assert!(page.body.contains("which Microsoft Graph names"), "{}", page.body);
    sign_in(&world).await;
    let person = max(&world).await;
    assert_eq!(stored(&person), true_groups(&world));
    assert!(!person.groups_stale);
}

/// An older sign-in has stored these.
async fn with_old_groups(world: &World) -> BTreeSet<String> {
    world.stand_in.set_groups_claim(world.azure.client_id, GroupsClaim::SecurityGroup).unwrap();
    let user = world.stand_in.user(MAX).unwrap();
    let few = user.groups.iter().take(3).copied().collect();
    let all = user.groups;
    world.stand_in.update_user(user.id, |user| user.groups = few).unwrap();
    sign_in(world).await;
    world.stand_in.update_user(user.id, |user| user.groups = all).unwrap();
    let old = stored(&max(world).await);
    assert_eq!(old.len(), 3);
    old
}

#[tokio::test]
async fn a_graph_that_fails_stops_nobody_and_takes_no_groups() {
    let faults = [
        (Fault::Status { status: 429, retry_after: Some(60) }, "out of order (status 429)", false),
        (Fault::Status { status: 503, retry_after: None }, "out of order (status 503)", false),
        (Fault::Status { status: 418, retry_after: None }, "status 418", true),
        (Fault::Hang, "did not answer in time", true),
        (Fault::Html, "does not answer with JSON", true),
        (Fault::BadJson, "cannot be read", true),
        (Fault::Redirect { location: "http://127.0.0.1:9/".into() }, "redirects", true),
        (Fault::Huge { bytes: 600 * 1024 }, "larger than 512 KiB", true),
    ];
    for (fault, words, others_ask) in faults {
        let world = World::start().await;
        allow(&world);
        let old = with_old_groups(&world).await;
        world.stand_in.fail(Endpoint::Graph, fault.clone());
        sign_in(&world).await;
        let person = max(&world).await;
        assert!(person.groups_stale, "{fault:?}");
        assert_eq!(stored(&person), old, "{fault:?}");
        let told = kept(&world).await;
        assert_eq!(told.len(), 1, "{fault:?}");
        assert!(told[0]["detail"].contains(words), "{fault:?}: {told:?}");
        // Another person of the provider.
        world.stand_in.heal();
        let mia = world.stand_in.user("mia@acme.example").unwrap();
        let groups = world.stand_in.user(MAX).unwrap().groups;
        world.stand_in.update_user(mia.id, |user| user.groups.clone_from(&groups)).unwrap();
        let asked = calls(&world);
        WAY.to_card(&mut world.browser(), &mut Person::new("mia@acme.example")).await;
        assert_eq!(calls(&world) > asked, others_ask, "{fault:?}");
        let told = kept(&world).await;
        assert_eq!(told.len(), if others_ask { 1 } else { 2 }, "who waits is told of: {fault:?}");
    }
}

/// Somebody who closes the browser while Graph is asked has not been answered.
#[tokio::test]
async fn a_sign_in_that_is_given_up_leaves_no_old_groups_unmarked() {
    let world = World::start().await;
    allow(&world);
    let old = with_old_groups(&world).await;
    world.stand_in.fail(Endpoint::Graph, Fault::Hang);
    let mut browser = world.browser();
    let callback = WAY.to_callback(&mut browser, &mut Person::new(MAX)).await;
    let before = calls(&world);
    let gone = tokio::spawn(async move { browser.get(&callback).await });
    world.stand_in.wait_for(Endpoint::Graph, u64::try_from(before).unwrap() + 1).await;
    gone.abort();
    world.stand_in.heal();
    sign_in(&world).await;
    let person = max(&world).await;
    assert_eq!(stored(&person), old);
    assert!(person.groups_stale);
    assert_eq!(kept(&world).await.len(), 1);
}

#[tokio::test]
async fn of_more_groups_than_graph_gives_at_once_each_page_is_read() {
    let world = World::start().await;
    allow(&world);
    let user = world.stand_in.user(MAX).unwrap();
    world.stand_in.add_groups(user.id, GroupKind::Security, 11_000).unwrap();
    sign_in(&world).await;
    let person = max(&world).await;
    assert_eq!(stored(&person).len(), 11_000 + MANY_GROUPS);
    assert_eq!(stored(&person), true_groups(&world));
    assert!(!person.groups_stale);
}

/// Where Azure sends all groups, few of them may be security groups; Graph names no others, and
/// these few are not all.
#[tokio::test]
async fn where_other_groups_are_sent_too_what_is_stored_stays() {
    let world = World::start().await;
    allow(&world);
    let old = with_old_groups(&world).await;
    world.stand_in.set_groups_claim(world.azure.client_id, GroupsClaim::All).unwrap();
    let user = world.stand_in.user(MAX).unwrap();
    world.stand_in.update_user(user.id, |user| user.groups.truncate(2)).unwrap();
    world.stand_in.add_groups(user.id, GroupKind::Distribution, MANY_GROUPS).unwrap();
    sign_in(&world).await;
    let person = max(&world).await;
    assert_eq!(stored(&person), old);
    assert!(person.groups_stale);
    assert!(kept(&world).await[0]["detail"].contains("Azure is set to send others too"));
}

#[tokio::test]
async fn names_that_are_stored_are_never_replaced_by_ids() {
    let world = World::start().await;
    allow(&world);
    sign_in(&world).await;
    let update = "UPDATE person SET attributes = '{\"group\":[\"Nurses\"]}'";
    assert!(world.sql(update).await >= 1);
    let asked = calls(&world);
    sign_in(&world).await;
    assert_eq!(calls(&world), asked);
    let person = max(&world).await;
    assert_eq!(stored(&person), BTreeSet::from(["Nurses".to_owned()]));
    assert!(person.groups_stale);
}

#[tokio::test]
async fn graph_is_asked_at_entra_alone() {
    let world = World::start().await;
    allow(&world);
    assert_eq!(world.sql("UPDATE provider SET kind = 'oidc'").await, 1);
    let before = calls(&world);
    sign_in(&world).await;
    assert_eq!(calls(&world), before);
}

/// The token names an object id that the directory does not have.
#[tokio::test]
async fn a_person_whom_graph_does_not_know_is_told_of() {
    let world = World::start().await;
    allow(&world);
    let other = "0f0e0d0c-0b0a-4908-8706-050403020100";
    world.stand_in.spoil_id_tokens(IdTokenFault::claim("oid", other));
    sign_in(&world).await;
    let told = kept(&world).await;
    assert!(told[0]["detail"].contains("does not know this person"), "{told:?}");
}
