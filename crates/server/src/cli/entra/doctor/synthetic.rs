//! A whole sign-in by external MFA, at an Entra stand-in: `cardea-sim` plays a person who is made for it,
//! their browser and their key. At a real directory nobody can be made, and one real sign-in tells more.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use identity::{EntraLink, Person, PersonState, Tenant};
use ids::{Alias, CredentialId};
use serde_json::{Value as Json, json};
use store::{AuditEntry, Credential, EamConnection};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use url::Url;

use super::Report;
use crate::app::App;
use crate::cli::Failure;
use crate::entropy;
use crate::hallway::ceremony;
use crate::hallway::newcomer::{self, unused_name};

const LINK: &str = "sign-in";
/// How long all of it may take; it takes a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// What nobody enrols a card by: no login has let this one be enrolled.
const PERMIT: &str = "doctor";

/// Plays a sign-in, and tells how it came out.
pub(super) async fn sign_in(
    app: &App,
    tenant: &Tenant,
    connection: &EamConnection,
    simulator: &Path,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    if !is_local(&connection.authority) {
        let what = format!("{} is no stand-in on this machine", connection.authority);
        return report.note(LINK, what, "--wait 120 waits for one real sign-in");
    }
    let Some(directory) = connection.directories.first() else { return Ok(()) };
    let mut player = match Player::start(simulator, connection, directory) {
        Ok(player) => player,
        Err(error) => {
            let what = format!("cannot run {}: {error}", simulator.display());
            return report.bad(LINK, what, "build cardea-sim, and name it: --synthetic PATH");
        }
    };
    let mut made = None;
    let sign_in = player.play(app, tenant, &mut made);
    let ended = match tokio::time::timeout(PATIENCE, sign_in).await {
        Ok(ended) => ended,
        Err(_) => Err("it has not ended within a minute".into()),
    };
    if let Some(made) = &made {
        put_away(app, tenant, made).await?;
    }
    match ended {
        Ok(came_in) => report.good(
            LINK,
            format!(
                "a person with a simulated key went the whole way, and Entra let them in: {came_in}"
            ),
        ),
        Err(error) => {
            let words = player.last_words().await;
            let what = if words.is_empty() { error.to_string() } else { words };
            let remedy =
                "the console says what was refused, under Entra external MFA; so does the log";
            report.bad(LINK, what, remedy)
        }
    }
}

/// Whether an authority is on this machine: Microsoft's are not.
fn is_local(authority: &str) -> bool {
    let url = Url::parse(authority).ok();
    url.is_some_and(|url| matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")))
}

/// What was made for the sign-in, and goes with it.
struct Made {
    person: Person,
    card: CredentialId,
}

/// `cardea-sim sign-in`: a line of JSON each, there and back.
struct Player {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    hears: ChildStdin,
}

impl Player {
    fn start(
        simulator: &Path,
        connection: &EamConnection,
        directory: &str,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(simulator);
        command.args(["sign-in", "--entra", &connection.authority, "--directory", directory]);
        command.args(["--method", &connection.app_id, "--alias"]);
        command.arg(format!("doctor-{}", entropy::id().simple()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let says = child.stdout.take().ok_or("no standard output")?;
        let hears = child.stdin.take().ok_or("no standard input")?;
        Ok(Self { child, says: BufReader::new(says).lines(), hears })
    }

    /// Where the person was let in.
    async fn play(
        &mut self,
        app: &App,
        tenant: &Tenant,
        made: &mut Option<Made>,
    ) -> Result<String, Failure> {
        let member = self.hear("person").await?;
        let mut rows = app.store().read(tenant.id).await?;
        let name = unused_name(&mut rows, &text(&member, "name")?, None).await;
        let person = newcomer::person(name.map_err(|problem| format!("{problem:?}"))?);
        drop(rows);
        let begun = app.passkeys.start_registration(person.id, &person.username, "Doctor", &[])?;
        self.say(&json!({ "create": begun.options, "origin": app.config.origin() })).await?;
        let credential = self.hear("credential").await?;
        let response = serde_json::to_vec(&credential)?;
        let passkey = app.passkeys.finish_registration(&begun.state, &response)?;
        let (webauthn_id, kind) = ceremony::enrolled(passkey);
        let card = Credential {
            id: CredentialId(entropy::id()),
            person: person.id,
            webauthn_id,
            label: "Simulated key".into(),
            kind,
            permit: PERMIT.into(),
            created_at: entropy::now(),
            last_used_at: None,
            revoked_at: None,
        };
        let link = EntraLink {
            provider: Alias::try_from("entra".to_owned())?,
            tid: text(&member, "tid")?,
            oid: text(&member, "oid")?,
        };
        write(app, tenant, &person, &link, &card).await?;
        *made = Some(Made { person, card: card.id });
        self.say(&json!({ "sign_in": true })).await?;
        let came_in = self.hear("in").await?;
        Ok(came_in.as_str().unwrap_or_default().to_owned())
    }

    /// What it says under this name.
    async fn hear(&mut self, name: &str) -> Result<Json, Failure> {
        let line = self.says.next_line().await?.ok_or("it has ended early")?;
        let said: Json = serde_json::from_str(&line)?;
        said.get(name).cloned().ok_or_else(|| format!("no \"{name}\" in {said}").into())
    }

    async fn say(&mut self, line: &Json) -> Result<(), Failure> {
        self.hears.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.hears.flush().await?)
    }

    /// Why it has ended; nothing if it goes on.
    async fn last_words(&mut self) -> String {
        let mut words = String::new();
        if let Some(errors) = &mut self.child.stderr {
            // It is at its end, or it hangs and has nothing to say.
            let read = errors.read_to_string(&mut words);
            let _cut_short = tokio::time::timeout(Duration::from_secs(1), read).await;
        }
        words.trim().to_owned()
    }
}

/// The person with their key, as if both had been here for long.
async fn write(
    app: &App,
    tenant: &Tenant,
    person: &Person,
    link: &EntraLink,
    card: &Credential,
) -> Result<(), Failure> {
    let mut tx = app.store().write(tenant.id).await?;
    tx.write_person(person).await?;
    tx.insert_link(link, person.id).await?;
    tx.insert_credential(card).await?;
    let detail = json!({ "from": "host", "card": card.id });
    let entry = AuditEntry::new("doctor.person-made", detail);
    tx.audit(&AuditEntry { person: Some(person.id), ..entry }).await?;
    Ok(tx.commit().await?)
}

/// Nobody signs in as that person again.
async fn put_away(app: &App, tenant: &Tenant, made: &Made) -> Result<(), Failure> {
    let mut tx = app.store().write(tenant.id).await?;
    tx.set_person_state(made.person.id, PersonState::Disabled).await?;
    tx.revoke_credential(made.card).await?;
    let detail = json!({ "from": "host", "card": made.card });
    let entry = AuditEntry::new("doctor.person-put-away", detail);
    tx.audit(&AuditEntry { person: Some(made.person.id), ..entry }).await?;
    Ok(tx.commit().await?)
}

fn text(value: &Json, name: &str) -> Result<String, Failure> {
    let text = value.get(name).and_then(Json::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("no \"{name}\" in {value}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::entra::Voice;
    use crate::test_app::test_app;

    #[tokio::test]
    async fn at_an_authority_that_is_elsewhere_nobody_is_made_and_nothing_started() {
        let (app, _data) = test_app().await;
        let slug = crate::OPERATORS.to_owned().try_into().unwrap();
        let tenant = app.store().tenant(&slug).await.unwrap().unwrap();
        let connection = EamConnection {
            client_id: "cardea".into(),
            app_id: entropy::id().to_string(),
            authority: "https://login.microsoftonline.com".into(),
            directories: vec![entropy::id().to_string()],
            enabled: true,
            created_at: entropy::now(),
        };
        let mut said = Vec::new();
        let mut voice = Voice { out: &mut said, ask: &mut |_| false };
        let mut report = Report { voice: &mut voice, bad: 0 };
        let nowhere = Path::new("/nowhere");
        sign_in(&app, &tenant, &connection, nowhere, &mut report).await.unwrap();
        let bad = report.bad;
        let said = String::from_utf8(said).unwrap();
        assert!(bad == 0 && said.contains("is no stand-in on this machine"), "{said}");
    }

    #[test]
    fn only_an_authority_on_this_machine_is_taken_for_a_stand_in() {
        for authority in ["http://127.0.0.1:8090", "http://localhost:1", "http://[::1]:8090"] {
            assert!(is_local(authority), "{authority}");
        }
        for authority in [
            "https://login.microsoftonline.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.example",
            "nothing",
        ] {
            assert!(!is_local(authority), "{authority}");
        }
    }
}
