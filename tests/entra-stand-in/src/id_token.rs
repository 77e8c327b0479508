//! v2.0 ID tokens (<https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference>).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::chance;
use crate::faults::{self, IdTokenFault, Pending, Signature};
use crate::keys::Key;
use crate::model::{App, GroupsClaim, OptionalClaim, User};
use crate::world::{Code, Shared, World};

/// Entra dates its tokens back by five minutes.
const BACKDATED: i64 = 300;
/// Seconds from issue to `exp`.
const LIFETIME: i64 = 3600;
/// Above this many groups there is no `groups` claim in a JWT.
const MOST_GROUPS: usize = 200;

/// Issues the ID token for a redeemed code.
pub(crate) fn issue(shared: &Shared, world: &mut World, code: &Code) -> Option<String> {
    let claims = {
        let app = world.apps.get(&code.request.client_id)?;
        let user = world.users.get(&code.user)?;
        claims(shared, world, app, user, code)
    };
    let fault = Pending::next(&mut world.id_token_faults, |_| true).unwrap_or_default();
    Some(seal(world, claims, &fault))
}

/// Signs these claims, spoilt as a test wants them.
pub(crate) fn seal(world: &World, mut claims: Map<String, Value>, fault: &IdTokenFault) -> String {
    for (name, seconds) in &fault.shift {
        if let Some(moved) =
            claims.get(name).and_then(Value::as_i64).map(|at| at.saturating_add(*seconds))
        {
            claims.insert(name.clone(), moved.into());
        }
    }
    let mut claims = Value::Object(claims);
    faults::merge(&mut claims, &Value::Object(fault.claims.clone()));
    sign(world.keys.active(), &claims, fault)
}

fn claims(
    shared: &Shared,
    world: &World,
    app: &App,
    user: &User,
    code: &Code,
) -> Map<String, Value> {
    let issued_at = shared.clock.now().saturating_sub(BACKDATED);
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    set("aud", json!(app.client_id));
    set("iss", json!(shared.issuer(user.directory)));
    set("iat", json!(issued_at));
    set("nbf", json!(issued_at));
    set("exp", json!(shared.clock.now().saturating_add(LIFETIME)));
    set("tid", json!(user.directory));
    set("sub", json!(pairwise(world, app.client_id, user.id)));
    set("ver", json!("2.0"));
    set("rh", json!(format!("1.A{}.", chance::token(33))));
    set("uti", json!(chance::token(16)));
    if let Some(nonce) = &code.request.nonce {
        set("nonce", json!(nonce));
    }
    if let Some(home) = user.guest_of.and_then(|home| world.users.get(&home)) {
        set("idp", json!(format!("https://sts.windows.net/{}/", home.directory)));
    }
    claims.extend(profile(world, user, code));
    claims.extend(email(app, user, code));
    claims.extend(optional(app, user, code));
    claims.extend(groups(world, app, user));
    claims
}

/// `sub`: the same for one person at one application, and never the same at two.
pub(crate) fn pairwise(world: &World, client_id: Uuid, user: Uuid) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &world.pairwise_secret);
    let subject = [*client_id.as_bytes(), *user.as_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, &subject))
}

/// What the scope `profile` brings.
fn profile(world: &World, user: &User, code: &Code) -> Vec<(String, Value)> {
    if !code.request.scopes.contains("profile") {
        return Vec::new();
    }
    let home = user.guest_of.and_then(|home| world.users.get(&home)).unwrap_or(user);
    vec![
        ("oid".to_owned(), json!(user.id)),
        ("name".to_owned(), json!(user.display_name)),
        ("preferred_username".to_owned(), json!(home.user_principal_name)),
    ]
}

/// `email`: of guests always, of members where asked for, and only where there is a mailbox.
fn email(app: &App, user: &User, code: &Code) -> Option<(String, Value)> {
    let wanted = user.guest_of.is_some()
        || code.request.scopes.contains("email")
        || app.optional_claims.contains(&OptionalClaim::Email);
    wanted.then_some(())?;
    user.mail.as_ref().map(|mail| ("email".to_owned(), json!(mail)))
}

fn optional(app: &App, user: &User, code: &Code) -> Vec<(String, Value)> {
    let with_profile = code.request.scopes.contains("profile");
    let value = |claim: &OptionalClaim| match claim {
        OptionalClaim::Acct => Some(("acct", json!(u8::from(user.guest_of.is_some())))),
        OptionalClaim::AuthTime => Some(("auth_time", json!(code.auth_time))),
        OptionalClaim::Email => None,
        OptionalClaim::FamilyName => with_profile.then(|| ("family_name", json!(user.family_name))),
        OptionalClaim::GivenName => with_profile.then(|| ("given_name", json!(user.given_name))),
        OptionalClaim::LoginHint => Some(("login_hint", json!(login_hint(user)))),
        OptionalClaim::Sid => Some(("sid", json!(code.sid))),
        OptionalClaim::Upn if user.guest_of.is_some() => None,
        OptionalClaim::Upn | OptionalClaim::UpnOfGuests => {
            with_profile.then(|| ("upn", json!(user.user_principal_name)))
        }
    };
    let claims = app.optional_claims.iter().filter_map(value);
    claims.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The opaque name by which `logout_hint` finds an account.
pub(crate) fn login_hint(user: &User) -> String {
    let home = user.guest_of.unwrap_or(user.id);
    format!("O.{}", BASE64_URL_SAFE_NO_PAD.encode(home.as_bytes()))
}

/// `groups`; above 200 only a pointer to where they can be had; with none, no claim at all.
fn groups(world: &World, app: &App, user: &User) -> Vec<(String, Value)> {
    let groups = groups_of(world, user, app.groups_claim);
    match groups.len() {
        0 => Vec::new(),
        1..=MOST_GROUPS => vec![("groups".to_owned(), json!(groups))],
        _ => {
            // The real ones still name this host, long after it went away: it is not meant to be called.
            let graph = format!(
                "https://graph.windows.net/{}/users/{}/getMemberObjects",
                user.directory, user.id
            );
            vec![
                ("_claim_names".to_owned(), json!({"groups": "src1"})),
                ("_claim_sources".to_owned(), json!({"src1": {"endpoint": graph}})),
            ]
        }
    }
}

/// The object IDs of a person's groups of these kinds.
pub(crate) fn groups_of(world: &World, user: &User, kinds: GroupsClaim) -> Vec<Uuid> {
    let wanted = world.memberships(user).filter(|group| kinds.includes(group.kind));
    wanted.map(|group| group.id).collect()
}

fn sign(active: &Key, claims: &Value, fault: &IdTokenFault) -> String {
    let alg = match fault.signature {
        Signature::None => "none",
        Signature::Hs256 => "HS256",
        Signature::Proper | Signature::ForeignKey | Signature::Broken => "RS256",
    };
    let mut header = json!({"typ": "JWT", "alg": alg, "kid": active.kid});
    faults::merge(&mut header, &Value::Object(fault.header.clone()));
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = match fault.signature {
        Signature::Proper => active.sign(message.as_bytes()),
        Signature::ForeignKey => Key::generate().sign(message.as_bytes()),
        Signature::Broken => {
            let mut signature = active.sign(message.as_bytes());
            signature.iter_mut().skip(100).take(1).for_each(|byte| *byte ^= 1);
            signature
        }
        Signature::None => Vec::new(),
        Signature::Hs256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, active.public_key());
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        }
    };
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
