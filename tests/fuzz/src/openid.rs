use std::sync::LazyLock;

use ids::Slug;
use jose::{Alg, KeySet, NumericDate, SigningKey, key_set};
use openid_provider::authorization::{self, Answer, Outcome};
use openid_provider::claims::{OwnKeys, verify_access_token, verify_id_token_hint};
use openid_provider::client::{ClientAuthentication, ClientKind};
use openid_provider::token::{self, ClientCredential, GrantRequest};
use openid_provider::{Client, ClientSettings, Issuer, Parameters, bearer, logout, par};
use secrets::{Secret, TokenHash};

use crate::certificate::NOW;
use crate::frames::frames;

/// The one secret of clients that have one.
const SECRET: &str = "Zm91ciBiZWFycyB3ZW50IHRvIHRoZSBzZWEgdG8gc2U";

/// How far what an application sends has come.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four messages, each of which arrives or does not"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// The browser brings a request that is served.
    pub asked: bool,
    /// The application has shown who it is.
    pub authenticated: bool,
    /// It asks the token endpoint for something that it may.
    pub granted: bool,
    /// It brings a token of ours.
    pub brought: bool,
}

/// The key of the tenant in all inputs, and of the client that signs.
pub fn key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        let der = Secret::new(include_bytes!("openid/key.pk8").to_vec());
        SigningKey::from_pkcs8(Alg::Es256, &der, None).unwrap()
    });
    &KEY
}

/// The tenant's issuer.
pub fn issuer() -> &'static Issuer {
    static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
        let slug = Slug::try_from("acme".to_owned()).unwrap();
        Issuer::new("https://cardea.example", &slug).unwrap()
    });
    &ISSUER
}

/// The client, as it is registered in inputs of this kind.
fn shop(how: u8) -> Client {
    let (kind, authentication) = match how & 3 {
        0 => (ClientKind::Web, ClientAuthentication::ClientSecret),
        1 => (ClientKind::Native, ClientAuthentication::None),
        2 => (ClientKind::Service, ClientAuthentication::ClientSecret),
        _ => (ClientKind::Web, ClientAuthentication::PrivateKeyJwt),
    };
    let uris: &[&str] = match kind {
        ClientKind::Native => &["http://127.0.0.1/cb", "com.example.app:/cb"],
        ClientKind::Service => &[],
        _ => &["https://shop.example/callback"],
    };
    let jwks = String::from_utf8(key_set([key().to_jwk()])).unwrap();
    let settings = ClientSettings {
        kind,
        authentication,
        redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        post_logout_redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        jwks: (authentication == ClientAuthentication::PrivateKeyJwt).then_some(jwks),
        offline_access: kind == ClientKind::Native,
        ..ClientSettings::default()
    };
    settings.check().unwrap();
    Client { client_id: "shop".to_owned(), name: "Shop".to_owned(), settings }
}

/// Takes what applications and their browsers may send, however wrong.
pub fn openid(data: &[u8]) {
    served(data);
}

/// What a browser brings to the authorization endpoint; what an application posts to the token endpoint
/// and in which header; what it brings to userinfo. By the first byte: bits 0 and 1, `shop`; bit 2,
/// the claims of an assertion come next, which [`key`] signs in place of the body's; bit 3, those of a
/// token come next, which [`key`] signs in place of the header's.
pub fn served(data: &[u8]) -> Served {
    let Some((how, rest)) = data.split_first() else { return Served::default() };
    let mut frames = frames(rest).into_iter();
    let mut next = || frames.next().unwrap_or_default();
    let (browser, body, header, token) = (next(), next(), next(), next());
    let mut signed = |bit: u8, typ| {
        let token = (how & bit != 0).then(|| key().sign(typ, next()).ok()).flatten();
        token.and_then(|token| token.expose_text().map(str::to_owned))
    };
    let (assertion, own) = (signed(4, "JWT"), signed(8, "at+jwt"));

    let client = shop(*how);
    let header = str::from_utf8(header).ok().filter(|header| !header.is_empty());
    let mut served = Served { asked: asked(browser, &client), ..Served::default() };
    if let Ok(p) = Parameters::parse(body) {
        served.authenticated = authenticated(header, &p, assertion, &client);
        served.granted = granted(&p, &client);
    }
    let brings = own.map(|token| format!("Bearer {token}"));
    let brings = brings.or_else(|| str::from_utf8(token).ok().map(str::to_owned));
    served.brought = brings.is_some_and(|header| brought(&header));
    served
}

fn asked(query: &[u8], client: &Client) -> bool {
    let Ok(p) = Parameters::parse(query) else { return false };
    let left = logout::request(&p);
    if let Ok(Some(destination)) = left.destination(Some(client)) {
        assert!(client.settings.post_logout_redirect_uris.contains(&destination.uri));
    }
    let hint = left.id_token_hint.as_ref().and_then(Secret::expose_text);
    let hint = hint.and_then(|hint| verify_id_token_hint(&own_keys(), hint).ok());
    assert!(par::sealed(&p).is_none_or(|sealed| !sealed.contains("urn:ietf:params:oauth")));
    let Ok(target) = authorization::target(&p, Some(client)) else { return false };
    assert!(is_registered(&target.redirect_uri, client), "{target:?}");
    let Ok(request) = authorization::request(&p, client, &target, hint.as_ref()) else {
        return false;
    };
    assert!(request.code_challenge.is_some(), "without PKCE");
    assert_eq!(request.target(), target);
    let kept = serde_json::to_vec(&request).unwrap();
    assert_eq!(serde_json::from_slice::<authorization::Request>(&kept).unwrap(), request);
    let outcome = Outcome::Code(Secret::new(b"c0de".to_vec()));
    let url = Answer { target: &target, issuer: issuer(), outcome }.redirect_url();
    assert!(
        url.starts_with(&*target.redirect_uri) && url.bytes().all(|byte| byte.is_ascii_graphic())
    );
    true
}

/// In words of this test's own: to the character, but for the port of the native client.
fn is_registered(uri: &str, client: &Client) -> bool {
    let port = uri.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/cb"));
    let loopback = client.settings.kind == ClientKind::Native
        && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    loopback || client.settings.redirect_uris.iter().any(|known| known == uri)
}

fn authenticated(
    header: Option<&str>,
    p: &Parameters,
    signed: Option<String>,
    client: &Client,
) -> bool {
    let Ok(mut presented) = token::credential(header, p) else { return false };
    if let Some(signed) = signed {
        presented.credential = ClientCredential::Assertion(signed.into());
    }
    let secrets = [TokenHash::of(SECRET.as_bytes())];
    let now = NumericDate(NOW);
    let unknown = token::check(&presented, None, &secrets, issuer(), now).map(|_| ()).unwrap_err();
    match token::check(&presented, Some(client), &secrets, issuer(), now) {
        Ok(authenticated) => {
            assert_eq!(presented.client_id, client.client_id);
            let spent = authenticated.assertion;
            let signs = client.settings.authentication == ClientAuthentication::PrivateKeyJwt;
            assert_eq!(spent.is_some(), signs, "{presented:?}");
            assert!(spent.is_none_or(|spent| (NOW..=NOW + 600).contains(&spent.until.0)));
            true
        }
        Err(error) => {
            assert_eq!(error.to_json(), unknown.to_json(), "tells who is known");
            false
        }
    }
}

fn granted(p: &Parameters, client: &Client) -> bool {
    match token::grant_request(p, client) {
        Ok(GrantRequest::AuthorizationCode { .. }) => {
            assert_ne!(client.settings.kind, ClientKind::Service);
            true
        }
        Ok(GrantRequest::RefreshToken { .. }) => {
            assert!(client.settings.offline_access);
            true
        }
        Ok(GrantRequest::ClientCredentials { scope }) => {
            assert!(scope.is_empty() && client.settings.keeps_a_secret());
            true
        }
        Err(error) => {
            assert!(error.status() < 500, "{error}");
            false
        }
    }
}

fn brought(header: &str) -> bool {
    let Ok(token) = bearer::presented(Some(header), None) else { return false };
    let text = token.expose_text().unwrap();
    let Ok(claims) = verify_access_token(&own_keys(), text, NumericDate(NOW)) else {
        return false;
    };
    assert!(claims.expires_at > NumericDate(NOW));
    assert!(verify_id_token_hint(&own_keys(), text).is_err(), "a hint, too");
    true
}

fn own_keys() -> OwnKeys<'static> {
    static KEYS: LazyLock<KeySet> =
        LazyLock::new(|| KeySet::parse(&key_set([key().to_jwk()])).unwrap());
    OwnKeys { issuer: issuer(), keys: &KEYS }
}
