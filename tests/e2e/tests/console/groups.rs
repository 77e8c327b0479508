//! What happens when Azure stops sending groups, and what the console asks.

use e2e::{Answer, Azure, Browser, Log, Row, Way, World};
use entra_stand_in::{ACME, BIRCH, GroupsClaim, NewUser, OptionalClaim, Person, StandIn};
use identity::{FirstCard, GroupsSent, TenantPolicy};
use uuid::Uuid;

use crate::support::{administrator, provider_form};

const PEOPLE: [&str; 6] = ["p1", "p2", "p3", "p4", "p5", "p6"];
const OVERVIEW: &str = "/admin/tenants/acme/";
const PROVIDER: &str = "/admin/tenants/acme/providers/azure";
const ANSWER: &str = "/admin/tenants/acme/providers/azure/groups";
const WAY: Way = Way::into("acme");

/// A directory's people, all in one group.
fn populate(stand_in: &StandIn, directory: Uuid) {
    let known = stand_in.directories().into_iter().find(|known| known.id == directory).unwrap();
    let group = known.groups.first().unwrap().id;
    for alias in PEOPLE {
        let new = NewUser {
            given_name: alias.to_uppercase(),
            family_name: "Person".into(),
            alias: alias.into(),
        };
        let user = stand_in.add_user(directory, &new).unwrap();
        stand_in.update_user(user.id, |user| user.groups = vec![group]).unwrap();
    }
}

/// A world in which everybody has come with their groups.
async fn world() -> World {
    let world = World::start().await;
    populate(&world.stand_in, ACME);
    for name in PEOPLE {
        sign_in(&world, name).await;
        assert!(has_groups(&world, name).await, "{name}");
    }
    world
}

/// What Azure's administrator does under Token configuration.
fn azure_sends(world: &World, groups: GroupsClaim) {
    world.stand_in.set_groups_claim(world.azure.client_id, groups).unwrap();
}

/// Three people have come without groups: the question is open.
async fn asked() -> World {
    let world = world().await;
    azure_sends(&world, GroupsClaim::None);
    for name in ["p1", "p2", "p3"] {
        sign_in(&world, name).await;
    }
    world
}

/// Up to the card step: that is when a person is imported.
async fn sign_in(world: &World, name: &str) {
    let mut person = Person::new(&format!("{name}@acme.example"));
    WAY.to_card(&mut world.browser(), &mut person).await;
}

async fn person(world: &World, name: &str) -> identity::Person {
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    rows.person_by_username(&format!("{name}@acme.example")).await.unwrap().unwrap()
}

async fn has_groups(world: &World, name: &str) -> bool {
    person(world, name).await.attributes.contains_key("group")
}

/// Who of `PEOPLE` has groups.
async fn with_groups(world: &World) -> Vec<&'static str> {
    let mut with = Vec::new();
    for name in PEOPLE {
        if has_groups(world, name).await {
            with.push(name);
        }
    }
    with
}

async fn provider(world: &World) -> identity::Provider {
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    let alias = ids::Alias::try_from("azure".to_owned()).unwrap();
    rows.provider(&alias).await.unwrap().unwrap()
}

/// How many people the question on a page speaks of.
fn people_asked_about(page: &Answer) -> Option<u32> {
    let (before, _) = page.body.split_once(" people came from Azure without groups")?;
    before.rsplit('>').next()?.parse().ok()
}

/// Presses a button of the question on a page.
async fn answer(browser: &mut Browser, page: &Answer, answer: &str) -> Answer {
    assert!(page.body.contains(&format!("name=\"answer\" value=\"{answer}\"")), "{}", page.body);
    let since = page.body.split("name=\"since\" value=\"").nth(1).unwrap();
    let since = since.split('"').next().unwrap();
    browser.post_form(ANSWER, &[("since", since), ("answer", answer)]).await
}

async fn audited(world: &World, kind: &str) -> Vec<Row> {
    let events = world.dump().await.rows("audit");
    events.into_iter().filter(|row| row["kind"] == format!("'{kind}'")).collect()
}

#[tokio::test]
async fn two_people_lose_their_groups_and_the_third_one_makes_the_console_ask() {
    let world = world().await;
    azure_sends(&world, GroupsClaim::None);
    let mut browser = administrator(&world).await;
    for name in ["p1", "p2"] {
        sign_in(&world, name).await;
        assert!(!has_groups(&world, name).await, "{name}");
        assert_eq!(people_asked_about(&browser.get(OVERVIEW).await), None, "after {name}");
    }
    for (name, people) in [("p3", 3), ("p4", 4), ("p3", 4)] {
        sign_in(&world, name).await;
        assert!(has_groups(&world, name).await, "{name}");
        assert!(person(&world, name).await.groups_stale, "{name}");
        let tabs = ["/mappers", "/test"].map(|tab| format!("{PROVIDER}{tab}"));
        for page in [OVERVIEW, PROVIDER, &tabs[0], &tabs[1]] {
            let page = browser.get(page).await;
            assert_eq!(people_asked_about(&page), Some(people), "{}", page.body);
        }
    }
    let asked = audited(&world, "provider.groups-asked").await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0]["detail"], "'{\"people\":3,\"provider\":\"azure\"}'");
    let audit = browser.get("/admin/tenants/acme/audit").await;
    assert!(audit.body.contains("The audit chain is whole"), "{}", audit.body);
}

#[tokio::test]
async fn asking_costs_a_sign_in_no_further_commit() {
    let world = world().await;
    for groups in [GroupsClaim::None, GroupsClaim::SecurityGroup] {
        azure_sends(&world, groups);
        for name in ["p1", "p2", "p3", "p4"] {
            let before = world.app.store().figures().transactions;
            sign_in(&world, name).await;
            assert_eq!(world.app.store().figures().transactions - before, 1, "{name}");
        }
    }
}

#[tokio::test]
async fn a_sign_in_that_shows_nothing_new_leaves_the_provider_as_it_is() {
    let world = world().await;
    let before = world.dump().await;
    // A row that is written with the same values looks untouched.
    world.refuse_updates("provider").await;
    sign_in(&world, "p1").await;
    let after = world.dump().await;
    assert_eq!(before.rows("provider"), after.rows("provider"));
    azure_sends(&world, GroupsClaim::None);
    let mut p1 = Person::new("p1@acme.example");
    let refused = WAY.entra_leg(&mut world.browser(), &mut p1).await;
    assert_eq!(refused.status, 500, "the trigger sees no update: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_come_at_once_two_lose_their_groups() {
    let world = world().await;
    azure_sends(&world, GroupsClaim::None);
    let mut waiting = Vec::new();
    for name in PEOPLE {
        let mut browser = world.browser();
        let mut person = Person::new(&format!("{name}@acme.example"));
        let callback = WAY.to_callback(&mut browser, &mut person).await;
        waiting.push((browser, callback));
    }
    let mut all = tokio::task::JoinSet::new();
    for (mut browser, callback) in waiting {
        all.spawn(async move { browser.get(&callback).await.status });
    }
    assert_eq!(all.join_all().await, [303; 6]);
    assert_eq!(with_groups(&world).await.len(), 4);
    assert_eq!(audited(&world, "provider.groups-asked").await.len(), 1);
}

#[tokio::test]
async fn azure_no_longer_sends_groups_keeps_what_people_have() {
    let world = asked().await;
    let mut browser = administrator(&world).await;
    let page = browser.get(OVERVIEW).await;
    let done = answer(&mut browser, &page, "keep").await;
    assert_eq!(done.location, Some(format!("{PROVIDER}?done=groups-keep")));
    let shown = browser.follow(done).await;
    assert!(shown.body.contains("Groups are not sent: people keep theirs"), "{}", shown.body);
    assert_eq!(people_asked_about(&shown), None);
    assert_eq!(provider(&world).await.groups_sent, GroupsSent::No);
    for name in ["p3", "p4", "p5", "p6"] {
        sign_in(&world, name).await;
    }
    assert_eq!(with_groups(&world).await, ["p3", "p4", "p5", "p6"]);
    assert_eq!(people_asked_about(&browser.get(OVERVIEW).await), None);
    let answered = audited(&world, "provider.groups-answered").await;
    let told = "'{\"answer\":\"keep\",\"people\":3,\"provider\":\"azure\"}'";
    assert_eq!(answered.iter().map(|row| row["detail"].as_str()).collect::<Vec<_>>(), [told]);
    assert_ne!(answered[0]["actor_id"], "NULL", "who answered is not told");
}

#[tokio::test]
async fn they_really_have_none_clears_whoever_comes_until_groups_come_again() {
    let world = asked().await;
    let mut browser = administrator(&world).await;
    let page = browser.get(PROVIDER).await;
    let done = answer(&mut browser, &page, "clear").await;
    assert_eq!(done.location, Some(format!("{PROVIDER}?done=groups-clear")));
    assert_eq!(provider(&world).await.groups_sent, GroupsSent::Yes);
    assert_eq!(with_groups(&world).await, ["p3", "p4", "p5", "p6"], "the answer itself clears");
    for name in ["p3", "p4", "p5"] {
        sign_in(&world, name).await;
    }
    assert_eq!(with_groups(&world).await, ["p6"]);
    assert!(!person(&world, "p3").await.groups_stale);
    assert_eq!(people_asked_about(&browser.get(OVERVIEW).await), None);
    azure_sends(&world, GroupsClaim::SecurityGroup);
    for name in PEOPLE {
        sign_in(&world, name).await;
    }
    azure_sends(&world, GroupsClaim::None);
    for name in ["p1", "p2", "p3"] {
        sign_in(&world, name).await;
    }
    assert_eq!(with_groups(&world).await, ["p3", "p4", "p5", "p6"], "the answer holds for good");
    assert_eq!(people_asked_about(&browser.get(OVERVIEW).await), Some(3));
}

#[tokio::test]
async fn a_token_with_groups_in_between_shows_that_they_are_sent() {
    let world = world().await;
    for (without, with) in [("p1", "p6"), ("p2", "p6"), ("p3", "p6"), ("p4", "p6")] {
        azure_sends(&world, GroupsClaim::None);
        sign_in(&world, without).await;
        azure_sends(&world, GroupsClaim::SecurityGroup);
        sign_in(&world, with).await;
    }
    assert_eq!(with_groups(&world).await, ["p5", "p6"]);
    assert!(audited(&world, "provider.groups-asked").await.is_empty());
    assert!(world.dump().await.rows("groups_missing").is_empty());
}

#[tokio::test]
async fn an_open_question_waits_for_an_answer_though_groups_come_again() {
    let world = asked().await;
    azure_sends(&world, GroupsClaim::SecurityGroup);
    for name in ["p6", "p3"] {
        sign_in(&world, name).await;
    }
    assert!(!person(&world, "p3").await.groups_stale, "groups that came are not old");
    azure_sends(&world, GroupsClaim::None);
    sign_in(&world, "p4").await;
    assert_eq!(with_groups(&world).await, ["p3", "p4", "p5", "p6"]);
    let mut browser = administrator(&world).await;
    assert_eq!(people_asked_about(&browser.get(OVERVIEW).await), Some(4));
    assert_eq!(audited(&world, "provider.groups-asked").await.len(), 1);
}

#[tokio::test]
async fn a_mapper_that_imports_once_takes_nothing_and_asks_nothing() {
    let world = world().await;
    // As in the console: the mapper inherits, and the provider imports.
    world.sql("UPDATE mapper SET sync = 'INHERIT' WHERE name = 'azure-group-mapper'").await;
    azure_sends(&world, GroupsClaim::None);
    for name in PEOPLE {
        sign_in(&world, name).await;
    }
    assert_eq!(with_groups(&world).await, PEOPLE);
    assert!(!person(&world, "p6").await.groups_stale);
    world.sql("UPDATE provider SET sync_mode = 'FORCE'").await;
    for name in PEOPLE {
        sign_in(&world, name).await;
    }
    assert_eq!(with_groups(&world).await, ["p3", "p4", "p5", "p6"]);
}

#[tokio::test]
async fn people_with_too_many_groups_are_not_without() {
    let world = world().await;
    azure_sends(&world, GroupsClaim::None);
    for name in ["p1", "p2"] {
        sign_in(&world, name).await;
    }
    azure_sends(&world, GroupsClaim::SecurityGroup);
    let max = world.stand_in.user("max@acme.example").unwrap();
    for name in ["p3", "p4", "p5"] {
        let user = world.stand_in.user(&format!("{name}@acme.example")).unwrap();
        world.stand_in.update_user(user.id, |user| user.groups.clone_from(&max.groups)).unwrap();
        sign_in(&world, name).await;
        assert!(person(&world, name).await.groups_stale, "{name}");
    }
    assert!(world.dump().await.rows("groups_missing").is_empty(), "an overage ends the count");
    azure_sends(&world, GroupsClaim::None);
    sign_in(&world, "p6").await;
    assert_eq!(with_groups(&world).await, ["p3", "p4", "p5"], "they are counted");
    assert!(audited(&world, "provider.groups-asked").await.is_empty());
}

#[tokio::test]
async fn the_question_of_one_tenant_touches_no_other() {
    let world = asked().await.with_birch().await;
    populate(&world.stand_in, BIRCH);
    let birch = Way::into("birch");
    for name in ["p1", "p2"] {
        let mut person = Person::new(&format!("{name}@birch.example"));
        birch.to_card(&mut world.browser(), &mut person).await;
    }
    let mut browser = administrator(&world).await;
    let page = browser.get(OVERVIEW).await;
    assert_eq!(people_asked_about(&page), Some(3));
    assert_eq!(people_asked_about(&browser.get("/admin/tenants/birch/").await), None);
    let before = world.dump().await;
    let since = page.body.split("name=\"since\" value=\"").nth(1).unwrap();
    let since = since.split('"').next().unwrap();
    let form = [("since", since), ("answer", "clear")];
    let there = browser.post_form("/admin/tenants/birch/providers/azure/groups", &form).await;
    let over = "/admin/tenants/birch/providers/azure?done=groups-over";
    assert_eq!(there.location.as_deref(), Some(over));
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn an_answer_counts_once_and_for_the_question_that_was_shown() {
    let world = asked().await;
    let mut browser = administrator(&world).await;
    let page = browser.get(PROVIDER).await;
    let other = [("since", "1"), ("answer", "clear")];
    let before = world.dump().await;
    let refused = browser.post_form(ANSWER, &other).await;
    assert_eq!(refused.location, Some(format!("{PROVIDER}?done=groups-over")));
    let shown = browser.follow(refused).await;
    assert!(shown.body.contains("Nothing was changed"), "{}", shown.body);
    for bad in [
        vec![("since", "now"), ("answer", "clear")],
        vec![("since", "1"), ("answer", "perhaps")],
        vec![("answer", "clear")],
        vec![],
    ] {
        let refused = browser.post_form(ANSWER, &bad).await;
        assert_eq!(refused.status, 400, "{bad:?}: {refused:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    answer(&mut browser, &page, "clear").await;
    let before = world.dump().await;
    let again = answer(&mut browser, &page, "keep").await;
    assert_eq!(again.location, Some(format!("{PROVIDER}?done=groups-over")));
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    assert_eq!(provider(&world).await.groups_sent, GroupsSent::Yes);
}

#[tokio::test]
async fn saving_the_provider_answers_only_by_saying_that_groups_are_not_sent() {
    let world = asked().await;
    let mut browser = administrator(&world).await;
    let id = world.azure.client_id.to_string();
    for (sent, people) in [("yes", Some(3)), ("no", None)] {
        let change = [("display_name", "Azure"), ("groups_sent", sent), ("client_secret", "")];
        let form = provider_form(&world.azure, &id, &change);
        assert_eq!(browser.post_form(PROVIDER, &form).await.status, 303, "{sent}");
        assert_eq!(people_asked_about(&browser.get(PROVIDER).await), people, "{sent}");
    }
    sign_in(&world, "p4").await;
    assert!(has_groups(&world, "p4").await);
}

#[tokio::test]
async fn a_test_of_the_provider_shows_what_would_happen_to_groups() {
    let world = asked().await;
    let mut browser = administrator(&world).await;
    let start = browser.get(&format!("{PROVIDER}/test/start")).await;
    let mut p4 = Person::new("p4@acme.example");
    let callback = p4.sign_in(start.location.as_deref().unwrap()).await.unwrap().redirect();
    let page = browser.get(callback.as_str()).await;
    assert!(page.body.contains("until you have answered the question"), "{}", page.body);
    assert_eq!(people_asked_about(&browser.get(PROVIDER).await), Some(3), "a test counts nobody");
}

#[tokio::test]
async fn the_operator_reads_one_line_about_it() {
    // What all servers of this program log.
    let log = Log::of_process("warn");
    let world = World::start().await;
    populate(&world.stand_in, ACME);
    // A tenant that no other test has.
    let redirect = format!("{}/realms/cedar/broker/azure/endpoint", world.origin);
    let azure = Azure::register(&world.stand_in, &redirect);
    world.add_tenant("cedar", world.tenant("acme").await.policy).await;
    world.connect("cedar", "azure", &azure).await;
    for groups in [GroupsClaim::SecurityGroup, GroupsClaim::None] {
        world.stand_in.set_groups_claim(azure.client_id, groups).unwrap();
        for name in ["p1", "p2", "p3", "p4"] {
            let mut person = Person::new(&format!("{name}@acme.example"));
            Way::into("cedar").to_card(&mut world.browser(), &mut person).await;
        }
    }
    let told = log.lines_with("tenant=cedar");
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["WARN", "people come without groups", "provider=azure", "people=3"] {
        assert!(told[0].contains(part), "{part}: {}", told[0]);
    }
}

#[tokio::test]
async fn the_console_warns_while_the_last_token_had_no_auth_time() {
    let world = World::start().await;
    populate(&world.stand_in, ACME);
    let mut browser = administrator(&world).await;
    let pages = [OVERVIEW, PROVIDER, "/admin/tenants/acme/settings"];
    let (unknown, missing) = ("not known yet whether Azure sends", "Azure does not send auth_time");
    let app = world.azure.client_id;
    let without = vec![OptionalClaim::Upn];
    let with = vec![OptionalClaim::Upn, OptionalClaim::AuthTime];
    for (claims, warns, not) in [
        (None, Some(unknown), missing),
        (Some(&without), Some(missing), unknown),
        (Some(&with), None, "auth_time"),
        (Some(&without), Some(missing), unknown),
    ] {
        if let Some(claims) = claims {
            world.stand_in.set_optional_claims(app, claims).unwrap();
            sign_in(&world, "p1").await;
        }
        for page in pages {
            let body = browser.get(page).await.body;
            assert!(warns.is_none_or(|words| body.contains(words)), "{page} {claims:?}: {body}");
            assert!(!body.contains(not), "{page} {claims:?}: {body}");
        }
    }
    // Of another provider no sign-in enrols, whatever it sends.
    assert_eq!(world.sql("UPDATE provider SET kind = 'oidc'").await, 1);
    let body = browser.get(PROVIDER).await.body;
    assert!(!body.contains("auth_time"), "not Entra: {body}");
    world.sql("UPDATE provider SET kind = 'entra'").await;
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    let first_card = FirstCard::AdministratorCode;
    tx.put_policy(&TenantPolicy { first_card, ..tenant.policy }).await.unwrap();
    tx.commit().await.unwrap();
    for page in pages {
        let body = browser.get(page).await.body;
        assert!(!body.contains("auth_time"), "{page}, where no fresh sign-in is asked for: {body}");
    }
}
