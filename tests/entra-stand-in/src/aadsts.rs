//! The refusals, by their AADSTS number: which OAuth error they are, which status they have, what they say.
//!
//! Numbers, OAuth errors and the form of the texts are Microsoft's
//! (<https://learn.microsoft.com/entra/identity-platform/reference-error-codes>); the words are ours
//! where theirs are not part of what clients rely on.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::chance;
use crate::clock::timestamp;

/// One refusal.
#[derive(Clone, Debug)]
pub(crate) struct Aadsts {
    pub(crate) code: u32,
    /// The `error` of RFC 6749.
    pub(crate) error: &'static str,
    pub(crate) status: u16,
    text: String,
}

impl Aadsts {
    fn new(code: u32, error: &'static str, status: u16, text: impl Into<String>) -> Self {
        Self { code, error, status, text: text.into() }
    }

    /// `AADSTS50011: The redirect URI ...`.
    pub(crate) fn message(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    /// The error body of the token endpoint (and of the metadata).
    pub(crate) fn body(&self, now: i64, correlation_id: Uuid, base: &str) -> Value {
        let (trace_id, at) = (chance::guid(), timestamp(now));
        let message = self.message();
        json!({
            "error": self.error,
            "error_description":
                format!("{message} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {at}"),
            "error_codes": [self.code],
            "timestamp": at,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("{base}/error?code={}", self.code),
        })
    }

    pub(crate) fn unknown_directory(name: &str) -> Self {
        let text = format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into \
             the correct cloud."
        );
        Self::new(90002, "invalid_request", 400, text)
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new(900_144, "invalid_request", 400, text)
    }

    pub(crate) fn duplicated(parameter: &str) -> Self {
        let text = format!(
            "The request is not properly formatted. The parameter '{parameter}' is duplicated."
        );
        Self::new(9_000_411, "invalid_request", 400, text)
    }

    pub(crate) fn only_post(method: &str) -> Self {
        let text = format!("The endpoint only accepts POST requests. Received a {method} request.");
        Self::new(900_561, "invalid_request", 405, text)
    }

    pub(crate) fn malformed() -> Self {
        Self::new(
            9_002_313,
            "invalid_request",
            400,
            "Invalid request. Request is malformed or invalid.",
        )
    }

    pub(crate) fn unknown_app(client_id: &str, directory: &str) -> Self {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{directory}'. This can \
             happen if the application has not been installed by the administrator of the tenant or consented to \
             by any user in the tenant. You may have sent your authentication request to the wrong tenant."
        );
        Self::new(700_016, "unauthorized_client", 400, text)
    }

    pub(crate) fn single_directory(client_id: Uuid) -> Self {
        let text = format!(
            "Application '{client_id}' is not configured as a multi-tenant application. Usage of the /common \
             endpoint is not supported for such applications. Use a tenant-specific endpoint or configure the \
             application to be multi-tenant."
        );
        Self::new(50194, "invalid_request", 400, text)
    }

    pub(crate) fn redirect_uri(uri: &str, client_id: Uuid) -> Self {
        let text = format!(
            "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for \
             the application '{client_id}'. Make sure the redirect URI sent in the request matches one added to \
             your application in the portal."
        );
        Self::new(50011, "invalid_request", 400, text)
    }

    pub(crate) fn no_redirect_uri(client_id: Uuid) -> Self {
        let text = format!("No reply address is registered for the application '{client_id}'.");
        Self::new(500_113, "invalid_request", 400, text)
    }

    pub(crate) fn response_type(found: &str) -> Self {
        let text = format!("The response type '{found}' is not supported for this application.");
        Self::new(700_054, "unsupported_response_type", 400, text)
    }

    pub(crate) fn parameter(name: &str, value: &str) -> Self {
        let text = format!("The value '{value}' of the parameter '{name}' is not valid.");
        Self::new(90023, "invalid_request", 400, text)
    }

    pub(crate) fn conflicting(first: &str, second: &str) -> Self {
        let text = format!("The parameters '{first}' and '{second}' exclude each other.");
        Self::new(90023, "invalid_request", 400, text)
    }

    pub(crate) fn scope(scope: &str) -> Self {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope {scope} does not exist."
        );
        Self::new(70011, "invalid_scope", 400, text)
    }

    pub(crate) fn not_default_scope(scope: &str) -> Self {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
             with /.default suffixed to the resource identifier (application ID URI)."
        );
        Self::new(1_002_012, "invalid_scope", 400, text)
    }

    pub(crate) fn several_scopes(scope: &str) -> Self {
        let text = format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input \
             parameter 'scope' is not valid. The scope {scope} is not valid."
        );
        Self::new(70011, "invalid_scope", 400, text)
    }

    pub(crate) fn unknown_resource(resource: &str, directory: &str) -> Self {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {directory}. This can \
             happen if the application has not been installed by the administrator of the tenant or consented to \
             by any user in the tenant. You might have sent your authentication request to the wrong tenant."
        );
        Self::new(500_011, "invalid_resource", 400, text)
    }

    pub(crate) fn no_directory() -> Self {
        let text = "No tenant-identifying information found in either the request or implied by any provided \
                    credentials.";
        Self::new(50059, "invalid_request", 400, text)
    }

    pub(crate) fn not_installed(client_id: Uuid, directory: Uuid) -> Self {
        let text = format!(
            "The client application {client_id} is missing service principal in the tenant {directory}."
        );
        Self::new(7_000_229, "invalid_client", 401, text)
    }

    pub(crate) fn code_challenge(problem: &str) -> Self {
        Self::new(
            50147,
            "invalid_request",
            400,
            format!("The code challenge is not valid: {problem}."),
        )
    }

    pub(crate) fn not_signed_in() -> Self {
        let text = "Session information is not sufficient for single-sign-on.";
        Self::new(50058, "login_required", 400, text)
    }

    pub(crate) fn several_accounts() -> Self {
        let text =
            "Several user identities are available for the current request; one must be chosen.";
        Self::new(16000, "interaction_required", 400, text)
    }

    pub(crate) fn verification_required() -> Self {
        let text = "You must use multi-factor authentication to access this application.";
        Self::new(50076, "interaction_required", 400, text)
    }

    pub(crate) fn no_consent(client_id: Uuid, name: &str) -> Self {
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{client_id}' named \
             '{name}'. Send an interactive authorization request for this user and resource."
        );
        Self::new(65001, "consent_required", 400, text)
    }

    pub(crate) fn declined(name: &str) -> Self {
        Self::new(
            65004,
            "access_denied",
            400,
            format!("User declined to consent to access the app '{name}'."),
        )
    }

    pub(crate) fn admin_approval(name: &str) -> Self {
        let text = format!(
            "An administrator must consent to the application '{name}' before you can use it."
        );
        Self::new(90094, "access_denied", 400, text)
    }

    pub(crate) fn not_assigned(user: &str, client_id: Uuid, name: &str) -> Self {
        let text = format!(
            "The signed in user '{user}' is not assigned to a role for the application '{client_id}' ({name})."
        );
        Self::new(50105, "access_denied", 403, text)
    }

    pub(crate) fn other_directory(
        user: &str,
        directory: &str,
        client_id: Uuid,
        name: &str,
    ) -> Self {
        let text = format!(
            "User account '{user}' does not exist in tenant '{directory}' and cannot access the application \
             '{client_id}' ({name}) in that tenant. The account needs to be added as an external user in the \
             tenant first. Sign out and sign in again with a different user account."
        );
        Self::new(50020, "access_denied", 403, text)
    }

    pub(crate) fn disabled() -> Self {
        Self::new(50057, "access_denied", 403, "The user account is disabled.")
    }

    pub(crate) fn stale_sign_in() -> Self {
        let text = "The sign-in was begun in another browser or has expired. Start again from the application.";
        Self::new(50089, "invalid_request", 400, text)
    }

    pub(crate) fn grant_type(found: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{found}'.");
        Self::new(70003, "unsupported_grant_type", 400, text)
    }

    pub(crate) fn no_secret() -> Self {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Self::new(7_000_218, "invalid_client", 401, text)
    }

    pub(crate) fn wrong_secret(client_id: Uuid) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
             value, not the client secret ID, for a secret added to app '{client_id}'."
        );
        Self::new(7_000_215, "invalid_client", 401, text)
    }

    pub(crate) fn expired_secret(client_id: Uuid) -> Self {
        let text = format!(
            "The provided client secret keys for app '{client_id}' are expired. Create new keys for your app in \
             the portal, or consider using certificate credentials for added security."
        );
        Self::new(7_000_222, "invalid_client", 401, text)
    }

    pub(crate) fn assertion() -> Self {
        let text =
            "Client assertion failed signature validation. [Reason - The key was not found.]";
        Self::new(700_027, "invalid_client", 401, text)
    }

    pub(crate) fn public_client() -> Self {
        let text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        Self::new(700_025, "invalid_client", 401, text)
    }

    pub(crate) fn spa_code() -> Self {
        let text = "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via \
                    cross-origin requests.";
        Self::new(9_002_327, "invalid_request", 400, text)
    }

    pub(crate) fn unknown_code() -> Self {
        let text = "The provided value for the input parameter 'code' is not valid.";
        Self::new(70000, "invalid_grant", 400, text)
    }

    pub(crate) fn code_of_other_directory() -> Self {
        let text =
            "Provided Authorization Code is intended to use against other tenant, thus rejected.";
        Self::new(700_005, "invalid_grant", 400, text)
    }

    pub(crate) fn code_redeemed() -> Self {
        let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                    existing refresh token.";
        Self::new(54005, "invalid_grant", 400, text)
    }

    pub(crate) fn code_expired() -> Self {
        let text = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                    interactive authorization request for this user and resource.";
        Self::new(70008, "invalid_grant", 400, text)
    }

    pub(crate) fn reply_address(sent: &str, asked: &str) -> Self {
        let text = format!(
            "The reply address '{sent}' does not match the reply address '{asked}' provided when requesting \
             Authorization code."
        );
        Self::new(500_112, "invalid_client", 401, text)
    }

    pub(crate) fn code_verifier() -> Self {
        let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
        Self::new(501_481, "invalid_grant", 400, text)
    }

    pub(crate) fn provider_call(reason: &str) -> Self {
        let text = format!("Failed to send the request to the claims provider: {reason}.");
        Self::new(50166, "temporarily_unavailable", 400, text)
    }

    pub(crate) fn external_signature(reason: &str) -> Self {
        let text =
            format!("Authentication failed. AADSTS70002: Error validating credentials. {reason}");
        Self::new(50012, "invalid_request", 401, text)
    }

    pub(crate) fn external_token(reason: &str) -> Self {
        let text = format!("The external ID token is not valid: {reason}.");
        Self::new(50027, "invalid_request", 401, text)
    }

    pub(crate) fn insufficient_claims(reason: &str) -> Self {
        let text = format!(
            "The claims that the external provider returned are not sufficient, or a requested claim is missing: \
             {reason}."
        );
        Self::new(50161, "invalid_request", 401, text)
    }

    pub(crate) fn authorization_endpoint(url: &str, client_id: Uuid) -> Self {
        let text = format!(
            "Failed to validate the authorization URL of the external claims provider: '{url}' is not a reply URL \
             of the application '{client_id}'."
        );
        Self::new(50161, "invalid_request", 400, text)
    }

    pub(crate) fn no_service_principal(client_id: Uuid, directory: &str) -> Self {
        let text = format!(
            "The service principal of the external provider's application '{client_id}' is missing in the tenant \
             '{directory}': an administrator must consent to it."
        );
        Self::new(900_491, "invalid_request", 400, text)
    }

    pub(crate) fn challenge_not_satisfied(error: &str) -> Self {
        let text = format!(
            "The external security challenge was not satisfied. The provider said: {error}."
        );
        Self::new(50158, "interaction_required", 401, text)
    }

    pub(crate) fn no_external_mapping() -> Self {
        Self::new(50170, "invalid_request", 400, "The mapping of the external control is missing.")
    }

    pub(crate) fn pass_through(user: &str) -> Self {
        let text =
            format!("An external challenge is not supported for the pass-through user '{user}'.");
        Self::new(50177, "interaction_required", 400, text)
    }

    pub(crate) fn enrollment_required() -> Self {
        let text = "Due to a configuration change made by your administrator, you must enroll in multi-factor \
                    authentication to access this application. There is no method that you could enroll.";
        Self::new(50079, "interaction_required", 400, text)
    }
}
