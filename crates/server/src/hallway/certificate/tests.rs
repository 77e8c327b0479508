use identity::{TenantPolicy, X509Policy};
use ids::{Slug, TenantId, UserId};
use soft_card::{Kind, Office, Wanted};

use super::*;
use crate::test_app::mia;

const NOW: i64 = 1_796_000_000;

fn tenant(upn_required: bool) -> Tenant {
    let x509 = X509Policy { upn_required, ..X509Policy::default() };
    Tenant {
        id: TenantId(entropy::id()),
        slug: Slug::try_from("acme".to_owned()).unwrap(),
        display_name: "Acme".into(),
        policy: TenantPolicy { x509, ..TenantPolicy::default() },
        created_at: Moment(0),
    }
}

fn refusal(wanted: &Wanted, upn_required: bool) -> Option<&'static str> {
    let card = Office::root("Acme", NOW).issue(Kind::P256, wanted);
    let certificate = Certificate::parse(&card.certificate).unwrap();
    let mut person = mia(UserId(entropy::id()));
    person.email = Some("mia.chen@acme.example".into());
    person.attributes.insert("upn".into(), vec!["mchen@corp.acme.example".into()]);
    names(&tenant(upn_required), &certificate, &person).err().map(|refused| refused.0)
}

#[test]
fn a_certificate_that_names_somebody_else_is_refused() {
    for own in ["mia@acme.example", "MIA@Acme.example", "Mchen@corp.acme.example"] {
        assert_eq!(refusal(&Wanted::person(own, NOW), true), None, "{own}");
    }
    let other = Wanted::person("bob@acme.example", NOW);
    assert_eq!(refusal(&other, false), Some("x509-other-name"));
    // An address does not make up for a UPN of somebody else.
    let email = Some("mia.chen@acme.example".to_owned());
    assert_eq!(refusal(&Wanted { email, ..other }, false), Some("x509-other-name"));
}

#[test]
fn without_a_upn_the_address_counts_and_nothing_is_needed_unless_the_tenant_asks() {
    let bare = Wanted { upn: None, ..Wanted::person("Mia", NOW) };
    assert_eq!(refusal(&bare, false), None);
    assert_eq!(refusal(&bare, true), Some("x509-no-name"));
    let with = |email: &str| Wanted { email: Some(email.into()), ..bare.clone() };
    assert_eq!(refusal(&with("Mia.Chen@acme.example"), false), None);
    assert_eq!(refusal(&with("bob@acme.example"), false), Some("x509-other-name"));
}
