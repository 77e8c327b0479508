//! Request objects (Core §6) are not supported: by value and by reference they are told to be so, and
//! what stands in them counts for nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::agent::Took;
use crate::client::{Asked, Suite};

/// The request with what need not stand outside of an object taken out of it, and the object unsigned.
fn moved(asked: &Asked) -> (Asked, String) {
    let claims: Map<String, Value> =
        asked.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let object = format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims.into()));
    (asked.clone().without("state").without("nonce"), object)
}

pub(crate) async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    suite: &mut Suite,
) {
    let (asked, _) = moved(&suite.asks());
    let asked = asked.with("request_uri", "https://suite.example/requests/1#f2e8a1");
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Nothing);
    assert_eq!(suite.back(&asked, &visit.answer).error(), "request_uri_not_supported");
    assert_eq!(suite.server["request_uri_parameter_supported"], false);
}

pub(crate) async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    suite: &mut Suite,
) {
    let (asked, object) = moved(&suite.asks());
    let asked = asked.with("request", &object);
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Nothing);
    assert_eq!(suite.back(&asked, &visit.answer).error(), "request_not_supported");
    assert_eq!(suite.server["request_parameter_supported"], false);
}

/// A good address in the object does not make good the bad one of the request.
pub(crate) async fn oidcc_ensure_request_object_with_redirect_uri(suite: &mut Suite) {
    let (asked, object) = moved(&suite.asks());
    let bad = format!("{}/f2e8a1", asked.get("redirect_uri").unwrap());
    let asked = asked.with("request", &object).with("redirect_uri", &bad);
    let page = suite.visit(&asked).await.answer;
    assert_eq!((page.status, page.location.as_ref()), (400, None), "{page:?}");
    assert!(page.title().contains("address is not registered here"), "{page:?}");
}
