//! Entra's external MFA: the hint comes in by a form, the card answers, the ID token goes out.
//!
//! The hints are made before by the stand-in, whose clock goes on by a second for each: two about one person
//! within a second are the same. Each step is done by all people before the next begins, so that each has
//! its cost.

use entra_stand_in::{ACME, Arrival, Audience, Page, Person};
use identity::Moment;
use load::{Directory, Member, TENANT};
use serde_json::{Value, json};
use store::{EamConnection, Store};
use url::Url;

use super::crowd::{Asker, Cost, Crowd};
use super::provider::Keys;
use super::wire::{FORM, Reply, Site, form};
use crate::Failure;

const APPLICATION: &str = "https://files.example/back";

/// Cardea as the provider, and an application whose directory demands it.
#[derive(Clone, Debug)]
pub(crate) struct Mfa {
    client_id: String,
    application: String,
    origin: String,
}

/// A request of Entra, and how far its browser has come.
#[derive(Clone, Debug)]
struct Transaction {
    path: String,
    body: String,
    eam: String,
    card: String,
    /// What the card step asks for.
    options: Value,
    id_token: Option<String>,
}

/// The steps of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Entra's form with the hint: verified, first commit.
    Hint,
    /// On to the card step.
    GoOn,
    /// Its page.
    Page,
    /// What the card is asked for.
    Options,
    /// The card's answer: second commit.
    Finish,
    /// The form for Entra, with the ID token.
    Answer,
}

impl Step {
    pub(crate) const ALL: [Self; 6] =
        [Self::Hint, Self::GoOn, Self::Page, Self::Options, Self::Finish, Self::Answer];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint in, first commit",
            Self::GoOn => "on to the card step",
            Self::Page => "page of the card step",
            Self::Options => "options",
            Self::Finish => "finish, second commit",
            Self::Answer => "ID token out",
        }
    }

    /// Whether it is of external MFA alone, and not of every card step.
    pub(crate) fn is_own(self) -> bool {
        matches!(self, Self::Hint | Self::GoOn | Self::Answer)
    }
}

/// A person who takes a step in all of their transactions, in order: the counter of a card goes up.
struct Walker {
    site: Site,
    entra: String,
    origin: String,
    member: Member,
    step: Step,
    at: usize,
    all: Vec<Transaction>,
}

/// Connects Cardea, behind `origin`, to the directory.
pub(crate) async fn connect(
    directory: &Directory,
    store: &Store,
    origin: &str,
) -> Result<Mfa, Failure> {
    let entra = &directory.stand_in;
    let client_id = entra.register_app(ACME, "Cards", Audience::SingleDirectory).client_id;
    let tenant = store.tenant(&TENANT.to_owned().try_into()?).await?.ok_or("no tenant")?;
    let mut tx = store.write(tenant.id).await?;
    tx.put_eam_connection(&EamConnection {
        client_id: client_id.to_string(),
        app_id: client_id.to_string(),
        authority: entra.base_url().to_owned(),
        directories: vec![ACME.to_string()],
        enabled: true,
        created_at: Moment(0),
    })
    .await?;
    tx.commit().await?;
    let issuer = issuer(origin);
    let discovery = format!("{issuer}/.well-known/openid-configuration");
    let endpoint = format!("{issuer}/auth");
    let method = entra.connect_external_mfa(client_id, "Cards", &endpoint, &discovery)?;
    for user in entra.users(ACME) {
        entra.register_external_method(user.id, method.id)?;
    }
    let files = entra.register_app(ACME, "Files", Audience::SingleDirectory).client_id;
    entra.add_redirect_uri(files, APPLICATION)?;
    entra.grant_admin_consent(files, &["openid", "profile"])?;
    entra.require_mfa(ACME, Some(files))?;
    let query = form([
        ("client_id", files.to_string().as_str()),
        ("response_type", "code"),
        ("redirect_uri", APPLICATION),
        ("scope", "openid profile"),
        ("state", "files"),
        ("nonce", "files"),
    ]);
    let application = format!("{}/{ACME}/oauth2/v2.0/authorize?{query}", entra.base_url());
    Ok(Mfa { client_id: client_id.to_string(), application, origin: origin.to_owned() })
}

fn issuer(origin: &str) -> String {
    format!("{origin}/realms/{TENANT}/eam")
}

impl Mfa {
    /// Does so many transactions for each person; what each step cost, and the people back.
    pub(crate) async fn measure(
        &self,
        directory: &Directory,
        crowd: &mut Crowd,
        members: Vec<Member>,
        each: usize,
    ) -> Result<(Vec<(Step, Cost)>, Vec<Member>), Failure> {
        let mut walkers = self.walkers(directory, crowd, members, each).await?;
        let mut costs = Vec::new();
        for step in Step::ALL {
            for walker in &mut walkers {
                (walker.step, walker.at) = (step, 0);
            }
            let (back, cost) = crowd.ask(walkers, None).await?;
            walkers = back;
            costs.push((step, cost));
        }
        let path = format!("/realms/{TENANT}/eam/certs");
        let keys = Keys::of(&crowd.site, &path, &issuer(&self.origin)).await?;
        let mut members = Vec::new();
        for walker in walkers {
            for transaction in walker.all {
                self.verify(&keys, transaction.id_token.as_deref())?;
            }
            members.push(walker.member);
        }
        Ok((costs, members))
    }

    fn verify(&self, keys: &Keys, id_token: Option<&str>) -> Result<(), Failure> {
        let token = id_token.ok_or("a transaction without an ID token")?;
        let claims = keys.claims(token, jsonwebtoken::Algorithm::RS256, &self.client_id)?;
        let amr = claims.get("amr") == Some(&json!(["fido"]));
        let acr = claims.get("acr") == Some(&json!("possessionorinherence"));
        if amr && acr { Ok(()) } else { Err(format!("an ID token that says {claims}").into()) }
    }

    async fn walkers(
        &self,
        directory: &Directory,
        crowd: &Crowd,
        members: Vec<Member>,
        each: usize,
    ) -> Result<Vec<Walker>, Failure> {
        let walker = |member: Member| {
            let (site, origin) = (crowd.site.clone(), self.origin.clone());
            let entra = directory.stand_in.base_url().to_owned();
            let walker =
                Walker { site, entra, origin, member, step: Step::Hint, at: 0, all: Vec::new() };
            let person = Person::new(&walker.member.username);
            (person, walker)
        };
        let mut people: Vec<_> = members.into_iter().take(crowd.size()).map(walker).collect();
        for _ in 0..each {
            for (person, walker) in &mut people {
                walker.all.push(self.asked(person).await?);
            }
            directory.stand_in.advance_clock(1);
        }
        Ok(people.into_iter().map(|(_, walker)| walker).collect())
    }

    /// What Entra has the browser post.
    async fn asked(&self, person: &mut Person) -> Result<Transaction, Failure> {
        match person.sign_in(&self.application).await? {
            Arrival::ExternalMfa { action, fields } => {
                let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                Ok(Transaction {
                    path: action.path().to_owned(),
                    body: form(pairs),
                    eam: String::new(),
                    card: String::new(),
                    options: Value::Null,
                    id_token: None,
                })
            }
            other => Err(format!("Entra asks for no card: {other:?}").into()),
        }
    }
}

impl Walker {
    fn request(&mut self) -> Option<Result<Vec<u8>, Failure>> {
        let transaction = self.all.get(self.at)?;
        let eam = format!("__Host-eam-{TENANT}={}", transaction.eam);
        let both = format!("{eam}; __Host-card-{TENANT}={}", transaction.card);
        let own = |path: &str| format!("/realms/{TENANT}/{path}");
        let html = ("accept", "text/html");
        let json = [
            ("cookie", both.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("origin", &self.origin),
        ];
        let site = &self.site;
        Some(Ok(match self.step {
            Step::Hint => {
                let headers = [FORM, html, ("origin", self.entra.trim_end_matches('/'))];
                site.post(&transaction.path, &headers, &transaction.body)
            }
            Step::GoOn => site.get(&own("eam/continue"), &[html, ("cookie", &eam)]),
            Step::Page => site.get(&own("login/card"), &[html, ("cookie", &both)]),
            Step::Options => site.post(&own("login/card/options"), &json, r#"{"hint":"card"}"#),
            Step::Finish => {
                let options = json!({ "publicKey": transaction.options.get("options") });
                let credential = match self.member.card.0.authenticate(&options, &self.origin) {
                    Ok(credential) => credential,
                    Err(refused) => return Some(Err(refused.into())),
                };
                let challenge = transaction.options.get("challenge");
                let answer = json!({ "challenge": challenge, "credential": credential });
                site.post(&own("login/card/finish"), &json, &answer.to_string())
            }
            Step::Answer => site.get(&own("eam/answer"), &[html, ("cookie", &eam)]),
        }))
    }
}

impl Asker for Walker {
    fn next(&mut self) -> Option<Vec<u8>> {
        // A card that refuses sends nothing, and then the answer is not what was expected.
        self.request().map(Result::unwrap_or_default)
    }

    fn take(&mut self, reply: Reply) -> Result<(), Failure> {
        let step = self.step;
        let transaction = self.all.get_mut(self.at).ok_or("an answer to nothing")?;
        let cookie = |name: &str| reply.cookie(&format!("__Host-{name}-{TENANT}"));
        let unexpected = || reply.unexpected(step.name());
        match (step, reply.status) {
            (Step::Hint, 303) => {
                cookie("eam").ok_or_else(unexpected)?.clone_into(&mut transaction.eam);
            }
            (Step::GoOn, 303) => {
                cookie("card").ok_or_else(unexpected)?.clone_into(&mut transaction.card);
            }
            (Step::Page, 200) if reply.text().contains("Microsoft Entra") => {}
            (Step::Options, 200) => transaction.options = reply.json(),
            (Step::Finish, 200) if reply.text().contains("location") => {}
            (Step::Answer, 200) => {
                let page = Page::read(Url::parse(&self.origin)?, reply.status, reply.text());
                let button = "Back to Microsoft";
                let fields = page.form(button)?.pressed(button)?;
                let mut fields = fields.into_iter();
                transaction.id_token =
                    fields.find_map(|(name, value)| (name == "id_token").then_some(value));
            }
            _ => return Err(unexpected()),
        }
        self.at = self.at.saturating_add(1);
        Ok(())
    }
}
