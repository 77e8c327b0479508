use serde_json::json;

use super::*;
use crate::testing::{REDIRECT_URI, attributes, client, client_with, public, service};

#[test]
fn settings_are_kept_as_they_are() {
    let settings = client_with(|settings| {
        settings.signing_alg = Alg::Es256;
        settings.card = CardRule::WithinMinutes(5);
        settings.allowed_groups = vec!["staff".to_owned()];
    })
    .settings;
    let kept = serde_json::to_value(&settings).unwrap();
    assert_eq!(kept["signing_alg"], json!("ES256"));
    assert_eq!(kept["card"], json!({ "within-minutes": 5 }));
    assert_eq!(serde_json::from_value::<ClientSettings>(kept).unwrap(), settings);
}

#[test]
fn what_is_not_there_has_its_default_and_what_is_unknown_is_refused() {
    let read = |value| serde_json::from_value::<ClientSettings>(value).ok();
    assert_eq!(read(json!({})), Some(ClientSettings::default()));
    for bad in [
        json!({ "redirect_uri": [] }),
        json!({ "kind": "browser" }),
        json!({ "signing_alg": "none" }),
        json!({ "signing_alg": "HS256" }),
        json!({ "authentication": "client_secret_jwt" }),
        json!({ "card": "never" }),
        json!({ "mappers": [{ "attribute": "a" }] }),
    ] {
        assert_eq!(read(bad.clone()), None, "{bad}");
    }
}

#[test]
fn people_of_the_allowed_groups_may_sign_in() {
    let admits = |groups: &[&str]| {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        client_with(|settings| settings.allowed_groups = groups).settings.admits(&attributes())
    };
    assert!(admits(&[]) && admits(&["staff"]) && admits(&["other", "admins"]));
    assert!(!admits(&["other"]) && !admits(&["Staff"]) && !admits(&["staf"]) && !admits(&[""]));
    let limited = client_with(|settings| settings.allowed_groups = vec!["staff".to_owned()]);
    assert!(!limited.settings.admits(&BTreeMap::new()));
}

#[test]
fn a_secret_is_shown_once_and_its_hash_is_kept() {
    let (secret, hash) = new_secret([7; 32]);
    assert_eq!(secret.expose().len(), 43);
    assert!(hash.matches(&TokenHash::of(secret.expose())));
    assert!(!hash.matches(&new_secret([8; 32]).1));
    assert!(secret.expose().iter().all(|byte| is_client_id(&char::from(*byte).to_string())));
}

#[test]
fn who_keeps_a_secret_may_be_excused_from_pkce() {
    let excused = |mut client: Client| {
        client.settings.without_pkce = true;
        !client.settings.needs_pkce()
    };
    assert!(client().settings.needs_pkce());
    assert!(excused(client()) && excused(service()));
    for kind in [ClientKind::Web, ClientKind::SinglePage, ClientKind::Native, ClientKind::Service] {
        assert!(!excused(public(kind, &[REDIRECT_URI])), "{kind:?}");
    }
    // A secret on a device is none, whatever is registered.
    let mut native = public(ClientKind::Native, &[REDIRECT_URI]);
    native.settings.authentication = ClientAuthentication::ClientSecret;
    assert!(!native.settings.keeps_a_secret() && !excused(native));
}
