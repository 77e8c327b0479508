//! Client credentials: which tokens an application gets for itself, and which it does not.

use entra_stand_in::{ACME, Audience, BIRCH, StandInError};

use crate::fixture::{Answer, Fixture, Redemption, post_form};

fn refused(status: u16, error: &str, code: u64) -> (u16, String, u64) {
    (status, error.to_owned(), code)
}

async fn at(fixture: &Fixture, authority: impl ToString, form: &Redemption) -> Answer {
    let authority = authority.to_string();
    let endpoint = format!("{}/{authority}/oauth2/v2.0/token", fixture.entra.base_url());
    post_form(&endpoint, &form.form, &[]).await
}

#[tokio::test]
async fn a_secret_is_proved_without_anybody_signing_in() {
    let fixture = Fixture::new().await;
    let good = fixture.redeem(&fixture.client_credentials()).await;
    let body = good.json();
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(good.status, 200, "{good:?}");
    assert_eq!(names, ["access_token", "expires_in", "ext_expires_in", "token_type"]);
    let wrong = fixture.client_credentials().with("client_secret", "guess");
    assert_eq!(fixture.redeem(&wrong).await.error(), refused(401, "invalid_client", 7_000_215));
    let none = fixture.client_credentials().without("client_secret");
    assert_eq!(fixture.redeem(&none).await.error(), refused(401, "invalid_client", 7_000_218));
}

#[tokio::test]
async fn the_scope_is_one_resource_and_default() {
    let fixture = Fixture::new().await;
    let with = async |scope: &str| {
        fixture.redeem(&fixture.client_credentials().with("scope", scope)).await.error()
    };
    let not_default = refused(400, "invalid_scope", 1_002_012);
    for scope in [
        "https://graph.microsoft.com/GroupMember.Read.All",
        "https://graph.microsoft.com/.Default",
        "GroupMember.Read.All",
        "openid",
        ".default",
        "/.default",
        " ",
    ] {
        assert_eq!(with(scope).await, not_default, "{scope}");
    }
    let several = refused(400, "invalid_scope", 70011);
    let graph = "https://graph.microsoft.com/.default";
    assert_eq!(with(&format!("{graph} {graph}")).await, several);
    assert_eq!(with(&format!("{graph} openid")).await, several);
    let missing = fixture.client_credentials().without("scope");
    assert_eq!(fixture.redeem(&missing).await.error(), refused(400, "invalid_request", 900_144));
}

#[tokio::test]
async fn the_only_resource_is_graph() {
    let fixture = Fixture::new().await;
    let with = |resource: &str| {
        fixture.client_credentials().with("scope", &format!("{resource}/.default"))
    };
    let unknown = refused(400, "invalid_resource", 500_011);
    let own = format!("api://{}", fixture.client_id);
    let below = format!("{}/v1.0", fixture.entra.base_url());
    for resource in ["https://graph.windows.net", "https://vault.azure.net", &own, &below] {
        assert_eq!(fixture.redeem(&with(resource)).await.error(), unknown, "{resource}");
    }
    let id = "00000003-0000-0000-c000-000000000000";
    for resource in [fixture.entra.base_url(), "https://graph.microsoft.com", id] {
        assert_eq!(fixture.redeem(&with(resource)).await.status, 200, "{resource}");
    }
}

#[tokio::test]
async fn an_application_names_the_directory_that_it_acts_in() {
    let fixture = Fixture::with_audience(Audience::AnyDirectory).await;
    let form = fixture.client_credentials();
    for authority in ["common", "organizations"] {
        let answer = at(&fixture, authority, &form).await;
        assert_eq!(answer.error(), refused(400, "invalid_request", 50059), "{authority}");
    }
    assert_eq!(at(&fixture, "acme.example", &form).await.status, 200);
    let single = Fixture::new().await;
    let answer = at(&single, "common", &single.client_credentials()).await;
    assert_eq!(answer.error(), refused(400, "invalid_request", 50194));
}

#[tokio::test]
async fn a_directory_that_does_not_know_the_application_gives_it_no_token() {
    let single = Fixture::new().await;
    let answer = at(&single, BIRCH, &single.client_credentials()).await;
    assert_eq!(answer.error(), refused(400, "unauthorized_client", 700_016));

    let fixture = Fixture::with_audience(Audience::AnyDirectory).await;
    let form = fixture.client_credentials();
    let missing = refused(401, "invalid_client", 7_000_229);
    assert_eq!(at(&fixture, BIRCH, &form).await.error(), missing);
    // That Acme's administrator grants something is nothing to Birch.
    fixture
        .entra
        .grant_application_permissions(fixture.client_id, &["Directory.Read.All"])
        .unwrap();
    assert_eq!(at(&fixture, BIRCH, &form).await.error(), missing);
    fixture.entra.grant_application_permissions_in(BIRCH, fixture.client_id).unwrap();
    assert_eq!(at(&fixture, BIRCH, &form).await.status, 200);
}

#[tokio::test]
async fn a_permission_that_graph_does_not_have_is_named() {
    let fixture = Fixture::new().await;
    let names = ["Directory.Read.All", "Group.Read"];
    let refused = fixture.entra.add_application_permissions(fixture.client_id, &names);
    assert!(matches!(refused, Err(StandInError::Permission(name)) if name == "Group.Read"));
    let app = fixture.entra.app(fixture.client_id).unwrap();
    assert!(app.application_permissions.is_empty(), "none of them is configured");
    let nowhere = fixture.entra.grant_application_permissions_in(fixture.client_id, ACME);
    assert!(matches!(nowhere, Err(StandInError::Unknown("directory"))));
}
