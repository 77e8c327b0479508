//! An administrator, and the forms they send.

use e2e::{Answer, Azure, Browser, Card, World};
use entra_stand_in::ACME;

/// An administrator who has come by the real way: an invitation, and a card.
pub(crate) async fn administrator(world: &World) -> Browser {
    administrator_with(world).await.0
}

/// The same, with their card.
pub(crate) async fn administrator_with(world: &World) -> (Browser, Card) {
    world.administrator_with_card().await
}

/// A provider form that is good; `change` replaces or adds fields.
pub(crate) fn provider_form<'a>(
    azure: &'a Azure,
    client_id: &'a str,
    change: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("alias", "entra"),
        ("display_name", "Azure AD"),
        ("discovery", azure.metadata.as_str()),
        ("client_id", client_id),
        ("client_secret", azure.secret.as_str()),
        ("client_secret_expires", ""),
        ("sync_mode", "IMPORT"),
        ("groups_sent", "unknown"),
        ("enabled", "yes"),
        ("hidden", "no"),
        ("action", "save"),
    ];
    for (name, value) in change {
        fields.retain(|(field, _)| field != name);
        fields.push((name, value));
    }
    fields
}

/// An app registration for the alias `entra` of the tenant `acme`.
pub(crate) fn registration(world: &World) -> Azure {
    let redirect = format!("{}/realms/acme/broker/entra/endpoint", world.origin);
    let azure = Azure::register(&world.stand_in, &redirect);
    assert_eq!(azure.directory, ACME);
    azure
}

/// Whether the page marks this field, and says so with 422.
pub(crate) fn marks(answer: &Answer, field: &str) -> bool {
    answer.status == 422
        && answer.body.contains(&format!("href=\"#{field}\""))
        && answer.body.contains(&format!("id=\"{field}-problem\""))
}

/// The ids that the links of a page have after `before`.
pub(crate) fn ids_after(page: &Answer, before: &str) -> Vec<String> {
    let link = format!("href=\"{before}");
    let rest = page.body.split(&link).skip(1);
    let mut ids: Vec<String> = rest
        .filter_map(|rest| rest.split(['"', '/', '?']).next())
        .filter(|id| id.len() == 36)
        .map(str::to_owned)
        .collect();
    ids.dedup();
    ids
}
