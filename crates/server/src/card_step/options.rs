use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use login::{Channel, Purpose, Waiting};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::card_step::PageHint;
use crate::card_step::hand_out::hand_out;
use crate::entropy;
use crate::hallway::ceremony::{self, Asked, Ceremony};
use crate::hallway::execute::Material;
use crate::hallway::waiting::AtCard;
use crate::http::body::JsonBody;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};

/// A challenge with less time than this is not handed out again, but made anew: a person needs
/// time for PIN and card (WCAG 2.2.1).
const WORTHWHILE: std::time::Duration = std::time::Duration::from_secs(60);

#[derive(Deserialize)]
pub(crate) struct Request {
    hint: PageHint,
}

#[derive(Serialize)]
pub(crate) struct Response {
    purpose: &'static str,
    options: Value,
    challenge: String,
    expires_in: u64,
}

/// `POST /realms/{slug}/login/card/options`: what the browser's WebAuthn needs. The challenge that
/// came with the login's row is used first, so that an ordinary login makes no commit here.
pub(crate) async fn handler(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(request): JsonBody<Request>,
) -> Result<Json<Response>, Problem> {
    limits::count(&app, Attempt::Challenge, peer)?;
    if let Some(response) = still_good(&waiting, request.hint)? {
        return Ok(Json(response));
    }
    let mut rows = app.store.read(tenant.id).await?;
    let asked = Asked::by(&headers);
    let challenge =
        ceremony::for_waiting(&app, &mut rows, &waiting, Channel::Browser, asked).await?;
    drop(rows);
    app.agents.withdraw(&app, &tenant, &waiting).await?;
    let waiting = hand_out(&app, &tenant, waiting, challenge, Material::default()).await?;
    still_good(&waiting, request.hint)?.ok_or(Problem::ChallengeGone).map(Json)
}

/// The challenge that is out, if the browser may answer it and has time to.
fn still_good(waiting: &Waiting, hint: PageHint) -> Result<Option<Response>, Problem> {
    let now = entropy::now();
    let out = waiting.challenge.as_ref();
    let out = out.filter(|out| out.channel == Channel::Browser && now < out.expires_at);
    let Some(out) = out.filter(|out| out.expires_at.since(now) >= WORTHWHILE) else {
        return Ok(None);
    };
    let ceremony = Ceremony::of(out)?;
    if !ceremony.takes_passkeys() {
        return Err(Problem::CardRefused("x509-by-agent"));
    }
    let Ceremony { options, .. } = ceremony;
    let mut options = options.get("publicKey").cloned().unwrap_or_default();
    set_hint(&mut options, hint);
    Ok(Some(Response {
        purpose: match out.purpose {
            Purpose::Authenticate => "get",
            Purpose::Register => "create",
        },
        options,
        challenge: out.id.to_string(),
        expires_in: out.expires_at.since(now).as_secs(),
    }))
}

/// The dialog that the browser shows first is the person's choice of this moment.
fn set_hint(options: &mut Value, hint: PageHint) {
    let name = match hint {
        PageHint::Card => "security-key",
        PageHint::Phone => "hybrid",
    };
    if let Some(options) = options.as_object_mut() {
        options.insert("hints".into(), serde_json::json!([name]));
    }
}
