//! Discovery document and keys, fetched as Entra fetches them.

use entra_eam::Issuer;
use identity::Tenant;
use oidc::discovery::EntraCloud;
use serde_json::Value as Json;
use store::KeyIssuer;
use upstream::{Document, Upstream, UpstreamError};

use super::{Report, keys};
use crate::app::App;
use crate::cli::Failure;
use crate::signing;

const DISCOVERY: &str = "discovery";
const KEYS: &str = "keys";

/// A client that may call our own public address, which may be an inner one as seen from here.
fn client(app: &App) -> Result<Upstream, Failure> {
    let authority = app.config.origin().parse()?;
    let here = EntraCloud { name: "here".into(), authority, graph: None };
    let config = upstream::Config { clouds: vec![here], ..upstream::Config::default() };
    Ok(Upstream::new(config)?)
}

/// A document, if it comes as Entra needs it (EAM-03).
async fn fetch(
    app: &App,
    link: &str,
    url: &str,
    report: &mut Report<'_, '_>,
) -> Result<Option<Document>, Failure> {
    let document = match client(app)?.document(url).await {
        Ok(document) => document,
        Err(error) => {
            let (what, remedy) = unreachable(&error);
            report.bad(link, format!("{url}: {what}"), remedy)?;
            return Ok(None);
        }
    };
    if let Some((what, remedy)) = wrong(&document) {
        report.bad(link, format!("{url} {what}"), remedy)?;
        return Ok(None);
    }
    Ok(Some(document))
}

/// What Entra would not take of how it came.
fn wrong(document: &Document) -> Option<(String, &'static str)> {
    if let Some(encoding) = document.encoding.as_deref().filter(|coding| *coding != "identity") {
        let remedy = "turn compression off for /realms/*/eam/ in the proxy";
        return Some((format!("comes compressed ({encoding})"), remedy));
    }
    let length = document.length.as_deref().and_then(|text| text.parse::<usize>().ok());
    if document.chunked || length != Some(document.body.len()) {
        let remedy = "let the proxy pass Content-Length on, without buffering it away (HTTP/1.1)";
        return Some(("comes without its Content-Length".into(), remedy));
    }
    None
}

/// Why it did not come, and what to do: it is our own address, and no provider's.
fn unreachable(error: &UpstreamError) -> (String, &'static str) {
    let remedy = match error {
        UpstreamError::Status(404) => {
            "is the server that runs here the one behind this address? It serves what the tenant has a \
             connection for"
        }
        UpstreamError::Status(_) => "the server's log says why",
        UpstreamError::Redirected => "the proxy must not redirect it: Entra follows nobody",
        UpstreamError::ContentType => "the proxy answers in place of the server",
        _ => "check that the server runs, the name, the certificate with its chain, and the proxy",
    };
    let what = match error {
        UpstreamError::Status(status) => format!("the answer has status {status}"),
        UpstreamError::Unreachable => "it cannot be reached".into(),
        UpstreamError::Deadline => "there is no answer in time".into(),
        UpstreamError::Redirected => "it redirects to another address".into(),
        UpstreamError::ContentType => "the answer is not JSON".into(),
        other => other.to_string(),
    };
    (what, remedy)
}

/// The discovery document (EAM-01 to EAM-04).
pub(super) async fn discovery(
    app: &App,
    issuer: &Issuer,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let url = issuer.configuration();
    let Some(document) = fetch(app, DISCOVERY, &url, report).await? else { return Ok(()) };
    if document.body == issuer.discovery_document() {
        return report.good(DISCOVERY, format!("{url}, issuer {}", issuer.as_str()));
    }
    let said: Option<Json> = serde_json::from_slice(&document.body).ok();
    let said = said.as_ref().and_then(|said| said.get("issuer")).and_then(Json::as_str);
    match said {
        Some(said) if said != issuer.as_str() => report.bad(
            DISCOVERY,
            format!(
                "it names the issuer {said:?}, and Entra compares it with {:?}",
                issuer.as_str()
            ),
            "let `url` of the configuration be the same for every server behind this address",
        ),
        _ => report.bad(
            DISCOVERY,
            format!("{url} is not the document of this version"),
            "is another program, or another version, behind this address?",
        ),
    }
}

/// The key set (EAM-05), and that it verifies what is signed.
pub(super) async fn certs(
    app: &App,
    tenant: &Tenant,
    issuer: &Issuer,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let url = issuer.jwks_uri();
    let Some(document) = fetch(app, KEYS, &url, report).await? else { return Ok(()) };
    let kids = match keys::check(&document.body) {
        Ok(kids) => kids,
        Err(why) => {
            return report.bad(
                KEYS,
                format!("{url}: {why}"),
                "is another program behind this address?",
            );
        }
    };
    let signs = match signing::published(app, tenant, KeyIssuer::Eam).await {
        Ok(signs) => signs,
        Err(error) => {
            let remedy =
                "was the database restored without its master key? The server's log says more";
            return report.bad(KEYS, error.to_string(), remedy);
        }
    };
    if !signs.key().is_verified_by(&document.body) {
        return report.bad(
            KEYS,
            format!("{url} does not have the key that signs, {}", signs.key().kid()),
            "is a cache in front of it? Nothing may keep it for longer than an hour",
        );
    }
    report.good(KEYS, format!("{}, with certificate; a signature verifies", kids.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(length: Option<&str>, encoding: Option<&str>, chunked: bool) -> Document {
        let text = |text: &str| text.to_owned();
        Document {
            body: b"{}".to_vec(),
            length: length.map(text),
            encoding: encoding.map(text),
            chunked,
        }
    }

    #[test]
    fn entra_wants_documents_with_their_length_and_as_they_are() {
        assert!(wrong(&document(Some("2"), None, false)).is_none());
        assert!(wrong(&document(Some("2"), Some("identity"), false)).is_none());
        for bad in [
            document(None, None, false),
            document(Some("3"), None, false),
            document(Some("2"), None, true),
            document(Some("2"), Some("gzip"), false),
        ] {
            assert!(wrong(&bad).is_some(), "{bad:?}");
        }
    }
}
