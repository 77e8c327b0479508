//! npm's oidc-provider, as a process on the server's core.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use load::{Browser, Port, Wrapper, report};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::application::Application;
use super::crowd::Crowd;
use super::provider::Provider;
use super::wire::Site;
use crate::Failure;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many pages has a sign-in there, redirects all of them.
const MOST: usize = 8;

/// The process. It is killed when this goes.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    port: Port,
    /// What it says later has somewhere to go.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// Starts what is installed in `folder`.
    pub(crate) async fn start(
        folder: &Path,
        applications: &[Application],
        pinned: &Wrapper,
    ) -> Result<Self, Failure> {
        let port = Port::claim()?;
        let known: Vec<_> = applications.iter().map(Application::at_oidc_provider).collect();
        let mut line = pinned.0.clone();
        line.push("node".to_owned());
        let (program, rest) = line.split_first().ok_or("no program")?;
        let mut command = Command::new(program);
        command.args(rest).arg(folder.join("server.mjs")).arg(port.number().to_string());
        command.arg(serde_json::to_string(&known)?).env("NODE_ENV", "production");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn()?;
        let said = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(said).lines();
        let ready = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        match ready {
            Ok(Ok(Some(line))) if line.starts_with("ready") => {
                let version = line.trim_start_matches("ready ");
                report::line("oidc-provider", format_args!("in memory, on Node.js {version}"));
                Ok(Self { child, port, _said: lines })
            }
            other => Err(format!("oidc-provider does not start: {other:?}").into()),
        }
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
        let process = self.child.id().ok_or("oidc-provider has ended")?;
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

    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
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
