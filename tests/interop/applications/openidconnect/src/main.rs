//! An application that signs people in with the crate openidconnect. One browser uses it.

use std::env;
use std::io::{Error, stdout};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndSessionUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenFields, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims, ureq,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tiny_http::{Header, Request, Response, Server};
use url::Url;

/// What Cardea says beside the claims of the standard.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Groups {
    groups: Vec<String>,
}

impl AdditionalClaims for Groups {}

type Fields = IdTokenFields<
    Groups,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Cardea = Client<
    Groups,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
type Refused = Box<dyn std::error::Error>;

/// A sign-in that has begun.
struct Begun {
    verifier: PkceCodeVerifier,
    state: CsrfToken,
    nonce: Nonce,
}

struct Application {
    here: String,
    agent: ureq::Agent,
    cardea: Cardea,
    end_session: EndSessionUrl,
    begun: Option<Begun>,
    tokens: Option<Tokens>,
    me: Option<Value>,
}

enum Answer {
    Location(String),
    Json(u16, Value),
}

impl Application {
    fn new(here: &str) -> Result<Self, Refused> {
        let agent = ureq::AgentBuilder::new().redirects(0).build();
        let issuer = IssuerUrl::new(env::var("ISSUER")?)?;
        let metadata = CoreProviderMetadata::discover(&issuer, &agent)?;
        let logout = ProviderMetadataWithLogout::discover(&issuer, &agent)?;
        let end_session = logout.additional_metadata().end_session_endpoint.clone();
        let id = ClientId::new(env::var("CLIENT_ID")?);
        let secret = ClientSecret::new(env::var("CLIENT_SECRET")?);
        let cardea = Client::from_provider_metadata(metadata, id, Some(secret))
            .set_redirect_uri(RedirectUrl::new(format!("{here}/callback"))?);
        let end_session = end_session.ok_or("no end_session_endpoint")?;
        let (begun, tokens, me) = (None, None, None);
        Ok(Self { here: here.to_owned(), agent, cardea, end_session, begun, tokens, me })
    }

    fn login(&mut self) -> Answer {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (url, state, nonce) = self
            .cardea
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["profile", "email", "offline_access"].map(|it| Scope::new(it.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        self.begun = Some(Begun { verifier, state, nonce });
        Answer::Location(url.into())
    }

    fn callback(&mut self, url: &Url) -> Result<Answer, Refused> {
        let begun = self.begun.take().ok_or("nothing has begun")?;
        let of = |name: &str| url.query_pairs().find(|(it, _)| it == name).map(|(_, text)| text);
        // The crate leaves this comparison to its user.
        if of("state").as_deref() != Some(begun.state.secret()) {
            return Err("state".into());
        }
        let code = AuthorizationCode::new(of("code").ok_or("no code")?.into_owned());
        let request = self.cardea.exchange_code(code)?.set_pkce_verifier(begun.verifier);
        let tokens = request.request(&self.agent)?;
        let id_token = tokens.id_token().ok_or("no ID token")?;
        let claims = id_token.claims(&self.cardea.id_token_verifier(), &begun.nonce)?;
        let userinfo = self.userinfo(tokens.access_token())?;
        self.me = Some(json!({ "claims": claims, "userinfo": userinfo }));
        self.tokens = Some(tokens);
        Ok(Answer::Location("/me".to_owned()))
    }

    fn userinfo(
        &self,
        token: &AccessToken,
    ) -> Result<UserInfoClaims<Groups, CoreGenderClaim>, Refused> {
        Ok(self.cardea.user_info(token.clone(), None)?.request(&self.agent)?)
    }

    fn refresh(&mut self) -> Result<Answer, Refused> {
        let before = self.tokens.as_ref().ok_or("nobody is signed in")?;
        let token = before.refresh_token().ok_or("no refresh token")?;
        let after = self.cardea.exchange_refresh_token(token)?.request(&self.agent)?;
        let other = before.access_token().secret() != after.access_token().secret();
        let id_token = after.id_token().ok_or("no ID token")?;
        // After a refresh nothing is said of the nonce.
        let none = |_: Option<&Nonce>| Ok(());
        let claims = id_token.claims(&self.cardea.id_token_verifier(), none)?;
        let userinfo = self.userinfo(after.access_token())?;
        let json = json!({ "other": other, "claims": claims, "userinfo": userinfo });
        self.tokens = Some(after);
        Ok(Answer::Json(200, json))
    }

    fn logout(&mut self) -> Result<Answer, Refused> {
        self.me = None;
        let tokens = self.tokens.take().ok_or("nobody is signed in")?;
        let bye = PostLogoutRedirectUrl::new(format!("{}/bye", self.here))?;
        let url = LogoutRequest::from(self.end_session.clone())
            .set_id_token_hint(tokens.id_token().ok_or("no ID token")?)
            .set_post_logout_redirect_uri(bye)
            .http_get_url();
        Ok(Answer::Location(url.into()))
    }

    fn answer(&mut self, url: &Url) -> Result<Answer, Refused> {
        Ok(match url.path() {
            "/login" => self.login(),
            "/callback" => self.callback(url)?,
            "/me" => match &self.me {
                Some(me) => Answer::Json(200, me.clone()),
                None => Answer::Json(401, json!({})),
            },
            "/refresh" => self.refresh()?,
            "/logout" => self.logout()?,
            _ => Answer::Json(200, json!({})),
        })
    }
}

/// An error with its causes, which say what it was.
fn told(error: &Refused) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn send(request: Request, answer: Answer) -> Result<(), Refused> {
    let (status, name, value, body) = match answer {
        Answer::Location(url) => (302, "location", url, String::new()),
        Answer::Json(status, json) => {
            (status, "content-type", "application/json".to_owned(), json.to_string())
        }
    };
    let header = Header::from_bytes(name, value).map_err(|()| "no header")?;
    let response = Response::from_string(body).with_status_code(status).with_header(header);
    Ok(request.respond(response)?)
}

fn main() -> Result<(), Refused> {
    use std::io::Write;
    let address = format!("127.0.0.1:{}", env::var("PORT")?);
    let here = format!("http://{address}");
    let mut application = match Application::new(&here) {
        Ok(application) => application,
        Err(error) => {
            writeln!(stdout(), "refused: {}", told(&error))?;
            return Ok(());
        }
    };
    let server = Server::http(&address).map_err(Error::other)?;
    writeln!(stdout(), "ready")?;
    for request in server.incoming_requests() {
        let url = Url::parse(&here)?.join(request.url())?;
        let answer = application
            .answer(&url)
            .unwrap_or_else(|error| Answer::Json(400, json!({ "refused": told(&error) })));
        send(request, answer)?;
    }
    Ok(())
}
