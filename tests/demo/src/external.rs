//! Microsoft Entra asks for the card itself: external MFA, set up by Graph, and one sign-in.

use std::process::Stdio;

use entra_stand_in::{ACME, Arrival, Person};
use serde_json::{Value, json};
use tokio::process::Command;
use url::Url;

use crate::page::Expect as _;
use crate::sign_in::{USERNAME, Visitor};
use crate::stage::Stage;
use crate::story::{Failed, Story, Told};
use crate::trouble::{Trouble, cannot, ensure};

/// What `cardea entra connect` may do by Graph.
const PERMISSIONS: [&str; 6] = [
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// Where the application of the directory takes people back.
const FILES: &str = "https://files.acme.example/back";

/// The stand-in's knobs, which the portal does not have.
struct Control {
    http: reqwest::Client,
    base: String,
}

/// What may use Graph.
struct Tool {
    client_id: String,
    secret: String,
}

/// Plays the whole part.
pub(crate) async fn play(
    story: &mut Story,
    stage: &Stage,
    visitor: &mut Visitor,
) -> Result<(), Failed> {
    story.part("Microsoft Entra asks for the card itself");
    let tool = story.step("An application that may use Microsoft Graph", tool(stage)).await?;
    story.step("cardea entra connect", connect(stage, &tool)).await?;
    story.step("cardea entra doctor", doctor(stage, &tool)).await?;
    let files = story.step("An application of the directory", files(stage)).await?;
    let mut ada = Person::new(USERNAME);
    let asked = story.step("Sign in to it with Microsoft", asked(&mut ada, &files)).await?;
    story.step("Entra asks Cardea", visitor.asked_by_entra(stage, asked)).await?;
    let answer = story.step("Enter the PIN, tap the card", visitor.answers_entra(stage)).await?;
    story.step("Back to Microsoft", back(&mut ada, answer)).await
}

/// A form that one site has the browser post to the other.
pub(crate) struct Posted {
    pub(crate) action: Url,
    pub(crate) fields: Vec<(String, String)>,
}

impl Control {
    fn of(stage: &Stage) -> Result<Self, Trouble> {
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| Trouble::new("an HTTP client", error))?;
        Ok(Self { http, base: stage.entra_base().to_owned() })
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Trouble> {
        let request = self.http.post(format!("{}/control{path}", self.base)).json(&body);
        let answered = async { request.send().await?.error_for_status()?.json().await };
        answered.await.map_err(|error| Trouble::new(format_args!("{path} to be done"), error))
    }
}

async fn tool(stage: &Stage) -> Told<Tool> {
    let control = Control::of(stage)?;
    let made = json!({ "directory": ACME, "display_name": "Cardea set-up" });
    let client_id = text(&control.post("/apps", made).await?, "client_id")?;
    let app = format!("/apps/{client_id}");
    let asked = json!({ "permissions": PERMISSIONS });
    control.post(&format!("{app}/application-permissions"), asked).await?;
    control.post(&format!("{app}/application-permissions/grant"), json!({})).await?;
    let secret = json!({ "description": "demo", "expires_in": 86_400 });
    let secret = text(&control.post(&format!("{app}/secrets"), secret).await?, "value")?;
    let said =
        format!("\"Cardea set-up\" has {} permissions, for the set-up alone", PERMISSIONS.len());
    Ok((Tool { client_id, secret }, said))
}

/// One command does Azure's side and ours.
async fn connect(stage: &Stage, tool: &Tool) -> Told<()> {
    let directory = ACME.to_string();
    let arguments = ["connect", "--tenant", "acme", "--directory", &directory];
    let mut command = entra(stage, tool, &arguments);
    command.args(["--name", "Acme card", "--cloud", stage.entra_base(), "--register", USERNAME]);
    // Whoever locks everybody out of a directory is locked out, too: an account is kept out of the rule.
    let account = json!({ "given_name": "Break", "family_name": "Glass", "alias": "break-glass" });
    let account = Control::of(stage)?.post(&format!("/directories/{ACME}/users"), account).await?;
    command.args(["--enforce", "--break-glass", &text(&account, "id")?]);
    let said = run(command, "cardea entra connect to succeed").await?;
    let done = said.lines().filter(|line| line.starts_with("done")).count();
    ensure(done > 0, "steps that are done", &said)?;
    Ok((
        (),
        format!(
            "{done} steps by Graph: registration, consent, method, Ada's registration of it, the rule \
             that demands it, and our connection"
        ),
    ))
}

/// Each link of the chain, as Entra would find it.
async fn doctor(stage: &Stage, tool: &Tool) -> Told<()> {
    let mut command = entra(stage, tool, &["doctor", "--tenant", "acme", "--user", USERNAME]);
    command.arg("--synthetic").arg(stage.program("cardea-sim"));
    let said = run(command, "a chain without a broken link").await?;
    let good = said.lines().filter(|line| line.starts_with("ok")).count();
    ensure(said.contains("Entra let them in"), "a sign-in that cardea-sim plays", &said)?;
    Ok((
        (),
        format!(
            "{good} links between Entra and Cardea are well; at the end cardea-sim has played a whole \
             sign-in"
        ),
    ))
}

/// An application that knows nothing of Cardea; its directory demands a second factor.
async fn files(stage: &Stage) -> Told<Url> {
    let control = Control::of(stage)?;
    let made = json!({ "directory": ACME, "display_name": "Files", "redirect_uris": [FILES] });
    let client_id = text(&control.post("/apps", made).await?, "client_id")?;
    let consent = json!({ "scopes": ["openid", "profile"] });
    control.post(&format!("/apps/{client_id}/admin-consent"), consent).await?;
    let demand = json!({ "client_id": client_id });
    control.post(&format!("/directories/{ACME}/mfa"), demand).await?;
    let endpoint = format!("{}/{ACME}/oauth2/v2.0/authorize", stage.entra_base());
    let fields = [
        ("client_id", client_id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", FILES),
        ("scope", "openid profile"),
        ("state", "files"),
        ("nonce", "files"),
    ];
    let url = Url::parse_with_params(&endpoint, fields);
    let url = url.map_err(|error| Trouble::new("an address", error))?;
    Ok((url, "\"Files\" knows nothing of Cardea; Conditional Access demands MFA for it".into()))
}

/// The person signs in at Microsoft, which then asks for more.
async fn asked(ada: &mut Person, files: &Url) -> Told<Posted> {
    match ada.sign_in(files.as_str()).await? {
        Arrival::ExternalMfa { action, fields } => {
            let said =
                format!("password, and then Entra has the browser post to {}", action.path());
            Ok((Posted { action, fields }, said))
        }
        other => Err(Trouble::new("a form for Cardea", format_args!("{other:?}"))),
    }
}

/// Entra verifies the answer, and the sign-in that waited goes on.
async fn back(ada: &mut Person, answer: Posted) -> Told<()> {
    match ada.back_from_provider(answer.action, &answer.fields).await? {
        Arrival::Redirect(url) if url.as_str().starts_with(FILES) => {
            Ok(((), format!("Entra has verified the token; Ada is in, at {FILES}")))
        }
        other => Err(Trouble::new("Ada to come in", format_args!("{other:?}"))),
    }
}

fn entra(stage: &Stage, tool: &Tool, arguments: &[&str]) -> Command {
    let mut command = Command::from(stage.cardea());
    command.arg("entra").args(arguments).env("CARDEA_GRAPH_CLIENT_ID", &tool.client_id);
    command.env("CARDEA_GRAPH_CLIENT_SECRET", &tool.secret);
    command
}

/// Runs a command of `cardea entra`, and answers yes; what it says.
async fn run(mut command: Command, expected: &str) -> Result<String, Trouble> {
    let (answers, mut typed) = std::io::pipe().map_err(cannot("a pipe"))?;
    std::io::Write::write_all(&mut typed, b"yes\nyes\nyes\n").map_err(cannot("a pipe"))?;
    drop(typed);
    let done = command.kill_on_drop(true).stdin(Stdio::from(answers)).output().await;
    let done = done.map_err(cannot("cardea entra to run"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure(done.status.success(), expected, format_args!("{said}{errors}"))?;
    Ok(said)
}

fn text(value: &Value, name: &str) -> Result<String, Trouble> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Trouble::new(format_args!("\"{name}\""), value))
}

impl Visitor {
    /// The browser, which Cardea knows by now, comes with Entra's form.
    async fn asked_by_entra(&mut self, stage: &Stage, asked: Posted) -> Told<()> {
        let from = stage.entra_base();
        let page = self.browser.come(from, &asked.action, &asked.fields).await?;
        let page = page.shows("Microsoft Entra asks for your card")?;
        page.shows("Acme")?;
        Ok((
            (),
            "the hint that Entra has signed names Ada; Cardea asks for her card, and no password"
                .into(),
        ))
    }

    /// One tap; the page that follows posts Entra's answer.
    async fn answers_entra(&mut self, stage: &Stage) -> Told<Posted> {
        let (_, number, page) = self.tap(stage).await?;
        let button = "Back to Microsoft";
        let form = page.form(button)?;
        let fields = form.pressed(button)?;
        let has_token = fields.iter().any(|(name, _)| name == "id_token");
        ensure(has_token, "an ID token for Entra", format_args!("{:?}", page.text))?;
        let said = format!("page and agent both show {number}; Cardea answers with an ID token");
        Ok((Posted { action: form.action, fields }, said))
    }
}
