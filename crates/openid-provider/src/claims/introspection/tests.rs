use super::*;
use crate::testing::{NOW, holder, issuer, person};

fn claims(holder: Holder) -> AccessClaims {
    AccessClaims {
        client_id: "shop".to_owned(),
        holder,
        scope: Scope::parse("openid email"),
        jti: "a-jti".to_owned(),
        issued_at: NumericDate(NOW),
        expires_at: NumericDate(NOW + 300),
    }
}

#[test]
fn what_is_not_good_is_not_active_and_nothing_else() {
    assert_eq!(inactive(), br#"{"active":false}"#);
}

#[test]
fn the_answer_is_always_these_bytes() {
    let body = introspection(issuer(), &claims(holder()), Some("ann"));
    assert_eq!(
        String::from_utf8(body).unwrap(),
        concat!(
            r#"{"active":true,"scope":"openid email","client_id":"shop","username":"ann","#,
            r#""token_type":"Bearer","exp":1800000300,"iat":1800000000,"#,
            r#""sub":"0a0a0a0a-1111-4222-8333-444455556666","#,
            r#""aud":["https://cardea.example/realms/acme"],"#,
            r#""iss":"https://cardea.example/realms/acme","jti":"a-jti","#,
            r#""auth_time":1799999940,"acr":"phrh","amr":["pop","user","hwk"],"#,
            r#""sid":"5e551011-1111-4222-8333-444455556666"}"#,
        )
    );
}

#[test]
fn of_a_machine_nothing_about_a_person_is_said() {
    let machine = AccessClaims { scope: Scope::default(), ..claims(Holder::Client) };
    assert_eq!(
        String::from_utf8(introspection(issuer(), &machine, None)).unwrap(),
        concat!(
            r#"{"active":true,"client_id":"shop","token_type":"Bearer","exp":1800000300,"#,
            r#""iat":1800000000,"sub":"shop","aud":["https://cardea.example/realms/acme"],"#,
            r#""iss":"https://cardea.example/realms/acme","jti":"a-jti"}"#,
        )
    );
}

#[test]
fn a_refresh_token_is_no_bearer_token() {
    let scope = Scope::parse("openid offline_access");
    let end = NumericDate(NOW + 900);
    assert_eq!(
        String::from_utf8(refresh_introspection(
            issuer(),
            "shop",
            &scope,
            person(),
            Some("ann"),
            end
        ))
        .unwrap(),
        concat!(
            r#"{"active":true,"scope":"openid offline_access","client_id":"shop","username":"ann","#,
            r#""exp":1800000900,"sub":"0a0a0a0a-1111-4222-8333-444455556666","#,
            r#""iss":"https://cardea.example/realms/acme"}"#,
        )
    );
}
