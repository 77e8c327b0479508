//! The guide's second and third step by the console's own forms.

use e2e::{Card, World};
use entra_stand_in::Person;

use crate::support::{administrator, provider_form};

#[tokio::test]
async fn a_tenant_that_the_console_made_signs_people_in_and_lists_them() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let list = "/admin/tenants/acme/providers";
    browser.post_form(&format!("{list}/azure/delete"), &[]).await;
    let redirect = format!("{}/realms/acme/broker/azure/endpoint", world.origin);
    let azure = e2e::Azure::register(&world.stand_in, &redirect);
    let id = azure.client_id.to_string();
    let form = provider_form(&azure, &id, &[("alias", "azure")]);
    let added = browser.post_form(&format!("{list}?template=oidc"), &form).await;
    assert_eq!(added.status, 303, "{added:?}");
    for (name, claim, attribute) in [
        ("azure-group-mapper", "groups", "group"),
        ("Azure Username", "upn", "email"),
        ("Azure Sub Importer", "sub", "sub"),
    ] {
        let form = [
            ("name", name),
            ("sync", "FORCE"),
            ("type", "attribute-importer"),
            ("claim", claim),
            ("attribute", attribute),
        ];
        let saved = browser.post_form(&format!("{list}/azure/mappers"), &form).await;
        assert_eq!(saved.status, 303, "{saved:?}");
    }
    let mut mia = Person::new("mia@acme.example");
    world.sign_in(&mut world.browser(), &mut mia, &mut Card::new(1)).await.unwrap();
    let users = browser.get("/admin/tenants/acme/users").await;
    assert!(users.body.contains("mia@acme.example"), "{}", users.body);
    assert!(users.body.contains("<span class=\"badge badge-info\">Azure AD</span>"));
}
