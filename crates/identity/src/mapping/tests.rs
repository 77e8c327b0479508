use ids::{Alias, MapperId};
use serde_json::json;

use super::*;
use crate::{
    GroupsSent, PersonState, ProviderEndpoints, ProviderKind, Seen, SyncMode, SyncOverride,
};

const NOW: Moment = Moment(1_800_000_000_000_000);

fn provider(sync_mode: SyncMode, groups_sent: GroupsSent) -> Provider {
    Provider {
        alias: Alias::try_from("azure".to_owned()).unwrap(),
        display_name: "Azure".to_owned(),
        kind: ProviderKind::Entra,
        endpoints: ProviderEndpoints {
            discovery: String::new(),
            issuer: String::new(),
            authorization: String::new(),
            token: String::new(),
            jwks: String::new(),
            userinfo: None,
            end_session: None,
        },
        client_id: "client".to_owned(),
        client_secret: None,
        client_secret_expires_at: None,
        sync_mode,
        groups_sent,
        enabled: true,
        hidden: false,
        position: 0,
        seen: Seen::default(),
        created_at: NOW,
    }
}

fn force() -> Provider {
    provider(SyncMode::Force, GroupsSent::Unknown)
}

fn user(number: u128) -> UserId {
    UserId(uuid(number))
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn mapper_of(sync: SyncOverride, kind: MapperKind) -> Mapper {
    Mapper { id: MapperId(uuid(1)), name: "mapper".to_owned(), sync, kind }
}

fn importer(sync: SyncOverride, claim: &str, attribute: &str) -> Mapper {
    let (claim, attribute) = (claim.to_owned(), attribute.to_owned());
    mapper_of(sync, MapperKind::AttributeImporter { claim, attribute })
}

fn template(template: &str) -> Mapper {
    let template = template.to_owned();
    mapper_of(SyncOverride::Force, MapperKind::UsernameTemplate { template })
}

/// Ann, as she was imported yesterday.
fn ann() -> Person {
    let list = |value: &str| vec![value.to_owned()];
    Person {
        id: user(1),
        username: "ann".to_owned(),
        display_name: Some("Ann".to_owned()),
        email: Some("ann@contoso.example".to_owned()),
        email_verified: true,
        attributes: BTreeMap::from([
            ("group".to_owned(), list("old-group")),
            ("city".to_owned(), list("Paris")),
            ("firstName".to_owned(), list("Ann")),
        ]),
        state: PersonState::Enabled,
        administrator: false,
        conflict: None,
        groups_stale: false,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        created_at: NOW,
        last_sign_in_at: None,
        last_upstream_at: None,
    }
}

/// Imports `claims`, besides the `sub` that every token has.
fn run(
    provider: &Provider,
    mappers: &[Mapper],
    claims: Value,
    existing: Option<&Person>,
) -> Imported {
    run_with_owner(provider, mappers, claims, existing, None)
}

fn run_with_owner(
    provider: &Provider,
    mappers: &[Mapper],
    mut claims: Value,
    existing: Option<&Person>,
    email_owner: Option<(&str, UserId)>,
) -> Imported {
    claims["sub"] = json!("pairwise");
    let claims = claims.as_object().unwrap();
    let absent_groups = AbsentGroups::Clear;
    import(&Import { provider, mappers, claims, existing, email_owner, absent_groups, now: NOW })
}

/// The same while an administrator is asked about groups.
fn run_while_asked(
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Value,
    existing: Option<&Person>,
) -> Imported {
    let (claims, absent_groups) = (claims.as_object().unwrap(), AbsentGroups::Keep);
    let email_owner = None;
    import(&Import { provider, mappers, claims, existing, email_owner, absent_groups, now: NOW })
}

fn only_outcome(imported: &Imported) -> &Outcome {
    assert_eq!(imported.reports.len(), 1);
    &imported.reports[0].outcome
}

fn attribute<'a>(imported: &'a Imported, name: &str) -> Option<Vec<&'a str>> {
    imported.attributes.get(name).map(|values| values.iter().map(String::as_str).collect())
}

fn applied(values: &[&str]) -> Outcome {
    Outcome::Applied { values: values.iter().map(|value| (*value).to_owned()).collect() }
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
const MODES: [SyncMode; 2] = [SyncMode::Import, SyncMode::Force];
const OVERRIDES: [SyncOverride; 3] =
    [SyncOverride::Import, SyncOverride::Force, SyncOverride::Inherit];

/// Whether a mapper writes at all: for a new person always, else under Force.
fn writes(sync: SyncOverride, mode: SyncMode, existing: bool) -> bool {
    let inherited = sync == SyncOverride::Inherit && mode == SyncMode::Force;
    !existing || sync == SyncOverride::Force || inherited
}

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
        let from_name = importer(SyncOverride::Force, "name", "firstName");
        let mapped = run(&force(), &[from_name], claims, Some(&ann()));
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

#[test]
fn taken_usernames_get_a_number() {
    assert_eq!(username_with_suffix("ann", 2), "ann-2");
}
