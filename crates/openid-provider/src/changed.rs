//! Good input with something wrong in it, 80,000 times a run: nothing panics, and nothing succeeds that
//! is not what it was.

use jose::NumericDate;
use secrets::Secret;
use serde_json::json;

use crate::authorization::{Answer, Outcome, request, target};
use crate::claims::{AccessToken, IdToken, verify_access_token, verify_id_token_hint};
use crate::client::ClientKind;
use crate::testing::{
    CHALLENGE, CLIENT_ID, NOW, REDIRECT_URI, SECRET, VERIFIER, amr, and, asked, client, code,
    compact, encoded, holder, issuer, own, p256, person, public, rsa, secrets, session,
    signing_client,
};
use crate::token::{ClientCredential, GrantRequest};
use crate::token::{Presented, check, credential, grant_request, redeem};
use crate::{Acr, Client, Name, Parameters, Scope};

/// Changed forms of each seed.
const FORMS: u64 = 10_000;

/// A small generator, so that a failure is repeated by its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap();
        usize::try_from(self.next().checked_rem(limit).unwrap()).unwrap()
    }

    /// What means something somewhere on the way, or anything.
    fn byte(&mut self) -> u8 {
        let meant = b"&=%+#?/\\@:;., \"'.-_~\0\r\n\x7F\xFF0aAzZ";
        let at = self.below(meant.len().saturating_mul(2));
        meant.get(at).copied().unwrap_or_else(|| u8::try_from(self.next() & 0xFF).unwrap())
    }
}

/// `seed`, changed in one to three places.
fn changed(seed: &[u8], number: u64) -> Vec<u8> {
    let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut data = seed.to_vec();
    for _ in 0..=random.below(3) {
        let (at, byte) = (random.below(data.len()), random.byte());
        match random.below(8) {
            0 => data.truncate(at),
            1 | 2 => data.insert(at, byte),
            3 if at < data.len() => drop(data.remove(at)),
            4 => {
                let piece = data[at..].to_vec();
                data.splice(random.below(data.len()).., piece);
            }
            5 if at < data.len() => data[at] ^= 0x20,
            _ if at < data.len() => data[at] = byte,
            _ => data.push(byte),
        }
    }
    data
}

/// Changed forms of `seed`, those left out that are still the same.
fn forms(seed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (1..=FORMS).map(|number| changed(seed, number)).filter(move |form| form != seed)
}

#[test]
fn an_answer_goes_to_a_registered_address_and_a_code_has_its_challenge() {
    let native = public(ClientKind::Native, &["http://127.0.0.1/cb", "com.example.app:/cb"]);
    let native_asks = and(asked(), &[("redirect_uri", Some("http://127.0.0.1:51004/cb"))]);
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"phrh"}}}"#;
    let web_asks = and(asked(), &[("claims", Some(claims)), ("max_age", Some("60"))]);
    for (client, asks) in [(client(), web_asks), (native, native_asks)] {
        for form in forms(&encoded(&asks)) {
            let Ok(p) = Parameters::parse(&form) else { continue };
            let Ok(target) = target(&p, Some(&client)) else { continue };
            let uri = &target.redirect_uri;
            let port = uri.strip_prefix("http://127.0.0.1:").and_then(|it| it.strip_suffix("/cb"));
            let registered = client.settings.redirect_uris.contains(uri)
                || port.is_some_and(|port| port.bytes().all(|digit| digit.is_ascii_digit()));
            assert!(registered && target.client_id == CLIENT_ID, "{uri:?}");
            let Ok(request) = request(&p, &client, &target, None) else { continue };
            assert!(request.code_challenge.is_some_and(|it| it.len() == CHALLENGE.len()));
            let outcome = Outcome::Code(Secret::from("c0de".to_owned()));
            let url = Answer { target: &target, issuer: issuer(), outcome }.redirect_url();
            assert!(url.starts_with(uri.as_str()) && url.is_ascii(), "{url:?}");
        }
    }
}

fn authenticated(presented: &Presented, client: &Client) -> bool {
    check(presented, Some(client), &secrets(), issuer(), NumericDate(NOW)).is_ok()
}

#[test]
fn nobody_is_a_client_without_its_secret() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{SECRET}"));
    let header = format!("Basic {pair}");
    let body =
        format!("client_id={CLIENT_ID}&client_secret={SECRET}&grant_type=client_credentials");
    let nothing = Parameters::parse(b"").unwrap();
    let in_header = forms(header.as_bytes())
        .filter_map(|form| credential(Some(&String::from_utf8(form).ok()?), &nothing).ok());
    let in_body = forms(body.as_bytes())
        .filter_map(|form| credential(None, &Parameters::parse(&form).ok()?).ok());
    for presented in in_header.chain(in_body) {
        let (ClientCredential::Basic(secret) | ClientCredential::Post(secret)) =
            &presented.credential
        else {
            assert!(!authenticated(&presented, &client()), "{presented:?}");
            continue;
        };
        let right = presented.client_id == CLIENT_ID
            && [SECRET.as_bytes(), b"an older one"].contains(&secret.expose());
        assert_eq!(authenticated(&presented, &client()), right, "{presented:?}");
    }
}

#[test]
fn no_changed_assertion_authenticates() {
    let header = json!({ "alg": "RS256", "kid": rsa().kid() });
    let claims = json!({
        "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": issuer().as_str(), "exp": NOW + 60, "jti": "1",
    });
    let client = signing_client();
    let seed = compact(&header, &claims);
    let shown = |text: String| Presented {
        client_id: CLIENT_ID.to_owned(),
        credential: ClientCredential::Assertion(Secret::from(text)),
    };
    assert!(authenticated(&shown(seed.clone()), &client));
    for form in forms(seed.as_bytes()).filter_map(|form| String::from_utf8(form).ok()) {
        assert!(!authenticated(&shown(form.clone()), &client), "{form:?}");
    }
}

#[test]
fn nothing_is_redeemed_with_another_verifier_or_address() {
    let good = [
        ("grant_type", "authorization_code"),
        ("code", "c0de"),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let good: Vec<_> = good.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let (client, code) = (client(), code());
    for form in forms(&encoded(&good)) {
        let Ok(p) = Parameters::parse(&form) else { continue };
        let Ok(GrantRequest::AuthorizationCode { redirect_uri, code_verifier, .. }) =
            grant_request(&p, &client)
        else {
            continue;
        };
        let same = p.get(Name::RedirectUri) == Some(REDIRECT_URI)
            && p.get(Name::CodeVerifier) == Some(VERIFIER);
        let redeemed = redeem(&code, &client, &redirect_uri, code_verifier.as_ref());
        assert_eq!(redeemed.is_ok(), same, "{p:?}");
    }
}

#[test]
fn no_changed_token_of_ours_is_read() {
    let (client, holder, scope) = (client(), holder(), Scope::parse("openid"));
    let (issuer, issued_at) = (issuer(), NumericDate(NOW));
    let random = [0; 16];
    let access =
        AccessToken { issuer, client: &client, holder: &holder, scope: &scope, issued_at, random };
    let access = access.sign(rsa()).unwrap();
    let mut es256 = client.clone();
    es256.settings.signing_alg = jose::Alg::Es256;
    let hint = IdToken {
        issuer,
        client: &es256,
        sub: person(),
        session: session(),
        auth_time: issued_at,
        acr: Acr::PhishingResistant,
        amr: &amr(&["pop"]),
        nonce: None,
        access_token: &access,
        person: &serde_json::Map::new(),
        issued_at,
    };
    let hint = hint.sign(p256()).unwrap();
    assert!(verify_access_token(&own(), access.expose_text().unwrap(), issued_at).is_ok());
    assert!(verify_id_token_hint(&own(), hint.expose_text().unwrap()).is_ok());
    for form in forms(access.expose()).chain(forms(hint.expose())) {
        let Ok(text) = String::from_utf8(form) else { continue };
        assert!(verify_access_token(&own(), &text, issued_at).is_err(), "{text:?}");
        assert!(verify_id_token_hint(&own(), &text).is_err(), "{text:?}");
    }
}
