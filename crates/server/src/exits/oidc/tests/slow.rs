//! Who sends the head of a call, and takes their time with its body.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use futures_util::stream;
use secrets::TokenHash;
use store::Client;

use crate::exits::oidc::testing::{Place, SECRET, client, settings};

/// What is taken away between head and body.
#[derive(Clone, Copy, Debug)]
enum Taken {
    Secret,
    Enabled,
    Application,
}

async fn take(place: &Place, what: Taken) {
    let mut tx = place.write().await;
    let done = match what {
        Taken::Secret => tx.remove_client_secret("app", &TokenHash::of(SECRET.as_bytes())).await,
        Taken::Enabled => {
            let resting = Client { enabled: false, ..client("app", settings()) };
            tx.change_client(&resting).await
        }
        Taken::Application => tx.remove_client("app").await,
    };
    assert!(done.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_taken_away_while_the_body_is_on_its_way_is_gone() {
    for what in [Taken::Secret, Taken::Enabled, Taken::Application] {
        for end in ["token", "introspect", "revoke"] {
            let place = Arc::new(Place::with(settings()).await);
            // The first makes the keys, and the second finds all that is remembered.
            place.tokens("openid").await;
            let tokens = place.tokens("openid").await;
            let mut form = place.form(&place.code("openid").await);
            form.insert("token", tokens.text("access_token"));
            let sent =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
            let taker = Arc::clone(&place);
            let body = stream::once(async move {
                take(&taker, what).await;
                Ok::<_, Infallible>(sent)
            });
            let request = Request::post(place.path(end))
                .header("content-type", "application/x-www-form-urlencoded");
            let answer = place.send(request.body(Body::from_stream(body)).unwrap()).await;
            assert_eq!(answer.refusal(), (401, "invalid_client".into()), "{what:?} {end}");
            assert_eq!(place.audited("oidc.signed-in").await, 2, "{what:?} {end}");
        }
    }
}
