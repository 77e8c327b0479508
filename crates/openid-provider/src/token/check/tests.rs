use serde_json::json;

use super::*;
use crate::client::ClientKind;
use crate::testing::{
    CLIENT_ID, NOW, REDIRECT_URI, SECRET, client, compact, issuer, public, rsa, secrets,
    signing_client,
};

fn shown(client_id: &str, credential: ClientCredential) -> Presented {
    Presented { client_id: client_id.to_owned(), credential }
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn checked(
    presented: &Presented,
    client: Option<&Client>,
    secrets: &[TokenHash],
) -> Result<bool, TokenError> {
    let authenticated = check(presented, client, secrets, issuer(), NumericDate(NOW))?;
    Ok(authenticated.assertion.is_some())
}

#[test]
fn each_secret_of_a_client_counts_in_the_header_and_in_the_body() {
    for text in ["an older one", SECRET] {
        for credential in [ClientCredential::Basic, ClientCredential::Post] {
            let presented = shown(CLIENT_ID, credential(secret(text)));
            assert_eq!(checked(&presented, Some(&client()), &secrets()), Ok(false));
        }
    }
}

#[test]
fn a_wrong_secret_is_refused() {
    let short = &SECRET[..42];
    let long = format!("{SECRET}a");
    for bad in ["", "a", short, &long, &SECRET.to_lowercase(), "an older one ", "\0"] {
        let presented = shown(CLIENT_ID, ClientCredential::Basic(secret(bad)));
        let refused = checked(&presented, Some(&client()), &secrets());
        assert_eq!(refused, Err(TokenError::Secret), "{bad}");
    }
    let presented = shown(CLIENT_ID, ClientCredential::Post(secret(SECRET)));
    assert_eq!(checked(&presented, Some(&client()), &[]), Err(TokenError::Secret));
    // What is kept is no secret.
    let hash = String::from_utf8_lossy(secrets()[1].as_bytes()).into_owned();
    let presented = shown(CLIENT_ID, ClientCredential::Post(secret(&hash)));
    assert_eq!(checked(&presented, Some(&client()), &secrets()), Err(TokenError::Secret));
}

#[test]
fn an_unknown_client_is_told_what_a_wrong_secret_is_told() {
    let presented = shown(CLIENT_ID, ClientCredential::Post(secret(SECRET)));
    let unknown = checked(&presented, None, &secrets()).unwrap_err();
    assert_eq!(unknown, TokenError::UnknownClient);
    let other = shown("other", ClientCredential::Post(secret(SECRET)));
    assert_eq!(checked(&other, Some(&client()), &secrets()), Err(TokenError::UnknownClient));
    let wrong = shown(CLIENT_ID, ClientCredential::Post(secret("a")));
    let wrong = checked(&wrong, Some(&client()), &secrets()).unwrap_err();
    let none = shown(CLIENT_ID, ClientCredential::None);
    let none = checked(&none, Some(&client()), &secrets()).unwrap_err();
    for refused in [wrong, none] {
        assert_ne!(refused, unknown);
        assert_eq!(refused.to_json(), unknown.to_json());
        assert_eq!(refused.status(), unknown.status());
    }
}

/// What is done is counted, for a clock would tell of the machine.
#[test]
fn as_many_hashes_are_compared_for_whoever_calls() {
    let app = public(ClientKind::Native, &[REDIRECT_URI]);
    let (client, one, all) = (client(), &secrets()[..1], &secrets()[..]);
    for (who, text, registered, kept) in [
        ("nobody", SECRET, None, &[][..]),
        ("nobody, of whom secrets are kept", SECRET, None, all),
        ("who has no secret", SECRET, Some(&client), &[]),
        ("who has one", "a", Some(&client), one),
        ("who has two", "a", Some(&client), all),
        ("who shows the first", "an older one", Some(&client), all),
        ("who shows the last", SECRET, Some(&client), all),
        ("who shows itself in another way", SECRET, Some(&app), &[]),
    ] {
        for credential in [ClientCredential::Basic, ClientCredential::Post] {
            let presented = shown(CLIENT_ID, credential(secret(text)));
            let compared = core::cell::Cell::new(0);
            let counts = |known: &TokenHash, hash: &TokenHash| {
                compared.set(compared.get() + 1);
                known.matches(hash)
            };
            let now = NumericDate(NOW);
            let checked = check_by(&presented, registered, kept, issuer(), now, counts);
            let known = checked.is_ok();
            assert_eq!(compared.get(), MAX_SECRETS, "{who}");
            assert_eq!(known, who.contains("shows the"), "{who}");
        }
    }
}

#[test]
fn a_client_shows_itself_in_the_way_that_it_is_registered_with_alone() {
    let app = public(ClientKind::Native, &[REDIRECT_URI]);
    let assertion = || ClientCredential::Assertion(Secret::from(assertion()));
    let basic = || ClientCredential::Basic(secret(SECRET));
    let post = || ClientCredential::Post(secret(SECRET));
    let none = || ClientCredential::None;
    for (client, credential, expected) in [
        (client(), none(), Err(TokenError::OtherWay)),
        (client(), assertion(), Err(TokenError::OtherWay)),
        (app.clone(), none(), Ok(false)),
        (app.clone(), basic(), Err(TokenError::OtherWay)),
        (app.clone(), post(), Err(TokenError::OtherWay)),
        (app, assertion(), Err(TokenError::OtherWay)),
        (signing_client(), none(), Err(TokenError::OtherWay)),
        (signing_client(), basic(), Err(TokenError::OtherWay)),
        (signing_client(), post(), Err(TokenError::OtherWay)),
        (signing_client(), assertion(), Ok(true)),
    ] {
        let kind = client.settings.kind;
        let presented = shown(CLIENT_ID, credential);
        let found = checked(&presented, Some(&client), &secrets());
        assert_eq!(found, expected, "{kind:?} {presented:?}");
    }
}

fn assertion() -> String {
    let header = json!({ "alg": "RS256", "kid": rsa().kid() });
    let claims = json!({
        "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": issuer().as_str(), "exp": NOW + 60, "jti": "1",
    });
    compact(&header, &claims)
}
