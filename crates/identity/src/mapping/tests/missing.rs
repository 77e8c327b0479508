use super::*;

fn missing(mappers: &[Mapper], claims: &Value) -> Vec<String> {
    let missing = missing_claims(&force(), mappers, claims.as_object().unwrap());
    missing.into_iter().map(|missing| missing.claim).collect()
}

fn three() -> [Mapper; 3] {
    [("groups", "group"), ("upn", "email"), ("sub", "sub")]
        .map(|(claim, attribute)| importer(SyncOverride::Force, claim, attribute))
}

#[test]
fn each_claim_that_a_mapper_reads_and_that_did_not_come_is_missing() {
    // In the order of their names, however the mappers stand.
    assert_eq!(missing(&three(), &json!({ "sub": "x" })), ["groups", "upn"]);
    assert_eq!(missing(&three(), &json!({ "sub": "x", "upn": "a", "groups": [] })), [""; 0]);
    let template = "${CLAIM.upn}-${CLAIM.address.city}-${ALIAS}".to_owned();
    let template = mapper_of(SyncOverride::Force, MapperKind::UsernameTemplate { template });
    assert_eq!(missing(&[template], &json!({ "address": {} })), ["address.city", "upn"]);
}

#[test]
fn a_claim_is_missing_for_the_next_person_too_when_this_one_exists_already() {
    let mapper = [importer(SyncOverride::Import, "upn", "email")];
    assert_eq!(missing(&mapper, &json!({})), ["upn"]);
}

#[test]
fn groups_that_were_too_many_to_be_sent_are_not_missing() {
    let mapper = [importer(SyncOverride::Force, "groups", "group")];
    assert_eq!(missing(&mapper, &json!({ "hasgroups": true })), [""; 0]);
    assert_eq!(missing(&mapper, &json!({})), ["groups"]);
}

#[test]
fn a_claim_that_two_mappers_read_is_missing_once_and_names_both() {
    let two = ["email", "mail"].map(|attribute| importer(SyncOverride::Force, "upn", attribute));
    let missing = missing_claims(&force(), &two, &Map::new());
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].mappers, ["mapper", "mapper"]);
    assert!(missing[0].hint.as_ref().unwrap().ends_with("→ upn"), "{missing:?}");
    let other = Provider { kind: ProviderKind::Oidc, ..force() };
    assert_eq!(missing_claims(&other, &two, &Map::new())[0].hint, None);
}
