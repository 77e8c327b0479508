use super::*;

/// The same while an administrator is asked about groups.
fn run_while_asked(
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Value,
    existing: Option<&Person>,
) -> Imported {
    let (claims, absent_groups) = (claims.as_object().unwrap(), AbsentGroups::Keep);
    let email_owner = None;
    import(&Import {
        provider,
        mappers,
        claims,
        existing,
        email_owner,
        absent_groups,
        overage: &Overage::Unknown,
        now: NOW,
    })
}

/// What may be in a token about groups, and how the rule calls it.
fn groups_claims() -> Vec<(&'static str, Value, Option<Vec<&'static str>>)> {
    vec![
        ("absent", json!({}), None),
        ("empty", json!({ "groups": [] }), Some(vec![])),
        ("null", json!({ "groups": null }), Some(vec![])),
        ("scalar", json!({ "groups": "a" }), Some(vec!["a"])),
        ("array", json!({ "groups": ["a", "b"] }), Some(vec!["a", "b"])),
    ]
}

fn overages() -> Vec<Value> {
    vec![
        json!({ "_claim_names": { "groups": "src1" }, "_claim_sources": { "src1": {} } }),
        json!({ "hasgroups": true }),
        json!({ "hasgroups": "true" }),
        json!({ "hasgroups": "True" }),
        json!({ "_claim_names": { "groups": "src1" }, "groups": ["a"] }),
    ]
}

const SENT: [GroupsSent; 3] = [GroupsSent::Unknown, GroupsSent::Yes, GroupsSent::No];

#[test]
fn groups_follow_the_rule_in_every_combination() {
    for (claim, claims, values) in groups_claims() {
        for sent in SENT {
            for mode in MODES {
                for sync in OVERRIDES {
                    for existing in [None, Some(ann())] {
                        let case =
                            format!("{claim} {sent:?} {mode:?} {sync:?} {}", existing.is_some());
                        let mapper = importer(sync, "groups", "group");
                        let provider = provider(mode, sent);
                        let imported = run(&provider, &[mapper], claims.clone(), existing.as_ref());
                        let old = existing.as_ref().map(|_| vec!["old-group"]);
                        let new = match &values {
                            _ if !writes(sync, mode, existing.is_some()) => old.clone(),
                            Some(values) if values.is_empty() => None,
                            Some(values) => Some(values.clone()),
                            None if sent == GroupsSent::Yes => None,
                            None => old.clone(),
                        };
                        assert_eq!(attribute(&imported, "group"), new, "{case}");
                        assert!(!imported.groups_stale, "{case}");
                        let learned = values.is_some() && sent == GroupsSent::Unknown;
                        assert_eq!(imported.learned_groups_sent, learned, "{case}");
                        let cleared = values.is_none() && old.is_some() && new.is_none();
                        assert_eq!(imported.groups_cleared, cleared, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn overage_keeps_and_marks_stale_in_every_combination() {
    for claims in overages() {
        for sent in SENT {
            for mode in MODES {
                for sync in OVERRIDES {
                    for existing in [None, Some(ann())] {
                        let case =
                            format!("{claims} {sent:?} {mode:?} {sync:?} {}", existing.is_some());
                        let mapper = importer(sync, "groups", "group");
                        let provider = provider(mode, sent);
                        let imported = run(&provider, &[mapper], claims.clone(), existing.as_ref());
                        let old = existing.as_ref().map(|_| vec!["old-group"]);
                        assert_eq!(attribute(&imported, "group"), old, "{case}");
                        let runs = writes(sync, mode, existing.is_some());
                        assert_eq!(imported.groups_stale, runs, "{case}");
                        let learned = sent == GroupsSent::Unknown;
                        assert_eq!(imported.learned_groups_sent, learned, "{case}");
                        if runs {
                            assert_eq!(only_outcome(&imported), &Outcome::KeptOnOverage, "{case}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn while_somebody_is_asked_only_an_absent_claim_means_something_else() {
    for (claim, claims, _) in groups_claims() {
        for sent in SENT {
            for mode in MODES {
                for sync in OVERRIDES {
                    for existing in [None, Some(ann())] {
                        let case =
                            format!("{claim} {sent:?} {mode:?} {sync:?} {}", existing.is_some());
                        let mappers = [importer(sync, "groups", "group")];
                        let provider = provider(mode, sent);
                        let existing = existing.as_ref();
                        let asked = run_while_asked(&provider, &mappers, &claims, existing);
                        let plain = run(&provider, &mappers, claims.clone(), existing);
                        let old = existing.map(|_| vec!["old-group"]);
                        if claim != "absent" || sent != GroupsSent::Yes {
                            let usual = attribute(&plain, "group");
                            assert_eq!(attribute(&asked, "group"), usual, "{case}");
                            continue;
                        }
                        assert_eq!(attribute(&asked, "group"), old, "{case}");
                        assert!(!asked.groups_cleared, "{case}");
                        let runs = writes(sync, mode, existing.is_some());
                        assert_eq!(asked.groups_stale, runs && existing.is_some(), "{case}");
                        if runs {
                            assert_eq!(only_outcome(&asked), &Outcome::KeptWhileAsked, "{case}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn that_groups_came_is_seen_whatever_the_mappers_do() {
    for (claim, claims, _) in groups_claims() {
        let imported = run(&force(), &[], claims, Some(&ann()));
        assert_eq!(imported.groups_came, claim != "absent", "{claim}");
    }
    for claims in overages() {
        assert!(run(&force(), &[], claims.clone(), Some(&ann())).groups_came, "{claims}");
    }
}

#[test]
fn groups_that_another_mapper_gives_back_are_not_lost() {
    let provider = provider(SyncMode::Force, GroupsSent::Yes);
    let (attribute, value) = ("group".to_owned(), "everybody".to_owned());
    let always = MapperKind::HardcodedAttribute { attribute, value };
    let from_claim = importer(SyncOverride::Force, "groups", "group");
    let mappers = [from_claim.clone(), mapper_of(SyncOverride::Force, always)];
    assert!(!run(&provider, &mappers, json!({}), Some(&ann())).groups_cleared);
    let mut none = ann();
    none.attributes.remove("group");
    assert!(!run(&provider, &[from_claim], json!({}), Some(&none)).groups_cleared);
}

#[test]
fn somebody_without_groups_has_none_that_are_out_of_date() {
    let provider = provider(SyncMode::Force, GroupsSent::Yes);
    let mut none = ann();
    none.attributes.remove("group");
    let mappers = [importer(SyncOverride::Force, "groups", "group")];
    assert!(!run_while_asked(&provider, &mappers, &json!({}), Some(&none)).groups_stale);
}

#[test]
fn marks_that_say_no_are_no_overage() {
    for claims in [
        json!({ "hasgroups": false }),
        json!({ "hasgroups": "false" }),
        json!({ "hasgroups": null }),
        json!({ "_claim_names": {} }),
        json!({ "_claim_names": { "roles": "src1" } }),
        json!({ "_claim_names": { "groups": null } }),
        json!({ "_claim_names": "groups" }),
    ] {
        let mapper = importer(SyncOverride::Force, "groups", "group");
        let imported = run(&force(), &[mapper], claims.clone(), Some(&ann()));
        assert!(!imported.groups_stale && !imported.learned_groups_sent, "{claims}");
    }
}

#[test]
fn groups_that_came_again_are_stale_no_more() {
    let stale = Person { groups_stale: true, ..ann() };
    let mapper = importer(SyncOverride::Force, "groups", "group");
    let again =
        run(&force(), std::slice::from_ref(&mapper), json!({ "groups": ["a"] }), Some(&stale));
    assert!(!again.groups_stale);
    let unknown = run(&force(), &[mapper], json!({}), Some(&stale));
    assert!(unknown.groups_stale);
}

const OVERAGE: &str = r#"{"_claim_names":{"groups":"src1"}}"#;
const ONE: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";

fn in_overage(overage: &Overage, existing: &Person) -> Imported {
    let (provider, mappers) = (force(), [importer(SyncOverride::Force, "groups", "group")]);
    let claims: Value = serde_json::from_str(OVERAGE).unwrap();
    import(&Import {
        provider: &provider,
        mappers: &mappers,
        claims: claims.as_object().unwrap(),
        existing: Some(existing),
        email_owner: None,
        absent_groups: AbsentGroups::Clear,
        overage,
        now: NOW,
    })
}

#[test]
fn what_graph_names_is_written_and_not_old() {
    let named = Overage::Named(vec![ONE.to_owned()]);
    let stale = Person { groups_stale: true, ..without_groups() };
    let imported = in_overage(&named, &stale);
    assert_eq!(attribute(&imported, "group"), Some(vec![ONE]));
    let values = vec![ONE.to_owned()];
    assert_eq!(only_outcome(&imported), &Outcome::AppliedFromGraph { values });
    assert!(!imported.groups_stale && !imported.groups_cleared);
}

#[test]
fn that_graph_names_none_is_no_answer_and_names_are_not_replaced_by_ids() {
    let mut with_ids = ann();
    with_ids.attributes.insert("group".to_owned(), vec![ONE.to_owned()]);
    let none = in_overage(&Overage::Named(Vec::new()), &with_ids);
    assert_eq!(attribute(&none, "group"), Some(vec![ONE]));
    let named = in_overage(&Overage::Named(vec![ONE.to_owned()]), &ann());
    assert_eq!(attribute(&named, "group"), Some(vec!["old-group"]));
    for imported in [none, named] {
        assert_eq!(only_outcome(&imported), &Outcome::KeptOnOverage);
        assert!(imported.groups_stale);
    }
}

#[test]
fn what_was_asked_a_moment_ago_counts_as_it_did() {
    for groups_stale in [true, false] {
        let imported = in_overage(&Overage::AsStored, &Person { groups_stale, ..ann() });
        assert_eq!(attribute(&imported, "group"), Some(vec!["old-group"]));
        assert_eq!(imported.groups_stale, groups_stale);
    }
    let nothing = in_overage(&Overage::AsStored, &without_groups());
    assert!(nothing.groups_stale, "nothing is stored yet");
}

fn without_groups() -> Person {
    let mut person = ann();
    person.attributes.remove("group");
    person
}

#[test]
fn graph_is_asked_when_a_mapper_would_write_object_ids() {
    let mut ids = ann();
    ids.attributes.insert("group".to_owned(), vec![ONE.to_owned()]);
    let (names, nothing) = (ann(), without_groups());
    let groups = importer(SyncOverride::Inherit, "groups", "group");
    let other = importer(SyncOverride::Force, "upn", "email");
    let once = provider(SyncMode::Import, GroupsSent::Yes);
    let generic = Provider { kind: ProviderKind::Oidc, ..force() };
    let overage: Value = serde_json::from_str(OVERAGE).unwrap();
    let sent = json!({ "groups": [ONE] });
    for (provider, mapper, claims, existing, asked, why) in [
        (&force(), &groups, &overage, None, true, "a new person"),
        (&force(), &groups, &overage, Some(&ids), true, "object ids are stored"),
        (&force(), &groups, &overage, Some(&nothing), true, "nothing is stored"),
        (&force(), &groups, &overage, Some(&names), false, "names are stored"),
        (&once, &groups, &overage, None, true, "it writes when a person is made"),
        (&once, &groups, &overage, Some(&ids), false, "and later no more"),
        (&force(), &other, &overage, None, false, "no mapper reads groups"),
        (&generic, &groups, &overage, None, false, "it is not Entra"),
        (&force(), &groups, &sent, None, false, "they came"),
        (&force(), &groups, &json!({ "hasgroups": true }), None, false, "of another flow"),
    ] {
        let (mappers, claims) = (std::slice::from_ref(mapper), claims.as_object().unwrap());
        assert_eq!(wants_groups_from_graph(provider, mappers, claims, existing), asked, "{why}");
    }
}
