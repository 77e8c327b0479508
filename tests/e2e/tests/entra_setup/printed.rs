//! Without credentials for Graph: steps for people.

use e2e::World;
use entra_stand_in::ACME;

use crate::support::{asked, connected};

const APP: &str = "2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11";

#[tokio::test]
async fn every_value_is_printed_in_order_and_nothing_is_written() {
    let world = World::start().await;
    let before = world.dump().await;
    let said = connected(&world, &asked(&world), None, false).await;
    assert_eq!((said.done.clone(), said.asked.len()), (Ok(()), 0), "{said:?}");
    let realm = format!("{}/realms/acme", world.origin);
    let directory = ACME.to_string();
    let mut rest = said.text.as_str();
    for value in [
        "1. App registration",
        &format!("\n     {realm}/eam/auth\n"),
        &format!("     {realm}/broker/azure/endpoint\n"),
        "tick ID tokens",
        "2. Optional claims",
        "upn, auth_time",
        "groups claim",
        "3. Permissions and consent",
        "openid, profile",
        &format!("/{directory}/adminconsent?client_id="),
        "4. At Cardea",
        &format!("{}/admin/tenants/acme/external-mfa\n", world.origin),
        "5. External method",
        "Name: Acme card (it can never be changed)",
        &format!("Discovery Endpoint: {realm}/eam/.well-known/openid-configuration\n"),
        "POST /v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations",
        "#microsoft.graph.externalAuthenticationMethodConfiguration",
        "6. People register the method",
        "mysignins.microsoft.com/security-info",
        "7. Conditional Access",
        "break glass",
        "POST /v1.0/identity/conditionalAccess/policies",
        "\"excludeUsers\"",
    ] {
        let (_, after) = rest.split_once(value).unwrap_or_else(|| panic!("{value:?}: {said:?}"));
        rest = after;
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn with_the_app_the_connection_is_written_once() {
    let world = World::start().await;
    let mut asked = asked(&world);
    asked.app = Some(APP.into());
    let before = world.dump().await;
    let said = connected(&world, &asked, None, false).await;
    assert!(said.text.contains(&format!("Client ID: {APP}\n")), "{said:?}");
    assert_eq!(said.lines("done").len(), 1, "{said:?}");
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["eam.connection-saved"]);
    let tenant = world.tenant("acme").await.id;
    let connections =
        || async { world.app.store().read(tenant).await.unwrap().eam_connections().await.unwrap() };
    let made = connections().await.remove(0);
    assert_eq!((made.client_id.as_str(), made.app_id.as_str(), made.enabled), (APP, APP, true));
    assert_eq!(made.directories, [ACME.to_string()]);
    let again = connected(&world, &asked, None, false).await;
    assert_eq!(again.lines("there").len(), 1, "{again:?}");
    assert_eq!(after.changes(&world.dump().await), [""; 0]);
    // Another directory joins; those that are there stay.
    asked.directory = entra_stand_in::BIRCH.to_string();
    connected(&world, &asked, None, false).await;
    assert_eq!(connections().await.remove(0).directories.len(), 2);
    // The cloud of a connection is not changed on the way.
    asked.cloud = None;
    let refused = connected(&world, &asked, None, false).await;
    assert!(refused.done.unwrap_err().contains("change it in the console"));
    assert_eq!(connections().await.remove(0).authority, world.stand_in.base_url());
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::start().await;
    let mut other = asked(&world);
    other.tenant = crate::support::slug("nobody");
    let said = connected(&world, &other, None, false).await;
    assert_eq!(said.done.unwrap_err(), "there is no tenant nobody; the console makes one");
    let mut other = asked(&world);
    other.cloud = Some("https://login.evil.test".into());
    let said = connected(&world, &other, None, false).await;
    assert!(said.done.unwrap_err().contains("https://login.microsoftonline.com"));
}
