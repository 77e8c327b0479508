//! Each step refuses what it is there for, and what is left passes.

use serde_json::{Value, json};

use super::*;
use crate::device_proof::moment;
use crate::jws::tests::sign_raw;
use crate::keys::tests::new_key;

const NOW: u64 = 1_795_000_000;
const ORIGIN: &str = "https://login.example.com";

/// A server, a device that is enrolled there, and a request that passes.
struct World {
    server: SigningKey,
    device: Thumbprint,
    claims: Value,
}

impl World {
    fn new() -> Self {
        let (server, device) = (new_key(), new_key().public().thumbprint());
        let claims = json!({
            "iss": ORIGIN, "aud": device, "tenant": "acme", "txn": "txn-1", "purpose": "login",
            "origin": ORIGIN, "rpId": "login.example.com", "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "userVerification": "required",
            "allowCredentials": [{"id": "AQID", "type": "public-key", "transports": ["nfc"]}],
            "kinds": ["fido2"], "user": "Ada", "app": "Account",
            "context": {"browser": "Firefox", "os": "Linux"},
            "match": "47", "iat": NOW, "exp": NOW + 120, "jti": "jti-0123456789abc",
        });
        Self { server, device, claims }
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.claims[member] = value;
        self
    }

    fn without(mut self, member: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(member);
        self
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": TYP, "kid": self.server.public().thumbprint()})
    }

    fn verify_raw(&self, request: &str, now: u64) -> Result<VerifiedRequest, RequestError> {
        let enrolled = Enrolled {
            request_keys: &[new_key().public().clone(), self.server.public().clone()],
            origin: ORIGIN,
            tenant: "acme",
            rp_id: "login.example.com",
            device: &self.device,
            purposes: &[Purpose::Login, Purpose::Enrol],
        };
        SignedRequest::verify(request, &enrolled, &|_| false, moment(now))
    }

    fn verify(&self) -> Result<VerifiedRequest, RequestError> {
        self.verify_raw(&sign_raw(&self.header(), &self.claims, &self.server), NOW)
    }

    fn error(&self) -> RequestError {
        self.verify().unwrap_err()
    }
}

fn create() -> Value {
    json!({
        "user": {"id": "AQID", "name": "ada@acme.example", "displayName": "Ada"},
        "excludeCredentials": [], "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "residentKey": "required", "attestation": "direct",
    })
}

#[test]
fn a_request_of_the_enrolled_server_passes() {
    let world = World::new();
    let verified = world.verify().unwrap();
    let claims = verified.claims();
    assert_eq!((claims.user.as_str(), claims.match_code.number()), ("Ada", 47));
    let Ceremony::Get(list) = &claims.ceremony else { panic!("no list") };
    assert_eq!(list.len(), 1);
    // What the server writes is what the protocol says, member by member.
    assert_eq!(serde_json::to_value(claims).unwrap(), world.claims);
    let signed = claims.sign(&world.server).unwrap();
    assert_eq!(world.verify_raw(&signed, NOW).unwrap(), verified);
}

#[test]
fn a_request_for_a_new_credential_passes() {
    let world = World::new().with("purpose", json!("enrol")).without("allowCredentials");
    let world = world.with("create", create());
    let verified = world.verify().unwrap();
    let Ceremony::Create(made) = &verified.claims().ceremony else { panic!("no create") };
    assert_eq!(made.pub_key_cred_params[0].alg, -7);
    assert_eq!(serde_json::to_value(verified.claims()).unwrap(), world.claims);
}

#[test]
fn step_01_refuses_a_key_that_is_not_enrolled() {
    let mut world = World::new();
    let request = sign_raw(&world.header(), &world.claims, &world.server);
    world.server = new_key();
    assert_eq!(world.verify_raw(&request, NOW).unwrap_err(), RequestError::Key);
}

#[test]
fn step_02_refuses_a_signature_of_somebody_else() {
    let world = World::new();
    let request = sign_raw(&world.header(), &world.claims, &new_key());
    assert_eq!(world.verify_raw(&request, NOW).unwrap_err(), RequestError::Signature);
}

#[test]
fn step_02_refuses_changed_claims() {
    let world = World::new();
    let good = sign_raw(&world.header(), &world.claims, &world.server);
    let other = World::new().with("user", json!("Eve"));
    let forged = sign_raw(&world.header(), &other.claims, &new_key());
    let payload = forged.split('.').nth(1).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let spliced = format!("{}.{payload}.{}", parts[0], parts[2]);
    assert_eq!(world.verify_raw(&spliced, NOW).unwrap_err(), RequestError::Signature);
}

#[test]
fn step_03_refuses_another_type_and_another_algorithm() {
    let world = World::new();
    for (member, value) in [("typ", "cardea-proof+jwt"), ("typ", "JWT"), ("alg", "none")] {
        let mut header = world.header();
        header[member] = json!(value);
        let request = sign_raw(&header, &world.claims, &world.server);
        assert_eq!(world.verify_raw(&request, NOW).unwrap_err(), RequestError::Type, "{value}");
    }
}

#[test]
fn step_04_refuses_another_server_and_another_tenant() {
    let world = World::new().with("iss", json!("https://evil.example"));
    assert_eq!(world.error(), RequestError::Issuer);
    let world = World::new().with("tenant", json!("globex"));
    assert_eq!(world.error(), RequestError::Issuer);
}

#[test]
fn step_05_refuses_a_request_for_another_device() {
    let world = World::new().with("aud", json!(new_key().public().thumbprint()));
    assert_eq!(world.error(), RequestError::Audience);
}

#[test]
fn step_06_keeps_the_life_of_a_challenge() {
    let at = |now: u64| {
        let world = World::new();
        let request = sign_raw(&world.header(), &world.claims, &world.server);
        world.verify_raw(&request, now).map(|_| ())
    };
    assert_eq!(at(NOW - 121), Err(RequestError::Expiry));
    assert_eq!(at(NOW - 120), Ok(()));
    assert_eq!(at(NOW + 239), Ok(()));
    assert_eq!(at(NOW + 240), Err(RequestError::Expiry));
    for exp in [NOW - 1, NOW, NOW + 121, u64::MAX] {
        assert_eq!(World::new().with("exp", json!(exp)).error(), RequestError::Expiry, "{exp}");
    }
}

#[test]
fn step_07_refuses_a_request_that_was_used_before() {
    let world = World::new();
    let request = sign_raw(&world.header(), &world.claims, &world.server);
    let keys = [world.server.public().clone()];
    let enrolled = Enrolled {
        request_keys: &keys,
        origin: ORIGIN,
        tenant: "acme",
        rp_id: "login.example.com",
        device: &world.device,
        purposes: &[Purpose::Login],
    };
    let used = |jti: &Jti| jti.as_str() == "jti-0123456789abc";
    let result = SignedRequest::verify(&request, &enrolled, &used, moment(NOW));
    assert_eq!(result.unwrap_err(), RequestError::Used);
}

#[test]
fn step_08_refuses_another_origin_and_another_rp_id() {
    for (member, value) in [
        ("origin", "https://www.login.example.com"),
        ("origin", "http://login.example.com"),
        ("origin", "https://login.example.com:8443"),
        ("rpId", "example.com"),
        ("rpId", "evil.example"),
    ] {
        let world = World::new().with(member, json!(value));
        assert_eq!(world.error(), RequestError::Origin, "{member} {value}");
    }
}

#[test]
fn step_08_refuses_an_enrolled_rp_id_that_does_not_fit_its_origin() {
    let world = World::new().with("rpId", json!("bank.example"));
    let request = sign_raw(&world.header(), &world.claims, &world.server);
    let keys = [world.server.public().clone()];
    let enrolled = Enrolled {
        request_keys: &keys,
        origin: ORIGIN,
        tenant: "acme",
        rp_id: "bank.example",
        device: &world.device,
        purposes: &[Purpose::Login],
    };
    let result = SignedRequest::verify(&request, &enrolled, &|_| false, moment(NOW));
    assert_eq!(result.unwrap_err(), RequestError::Origin);
}

#[test]
fn step_09_refuses_a_purpose_that_is_not_allowed_or_has_the_wrong_ceremony() {
    assert_eq!(World::new().with("purpose", json!("step-up")).error(), RequestError::Purpose);
    let unknown = World::new().with("purpose", json!("tap-in"));
    assert_eq!(unknown.error(), RequestError::Malformed(Malformed));
    assert_eq!(World::new().with("purpose", json!("enrol")).error(), RequestError::Purpose);
    let world = World::new().without("allowCredentials").with("create", create());
    assert_eq!(world.error(), RequestError::Purpose);
}

#[test]
fn a_request_has_exactly_one_ceremony_and_a_bounded_list() {
    let malformed = RequestError::Malformed(Malformed);
    assert_eq!(World::new().without("allowCredentials").error(), malformed);
    assert_eq!(World::new().with("create", create()).error(), malformed);
    let list = vec![json!({"id": "AQID", "type": "public-key"}); 65];
    assert_eq!(World::new().with("allowCredentials", json!(list)).error(), malformed);
}

#[test]
fn a_request_without_one_of_its_members_is_malformed() {
    for member in [
        "iss",
        "aud",
        "tenant",
        "txn",
        "purpose",
        "origin",
        "rpId",
        "challenge",
        "kinds",
        "user",
        "app",
        "match",
        "iat",
        "exp",
        "jti",
        "userVerification",
    ] {
        let error = World::new().without(member).error();
        assert_eq!(error, RequestError::Malformed(Malformed), "{member}");
    }
}

#[test]
fn an_unknown_member_is_no_error() {
    assert!(World::new().with("later", json!({"v": 2})).verify().is_ok());
}
