use std::sync::LazyLock;

use entra_eam::hint::{self, Expected};
use entra_eam::{
    Answer, Cloud, Connection, Credential, Demand, Form, Hint, IdToken, Issuer, Outcome,
};
use ids::Slug;
use jose::{Alg, Compact, KeySet, NumericDate, SigningKey};
use secrets::Secret;

use crate::certificate::NOW;
use crate::frames::frames;

/// The directory that the connection serves.
pub const DIRECTORY: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
/// Its `client_id`, and App ID too.
pub const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

/// How far a request has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// There is somebody to answer, who asks for something that is served.
    pub understood: bool,
    /// The hint is good.
    pub vouched: bool,
    /// A tap could be answered.
    pub answerable: bool,
}

/// The key of Entra in all inputs, and our own: a token of the one is a token of the other here.
pub fn key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        let der = Secret::new(include_bytes!("eam/key.pk8").to_vec());
        SigningKey::from_pkcs8(Alg::Rs256, &der, None).unwrap()
    });
    &KEY
}

/// Takes what a stranger may post in Entra's name, however wrong.
pub fn eam(data: &[u8]) {
    asked(data);
}

/// A form and a key set. By the first byte: bit 0, the hint's claims come next, and [`key`] signs
/// them in place of the form's hint; bit 1, what is demanded comes next, in place of the form's.
pub fn asked(data: &[u8]) -> Asked {
    let Some((how, rest)) = data.split_first() else { return Asked::default() };
    let mut frames = frames(rest).into_iter();
    let mut next = || frames.next().unwrap_or_default();
    let (body, keys) = (next(), next());
    let signed = (how & 1 != 0).then(|| key().sign("JWT", next()).ok()).flatten();
    let demanded = (how & 2 != 0).then(&mut next);

    let mut asked = Asked::default();
    let Ok(form) = Form::parse(body) else { return asked };
    let connection = connection();
    let addressee = form.addressee(&Cloud::microsoft(), Some(&connection)).ok();
    let request = form.request().ok();
    asked.understood = addressee.is_some() && request.is_some();

    let hint = signed.or_else(|| Some(request.as_ref()?.id_token_hint.clone()));
    let hint = hint.and_then(|hint| vouched(&hint, keys, &connection));
    asked.vouched = hint.is_some();
    let of_form = request.as_ref().and_then(|request| request.claims.as_deref());
    let claims = demanded.map_or(of_form, |claims| str::from_utf8(claims).ok());
    let demand = Demand::parse(claims).ok();
    asked.answerable = demand.is_some();
    if let (Some(addressee), Some(request), Some(hint), Some(demand)) =
        (addressee, request, hint, demand)
    {
        let token = token(&hint, request.nonce.as_deref(), &demand);
        let state = addressee.state.clone();
        let answer = Answer { addressee, outcome: Outcome::IdToken(token) };
        let echoed = answer.fields().into_iter().find(|(name, _)| *name == "state");
        assert_eq!(echoed.map(|(_, value)| value), state.as_deref());
        let clouds = Cloud::microsoft();
        let address = &answer.addressee.return_address;
        assert_eq!(address, clouds[0].return_address(), "another cloud");
    }
    asked
}

fn connection() -> Connection {
    Connection {
        client_id: CLIENT_ID.to_owned(),
        app_id: CLIENT_ID.to_owned(),
        authority: "https://login.microsoftonline.com".to_owned(),
        directories: vec![DIRECTORY.to_owned()],
    }
}

fn vouched(compact: &Secret, keys: &[u8], connection: &Connection) -> Option<Hint> {
    let directories = &connection.directories;
    let asked_of = hint::directory_to_ask_keys_of(compact, directories);
    let keys = KeySet::parse(keys).ok()?;
    let hint =
        hint::verify(compact, &keys, &Expected { connection, now: NumericDate(NOW) }).ok()?;
    assert_eq!(asked_of, Some(DIRECTORY), "verified, and keys of another directory asked for");
    assert_eq!(hint.tid, DIRECTORY);
    assert_eq!(ids::guid::parse(&hint.oid).as_deref(), Some(&*hint.oid), "not the canonical form");
    assert!((NOW - hint::MAX_AGE..=NOW + hint::LEEWAY).contains(&hint.iat.0), "not of now");
    assert!((1..=255).contains(&hint.sub.len()) && compact.expose().len() <= hint::MAX_HINT);
    Some(hint)
}

/// What is said of a tap with the first credential that does.
fn token(hint: &Hint, nonce: Option<&str>, demand: &Demand) -> Secret {
    let kept = Demand::parse(Some(&demand.to_claims()));
    assert_eq!(kept.as_ref(), Ok(demand), "kept as something else");
    let mut choices = Credential::ALL.iter().filter_map(|any| demand.choose(*any).ok());
    let choice = choices.next().expect("a demand that something meets");
    assert!(choice.acr.as_str().contains("possession"), "{choice:?}");
    let slug = Slug::try_from("acme".to_owned()).unwrap();
    let token = IdToken {
        issuer: &Issuer::new("https://cardea.example", &slug).unwrap(),
        client_id: CLIENT_ID,
        sub: &hint.sub,
        nonce,
        choice,
        proved_at: NumericDate(NOW),
    };
    let token = token.sign(key()).unwrap();
    let payload = Compact::split(token.expose_text().unwrap()).unwrap().unverified_payload();
    let payload: serde_json::Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    assert_eq!((payload["sub"].as_str(), payload["nonce"].as_str()), (Some(&*hint.sub), nonce));
    token
}
