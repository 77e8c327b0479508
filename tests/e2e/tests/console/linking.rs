//! Who is who: `(tid, oid)` links, and nothing else does.

use e2e::{Card, Way, World};
use entra_stand_in::{IdTokenFault, Person};
use identity::Person as Known;

use crate::support::{administrator, ids_after};

const USERS: &str = "/admin/tenants/acme/users";
const OTHER: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

/// Everybody in the tenant, by username.
async fn everybody(world: &World) -> Vec<Known> {
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    let filter = store::PeopleFilter { limit: 100, ..store::PeopleFilter::default() };
    rows.people(&filter).await.unwrap().into_iter().map(|row| row.person).collect()
}

async fn sign_in(world: &World, name: &str, card: &mut Card) {
    let (mut browser, mut person) = (world.browser(), Person::new(name));
    world.sign_in(&mut browser, &mut person, card).await.unwrap();
}

#[tokio::test]
async fn the_same_sub_and_address_with_another_oid_is_another_person() {
    let world = World::start().await;
    sign_in(&world, "mia@acme.example", &mut Card::new(1)).await;
    world.stand_in.spoil_id_tokens(IdTokenFault::claim("oid", OTHER));
    // A card of Mia's would do if this were Mia: it is a first card that is asked for.
    sign_in(&world, "mia@acme.example", &mut Card::new(2)).await;
    let people = everybody(&world).await;
    let [mia, other] = people.iter().collect::<Vec<_>>().try_into().unwrap();
    let addresses = people.iter().filter_map(|person| person.email.as_deref());
    let addresses: Vec<&str> = addresses.collect();
    assert_eq!(addresses, ["mia@acme.example"], "an address belongs to one person");
    assert_ne!(mia.username, other.username);
    assert_eq!(mia.attributes.get("sub"), other.attributes.get("sub"));
}

#[tokio::test]
async fn the_same_oid_with_another_name_and_address_is_the_same_person() {
    let world = World::start().await;
    let mut card = Card::new(1);
    sign_in(&world, "mia@acme.example", &mut card).await;
    let mia = world.stand_in.user("mia@acme.example").unwrap();
    let rename = |user: &mut entra_stand_in::User| {
        user.user_principal_name = "maria@acme.example".to_owned();
        user.mail = Some("maria@acme.example".to_owned());
    };
    world.stand_in.update_user(mia.id, rename).unwrap();
    sign_in(&world, "maria@acme.example", &mut card).await;
    let [person] = everybody(&world).await.try_into().unwrap();
    assert_eq!(person.email.as_deref(), Some("maria@acme.example"));
}

#[tokio::test]
async fn an_address_of_somebody_else_is_kept_out_shown_and_fails_no_sign_in() {
    let world = World::start().await;
    sign_in(&world, "ada@acme.example", &mut Card::new(1)).await;
    let mut card = Card::new(2);
    sign_in(&world, "mia@acme.example", &mut card).await;
    world.stand_in.spoil_id_tokens(IdTokenFault::claim("upn", "Ada@acme.example"));
    sign_in(&world, "mia@acme.example", &mut card).await;
    let [ada, mia] = everybody(&world).await.try_into().unwrap();
    assert_eq!(ada.email.as_deref(), Some("ada@acme.example"));
    assert_eq!(mia.email.as_deref(), Some("mia@acme.example"), "the old one is kept");

    let mut browser = administrator(&world).await;
    let overview = browser.get("/admin/tenants/acme/").await;
    assert!(overview.body.contains("1 person has a sync conflict"), "{}", overview.body);
    let list = browser.get(&format!("{USERS}?filter=sync-conflict")).await;
    let [id] = ids_after(&list, &format!("{USERS}/")).try_into().unwrap();
    assert_eq!(id, mia.id.to_string());
    let page = browser.get(&format!("{USERS}/{id}")).await;
    assert!(page.body.contains("Sync conflict: email"), "{}", page.body);
    assert!(page.body.contains("<code>Ada@acme.example</code> came"), "{}", page.body);

    world.stand_in.heal();
    sign_in(&world, "mia@acme.example", &mut card).await;
    let over = browser.get("/admin/tenants/acme/").await;
    assert!(!over.body.contains("sync conflict"), "{}", over.body);
}

/// The tenant lets a fresh Entra sign-in enrol a first card, and the provider is not Entra: its
/// people need a code all the same.
async fn first_card_by_code(world: &World, name: &str, card: &mut Card) {
    let mut browser = world.browser();
    let way = Way::into("acme");
    way.to_card(&mut browser, &mut Person::new(name)).await;
    let hint = serde_json::json!({ "hint": "card" });
    let options = way.path("login/card/options");
    let refused = browser.post_json(&options, &hint).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "code-refused"), "{refused:?}");
    let page = browser.get(&way.path("login/card")).await;
    assert!(page.body.contains("name=\"code\""), "a code is asked for: {page:?}");
    let [person] = everybody(world).await.try_into().unwrap();
    let code = world.issue_code(person.id, 1).await;
    let given = browser.post_form(&way.path("login/code"), &[("code", &code)]).await;
    assert_eq!(given.status, 303, "{given:?}");
    let tapped = card.tap(&mut browser, &way.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    assert!(browser.cookie(&way.session_cookie()).is_some(), "no session: {tapped:?}");
}

/// The stand-in's tokens are good ones of any OpenID provider, too.
#[tokio::test]
async fn people_of_a_provider_that_is_not_entra_are_linked_by_issuer_and_sub() {
    let world = World::start().await;
    assert_eq!(world.sql("UPDATE provider SET kind = 'oidc'").await, 1);
    let mut card = Card::new(1);
    first_card_by_code(&world, "mia@acme.example", &mut card).await;
    world.stand_in.spoil_id_tokens(IdTokenFault::claim("oid", OTHER));
    sign_in(&world, "mia@acme.example", &mut card).await;
    world.stand_in.heal();
    world.stand_in.spoil_id_tokens(IdTokenFault::claim("sub", "another-sub"));
    world.entra_leg(&mut world.browser(), &mut Person::new("mia@acme.example")).await.unwrap();
    assert_eq!(everybody(&world).await.len(), 2, "another sub is another person");

    let mut browser = administrator(&world).await;
    let waits = browser.get(&format!("{USERS}?filter=no-card")).await;
    assert!(waits.body.contains("Azure only, no card yet (0)"), "{}", waits.body);
    let list = browser.get(USERS).await;
    let [id] = ids_after(&list, &format!("{USERS}/")).try_into().unwrap();
    let page = browser.get(&format!("{USERS}/{id}")).await;
    let issuer = format!("Issuer <code>{}/", world.stand_in.base_url());
    assert!(page.body.contains(&issuer) && page.body.contains("sub <code>"), "{}", page.body);
    assert!(!page.body.contains("oid <code>"), "{}", page.body);
}
