use identity::{Provider, Tenant};
use jose::NumericDate;
use oidc::id_token::{Claims, Expected, IdTokenError};
use oidc::token_response::{TokenRequest, TokenResponse, TokenResponseError};
use secrets::Secret;
use upstream::UpstreamError;

use super::{KEYS, TOKENS, refused};
use crate::admin::form::sentence;
use crate::admin::providers::test::checks::{CHECKS, failed};
use crate::admin::providers::test::report::Report;
use crate::admin::providers::test::sealed::Test;
use crate::app::App;
use crate::doors::broker_endpoint::kind;
use crate::doors::broker_login::redirect_uri;
use crate::entropy;

/// Trades the code for tokens.
pub(super) async fn redeem(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    test: &Test,
    code: &Secret,
) -> Result<TokenResponse, UpstreamError> {
    let redirect_uri = redirect_uri(app, tenant, &provider.alias);
    let request = TokenRequest {
        client_id: &provider.client_id,
        client_secret: provider.client_secret.as_ref(),
        code,
        redirect_uri: &redirect_uri,
        verifier: &test.verifier,
    };
    app.upstream.redeem(tenant.id, &provider.endpoints.token, &request).await
}

/// Says what came of that.
pub(super) fn redeemed(
    answer: Result<TokenResponse, UpstreamError>,
    report: &mut Report,
) -> Option<TokenResponse> {
    let outcome = match &answer {
        Ok(_) => Ok("Client ID and client secret are right.".to_owned()),
        Err(UpstreamError::Token(TokenResponseError::Refused(refusal))) => {
            Err(refused(refusal.error.as_str(), &refusal.report))
        }
        Err(error) => Err(sentence(error)),
    };
    report.step(TOKENS, outcome);
    answer.ok()
}

/// Verifies the ID token as a sign-in would.
pub(super) async fn verify(
    app: &App,
    provider: &Provider,
    test: &Test,
    tokens: &TokenResponse,
) -> Result<Claims, UpstreamError> {
    let kind = kind(provider);
    let expected = Expected {
        issuer: &provider.endpoints.issuer,
        client_id: &provider.client_id,
        nonce: &test.nonce,
        kind: &kind,
        access_token: tokens.access_token.as_ref(),
        now: NumericDate(entropy::now().unix_seconds()),
    };
    let compact = tokens.id_token.expose_text().unwrap_or_default();
    app.upstream.verify(&provider.endpoints.jwks, compact, &expected).await
}

/// Says what came of that.
pub(super) fn verified(
    verdict: Result<Claims, UpstreamError>,
    report: &mut Report,
) -> Option<Claims> {
    match verdict {
        Ok(claims) => {
            report.step(KEYS, Ok(String::new()));
            for check in CHECKS {
                report.step(check, Ok(String::new()));
            }
            Some(claims)
        }
        Err(UpstreamError::IdToken(error)) => {
            report.step(KEYS, Ok(String::new()));
            token_failed(&error, report);
            None
        }
        Err(error) => {
            report.step(KEYS, Err(sentence(&error)));
            report.not_reached(&CHECKS);
            None
        }
    }
}

fn token_failed(error: &IdTokenError, report: &mut Report) {
    let (index, remedy) = failed(error);
    for (number, check) in CHECKS.iter().enumerate() {
        match number.cmp(&index) {
            std::cmp::Ordering::Less => report.step(check, Ok(String::new())),
            std::cmp::Ordering::Equal => {
                report.step(check, Err(format!("{} {remedy}", sentence(error))));
            }
            std::cmp::Ordering::Greater => report.not_reached(&[check]),
        }
    }
}
