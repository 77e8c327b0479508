use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use entra_stand_in::StandIn;
use identity::{
    CardFirst, FirstCard, GroupsSent, Moment, Provider, ProviderEndpoints, ProviderKind, Seen,
    SyncMode, Tenant, TenantPolicy,
};
use ids::{Alias, Slug, TenantId};
use secrets::{KeyRing, Secret};
use server::{App, Bounds, Cloud, Config, DatabaseUrl, Entra, Oidc, X509};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Location, Store};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{Azure, Browser};

/// The slug of the tenant that a world comes with.
pub const TENANT: &str = "acme";

/// Where worlds keep their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file of their own.
    Sqlite,
    /// A database of their own at Debian's PostgreSQL.
    Postgres,
}

/// A database whose schema is made once for all worlds.
static FIRST_DATABASE: OnceCell<String> = OnceCell::const_new();

#[expect(clippy::expect_used, reason = "a world that does not start is a red test")]
async fn first_database() -> String {
    let url = test_postgres::server().database();
    let location = Location::Postgres(Secret::from(url.clone()));
    drop(Store::open(location, Arc::new(master_key())).await.expect("a database"));
    url
}

impl Engine {
    /// What `CARDEA_TEST_DATABASE` says, `sqlite` or `postgres`: the same tests run on both.
    ///
    /// # Panics
    ///
    /// When it says something else.
    #[expect(clippy::disallowed_methods, reason = "these tests are the program that reads it")]
    #[expect(clippy::panic, reason = "a test that runs elsewhere than asked tests nothing")]
    pub fn of_this_run() -> Self {
        match std::env::var("CARDEA_TEST_DATABASE").as_deref() {
            Err(_) | Ok("sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("CARDEA_TEST_DATABASE={other} is neither sqlite nor postgres"),
        }
    }

    async fn database(self) -> Option<DatabaseUrl> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => {
                let first = FIRST_DATABASE.get_or_init(first_database).await;
                Some(DatabaseUrl(test_postgres::server().database_like(first)))
            }
        }
    }
}

/// The same database, whose statements find another clock before PostgreSQL's own.
#[expect(clippy::expect_used, reason = "a world that does not start is a red test")]
async fn off_by(DatabaseUrl(url): DatabaseUrl, interval: &str) -> DatabaseUrl {
    let clock = format!(
        "CREATE SCHEMA off; GRANT USAGE ON SCHEMA off TO PUBLIC; \
         CREATE FUNCTION off.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS \
         $$ SELECT pg_catalog.statement_timestamp() + INTERVAL '{interval}' $$"
    );
    let all = test_postgres::server().superuser(&url);
    let mut all = PgConnection::connect(&all).await.expect("the database");
    sqlx::raw_sql(AssertSqlSafe(clock)).execute(&mut all).await.expect("another clock");
    DatabaseUrl(format!("{url}?options[search_path]=public,off,pg_catalog"))
}

/// A running Cardea, a running stand-in, and a tenant whose provider is connected to it.
pub struct World {
    /// Entra.
    pub stand_in: StandIn,
    /// Cardea.
    pub app: App,
    /// Its configuration.
    pub config: Config,
    /// Its public address, without a slash at the end.
    pub origin: String,
    /// The Azure side of the tenant [`TENANT`].
    pub azure: Azure,
    server: JoinHandle<()>,
    _data: TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// More sign-ins a minute than a machine can do.
const OFTEN: u32 = 10_000_000;

impl World {
    /// A world whose tenant enrols a first card after a fresh sign-in at Entra, as the guide
    /// implies, and lets a card alone sign in for a day.
    pub async fn start() -> Self {
        Self::on(Engine::of_this_run()).await
    }

    /// The same world on the engine that is named, whatever the run is for.
    pub async fn on(engine: Engine) -> Self {
        Self::build(engine, Self::policy(), &[], |_| {}).await
    }

    /// The policy of the tenant of [`World::start`].
    pub fn policy() -> TenantPolicy {
        TenantPolicy {
            first_card: FirstCard::FreshEntraSignIn,
            card_first: CardFirst::WithinDays(1),
            ..TenantPolicy::default()
        }
    }

    /// A world with another policy.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn with_policy(policy: TenantPolicy) -> Self {
        Self::beside(policy, &[]).await
    }

    /// A world on PostgreSQL whose clock differs from ours by this interval, as SQL writes one.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn whose_database_differs_by(interval: &str) -> Self {
        let Some(url) = Engine::Postgres.database().await else { unreachable!("it has one") };
        let database = off_by(url, interval).await;
        let there = |config: &mut Config| config.database = Some(database);
        Self::build(Engine::Sqlite, Self::policy(), &[], there).await
    }

    /// A world whose configuration names these other stand-ins too.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn beside(policy: TenantPolicy, others: &[&StandIn]) -> Self {
        Self::build(Engine::of_this_run(), policy, others, |_| {}).await
    }

    /// A world with other limits, in which browsers come through a proxy that says who they are
    /// ([`Browser::at`]).
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn limited(limits: Bounds) -> Self {
        Self::build(Engine::of_this_run(), Self::policy(), &[], |config| {
            config.limits = limits;
            config.trusted_proxies = vec![Ipv4Addr::LOCALHOST.into()];
        })
        .await
    }

    /// A world in which nobody signs in too often: for who measures.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn with_room_for_many() -> Self {
        let often = |config: &mut Config| config.limits.logins_per_minute = OFTEN;
        Self::build(Engine::of_this_run(), Self::policy(), &[], often).await
    }

    /// A world with other limits, whose people are promised HTTPS by a proxy that is elsewhere: what
    /// comes from this machine is counted by its address, and each of 127.0.0.0/8 is one.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn behind_a_proxy(limits: Bounds) -> Self {
        Self::build(Engine::of_this_run(), Self::policy(), &[], |config| {
            config.limits = limits;
            config.url.set_scheme("https").unwrap_or_default();
            config.trusted_proxies = vec![Ipv4Addr::new(192, 0, 2, 1).into()];
        })
        .await
    }

    /// A world whose configuration lets lists of revoked certificates be fetched from these
    /// origins.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn fetching_lists_from(origins: &[url::Url]) -> Self {
        let list_origins = origins.to_vec();
        let name = |config: &mut Config| config.x509 = X509 { list_origins };
        Self::build(Engine::of_this_run(), Self::policy(), &[], name).await
    }

    /// A world whose configuration lets applications at these origins be told of logouts.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn telling(origins: &[url::Url], policy: TenantPolicy) -> Self {
        let logout_origins = origins.to_vec();
        let name = |config: &mut Config| config.oidc = Oidc { logout_origins };
        Self::build(Engine::of_this_run(), policy, &[], name).await
    }

    /// A world with another policy, in which each event of strangers is a line of its own.
    ///
    /// # Panics
    ///
    /// When something does not start.
    pub async fn telling_all(policy: TenantPolicy) -> Self {
        let tell_all = |config: &mut Config| config.limits.log_pause_seconds = 0;
        Self::build(Engine::of_this_run(), policy, &[], tell_all).await
    }

    #[expect(clippy::expect_used, reason = "a world that does not start is a red test")]
    async fn build(
        engine: Engine,
        policy: TenantPolicy,
        others: &[&StandIn],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        install_crypto();
        let stand_in = StandIn::builder().start().await.expect("the stand-in");
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("a socket");
        let listen = listener.local_addr().expect("its address");
        let data = tempfile::tempdir().expect("a directory");
        let clouds = [others, &[&stand_in]].concat();
        let mut config = config(listen, &data, engine.database().await, &clouds);
        change(&mut config);
        write_key(&config.master_key()).expect("a master key");
        let app = server::open(config.clone()).await.expect("a server");
        let serving = app.clone();
        let server = tokio::spawn(async move {
            server::serve(&serving, listener).await.expect("serving");
        });
        let origin = config.origin().to_owned();
        let redirect = format!("{origin}/realms/{TENANT}/broker/azure/endpoint");
        let azure = Azure::register(&stand_in, &redirect);
        let world = Self { stand_in, app, config, origin, azure, server, _data: data };
        world.add_tenant(TENANT, policy).await;
        world.connect(TENANT, "azure", &world.azure).await;
        world
    }

    /// A browser that has been nowhere.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.origin)
    }

    /// Waits until so many wait for their turn to write, which is counted on SQLite.
    ///
    /// # Panics
    ///
    /// When they do not within a minute: what was to wait has ended before.
    pub async fn until_waiting(&self, writers: usize) {
        let come = async {
            while self.app.store().figures().waiting < writers {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), come).await;
        assert!(
            waited.is_ok(),
            "within a minute no {writers} came to wait for their turn to write"
        );
    }

    /// Adds a tenant.
    ///
    /// # Panics
    ///
    /// When it cannot.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn add_tenant(&self, slug: &str, policy: TenantPolicy) -> Tenant {
        let tenant = Tenant {
            id: TenantId(Uuid::new_v4()),
            slug: Slug::try_from(slug.to_owned()).expect("a slug"),
            display_name: slug.to_uppercase(),
            policy,
            created_at: Moment(0),
        };
        self.app.store().create_tenant(&tenant).await.expect("a tenant");
        tenant
    }

    /// The tenant with this slug.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn tenant(&self, slug: &str) -> Tenant {
        let slug = Slug::try_from(slug.to_owned()).expect("a slug");
        self.app.store().tenant(&slug).await.expect("the store").expect("the tenant")
    }

    /// Connects a tenant to an app registration, under an alias, with the guide's mappers.
    ///
    /// # Panics
    ///
    /// When it cannot.
    pub async fn connect(&self, slug: &str, alias: &str, azure: &Azure) {
        self.connect_to(&self.stand_in, slug, alias, azure).await;
    }

    /// Adds a tenant with the first tenant's policy, connected under the alias `azure` to a
    /// directory of the same stand-in.
    pub async fn add_connected(&self, slug: &str, directory: Uuid) {
        self.add_connected_to(&self.stand_in, slug, directory).await;
    }

    /// The same with another stand-in.
    pub async fn add_connected_to(&self, stand_in: &StandIn, slug: &str, directory: Uuid) {
        let policy = self.tenant(TENANT).await.policy;
        let redirect = format!("{}/realms/{slug}/broker/azure/endpoint", self.origin);
        let azure = Azure::register_in(stand_in, directory, &redirect);
        self.add_tenant(slug, policy).await;
        self.connect_to(stand_in, slug, "azure", &azure).await;
    }

    /// Connects a tenant to an app registration at some stand-in.
    ///
    /// # Panics
    ///
    /// When it cannot.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn connect_to(&self, stand_in: &StandIn, slug: &str, alias: &str, azure: &Azure) {
        let tenant = self.tenant(slug).await;
        let base = stand_in.base_url();
        let directory = azure.directory;
        let provider = Provider {
            alias: Alias::try_from(alias.to_owned()).expect("an alias"),
            display_name: "Azure".into(),
            kind: ProviderKind::Entra,
            endpoints: ProviderEndpoints {
                discovery: azure.metadata.clone(),
                issuer: format!("{base}/{directory}/v2.0"),
                authorization: format!("{base}/{directory}/oauth2/v2.0/authorize"),
                token: format!("{base}/{directory}/oauth2/v2.0/token"),
                jwks: format!("{base}/{directory}/discovery/v2.0/keys"),
                userinfo: None,
                end_session: None,
            },
            client_id: azure.client_id.to_string(),
            client_secret: Some(Secret::from(azure.secret.clone())),
            client_secret_expires_at: None,
            sync_mode: SyncMode::Import,
            groups_sent: GroupsSent::Unknown,
            enabled: true,
            hidden: false,
            position: 0,
            seen: Seen::default(),
            created_at: Moment(0),
        };
        let mut tx = self.app.store().write(tenant.id).await.expect("a transaction");
        tx.put_provider(&provider).await.expect("a provider");
        let ids = || ids::MapperId(Uuid::new_v4());
        for mapper in identity::mapping::entra_template_mappers(ids) {
            tx.put_mapper(&provider.alias, &mapper).await.expect("a mapper");
        }
        tx.commit().await.expect("a commit");
    }
}

/// The master key of all worlds, for nobody else to read.
fn write_key(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(master_key().reveal().as_bytes())
}

fn master_key() -> KeyRing {
    KeyRing::of([7; 32])
}

fn config(
    listen: SocketAddr,
    data: &TempDir,
    database: Option<DatabaseUrl>,
    clouds: &[&StandIn],
) -> Config {
    #[expect(clippy::expect_used, reason = "fixtures")]
    let url = |text: &str| url::Url::parse(text).expect("an address");
    let named = |cloud: &StandIn| Cloud {
        authority: url(cloud.base_url()),
        graph: Some(url(cloud.base_url())),
        external_mfa_return: Some(url(&cloud.external_return_address())),
    };
    Config {
        url: url(&format!("http://localhost:{}", listen.port())),
        rp_id: "localhost".into(),
        listen,
        data: data.path().to_owned(),
        database,
        tls: None,
        trusted_proxies: Vec::new(),
        limits: Bounds::default(),
        entra: Entra {
            cloud: clouds.iter().map(|cloud| named(cloud)).collect(),
            form_targets: Vec::new(),
        },
        x509: X509::default(),
        oidc: Oidc::default(),
    }
}

fn install_crypto() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
