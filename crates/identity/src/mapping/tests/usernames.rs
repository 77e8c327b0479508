use super::*;

fn template(template: &str) -> Mapper {
    let template = template.to_owned();
    mapper_of(SyncOverride::Force, MapperKind::UsernameTemplate { template })
}

#[test]
fn a_username_falls_back_to_the_address_and_then_to_sub() {
    for (claims, username) in [
        (json!({ "preferred_username": "ann", "email": "a@c.example" }), "ann"),
        (json!({ "preferred_username": " ", "email": "a@c.example" }), "a@c.example"),
        (json!({ "email": "a@c.example" }), "a@c.example"),
        (json!({ "email": "not an address" }), "not an address"),
        (json!({}), "pairwise"),
    ] {
        assert_eq!(run(&force(), &[], claims, None).username, username);
    }
    let mapper = importer(SyncOverride::Force, "upn", "email");
    let from_upn = run(&force(), &[mapper], json!({ "upn": "u@c.example" }), None);
    assert_eq!(from_upn.username, "u@c.example");
}

#[test]
fn a_username_is_built_by_its_template() {
    for (text, username) in [
        ("${CLAIM.upn}", "Ann.B@contoso.example"),
        ("${CLAIM.upn | localpart}", "Ann.B"),
        ("${CLAIM.upn|lowercase}", "ann.b@contoso.example"),
        ("${ALIAS}.${CLAIM.sub | uppercase}", "azure.PAIRWISE"),
        ("${CLAIM.org.unit[1]}/${CLAIM.sub}", "b/pairwise"),
    ] {
        let claims = json!({ "upn": "Ann.B@contoso.example", "org": { "unit": ["a", "b"] } });
        let imported = run(&force(), &[template(text)], claims, Some(&ann()));
        assert_eq!(imported.username, username, "{text}");
        assert_eq!(only_outcome(&imported), &applied(&[username]), "{text}");
    }
    let missing = run(&force(), &[template("${CLAIM.upn}")], json!({}), Some(&ann()));
    assert_eq!(missing.username, "ann");
    assert!(matches!(only_outcome(&missing), Outcome::Missing { claim, .. } if claim == "upn"));
}

#[test]
fn templates_that_are_none_are_refused() {
    for (text, error) in [
        ("${CLAIM.upn", TemplateError::NotClosed),
        ("${CLAIM.}", TemplateError::UnknownSource),
        ("${USER.upn}", TemplateError::UnknownSource),
        ("${}", TemplateError::UnknownSource),
        ("${CLAIM.upn | reverse}", TemplateError::UnknownTransform),
        ("", TemplateError::NoClaim),
        ("everybody", TemplateError::NoClaim),
        ("${ALIAS}", TemplateError::NoClaim),
    ] {
        assert_eq!(UsernameTemplate::parse(text), Err(error), "{text}");
        let imported = run(&force(), &[template(text)], json!({}), Some(&ann()));
        let skipped = Outcome::Skipped { reason: SkipReason::BadTemplate };
        assert_eq!(only_outcome(&imported), &skipped, "{text}");
    }
}

#[test]
fn taken_usernames_get_a_number() {
    assert_eq!(username_with_suffix("ann", 2), "ann-2");
}

/// Neither a page nor a card could show such a name, and a card refuses to keep it.
#[test]
fn a_name_of_which_nothing_can_be_shown_counts_as_none() {
    let padded = format!("\u{7}{}x", " ".repeat(300));
    for nothing in ["\u{7}", " \u{0}\u{1b} ", padded.as_str()] {
        let claims = json!({
            "preferred_username": nothing, "name": nothing, "given_name": nothing,
            "family_name": nothing,
        });
        let new = run(&force(), &[], claims.clone(), None);
        let names = (new.username.as_str(), new.display_name.as_deref());
        assert_eq!(names, ("pairwise", None), "{nothing:?}");
        assert_eq!(attribute(&new, "firstName"), None);
        let known = run(&force(), &[], claims.clone(), Some(&ann()));
        assert_eq!((known.username.as_str(), known.display_name.as_deref()), ("ann", Some("Ann")));
        assert_eq!(attribute(&known, "firstName"), Some(vec!["Ann"]));
        let importer = importer(SyncOverride::Force, "name", "firstName");
        let mapped = run(&force(), &[importer], claims, Some(&ann()));
        assert_eq!(
            only_outcome(&mapped),
            &Outcome::Skipped { reason: SkipReason::NeverCleared },
            "{nothing:?}"
        );
        assert_eq!(attribute(&mapped, "firstName"), Some(vec!["Ann"]));
    }
    let named = json!({ "name": "\u{7}", "given_name": "Ann", "family_name": "\u{7}" });
    assert_eq!(run(&force(), &[], named, None).display_name.as_deref(), Some("Ann"));
}
