//! A client, a request, a person and keys, for the tests of this crate.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ids::{GrantId, ProofId, SessionId, Slug, UserId};
use jose::{Alg, KeySet, NumericDate, SigningKey, key_set};
use secrets::{Secret, TokenHash};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::authorization::{SessionFacts, Target, target};
use crate::claims::{Holder, OwnKeys, PersonFacts};
use crate::client::{ClientAuthentication, ClientKind};
use crate::code::{Code, Issued};
use crate::{Acr, Client, ClientSettings, Issuer, Parameters, authorization};

/// Now, in seconds and in microseconds since 1970.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const NOW_US: i64 = NOW * 1_000_000;
pub(crate) const CLIENT_ID: &str = "shop";
pub(crate) const REDIRECT_URI: &str = "https://shop.example/callback";
pub(crate) const SECRET: &str = "Zm91ciBiZWFycyB3ZW50IHRvIHRoZSBzZWEgdG8gc2U";
/// Of RFC 7636 B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) fn person() -> UserId {
    "0a0a0a0a-1111-4222-8333-444455556666".parse().unwrap()
}

pub(crate) fn somebody_else() -> UserId {
    "0b0b0b0b-1111-4222-8333-444455556666".parse().unwrap()
}

pub(crate) fn session() -> SessionId {
    "5e551011-1111-4222-8333-444455556666".parse().unwrap()
}

pub(crate) fn grant() -> GrantId {
    "96a9d000-1111-4222-8333-444455556666".parse().unwrap()
}

fn proof() -> ProofId {
    "960f0000-1111-4222-8333-444455556666".parse().unwrap()
}

pub(crate) fn issuer() -> &'static Issuer {
    static ISSUER: LazyLock<Issuer> = LazyLock::new(|| issuer_of("acme"));
    &ISSUER
}

pub(crate) fn issuer_of(tenant: &str) -> Issuer {
    let slug = Slug::try_from(tenant.to_owned()).unwrap();
    Issuer::new("https://cardea.example", &slug).unwrap()
}

fn pkcs8(file: &str) -> Vec<u8> {
    STANDARD.decode(file.replace('\n', "")).unwrap()
}

const RSA: &str = include_str!("../../jose/src/testing/rfc7515-a2.pk8");
const P256: &str = include_str!("../../jose/src/testing/rfc7515-a3.pk8");

/// The tenant's key for RS256: that of RFC 7515 A.2.1.
pub(crate) fn rsa() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        SigningKey::from_pkcs8(Alg::Rs256, &Secret::new(pkcs8(RSA)), None).unwrap()
    });
    &KEY
}

/// The tenant's key for ES256: that of RFC 7515 A.3.1.
pub(crate) fn p256() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        SigningKey::from_pkcs8(Alg::Es256, &Secret::new(pkcs8(P256)), None).unwrap()
    });
    &KEY
}

/// The key of somebody else.
pub(crate) fn strangers() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.as_der().unwrap().as_ref().to_vec();
        SigningKey::from_pkcs8(Alg::Rs256, &Secret::new(der), None).unwrap()
    });
    &KEY
}

/// What verifies the tenant's own tokens.
pub(crate) fn own() -> OwnKeys<'static> {
    static KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(&published()).unwrap());
    OwnKeys { issuer: issuer(), keys: &KEYS }
}

/// The tenant's key set.
pub(crate) fn published() -> Vec<u8> {
    key_set([rsa().to_jwk(), p256().to_jwk()])
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A compact token of any two objects, signed with [`rsa`]'s key by RS256.
pub(crate) fn compact(header: &Value, payload: &Value) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
    let pair = RsaKeyPair::from_pkcs8(&pkcs8(RSA)).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", b64(signature))
}

/// The same, without a signature that anybody's key makes: as `none`, and by HMAC with the public key.
pub(crate) fn confused(payload: &Value, kid: &str, typ: &str) -> Vec<String> {
    use aws_lc_rs::hmac;
    let token = |header: Value| format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
    let mut all = Vec::new();
    for alg in ["none", "None", "NONE", ""] {
        let signed = token(json!({ "alg": alg, "kid": kid, "typ": typ }));
        all.extend([format!("{signed}."), signed.clone(), format!("{signed}.AAAA")]);
    }
    let jwk = serde_json::to_vec(rsa().to_jwk()).unwrap();
    for secret in [published(), jwk, Vec::new(), b"secret".to_vec()] {
        for (alg, how) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
            let signed = token(json!({ "alg": alg, "kid": kid, "typ": typ }));
            let tag = hmac::sign(&hmac::Key::new(how, &secret), signed.as_bytes());
            all.push(format!("{signed}.{}", b64(tag)));
        }
    }
    all
}

/// Headers that would have a token verified by something else than the key that `kid` names.
pub(crate) fn misleading_headers(typ: &str) -> Vec<Value> {
    let good = json!({ "alg": "RS256", "kid": rsa().kid(), "typ": typ });
    let jwk = serde_json::to_value(strangers().to_jwk()).unwrap();
    let mut all: Vec<Value> = [
        ("alg", json!("ES256")),
        ("alg", json!("PS256")),
        ("alg", json!("RS512")),
        ("alg", json!(7)),
        ("alg", Value::Null),
        ("kid", json!(p256().kid())),
        ("kid", json!("../../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("")),
        ("kid", Value::Null),
        ("kid", json!(["a"])),
        ("kid", json!(format!("{}\0", rsa().kid()))),
        ("kid", json!("a".repeat(4096))),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
    ]
    .map(|(name, value)| with(&good, name, value))
    .into();
    // A key that comes along, under its own name.
    for (name, value) in [
        ("jwk", jwk.clone()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
    ] {
        all.push(with(&with(&good, "kid", jwk["kid"].clone()), name, value));
    }
    all
}

/// A web application that keeps a secret.
pub(crate) fn client() -> Client {
    let settings = ClientSettings {
        redirect_uris: vec![REDIRECT_URI.to_owned(), "https://shop.example/other?a=b".to_owned()],
        post_logout_redirect_uris: vec!["https://shop.example/".to_owned()],
        ..ClientSettings::default()
    };
    Client { client_id: CLIENT_ID.to_owned(), name: "Shop".to_owned(), settings }
}

/// The same client, registered in another way.
pub(crate) fn client_with(change: impl FnOnce(&mut ClientSettings)) -> Client {
    let mut client = client();
    change(&mut client.settings);
    client
}

/// A client of a kind that cannot keep a secret.
pub(crate) fn public(kind: ClientKind, redirect_uris: &[&str]) -> Client {
    client_with(|settings| {
        settings.kind = kind;
        settings.authentication = ClientAuthentication::None;
        settings.redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
    })
}

pub(crate) fn service() -> Client {
    client_with(|settings| {
        settings.kind = ClientKind::Service;
        settings.redirect_uris.clear();
        settings.post_logout_redirect_uris.clear();
        settings.mappers.clear();
    })
}

/// A client that signs assertions with [`rsa`]'s key.
pub(crate) fn signing_client() -> Client {
    client_with(|settings| {
        settings.authentication = ClientAuthentication::PrivateKeyJwt;
        settings.jwks = Some(String::from_utf8(published()).unwrap());
    })
}

pub(crate) fn secrets() -> [TokenHash; 2] {
    [TokenHash::of(b"an older one"), TokenHash::of(SECRET.as_bytes())]
}

/// The parameters of an authorization request.
pub(crate) fn asked() -> Vec<(&'static str, String)> {
    [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid profile email"),
        ("state", "af0&ifj=sldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// `parameters`, with these in place of those of the same name; without them where there is no value.
pub(crate) fn and(
    mut parameters: Vec<(&'static str, String)>,
    others: &[(&'static str, Option<&str>)],
) -> Vec<(&'static str, String)> {
    for (name, value) in others {
        parameters.retain(|(other, _)| other != name);
        parameters.extend(value.map(|value| (*name, value.to_owned())));
    }
    parameters
}

pub(crate) fn encoded(parameters: &[(&'static str, String)]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish().into_bytes()
}

pub(crate) fn read(parameters: &[(&'static str, String)]) -> Parameters {
    Parameters::parse(&encoded(parameters)).unwrap()
}

/// A request with these parameters in place of the usual ones.
pub(crate) fn asked_with(others: &[(&'static str, Option<&str>)]) -> Parameters {
    read(&and(asked(), others))
}

/// Where its answer goes.
pub(crate) fn target_of(p: &Parameters, client: &Client) -> Target {
    target(p, Some(client)).unwrap()
}

/// The usual request, with these parameters in place of the usual ones.
pub(crate) fn request_with(
    client: &Client,
    others: &[(&'static str, Option<&str>)],
) -> authorization::Request {
    let p = asked_with(others);
    authorization::request(&p, client, &target_of(&p, client), None).unwrap()
}

pub(crate) fn amr(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| (*method).to_owned()).collect()
}

/// A session that is a minute old.
pub(crate) fn facts(amr: &[String]) -> SessionFacts<'_> {
    SessionFacts {
        person: person(),
        username: "ann",
        email: Some("ann@acme.example"),
        auth_time: NOW_US - 60_000_000,
        amr,
    }
}

/// The code for the usual request.
pub(crate) fn code() -> Code {
    let amr = amr(&["pop", "user", "hwk"]);
    let issued = Issued { facts: facts(&amr), session: session(), sid: session(), proof: proof() };
    Code::new(&request_with(&client(), &[]), &issued, NOW_US).unwrap()
}

pub(crate) fn holder() -> Holder {
    Holder::Person {
        person: person(),
        grant: grant(),
        session: session(),
        auth_time: NumericDate(NOW - 60),
        acr: Acr::HardwareProtected,
        amr: amr(&["pop", "user", "hwk"]),
    }
}

pub(crate) fn attributes() -> BTreeMap<String, Vec<String>> {
    [
        ("group", &["staff", "admins"][..]),
        ("firstName", &["Ann"]),
        ("lastName", &["Berg"]),
        ("phone", &["+47 1"]),
        ("empty", &[]),
    ]
    .map(|(name, values)| (name.to_owned(), amr(values)))
    .into()
}

pub(crate) fn person_facts(attributes: &BTreeMap<String, Vec<String>>) -> PersonFacts<'_> {
    PersonFacts {
        sub: person(),
        username: "ann",
        display_name: Some("Ann Berg"),
        email: Some("ann@acme.example"),
        email_verified: false,
        attributes,
    }
}

/// A copy of `object` in which `name` has another value, or none when it is `null`.
pub(crate) fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    let map = object.as_object_mut().unwrap();
    map.remove(name);
    if !value.is_null() {
        map.insert(name.to_owned(), value);
    }
    object
}
