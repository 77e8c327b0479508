use serde_json::json;

use super::*;
use crate::client::ClaimMapper;
use crate::testing::{attributes, client, client_with, person, person_facts};

fn told(settings: &ClientSettings, scope: &str, asked: &[&str]) -> Value {
    let attributes = attributes();
    let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
    Value::Object(person_facts(&attributes).claims(settings, &Scope::parse(scope), &asked))
}

fn mapper(attribute: &str, claim: &str, list: bool) -> ClaimMapper {
    ClaimMapper { attribute: attribute.to_owned(), claim: claim.to_owned(), list }
}

#[test]
fn what_is_said_of_a_person_is_what_the_scope_opens() {
    let settings = client().settings;
    let groups = json!(["staff", "admins"]);
    for (scope, asked, expected) in [
        ("openid", &[][..], json!({ "groups": groups })),
        (
            "openid email",
            &[],
            json!({ "email": "ann@acme.example", "email_verified": false, "groups": groups }),
        ),
        (
            "openid profile",
            &[],
            json!({
                "name": "Ann Berg", "given_name": "Ann", "family_name": "Berg",
                "preferred_username": "ann", "groups": groups,
            }),
        ),
        ("openid", &["name", "groups", "phone"], json!({ "name": "Ann Berg", "groups": groups })),
        ("openid", &["email_verified"], json!({ "email_verified": false, "groups": groups })),
    ] {
        assert_eq!(told(&settings, scope, asked), expected, "{scope} {asked:?}");
    }
}

#[test]
fn a_claim_without_a_value_is_not_there() {
    let nothing = BTreeMap::new();
    let facts = PersonFacts { display_name: Some(""), email: None, ..person_facts(&nothing) };
    let claims = facts.claims(&client().settings, &Scope::parse("openid profile email"), &[]);
    assert_eq!(Value::Object(claims), json!({ "preferred_username": "ann" }));
}

#[test]
fn attributes_leave_as_lists_or_as_texts() {
    let client = client_with(|settings| {
        settings.mappers = vec![
            mapper("group", "roles", false),
            mapper("phone", "phone_number", false),
            mapper("phone", "phones", true),
            mapper("empty", "empty", true),
            mapper("no", "no", true),
        ];
    });
    let expected =
        json!({ "roles": ["staff", "admins"], "phone_number": "+47 1", "phones": ["+47 1"] });
    assert_eq!(told(&client.settings, "openid", &[]), expected);
}

#[test]
fn a_mapper_never_makes_a_claim_of_ours() {
    let ours: Vec<&str> = RESERVED.into_iter().chain(PERSON_CLAIMS).collect();
    let client = client_with(|settings| {
        settings.mappers = ours.iter().map(|claim| mapper("phone", claim, false)).collect();
    });
    assert_eq!(told(&client.settings, "openid", &[]), json!({}));
    let told = told(&client.settings, "openid profile email", &[]);
    assert_eq!((&told["name"], &told["email"]), (&json!("Ann Berg"), &json!("ann@acme.example")));
}

#[test]
fn userinfo_names_the_person() {
    let attributes = attributes();
    let claims = person_facts(&attributes).claims(&client().settings, &Scope::parse("email"), &[]);
    assert_eq!(
        String::from_utf8(userinfo(person(), claims)).unwrap(),
        r#"{"email":"ann@acme.example","email_verified":false,"groups":["staff","admins"],"sub":"0a0a0a0a-1111-4222-8333-444455556666"}"#
    );
}
