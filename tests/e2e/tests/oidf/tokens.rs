//! What the application gets at the provider's other endpoints, and what it checks of it.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e::Answer;
use jose::{Compact, KeySet};
use reqwest::Method;
use serde_json::Value;

use crate::agent::Visit;
use crate::client::{Asked, Registered, Shows, Suite};

const FORM: &str = "application/x-www-form-urlencoded";

/// A successful token response, its ID token checked.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: String,
    /// The claims of the ID token.
    pub(crate) claims: Value,
    pub(crate) scope: String,
}

impl Suite {
    /// Redeems the code of an answer, and checks all that comes.
    pub(crate) async fn completes(&self, asked: &Asked, visit: &Visit) -> Tokens {
        let back = self.back(asked, &visit.answer);
        let answer = self.redeems(asked, back.code(), &[]).await;
        let tokens = self.tokens(asked, &answer).await;
        let info = self.userinfo(&tokens.access_token).await;
        assert_eq!(info["sub"], tokens.claims["sub"]);
        tokens
    }

    /// Redeems a code, with further fields.
    pub(crate) async fn redeems(&self, asked: &Asked, code: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", asked.get("redirect_uri").unwrap()),
        ];
        fields.extend(more);
        self.asks_for_tokens(&self.client, Shows::Basic, &fields).await
    }

    /// A token request.
    pub(crate) async fn asks_for_tokens(
        &self,
        client: &Registered,
        shows: Shows,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let (id, secret) = (client.client_id.as_str(), client.secret.as_str());
        let mut headers = vec![("content-type", FORM)];
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        match shows {
            Shows::Basic => headers.push(("authorization", &basic)),
            Shows::Post => {
                body.append_pair("client_id", id).append_pair("client_secret", secret);
            }
        }
        let endpoint = self.server("token_endpoint").to_owned();
        self.shared.browser().send(Method::POST, &endpoint, Some(body.finish()), &headers).await
    }

    /// The tokens of a response, by RFC 6749 §5.1 and OpenID Connect Core §3.1.3.
    pub(crate) async fn tokens(&self, asked: &Asked, answer: &Answer) -> Tokens {
        let tokens = self.response(answer).await;
        let client_id = asked.get("client_id").unwrap();
        let audience = &tokens.claims["aud"];
        assert!(audience == client_id || *audience == serde_json::json!([client_id]));
        assert_eq!(tokens.claims.get("nonce").and_then(Value::as_str), asked.get("nonce"));
        tokens
    }

    async fn response(&self, answer: &Answer) -> Tokens {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.content_type.starts_with("application/json"), "{answer:?}");
        let header = |name: &str| {
            let found = answer.headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert_eq!((header("cache-control"), header("pragma")), ("no-store", "no-cache"));
        let text = |name: &str| answer.member(name).as_str().map(str::to_owned);
        assert_eq!(text("token_type").unwrap().to_lowercase(), "bearer");
        assert!(answer.member("expires_in").as_u64().unwrap() > 0, "{answer:?}");
        let access_token = text("access_token").unwrap();
        let vschar = |it: char| it.is_ascii_graphic();
        assert!(access_token.len() >= 22 && access_token.chars().all(vschar), "{access_token}");
        let refresh_token = text("refresh_token");
        assert!(refresh_token.iter().all(|it| it.chars().all(vschar)), "RFC 6749, A.17");
        let id_token = text("id_token").unwrap();
        let claims = self.verified(&id_token, &access_token).await;
        let scope = text("scope").unwrap();
        Tokens { access_token, refresh_token, id_token, claims, scope }
    }

    /// The claims of an ID token, by OpenID Connect Core §3.1.3.7 and .8.
    async fn verified(&self, id_token: &str, access_token: &str) -> Value {
        let keys = self.shared.browser().get(self.server("jwks_uri")).await;
        let keys = KeySet::parse(keys.body.as_bytes()).unwrap();
        let compact = Compact::split(id_token).unwrap();
        let header = compact.header().unwrap();
        let key = keys.find(&header.kid).unwrap();
        assert_eq!(header.alg, Some(key.alg()));
        let claims: Value =
            serde_json::from_slice(&compact.verified_payload(key).unwrap()).unwrap();
        assert_eq!(claims["iss"], self.server("issuer"));
        let now = self.shared.app.store().now().await.unwrap().unix_seconds();
        let (issued, ends) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert!(issued <= now && now - issued < 120 && ends > now, "{claims} at {now}");
        let sub = claims["sub"].as_str().unwrap();
        assert!((1..=255).contains(&sub.len()) && sub.is_ascii(), "{sub}");
        let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
        assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
        claims
    }

    /// The tokens that a refresh token is exchanged for; nothing is said of a nonce (Core §12.2).
    pub(crate) async fn refreshes(&self, client: &Registered, refresh_token: &str) -> Tokens {
        let answer = self.tries_refresh(client, refresh_token).await;
        let tokens = self.response(&answer).await;
        assert_eq!(tokens.claims["aud"], client.client_id.as_str());
        tokens
    }

    pub(crate) async fn tries_refresh(&self, client: &Registered, refresh_token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.asks_for_tokens(client, Shows::Basic, &fields).await
    }

    /// What is said about the person, with the token in the header.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Value {
        said(&self.asks_userinfo(Method::GET, access_token).await)
    }

    pub(crate) async fn asks_userinfo(&self, method: Method, access_token: &str) -> Answer {
        let endpoint = self.server("userinfo_endpoint").to_owned();
        let bearer = format!("Bearer {access_token}");
        let headers = [("authorization", bearer.as_str())];
        self.shared.browser().send(method, &endpoint, None, &headers).await
    }

    /// The same with the token in the body (RFC 6750 §2.2).
    pub(crate) async fn asks_userinfo_by_form(&self, access_token: &str) -> Answer {
        let endpoint = self.server("userinfo_endpoint").to_owned();
        let body = format!("access_token={access_token}");
        let headers = [("content-type", FORM)];
        self.shared.browser().send(Method::POST, &endpoint, Some(body), &headers).await
    }
}

/// What the userinfo endpoint says.
#[track_caller]
pub(crate) fn said(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.content_type.starts_with("application/json"), "{answer:?}");
    assert!(answer.member("sub").is_string(), "{answer:?}");
    answer.json()
}

/// The error of the token endpoint (RFC 6749 §5.2).
#[track_caller]
pub(crate) fn refused(answer: &Answer) -> String {
    assert!(matches!(answer.status, 400 | 401), "{answer:?}");
    assert!(answer.content_type.starts_with("application/json"), "{answer:?}");
    for name in ["access_token", "id_token", "refresh_token"] {
        assert!(answer.member(name).is_null(), "{answer:?}");
    }
    answer.member("error").as_str().unwrap().to_owned()
}
