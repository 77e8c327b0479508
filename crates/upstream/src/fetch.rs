//! One call: https, no redirects, one deadline for everything, a body of bounded size and the
//! right content type.

use std::error::Error;
use std::time::Duration;

use ids::TenantId;
use oidc::MAX_BODY;
use oidc::token_response::TokenResponseError;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    HeaderName, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING,
};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode, redirect};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use secrets::Secret;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use url::{Host, Url};

use crate::gate::Gates;
use crate::guard::{Forbidden, PublicOnly, is_public};
use crate::told::{Called, Told, innermost};
use crate::{Config, SetupError, UpstreamError};

/// So many deadlines of a call a list may take.
const LIST_DEADLINES: u32 = 5;

pub(crate) struct Fetcher {
    /// Made at the first call: to read the certificates of the system takes as long as all else
    /// that a start does.
    clients: OnceCell<Clients>,
    /// The origins that the operator named, as `https://host:port`.
    named: Vec<String>,
    /// The same for lists of revoked certificates.
    named_for_lists: Vec<String>,
    /// The same for applications that are told of logouts.
    named_for_logouts: Vec<String>,
    gates: Gates,
    deadline: Duration,
    told: Told,
}

struct Clients {
    /// For everybody's addresses.
    public: Client,
    /// The same for lists of revoked certificates, plain http too.
    lists: Client,
    /// For the origins that the operator named.
    operators: Client,
}

/// An answer: good, or an error; of one that is not JSON no more than the status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// `Retry-After`, where it is a number of seconds (RFC 9110 §10.2.3).
    pub(crate) retry_after: Option<Duration>,
}

/// A call with an access token (RFC 6750 §2.1).
pub(crate) enum Call {
    /// With a header, name and value.
    Get((&'static str, &'static str)),
    /// With this JSON.
    Post(Vec<u8>),
    /// The same, and changes what is there.
    Patch(Vec<u8>),
}

/// A document as it came over the wire, for whoever must know how it comes to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its bytes, not decoded in any way.
    pub body: Vec<u8>,
    /// `Content-Length`, where it was said.
    pub length: Option<String>,
    /// `Content-Encoding`, where it was said.
    pub encoding: Option<String>,
    /// Whether it came in chunks (`Transfer-Encoding`).
    pub chunked: bool,
}

impl Fetcher {
    pub(crate) fn new(config: &Config) -> Result<Self, SetupError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(SetupError::NoCryptoProvider);
        }
        let urls =
            config.clouds.iter().flat_map(|cloud| [Some(&cloud.authority), cloud.graph.as_ref()]);
        let named = urls.flatten().map(|url| url.origin().ascii_serialization()).collect();
        let origin = |url: &Url| url.origin().ascii_serialization();
        Ok(Self {
            clients: OnceCell::new(),
            named,
            named_for_lists: config.list_origins.iter().map(origin).collect(),
            named_for_logouts: config.logout_origins.iter().map(origin).collect(),
            gates: Gates::new(config.calls_per_host, config.calls_per_tenant),
            deadline: config.deadline,
            told: Told::default(),
        })
    }

    /// End of each call.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Fetches a JSON document.
    pub(crate) async fn get(&self, url: &Url) -> Result<Vec<u8>, UpstreamError> {
        let answer = self.ask(url).await?;
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(UpstreamError::Status(answer.status))
        }
    }

    /// Asks for a JSON document. An error status is an answer.
    pub(crate) async fn ask(&self, url: &Url) -> Result<Answer, UpstreamError> {
        self.in_time(url, None, |client| client.get(url.clone())).await
    }

    /// Fetches a JSON document as it comes, from whoever is ready to compress it.
    pub(crate) async fn document(&self, url: &Url) -> Result<Document, UpstreamError> {
        let origin = url.origin().ascii_serialization();
        let call = async {
            let request = self.client_for(url).await?.get(url.clone());
            let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
            let encodings = HeaderValue::from_static("gzip, deflate, br");
            let request = request.header(ACCEPT_ENCODING, encodings);
            let _pass = self.gates.enter(origin.clone(), None).await?;
            let answer = async {
                let response = request.send().await?;
                let said = |name: HeaderName| {
                    let value: Option<&HeaderValue> = response.headers().get(name);
                    value.and_then(|value| value.to_str().ok()).map(str::to_owned)
                };
                let (length, encoding) = (said(CONTENT_LENGTH), said(CONTENT_ENCODING));
                let chunked = said(TRANSFER_ENCODING).is_some();
                let answer = read(response).await?;
                Ok::<_, reqwest::Error>(answer.and_then(|answer| match answer.status {
                    200 => Ok(Document { body: answer.body, length, encoding, chunked }),
                    status => Err(UpstreamError::Status(status)),
                }))
            };
            answer.await.unwrap_or_else(|error| Err(self.cause(Called::Provider, &origin, &error)))
        };
        timeout(self.deadline, call).await.unwrap_or(Err(UpstreamError::Deadline))
    }

    /// Posts a form to a token endpoint, in a tenant's share of its host. An error status is an
    /// answer.
    pub(crate) async fn post_form(
        &self,
        tenant: TenantId,
        url: &Url,
        form: &Secret,
    ) -> Result<Answer, UpstreamError> {
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let body = form.expose().to_vec();
        let request =
            |client: &Client| client.post(url.clone()).header(CONTENT_TYPE, form_type).body(body);
        self.in_time(url, Some(tenant), request).await
    }

    /// Posts a form to an application, in a tenant's share of its host. Whatever the status, it is an
    /// answer; what follows it is not read.
    pub(crate) async fn tell(
        &self,
        tenant: TenantId,
        url: &Url,
        form: &Secret,
    ) -> Result<u16, UpstreamError> {
        let origin = url.origin().ascii_serialization();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let body = form.expose().to_vec();
        let call = async {
            let client = self.client_for_logout(url).await?;
            let _pass = self.gates.enter(origin.clone(), Some(tenant)).await?;
            let request = client.post(url.clone()).header(CONTENT_TYPE, form_type).body(body);
            match request.send().await {
                Ok(response) if response.status().is_redirection() => {
                    Err(UpstreamError::Redirected)
                }
                Ok(response) => Ok(response.status().as_u16()),
                Err(error) => Err(self.cause(Called::Application, &origin, &error)),
            }
        };
        timeout(self.deadline, call).await.unwrap_or_else(|_| {
            self.told.once(Called::Application, &origin, "no answer in time");
            Err(UpstreamError::Deadline)
        })
    }

    /// Asks for JSON with an access token, in a tenant's share of its host. An error status is an
    /// answer.
    pub(crate) async fn ask_bearer(
        &self,
        tenant: TenantId,
        access_token: &Secret,
        url: &Url,
        call: Call,
    ) -> Result<Answer, UpstreamError> {
        let token = access_token.expose_text().unwrap_or_default();
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        let mut bearer = bearer.map_err(|_| TokenResponseError::AccessToken)?;
        bearer.set_sensitive(true);
        let json = HeaderValue::from_static("application/json");
        let request = |client: &Client| match call {
            Call::Get((name, value)) => client.get(url.clone()).header(name, value),
            Call::Post(body) => client.post(url.clone()).header(CONTENT_TYPE, json).body(body),
            Call::Patch(body) => client.patch(url.clone()).header(CONTENT_TYPE, json).body(body),
        };
        let request = |client: &Client| request(client).header(AUTHORIZATION, bearer);
        self.in_time(url, Some(tenant), request).await
    }

    /// Fetches a list of revoked certificates. It may be large, and nobody waits for it.
    pub(crate) async fn list(&self, url: &Url, most: usize) -> Result<Vec<u8>, UpstreamError> {
        let origin = url.origin().ascii_serialization();
        let call = async {
            let client = self.client_for_list(url).await?;
            let _pass = self.gates.enter(origin.clone(), None).await?;
            let answer = async { read_list(client.get(url.clone()).send().await?, most).await };
            answer.await.unwrap_or_else(|error| Err(self.cause(Called::List, &origin, &error)))
        };
        timeout(self.deadline.saturating_mul(LIST_DEADLINES), call).await.unwrap_or_else(|_| {
            self.told.once(Called::List, &origin, "no answer in time");
            Err(UpstreamError::Deadline)
        })
    }

    /// The client that may fetch a list of revoked certificates from `url`.
    async fn client_for_list(&self, url: &Url) -> Result<&Client, UpstreamError> {
        let named = may_be_inner(url, &[&self.named_for_lists], &["http", "https"])?;
        let clients = self.clients.get_or_try_init(Clients::make).await?;
        Ok(if named { &clients.operators } else { &clients.lists })
    }

    /// The client that may tell an application of a logout at `url`.
    async fn client_for_logout(&self, url: &Url) -> Result<&Client, UpstreamError> {
        let named = may_be_inner(url, &[&self.named, &self.named_for_logouts], &["https"])?;
        let clients = self.clients.get_or_try_init(Clients::make).await?;
        Ok(if named { &clients.operators } else { &clients.public })
    }

    /// The client that may call `url`.
    async fn client_for(&self, url: &Url) -> Result<&Client, UpstreamError> {
        let named = may_be_inner(url, &[&self.named], &["https"])?;
        let clients = self.clients.get_or_try_init(Clients::make).await?;
        Ok(if named { &clients.operators } else { &clients.public })
    }

    /// The client, the turn, the name, the connection and the whole body: all before the deadline.
    async fn in_time(
        &self,
        url: &Url,
        tenant: Option<TenantId>,
        request: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<Answer, UpstreamError> {
        let origin = url.origin().ascii_serialization();
        let call = async {
            let request = request(self.client_for(url).await?);
            let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
            let _pass = self.gates.enter(origin.clone(), tenant).await?;
            let answer = async { read(request.send().await?).await };
            answer.await.unwrap_or_else(|error| Err(self.cause(Called::Provider, &origin, &error)))
        };
        timeout(self.deadline, call).await.unwrap_or_else(|_| {
            self.told.once(Called::Provider, &origin, "no answer in time");
            Err(UpstreamError::Deadline)
        })
    }

    /// What is behind an error of the client; the log has it in words.
    fn cause(&self, called: Called, origin: &str, error: &reqwest::Error) -> UpstreamError {
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        while let Some(inner) = source {
            if inner.is::<Forbidden>() {
                return UpstreamError::ForbiddenAddress;
            }
            source = inner.source();
        }
        self.told.once(called, origin, &innermost(error));
        UpstreamError::Unreachable
    }
}

/// Whether `url` is of an origin that the operator named, and so may be an inner address. Any other must
/// be of one of the `schemes`, and is called at a public address alone.
///
/// A host that is an address is judged here, because no resolver will see it.
fn may_be_inner(
    url: &Url,
    named: &[&Vec<String>],
    schemes: &[&str],
) -> Result<bool, UpstreamError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UpstreamError::BadUrl);
    }
    let origin = url.origin().ascii_serialization();
    if named.iter().any(|named| named.contains(&origin)) {
        return Ok(true);
    }
    let public = match url.host() {
        _ if !schemes.contains(&url.scheme()) => return Err(UpstreamError::BadUrl),
        None => return Err(UpstreamError::BadUrl),
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
    };
    if public { Ok(false) } else { Err(UpstreamError::ForbiddenAddress) }
}

impl Clients {
    /// Makes both on a thread that may wait for the disk.
    async fn make() -> Result<Self, UpstreamError> {
        let made = tokio::task::spawn_blocking(Self::with_system_certificates).await;
        made.map_err(|_| UpstreamError::Certificates)?.map_err(|error| {
            tracing::error!(error = &*error, "cannot make the http client");
            UpstreamError::Certificates
        })
    }

    fn with_system_certificates() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let tls = ClientConfig::builder().with_platform_verifier()?.with_no_client_auth();
        let public = client(tls.clone()).https_only(true).dns_resolver(PublicOnly).build()?;
        let lists = client(tls.clone()).dns_resolver(PublicOnly).build()?;
        Ok(Self { public, lists, operators: client(tls).build()? })
    }
}

fn client(tls: ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent("cardea")
}

/// The answer, or what is wrong with it; an error of the client when it does not come whole.
async fn read(mut response: Response) -> Result<Result<Answer, UpstreamError>, reqwest::Error> {
    let status = response.status();
    if status.is_redirection() {
        return Ok(Err(UpstreamError::Redirected));
    }
    let retry_after = retry_after(&response);
    if !is_json(&response) {
        // What an error says in another form is nothing to us.
        let answer = Answer { status: status.as_u16(), body: Vec::new(), retry_after };
        let nothing_to_say = status == StatusCode::NO_CONTENT;
        return Ok(if status.is_success() && !nothing_to_say {
            Err(UpstreamError::ContentType)
        } else {
            Ok(answer)
        });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY {
            return Ok(Err(UpstreamError::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(Answer { status: status.as_u16(), body, retry_after }))
}

/// The whole body of a good answer, whatever it says that it is: authorities call lists by many
/// names.
async fn read_list(
    mut response: Response,
    most: usize,
) -> Result<Result<Vec<u8>, UpstreamError>, reqwest::Error> {
    let status = response.status();
    if status.is_redirection() {
        return Ok(Err(UpstreamError::Redirected));
    }
    if !status.is_success() {
        return Ok(Err(UpstreamError::Status(status.as_u16())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > most {
            return Ok(Err(UpstreamError::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(body))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// `application/json`, or another type that is JSON inside, such as `application/jwk-set+json`.
fn is_json(response: &Response) -> bool {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}
