use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use oidc::authorization::{AuthorizationRequest, Prompt};

use super::sealed::Test;
use crate::admin::place::AtProvider;
use crate::app::App;
use crate::doors::broker_login::redirect_uri;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// `GET …/providers/{alias}/test/start`: sends the administrator's own browser to the provider,
/// as a person's would be sent, with the same redirect URI. Writes nothing but a sealed cookie.
pub(crate) async fn handler(State(app): State<App>, at: AtProvider) -> Result<Response, Problem> {
    let (tenant, provider) = (&at.place.tenant, &at.provider);
    let administrator = at.place.administrator.person.id;
    let test = Test::begin(administrator, tenant.id, provider.alias.clone());
    let redirect_uri = redirect_uri(&app, tenant, &provider.alias);
    let request = AuthorizationRequest {
        endpoint: &provider.endpoints.authorization,
        client_id: &provider.client_id,
        redirect_uri: &redirect_uri,
        state: &test.state,
        nonce: &test.nonce,
        verifier: &test.verifier,
        // Administrators often have several accounts: let them say which one tests.
        prompt: Some(Prompt::SelectAccount),
        login_hint: None,
    };
    let url = request.url().map_err(Problem::internal)?;
    Ok(([(SET_COOKIE, test.keep(&app.ring)?)], see_other(url.as_str())).into_response())
}
