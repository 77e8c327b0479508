mod attributes;
mod fields;
mod groups;
mod missing;
mod usernames;

use ids::{Alias, MapperId};
use serde_json::json;

use super::*;
use crate::{
    GroupsSent, PersonState, ProviderEndpoints, ProviderKind, Seen, SyncMode, SyncOverride,
};

const NOW: Moment = Moment(1_800_000_000_000_000);

const MODES: [SyncMode; 2] = [SyncMode::Import, SyncMode::Force];
const OVERRIDES: [SyncOverride; 3] =
    [SyncOverride::Import, SyncOverride::Force, SyncOverride::Inherit];

/// Whether a mapper writes at all: for a new person always, else under Force.
fn writes(sync: SyncOverride, mode: SyncMode, existing: bool) -> bool {
    let inherited = sync == SyncOverride::Inherit && mode == SyncMode::Force;
    !existing || sync == SyncOverride::Force || inherited
}

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
