//! npm's oidc-provider, as a process on the server's core.

use std::path::Path;

use load::{Browser, Port, Wrapper, report};

use super::application::Application;
use super::child::Child;
use super::crowd::Crowd;
use super::provider::Provider;
use super::wire::Site;
use crate::Failure;

/// So many pages has a sign-in there, redirects all of them.
const MOST: usize = 8;

/// The process.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    port: Port,
}

impl Node {
    /// Starts what is installed in `folder`.
    pub(crate) async fn start(
        folder: &Path,
        applications: &[Application],
        pinned: &Wrapper,
    ) -> Result<Self, Failure> {
        let port = Port::claim()?;
        let both = applications.iter().flat_map(|one| [one.clone(), one.unsigned()]);
        let known: Vec<_> = both.map(|one| one.at_oidc_provider()).collect();
        let (known, server) = (serde_json::to_string(&known)?, folder.join("server.mjs"));
        let server = server.to_str().ok_or("a folder whose path is no text")?;
        let port_number = port.number().to_string();
        let line = ["env", "NODE_ENV=production", "node", server, &port_number, &known];
        let (child, version) = Child::start("oidc-provider", pinned, &line).await?;
        report::line("oidc-provider", format_args!("in memory, on Node.js {version}"));
        Ok(Self { child, port })
    }

    /// The provider, with so many people signed in on so many connections.
    pub(crate) async fn provider(
        &self,
        size: usize,
        application: &Application,
    ) -> Result<Provider, Failure> {
        let host = format!("127.0.0.1:{}", self.port.number());
        let issuer = format!("http://{host}");
        let place = Site { address: self.port.address(), host };
        let process = self.child.id()?;
        let mut cookies = Vec::new();
        for _ in 0..size {
            cookies.push(sign_in(&issuer, &self.port, application).await?);
        }
        Ok(Provider {
            name: "oidc-provider",
            crowd: Crowd::gather(place, process, size).await?,
            issuer,
            authorization: "/auth".into(),
            token: "/token".into(),
            key_set: "/jwks".into(),
            cookies,
        })
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.child.stop().await
    }
}

/// Signs somebody in; their cookies.
async fn sign_in(issuer: &str, port: &Port, application: &Application) -> Result<String, Failure> {
    let mut browser = Browser::new(Browser::connections(port)?, issuer);
    // RFC 7636 B.
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let query = super::wire::form([
        ("client_id", application.client_id),
        ("redirect_uri", application.redirect_uri),
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]);
    let mut next = format!("/auth?{query}");
    for _ in 0..MOST {
        next = browser.get(&next).await?.redirect("a sign-in at oidc-provider")?;
        if next.starts_with(application.redirect_uri) {
            return Ok(browser.cookies());
        }
    }
    Err("oidc-provider signs nobody in".into())
}
