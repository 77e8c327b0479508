//! A whole sign-in: somebody with an account at an Entra stand-in, a browser, and a key.

mod key;

use std::io::{BufRead, Lines, StdinLock, Write};
use std::process::ExitCode;

use clap::Args;
use entra_stand_in::{Arrival, Browser, Page, Person};
use serde_json::{Value, json};

use self::key::Key;
use super::Outcome;

/// What whoever runs it must know.
const AFTER_HELP: &str = "\
For cardea entra doctor --synthetic. A line of JSON each on standard output and standard input:
  > {\"person\": {\"tid\": …, \"oid\": …, \"name\": …}}   made at the stand-in, with this method
  < {\"create\": OPTIONS, \"origin\": ORIGIN}            what their key is to be enrolled with
  > {\"credential\": …}                                its answer (WebAuthn, RegistrationResponseJSON)
  < {\"sign_in\": true}                                it is enrolled
  > {\"in\": ADDRESS}                                  they are let in, at this address
Whatever goes wrong is said on standard error, and the status is not 0.";

/// Where the application takes people back. Nobody is there.
const BACK: &str = "https://doctor.cardea.invalid/back";

#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Address of the Entra stand-in.
    #[arg(long, value_name = "URL")]
    entra: String,
    /// The directory, a GUID.
    #[arg(long, value_name = "GUID")]
    directory: String,
    /// Application (client) ID of the method of external MFA that asks for the key.
    #[arg(long, value_name = "GUID")]
    method: String,
    /// Name of the person, before the @. There must be nobody of that name.
    #[arg(long, value_name = "NAME")]
    alias: String,
}

type Failure = Box<dyn std::error::Error>;

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(play(arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn play(arguments: &Arguments) -> Result<(), Failure> {
    let mut said = std::io::stdin().lock().lines();
    let mut entra = Entra { browser: Browser::default(), base: arguments.entra.clone() };
    let member = entra.make_person(arguments).await?;
    say(&json!({ "person": member }))?;
    let asked = hear(&mut said)?;
    let origin = text(&asked, "origin")?;
    let mut key = Key::new(&origin)?;
    let credential = key.create(asked.get("create").unwrap_or(&Value::Null))?;
    say(&json!({ "credential": credential }))?;
    hear(&mut said)?;
    let (application, policy) = entra.make_application(arguments).await?;
    let came_in = sign_in(&member, &application, &mut key, &origin).await;
    // Whatever came of it: nobody else is to be asked because of us.
    entra.remove(&format!("/policies/{policy}")).await?;
    say(&json!({ "in": came_in? }))
}

/// From the application to Entra, to Cardea, to Entra and back; where they are let in.
async fn sign_in(
    member: &Value,
    application: &str,
    key: &mut Key,
    origin: &str,
) -> Result<String, Failure> {
    let mut person = Person::new(&text(member, "name")?);
    let (action, fields) = match person.sign_in(application).await? {
        Arrival::ExternalMfa { action, fields } => (action, fields),
        other => return Err(format!("Entra asks for no card: {other:?}").into()),
    };
    if action.origin().ascii_serialization() != origin {
        return Err(format!("Entra sends the browser to {action}, and not to {origin}").into());
    }
    let mut browser = Browser::default();
    let page = browser.post(action, &fields).await?;
    let step = page.url.path().to_owned();
    let answer = match page.form(BUTTON) {
        // Cardea has nothing to ask: it tells Entra why.
        Ok(_) => page,
        Err(_) if page.status == 200 => tap(&mut browser, &format!("{origin}{step}"), key).await?,
        Err(_) => return Err(format!("Cardea asks for no card: {}", shown(&page)).into()),
    };
    let form =
        answer.form(BUTTON).map_err(|_| format!("no answer to Entra: {}", shown(&answer)))?;
    let fields = form.pressed(BUTTON)?;
    if let Some((_, error)) = fields.iter().find(|(name, _)| name == "error") {
        return Err(format!("Cardea tells Entra {error}: {}", shown(&answer)).into());
    }
    match person.back_from_provider(form.action, &fields).await? {
        Arrival::Redirect(url) if url.as_str().starts_with(BACK) => Ok(BACK.to_owned()),
        other => Err(format!("Entra does not take the answer: {other:?}").into()),
    }
}

/// The button of the page that answers Entra.
const BUTTON: &str = "Back to Microsoft";

/// What the page of the card step does when the key is used there.
async fn tap(browser: &mut Browser, step: &str, key: &mut Key) -> Result<Page, Failure> {
    let options = json!({ "hint": "card" });
    let (_, options) = browser.post_json(&format!("{step}/options"), &options).await?;
    let credential = key.get(options.get("options").unwrap_or(&Value::Null))?;
    let answer = json!({ "challenge": options.get("challenge"), "credential": credential });
    let (status, finished) = browser.post_json(&format!("{step}/finish"), &answer).await?;
    let location = text(&finished, "location");
    let location = location.map_err(|_| format!("the key is refused, {status}: {finished}"))?;
    let origin = step.split("/realms/").next().unwrap_or_default();
    Ok(browser.open(&format!("{origin}{location}")).await?)
}

/// The stand-in's knobs.
struct Entra {
    browser: Browser,
    base: String,
}

impl Entra {
    async fn make_person(&mut self, arguments: &Arguments) -> Result<Value, Failure> {
        let Arguments { directory, method, alias, .. } = arguments;
        let (_, known) = self.browser.get_json(&self.address("/external-mfa")).await?;
        let methods = known.get("methods").and_then(Value::as_array).into_iter().flatten();
        let is_it = |known: &&Value| known.get("app_id").is_some_and(|id| id == method.as_str());
        let method = methods.into_iter().find(is_it).ok_or("the directory has no such method")?;
        let new = json!({ "given_name": "Cardea", "family_name": "Doctor", "alias": alias });
        let user = self.post(&format!("/directories/{directory}/users"), &new).await?;
        let oid = text(&user, "id")?;
        let registration = json!({ "method": method.get("id") });
        self.post(&format!("/users/{oid}/external-methods"), &registration).await?;
        let name = text(&user, "user_principal_name")?;
        Ok(json!({ "tid": directory, "oid": oid, "name": name }))
    }

    /// An application for which the directory demands a second factor: where somebody begins, and the
    /// policy.
    async fn make_application(
        &mut self,
        arguments: &Arguments,
    ) -> Result<(String, String), Failure> {
        let directory = &arguments.directory;
        let new = json!({
            "directory": directory, "display_name": "Cardea doctor", "redirect_uris": [BACK],
        });
        let client_id = text(&self.post("/apps", &new).await?, "client_id")?;
        let consent = json!({ "scopes": ["openid", "profile"] });
        self.post(&format!("/apps/{client_id}/admin-consent"), &consent).await?;
        let demand = json!({ "client_id": client_id });
        let policy = self.post(&format!("/directories/{directory}/mfa"), &demand).await?;
        let base = self.base.trim_end_matches('/');
        let back = BACK.replace(':', "%3A").replace('/', "%2F");
        let application = format!(
            "{base}/{directory}/oauth2/v2.0/authorize?client_id={client_id}&response_type=code\
             &redirect_uri={back}&scope=openid%20profile&state=doctor&nonce=doctor"
        );
        Ok((application, text(&policy, "id")?))
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        let (status, answer) = self.browser.post_json(&self.address(path), body).await?;
        if status == 200 { Ok(answer) } else { Err(format!("{path}: {status}, {answer}").into()) }
    }

    async fn remove(&mut self, path: &str) -> Result<(), Failure> {
        Ok(self.browser.delete(&self.address(path)).await?)
    }

    fn address(&self, path: &str) -> String {
        format!("{}/control{path}", self.base.trim_end_matches('/'))
    }
}

/// What somebody reads who is not where they should be.
fn shown(page: &Page) -> String {
    let text: String = page.text.chars().take(300).collect();
    format!("{} {}: {text}", page.status, page.url.path())
}

fn say(line: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn hear(said: &mut Lines<StdinLock<'_>>) -> Result<Value, Failure> {
    let line = said.next().ok_or("nobody says how to go on")??;
    Ok(serde_json::from_str(&line)?)
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("no \"{name}\" in {value}").into())
}
