use super::*;

#[test]
fn other_attributes_keep_on_absent_and_clear_on_empty() {
    for (claim, claims, new) in [
        ("absent", json!({}), Some(vec!["Paris"])),
        ("empty", json!({ "c": [] }), None),
        ("null", json!({ "c": null }), None),
        ("empty text", json!({ "c": "" }), None),
        ("scalar", json!({ "c": "Nice" }), Some(vec!["Nice"])),
        ("number", json!({ "c": 7 }), Some(vec!["7"])),
        ("array", json!({ "c": ["Nice", "Lyon"] }), Some(vec!["Nice", "Lyon"])),
    ] {
        for mode in MODES {
            for sync in OVERRIDES {
                let case = format!("{claim} {mode:?} {sync:?}");
                let mapper = importer(sync, "c", "city");
                let provider = provider(mode, GroupsSent::Yes);
                let imported =
                    run(&provider, std::slice::from_ref(&mapper), claims.clone(), Some(&ann()));
                let kept = Some(vec!["Paris"]);
                let expected = if writes(sync, mode, true) { new.clone() } else { kept };
                assert_eq!(attribute(&imported, "city"), expected, "{case}");
                let created = run(&provider, &[mapper], claims.clone(), None);
                let expected = if claim == "absent" { None } else { new.clone() };
                assert_eq!(attribute(&created, "city"), expected, "{case}, new");
            }
        }
    }
}

#[test]
fn a_hardcoded_attribute_follows_the_sync_mode() {
    for (sync, expected) in [(SyncOverride::Force, "Nice"), (SyncOverride::Import, "Paris")] {
        let kind =
            MapperKind::HardcodedAttribute { attribute: "city".into(), value: "Nice".into() };
        let imported = run(&force(), &[mapper_of(sync, kind)], json!({}), Some(&ann()));
        assert_eq!(attribute(&imported, "city"), Some(vec![expected]));
    }
}

#[test]
fn the_templates_are_those_of_the_guide() {
    let mut number = 0;
    let mappers = entra_template_mappers(|| {
        number = number.max(100) + 1;
        MapperId(uuid(number))
    });
    let names: Vec<&str> = mappers.iter().map(|mapper| mapper.name.as_str()).collect();
    assert_eq!(
        names,
        ["azure-group-mapper", "Azure Username", "Azure Sub Importer", "Cardea Onboarding"]
    );
    assert!(mappers.iter().all(|mapper| mapper.sync == SyncOverride::Force));
    let claims = json!({ "groups": ["g1", "g2"], "upn": "ann@contoso.example" });
    let imported = run(&provider(SyncMode::Import, GroupsSent::Unknown), &mappers, claims, None);
    assert_eq!(attribute(&imported, "group"), Some(vec!["g1", "g2"]));
    assert_eq!(attribute(&imported, "sub"), Some(vec!["pairwise"]));
    assert_eq!(imported.email.as_deref(), Some("ann@contoso.example"));
    assert!(imported.onboards && imported.learned_groups_sent);
    let outcomes: Vec<Outcome> =
        imported.reports.into_iter().map(|report| report.outcome).collect();
    assert_eq!(
        outcomes,
        [
            applied(&["g1", "g2"]),
            applied(&["ann@contoso.example"]),
            applied(&["pairwise"]),
            Outcome::Onboards,
        ]
    );
    let only = onboarding_mapper_only(MapperId(uuid(1)));
    assert_eq!((only.len(), &only[0].kind), (1, &MapperKind::Onboarding));
}

#[test]
fn a_missing_claim_says_where_to_click_in_azure() {
    let mapper = [importer(SyncOverride::Force, "upn", "email")];
    let imported = run(&force(), &mapper, json!({}), None);
    let Outcome::Missing { claim, hint: Some(hint) } = only_outcome(&imported) else {
        panic!("not missing")
    };
    assert_eq!(claim, "upn");
    assert!(hint.ends_with("Token configuration → Add optional claim → ID → upn"), "{hint}");
    let other = Provider { kind: ProviderKind::Oidc, ..force() };
    let imported = run(&other, &mapper, json!({}), None);
    assert!(matches!(only_outcome(&imported), Outcome::Missing { hint: None, .. }));
}

#[test]
fn a_bad_claim_path_is_skipped() {
    let imported =
        run(&force(), &[importer(SyncOverride::Force, "a..b", "city")], json!({}), Some(&ann()));
    assert_eq!(only_outcome(&imported), &Outcome::Skipped { reason: SkipReason::BadPath });
    assert_eq!(imported.attributes, ann().attributes);
}
