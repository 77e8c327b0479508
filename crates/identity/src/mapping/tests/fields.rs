use super::*;

#[test]
fn own_fields_take_the_first_value_in_any_spelling_and_are_never_cleared() {
    for target in ["email", "Email", "EMAIL"] {
        let mapper = importer(SyncOverride::Force, "upn", target);
        let claims = json!({ "upn": ["new@contoso.example", "b@contoso.example"] });
        let imported = run(&force(), std::slice::from_ref(&mapper), claims, Some(&ann()));
        assert_eq!(imported.email.as_deref(), Some("new@contoso.example"));
        assert_eq!(attribute(&imported, target), None);
        for empty in [json!({ "upn": "" }), json!({ "upn": [] }), json!({ "upn": null }), json!({})]
        {
            let imported = run(&force(), std::slice::from_ref(&mapper), empty, Some(&ann()));
            assert_eq!(imported.email.as_deref(), Some("ann@contoso.example"));
        }
    }
    for (target, name) in [("FIRSTNAME", "firstName"), ("lastname", "lastName")] {
        let mapper = importer(SyncOverride::Force, "n", target);
        let imported =
            run(&force(), std::slice::from_ref(&mapper), json!({ "n": "Anna\n" }), Some(&ann()));
        assert_eq!(attribute(&imported, name), Some(vec!["Anna"]));
        let empty = run(&force(), &[mapper], json!({ "n": [] }), Some(&ann()));
        assert_eq!(only_outcome(&empty), &Outcome::Skipped { reason: SkipReason::NeverCleared });
        assert_eq!(empty.attributes, ann().attributes);
    }
}

#[test]
fn an_imported_address_is_never_verified() {
    let mapper = [importer(SyncOverride::Force, "upn", "email")];
    let changed = json!({ "upn": "new@contoso.example", "email_verified": true, "xms_edov": true });
    assert!(!run(&force(), &mapper, changed.clone(), Some(&ann())).email_verified);
    assert!(!run(&force(), &mapper, changed, None).email_verified);
    let same = json!({ "upn": "ann@contoso.example" });
    assert!(run(&force(), &mapper, same.clone(), Some(&ann())).email_verified);
    let unverified = Person { email_verified: false, ..ann() };
    assert!(!run(&force(), &mapper, same, Some(&unverified)).email_verified);
}

#[test]
fn an_address_of_somebody_else_is_a_conflict_and_changes_nothing() {
    let mapper = [importer(SyncOverride::Force, "upn", "email")];
    let claims = json!({ "upn": "Bob@contoso.example" });
    let owner = Some(("bob@contoso.example", user(2)));
    let conflict = SyncConflict {
        attribute: "email".to_owned(),
        value: "Bob@contoso.example".to_owned(),
        at: NOW,
    };
    let imported = run_with_owner(&force(), &mapper, claims.clone(), Some(&ann()), owner);
    assert_eq!(imported.email.as_deref(), Some("ann@contoso.example"));
    assert!(imported.email_verified);
    assert_eq!(imported.conflict, Some(conflict.clone()));
    assert_eq!(
        only_outcome(&imported),
        &Outcome::KeptOnConflict { value: "Bob@contoso.example".to_owned() }
    );

    let created = run_with_owner(&force(), &mapper, claims.clone(), None, owner);
    assert_eq!((created.email, created.conflict), (None, Some(conflict)));

    let own = run_with_owner(
        &force(),
        &mapper,
        claims,
        Some(&ann()),
        Some(("bob@contoso.example", user(1))),
    );
    assert_eq!(own.email.as_deref(), Some("Bob@contoso.example"));
    assert_eq!(own.conflict, None);
}

#[test]
fn a_conflict_stays_until_the_address_is_tried_again() {
    let old = SyncConflict { attribute: "email".to_owned(), value: "x@y.z".to_owned(), at: NOW };
    let person = Person { conflict: Some(old.clone()), ..ann() };
    let mapper = [importer(SyncOverride::Force, "upn", "email")];
    let untried = run(&force(), &mapper, json!({}), Some(&person));
    assert_eq!(untried.conflict, Some(old));
    let solved = run(&force(), &mapper, json!({ "upn": "ann2@contoso.example" }), Some(&person));
    assert_eq!(solved.conflict, None);
}

#[test]
fn the_caller_learns_before_which_address_will_be_written() {
    let mappers = [importer(SyncOverride::Force, "upn", "email")];
    let claims =
        json!({ "sub": "s", "upn": "new@contoso.example", "email": "mail@contoso.example" });
    let wanted = |mappers: &[Mapper], existing| {
        wanted_email(&force(), mappers, claims.as_object().unwrap(), existing)
    };
    assert_eq!(wanted(&mappers, None).as_deref(), Some("new@contoso.example"));
    assert_eq!(wanted(&[], None).as_deref(), Some("mail@contoso.example"));
    assert_eq!(wanted(&mappers, Some(&ann())).as_deref(), Some("new@contoso.example"));
}

#[test]
fn what_is_no_address_is_no_email() {
    let mapper = [importer(SyncOverride::Force, "upn", "email")];
    let long = format!("{}@contoso.example", "a".repeat(320));
    for bad in
        ["ann", "@contoso.example", "ann@", "a b@c.example", "a@b\r\nBcc: x@y", "a@.b", &long]
    {
        let imported = run(&force(), &mapper, json!({ "upn": bad }), Some(&ann()));
        assert_eq!(imported.email, ann().email, "{bad}");
        assert_eq!(
            only_outcome(&imported),
            &Outcome::Skipped { reason: SkipReason::NotAnAddress },
            "{bad}"
        );
    }
    let guest = "bob_fabrikam.example#EXT#@contoso.onmicrosoft.com";
    let imported = run(&force(), &mapper, json!({ "upn": guest }), None);
    assert_eq!(imported.email.as_deref(), Some(guest));
}

#[test]
fn a_new_person_gets_the_upstreams_own_values() {
    let claims = json!({
        "preferred_username": "ann.b@contoso.example", "email": "ann@contoso.example",
        "given_name": "Ann", "family_name": "Berg", "name": "Ann Berg",
    });
    let imported = run(&provider(SyncMode::Import, GroupsSent::Unknown), &[], claims, None);
    assert_eq!(imported.username, "ann.b@contoso.example");
    assert_eq!(imported.display_name.as_deref(), Some("Ann Berg"));
    assert_eq!(imported.email.as_deref(), Some("ann@contoso.example"));
    assert_eq!(attribute(&imported, "firstName"), Some(vec!["Ann"]));
    assert_eq!(attribute(&imported, "lastName"), Some(vec!["Berg"]));
}

#[test]
fn an_existing_person_follows_the_upstream_under_force_only() {
    let claims = json!({
        "preferred_username": "anna", "email": "anna@contoso.example", "name": "Anna",
        "given_name": "Anna",
    });
    let forced = run(&force(), &[], claims.clone(), Some(&ann()));
    assert_eq!((forced.username.as_str(), forced.display_name.as_deref()), ("anna", Some("Anna")));
    assert_eq!(forced.email.as_deref(), Some("anna@contoso.example"));
    assert_eq!(attribute(&forced, "firstName"), Some(vec!["Anna"]));

    let kept = run(&provider(SyncMode::Import, GroupsSent::Unknown), &[], claims, Some(&ann()));
    let mut person = ann();
    kept.apply_to(&mut person);
    assert_eq!((kept.username.as_str(), person), ("ann", ann()));

    let nothing = run(&force(), &[], json!({}), Some(&ann()));
    assert_eq!((nothing.username.as_str(), nothing.display_name.as_deref()), ("ann", Some("Ann")));
}

#[test]
fn a_mapper_for_a_field_wins_over_the_upstreams_own_value() {
    let claims = json!({ "email": "mail@contoso.example", "upn": "upn@contoso.example" });
    let import_only = importer(SyncOverride::Import, "upn", "email");
    let kept = run(&force(), &[import_only], claims.clone(), Some(&ann()));
    assert_eq!(kept.email.as_deref(), Some("ann@contoso.example"));
    let force_mapper = [importer(SyncOverride::Force, "upn", "email")];
    let mapped = run(&force(), &force_mapper, claims, Some(&ann()));
    assert_eq!(mapped.email.as_deref(), Some("upn@contoso.example"));
    // The claim of the mapper is missing: an existing address stays, a new person gets the other.
    let missing = json!({ "email": "mail@contoso.example" });
    let kept = run(&force(), &force_mapper, missing.clone(), Some(&ann()));
    assert_eq!(kept.email.as_deref(), Some("ann@contoso.example"));
    let created = run(&force(), &force_mapper, missing, None);
    assert_eq!(created.email.as_deref(), Some("mail@contoso.example"));
}
