use jose::{Alg, Compact};
use serde_json::{Value, json};

use super::*;
use crate::testing::{NOW, client, client_with, holder, issuer, own, p256, rsa, service, with};

fn signed(client: &Client, holder: &Holder, scope: &str) -> String {
    let key = if client.settings.signing_alg == Alg::Es256 { p256() } else { rsa() };
    let token = AccessToken {
        issuer: issuer(),
        client,
        holder,
        scope: &Scope::parse(scope),
        issued_at: NumericDate(NOW),
        random: [0xA5; 16],
    };
    token.sign(key).unwrap().expose_text().unwrap().to_owned()
}

fn payload(token: &str) -> String {
    String::from_utf8(Compact::split(token).unwrap().unverified_payload().unwrap()).unwrap()
}

#[test]
fn the_payload_is_always_these_bytes() {
    let expected = concat!(
        r#"{"iss":"https://cardea.example/realms/acme","#,
        r#""sub":"0a0a0a0a-1111-4222-8333-444455556666","#,
        r#""aud":["https://cardea.example/realms/acme"],"exp":1800000300,"iat":1800000000,"#,
        r#""jti":"paWlpaWlpaWlpaWlpaWlpQ","client_id":"shop","scope":"openid email","#,
        r#""auth_time":1799999940,"acr":"phrh","amr":["pop","user","hwk"],"#,
        r#""sid":"5e551011-1111-4222-8333-444455556666","#,
        r#""gid":"96a9d000-1111-4222-8333-444455556666"}"#,
    );
    let token = signed(&client(), &holder(), "openid email");
    assert_eq!(payload(&token), expected);
    let header = Compact::split(&token).unwrap().header().unwrap();
    assert_eq!((header.typ.as_deref(), &*header.kid), (Some("at+jwt"), rsa().kid()));
}

#[test]
fn the_token_of_a_machine_says_nothing_of_a_person() {
    assert_eq!(
        payload(&signed(&service(), &Holder::Client, "")),
        concat!(
            r#"{"iss":"https://cardea.example/realms/acme","sub":"shop","#,
            r#""aud":["https://cardea.example/realms/acme"],"exp":1800000300,"iat":1800000000,"#,
            r#""jti":"paWlpaWlpaWlpaWlpaWlpQ","client_id":"shop"}"#,
        )
    );
}

#[test]
fn what_was_signed_is_read_again_until_it_ends() {
    let es256 = client_with(|settings| settings.signing_alg = Alg::Es256);
    let expected = AccessClaims {
        client_id: "shop".to_owned(),
        holder: holder(),
        scope: Scope::parse("openid email"),
        jti: "paWlpaWlpaWlpaWlpaWlpQ".to_owned(),
        issued_at: NumericDate(NOW),
        expires_at: NumericDate(NOW + 300),
    };
    let read = |token: &str, now| verify_access_token(&own(), token, NumericDate(now));
    for client in [client(), es256] {
        let token = signed(&client, &holder(), "openid email");
        for now in [NOW, NOW + 299] {
            assert_eq!(read(&token, now), Ok(expected.clone()));
        }
        for now in [NOW + 300, NOW + 301, i64::MAX] {
            assert_eq!(read(&token, now), Err(VerifyError::Expired), "{now}");
        }
    }
    let machine = read(&signed(&service(), &Holder::Client, ""), NOW).unwrap();
    assert_eq!((machine.holder, machine.scope), (Holder::Client, Scope::default()));
}

#[test]
fn a_key_of_another_algorithm_signs_nothing() {
    let (client, holder, scope) = (client(), holder(), Scope::default());
    let (issuer, issued_at, random) = (issuer(), NumericDate(NOW), [0; 16]);
    let token =
        AccessToken { issuer, client: &client, holder: &holder, scope: &scope, issued_at, random };
    assert!(token.sign(p256()).is_err());
}

fn refused(payload: &Value) -> VerifyError {
    let token = rsa().sign(TYPE, payload.to_string().as_bytes()).unwrap();
    verify_access_token(&own(), token.expose_text().unwrap(), NumericDate(NOW)).unwrap_err()
}

#[test]
fn claims_that_we_do_not_write_are_refused() {
    use VerifyError::{Audience, Claim, Expired, Issuer};
    let whole: Value =
        serde_json::from_str(&payload(&signed(&client(), &holder(), "openid"))).unwrap();
    let other = "https://cardea.example/realms/rival";
    for (name, value, error) in [
        ("iss", Value::Null, Claim("iss")),
        ("iss", json!(other), Issuer),
        ("iss", json!(7), Claim("iss")),
        ("iss", json!("https://cardea.example/realms/acme/eam"), Issuer),
        ("aud", Value::Null, Claim("aud")),
        ("aud", json!([]), Audience),
        ("aud", json!([other]), Audience),
        ("aud", json!("shop"), Claim("aud")),
        ("aud", json!(["https://cardea.example/realms/acme", other]), Audience),
        ("exp", Value::Null, Claim("exp")),
        ("exp", json!(NOW), Expired),
        ("exp", json!("x"), Claim("exp")),
        ("iat", Value::Null, Claim("iat")),
        ("jti", Value::Null, Claim("jti")),
        ("client_id", Value::Null, Claim("client_id")),
        ("sub", json!("ann"), Claim("sub")),
        ("sub", Value::Null, Claim("sub")),
        ("gid", json!("1"), Claim("gid")),
        ("sid", Value::Null, Claim("sid")),
        ("auth_time", Value::Null, Claim("auth_time")),
        ("acr", json!("gold"), Claim("acr")),
        ("acr", Value::Null, Claim("acr")),
        ("amr", Value::Null, Claim("amr")),
        // Without a grant it would be a machine's, whose name is another.
        ("gid", Value::Null, Claim("gid")),
    ] {
        let payload = with(&whole, name, value);
        assert_eq!(refused(&payload), error, "{payload}");
    }
}
