//! What applications and Entra's external MFA cost: client credentials, codes, refresh, userinfo,
//! introspection, and transactions of external MFA.
//!
//! Every grant and every redemption is durable, with one event in the audit trail. npm's oidc-provider
//! redeems codes in the same run, in turns, in memory. What counts is CPU time of a server's process.

mod application;
mod bounds;
mod child;
mod codes;
mod crowd;
mod eam;
pub(crate) mod floor;
mod grants;
mod node;
mod provider;
mod redeem;
mod signatures;
mod uses;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use load::report::line;
use load::{Browser, Directory, Installation, Member, Port, Program, TENANT};
use openid_provider::client::ClientKind;
use soft_authenticator::Signer;

use crate::{Failure, Server, conditions, process};
use application::Application;
use bounds::Bounds;
use crowd::Crowd;
use eam::{Mfa, Step};
use floor::Floor;
use node::Node;
use provider::Provider;
use signatures::Signatures;
use uses::{Refreshing, Same};
use wire::Site;

/// What applications and Entra's external MFA cost.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    /// Where npm's oidc-provider is installed.
    #[arg(long)]
    oidc_provider: PathBuf,
    /// How long each figure is measured, in seconds; of codes, so many rounds.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// How long it runs before that, in seconds.
    #[arg(long, default_value_t = 3)]
    warm_up: u32,
    /// Connections that ask at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// People, each with a card.
    #[arg(long, default_value_t = 32)]
    people: usize,
    /// Measure only this (grants, codes, uses or eam).
    #[arg(long)]
    only: Option<Part>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Grants,
    Codes,
    Uses,
    Eam,
}

/// Transactions of one person for one second of measurement.
const TRANSACTIONS: u32 = 2;

/// The applications: of people and of themselves, with either algorithm.
struct Applications {
    web: [Application; 2],
    service: [Application; 2],
}

/// All that is measured with.
struct Bench {
    arguments: Arguments,
    directory: Directory,
    cardea: Provider,
    node: Provider,
    floor: Floor,
    applications: Applications,
    mfa: Mfa,
    members: Vec<Member>,
    signatures: Signatures,
    bounds: Bounds,
}

/// Measures, and prints.
pub(crate) async fn run(arguments: &Arguments, cores: usize) -> Result<(), Failure> {
    let directory = Directory::register().await?;
    let port = Port::claim()?;
    directory.admit(&port)?;
    let database = arguments.server.postgres.then(|| test_postgres::server().database());
    let installation = Installation::prepare(&directory, database).await?;
    conditions::print(&arguments.server, cores, &directory, installation.folder())?;
    let origin = format!("http://localhost:{}", port.number());
    let mut members = Vec::new();
    for number in 0..arguments.people {
        members.push(Member::new(&directory.employ(number)?, u64::try_from(number)?));
    }
    let store = installation.store().await?;
    let applications = Applications::register(&store).await?;
    let mfa = eam::connect(&directory, &store, &origin).await?;
    store.close().await?;
    let pinned = conditions::pinned(cores);
    // One directory asks as often as ten thousand people of it would.
    let limits = [("CARDEA_LIMITS_LOGINS_PER_MINUTE", "10000000")];
    let program = &arguments.server.cardea;
    let mut server = Program::start(program, &installation, &port, &pinned, &limits)?;
    if !server.serves().await {
        return Err(server.last_words().into());
    }
    let node = Node::start(&arguments.oidc_provider, &applications.web, &pinned).await?;
    let first = applications.web.first().ok_or("no application")?;
    let node_provider = node.provider(arguments.connections, first).await?;
    let floor = Floor::start(&pinned, arguments.connections).await?;
    let cookies = sign_in(&port, &origin, &mut members).await?;
    let cardea =
        cardea(&port, &origin, server.server().ok_or("no process")?, cookies, arguments).await?;
    let signatures = signatures::measure(cores).await?;
    line("ES256 signatures of the core", format_args!("{:.0} per CPU-second", signatures.es256));
    line("RS256 signatures of the core", format_args!("{:.0} per CPU-second", signatures.rs256));
    let bounds = Bounds::default();
    let mut bench = Bench {
        arguments: arguments.clone(),
        directory,
        cardea,
        node: node_provider,
        floor,
        applications,
        mfa,
        members,
        signatures,
        bounds,
    };
    if let Err(failure) = bench.all(&port, &origin).await {
        return Err(format!("{failure}\n{}", server.last_words()).into());
    }
    line("load average after", process::load_average());
    bench.floor.stop().await?;
    node.stop().await?;
    server.stop().await?;
    // They are meant for the database that a server has by itself.
    let judged = !arguments.server.postgres;
    if bench.bounds.hold() || !judged { Ok(()) } else { Err("a bound is broken".into()) }
}

impl Applications {
    async fn register(store: &store::Store) -> Result<Self, Failure> {
        let tenant = store.tenant(&TENANT.to_owned().try_into()?).await?.ok_or("no tenant")?.id;
        let add = |id, kind, alg| Application::register(store, tenant, id, kind, alg);
        Ok(Self {
            web: [
                add("web-es256", ClientKind::Web, jose::Alg::Es256).await?,
                add("web-rs256", ClientKind::Web, jose::Alg::Rs256).await?,
            ],
            service: [
                add("service-es256", ClientKind::Service, jose::Alg::Es256).await?,
                add("service-rs256", ClientKind::Service, jose::Alg::Rs256).await?,
            ],
        })
    }
}

/// Everybody enrols their card, and stays signed in in one browser: the cookies of all.
async fn sign_in(
    port: &Port,
    origin: &str,
    members: &mut [Member],
) -> Result<Vec<String>, Failure> {
    let fresh = Browser::new(Browser::connections(port)?, origin);
    let mut cookies = Vec::new();
    for member in members {
        let mut browser = fresh.clone();
        member.sign_in(&mut browser).await?;
        let name = format!("__Host-sid-{TENANT}");
        let session = browser.cookie(&name).ok_or("no session")?;
        cookies.push(format!("{name}={session}"));
    }
    Ok(cookies)
}

async fn cardea(
    port: &Port,
    origin: &str,
    process: u32,
    cookies: Vec<String>,
    arguments: &Arguments,
) -> Result<Provider, Failure> {
    let host = format!("localhost:{}", port.number());
    let site = Site { address: port.address(), host };
    let endpoint = |name: &str| format!("/realms/{TENANT}/protocol/openid-connect/{name}");
    Ok(Provider {
        name: "Cardea",
        crowd: Crowd::gather(site, process, arguments.connections).await?,
        issuer: format!("{origin}/realms/{TENANT}"),
        authorization: endpoint("auth"),
        token: endpoint("token"),
        key_set: endpoint("certs"),
        cookies,
    })
}

impl Bench {
    async fn all(&mut self, port: &Port, origin: &str) -> Result<(), Failure> {
        self.measure().await?;
        self.negative_control(port, origin).await
    }

    async fn measure(&mut self) -> Result<(), Failure> {
        let only = self.arguments.only;
        let wanted = |part: Part| only.is_none_or(|only| only == part);
        if wanted(Part::Grants) {
            for application in self.applications.service.clone() {
                self.grants(&application).await?;
            }
        }
        if wanted(Part::Codes) {
            for application in self.applications.web.clone() {
                self.redemptions(&application).await?;
            }
        }
        if wanted(Part::Uses) {
            self.uses().await?;
        }
        if wanted(Part::Eam) {
            self.external_mfa().await?;
        }
        Ok(())
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.arguments.seconds.into())
    }

    fn warm_up(&self) -> Duration {
        Duration::from_secs(self.arguments.warm_up.into())
    }

    /// What applications do with tokens.
    async fn uses(&mut self) -> Result<(), Failure> {
        let application = self.applications.web.first().ok_or("no application")?.clone();
        let (codes, _) = self.cardea.codes(&application, "openid offline_access", 1).await?;
        let (tokens, _) = self.cardea.redeem(&application, codes).await?;
        let endpoint = |name: &str| format!("/realms/{TENANT}/protocol/openid-connect/{name}");
        let (cardea, time) = (&mut self.cardea, self.arguments.seconds);
        let time = Some(Duration::from_secs(time.into()));
        let path = endpoint("userinfo");
        let askers = tokens.iter().map(|tokens| Same::userinfo(cardea, &path, tokens)).collect();
        line("userinfo", cardea.crowd.ask(askers, time).await?.1.words());
        let path = endpoint("introspect");
        let ask = |tokens| Same::introspection(cardea, &path, &application, tokens);
        let askers = tokens.iter().map(ask).collect();
        line("introspection", cardea.crowd.ask(askers, time).await?.1.words());
        let ask = |tokens| Refreshing::new(cardea, &application, tokens);
        let askers = tokens.iter().map(ask).collect::<Result<_, _>>()?;
        line("refresh, ES256", cardea.crowd.ask(askers, time).await?.1.words());
        Ok(())
    }

    /// Transactions of external MFA, step by step.
    async fn external_mfa(&mut self) -> Result<(), Failure> {
        let each = usize::try_from(self.arguments.seconds.saturating_mul(TRANSACTIONS))?;
        let members = std::mem::take(&mut self.members);
        let (directory, crowd) = (&self.directory, &mut self.cardea.crowd);
        let (_, members) = self.mfa.measure(directory, crowd, members, 1).await?;
        let (steps, members) = self.mfa.measure(directory, crowd, members, each).await?;
        self.members = members;
        let count = steps.first().map_or(0, |(_, cost)| cost.count);
        let cpu = |own: bool| -> f64 {
            let all = steps.iter().filter(|(step, _)| !own || step.is_own());
            all.map(|(_, cost)| cost.cpu).sum()
        };
        line("external MFA, all six steps", transactions(count, cpu(false)));
        for (step, cost) in &steps {
            line(&format!("  {}", step.name()), format_args!("{:.0} µs", cost.each()));
        }
        line("external MFA, door and exit", transactions(count, cpu(true)));
        let rate = |cpu: f64| f64::from(count) / cpu / self.signatures.rs256;
        let (all, own) = (rate(cpu(false)), rate(cpu(true)));
        line("  of RS256 signatures, all", share(all));
        line("  of RS256, door and exit", share(own));
        self.bounds.eam = Some(own);
        self.least_of_external_mfa().await
    }

    /// What nobody can do without, of the six steps: as many requests, the card's signature verified, and the
    /// ID token signed.
    async fn least_of_external_mfa(&mut self) -> Result<(), Failure> {
        let application = self.applications.service.first().ok_or("no application")?.clone();
        self.floor.measure(&application, self.warm_up()).await?;
        let floor = self.floor.measure(&application, self.time()).await?;
        let Signatures { es256, rs256, assertions } = self.signatures;
        let request = floor.each() - 1e6 / es256;
        let (verified, signed) = (1e6 / assertions, 1e6 / rs256);
        let requests = f64::from(u32::try_from(Step::ALL.len())?);
        let least = requests * request + verified + signed;
        let words = format!(
            "{least:.0} µs each: {requests:.0} requests of {request:.0}, an assertion of {verified:.0}, \
             an ID token of {signed:.0}"
        );
        line("  without a row or a page", words);
        line("  of RS256 signatures, at most", share(signed / least));
        Ok(())
    }

    /// A run counts only when the same servers refuse what is changed.
    async fn negative_control(&mut self, port: &Port, origin: &str) -> Result<(), Failure> {
        let application = self.applications.web.first().ok_or("no application")?.clone();
        for provider in [&mut self.cardea, &mut self.node] {
            if !provider.refuses_a_changed_code(&application).await? {
                return Err(format!("{} takes a changed code", provider.name).into());
            }
        }
        line("changed code", "refused by both, and the code itself redeemed");
        let mut browser = Browser::new(Browser::connections(port)?, origin);
        let member = self.members.first_mut().ok_or("nobody")?;
        let forge = |draft: &mut soft_authenticator::Draft| draft.signer = Signer::AnotherKey;
        match member.sign_in_with(&mut browser, forge).await {
            Err(load::Trouble::Unexpected { step: "finish", status: 400..=499, .. }) => {
                line("forged signature of a card", "refused");
                Ok(())
            }
            other => Err(format!("a forged signature was not refused: {other:?}").into()),
        }
    }

    /// One asker for each connection.
    fn everybody<A>(&self, asker: impl Fn(&Provider) -> A) -> Vec<A> {
        (0..self.cardea.crowd.size()).map(|_| asker(&self.cardea)).collect()
    }
}

impl Signatures {
    fn of(self, alg: Algorithm) -> f64 {
        if alg == Algorithm::ES256 { self.es256 } else { self.rs256 }
    }
}

fn share(of: f64) -> String {
    format!("{:.0} %", of * 100.0)
}

fn transactions(count: u32, cpu: f64) -> String {
    let (rate, each) = (f64::from(count) / cpu, cpu * 1e6 / f64::from(count));
    format!("{rate:.0} per CPU-second ({each:.0} µs each; {count} of them)")
}
