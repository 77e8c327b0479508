//! A database of its own for each test, and the things that most of them need.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use identity::{EntraLink, Moment, Person, PersonState, Tenant, TenantPolicy};
use ids::{Alias, ChallengeId, CredentialId, LoginId, ProofId, SessionId, TenantId, UserId};
use login::{
    CHALLENGE_LIFE, Challenge, Channel, Door, LOGIN_LIFE, LoginRequest, Purpose, Started, Task,
    Then, Vouched, Waiting,
};
use secrets::{KeyRing, Secret, TokenHash};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    Credential, CredentialKind, Location, NewSession, Passkey, Proof, Session, SessionKind, Store,
    TakenLogin, Writing,
};

/// Runs each test on both engines.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($bench:ident) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($bench: &$crate::tests::support::Bench) $body

        mod $name {
            use $crate::tests::support::Bench;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(&Bench::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(&Bench::postgres().await).await;
            }
        }
    )+};
}
pub(super) use on_both;

/// Lets the others run until something is so.
pub(super) async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

/// A store, and a way around it.
pub(super) struct Bench {
    pub(super) store: Store,
    pub(super) location: Location,
    directory: Option<PathBuf>,
}

pub(super) fn ring() -> Arc<KeyRing> {
    Arc::new(KeyRing::of([7; 32]))
}

pub(super) fn id() -> Uuid {
    Uuid::now_v7()
}

pub(super) fn hash(text: &str) -> TokenHash {
    TokenHash::of(text.as_bytes())
}

pub(super) fn alias() -> Alias {
    Alias::try_from("azure".to_owned()).unwrap()
}

impl Bench {
    pub(super) async fn sqlite() -> Self {
        let directory = std::env::temp_dir().join(format!("cardea-store-{}", id()));
        std::fs::create_dir(&directory).unwrap();
        let location = Location::Sqlite(directory.join("cardea.db"));
        let store = Store::open(location.clone(), ring()).await.unwrap();
        Self { store, location, directory: Some(directory) }
    }

    pub(super) async fn postgres() -> Self {
        /// Its schema is made once for all tests.
        static FIRST: OnceCell<String> = OnceCell::const_new();
        let first = FIRST.get_or_init(async || {
            let url = test_postgres::server().database();
            drop(Store::open(Location::Postgres(Secret::from(url.clone())), ring()).await.unwrap());
            url
        });
        let url = test_postgres::server().database_like(first.await);
        let location = Location::Postgres(Secret::from(url));
        let store = Store::open(location.clone(), ring()).await.unwrap();
        Self { store, location, directory: None }
    }

    pub(super) fn path(&self) -> PathBuf {
        match &self.location {
            Location::Sqlite(path) => path.clone(),
            Location::Postgres(_) => panic!("not a file"),
        }
    }

    /// Runs a statement past the store and past row-level security. How many rows it changed.
    pub(super) async fn raw(&self, sql: &str) -> u64 {
        match &self.location {
            Location::Sqlite(_) => {
                u64::try_from(self.raw_sqlite().execute(sql, []).unwrap()).unwrap()
            }
            Location::Postgres(_) => {
                let mut connection = self.raw_postgres().await;
                let sql = AssertSqlSafe(sql.to_owned());
                let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                done.rows_affected()
            }
        }
    }

    /// How many rows a table has, of all tenants.
    pub(super) async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        match &self.location {
            Location::Sqlite(_) => self.raw_sqlite().query_row(&sql, [], |row| row.get(0)).unwrap(),
            Location::Postgres(_) => {
                let count = sqlx::query_scalar(AssertSqlSafe(sql));
                count.fetch_one(&mut self.raw_postgres().await).await.unwrap()
            }
        }
    }

    /// How many transactions wait for another one.
    pub(super) async fn waiting(&self) -> i64 {
        match &self.location {
            Location::Sqlite(_) => i64::try_from(self.store.figures().waiting).unwrap(),
            Location::Postgres(_) => {
                let locked = "datname = current_database() AND wait_event_type = 'Lock'";
                self.count(&format!("pg_stat_activity WHERE {locked}")).await
            }
        }
    }

    pub(super) fn raw_sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }

    pub(super) async fn raw_postgres(&self) -> PgConnection {
        let Location::Postgres(url) = &self.location else { panic!("not PostgreSQL") };
        let url = test_postgres::server().superuser(url.expose_text().unwrap());
        PgConnection::connect(&url).await.unwrap()
    }

    pub(super) async fn tenant(&self, slug: &str) -> TenantId {
        let tenant = tenant(slug);
        self.store.create_tenant(&tenant).await.unwrap();
        tenant.id
    }

    /// A tenant with a person who has a link and a card.
    pub(super) async fn cast(&self, slug: &str) -> Cast {
        let tenant = self.tenant(slug).await;
        let person = person("ada@example.com");
        let credential = credential(person.id);
        let mut writing = self.store.write(tenant).await.unwrap();
        writing.write_person(&person).await.unwrap();
        writing.insert_link(&link("oid-ada"), person.id).await.unwrap();
        writing.insert_credential(&credential).await.unwrap();
        writing.commit().await.unwrap();
        Cast { store: self.store.clone(), tenant, person: person.id, card: credential.id }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            std::fs::remove_dir_all(directory).unwrap();
        }
    }
}

/// Who plays in a test.
#[derive(Clone)]
pub(super) struct Cast {
    pub(super) store: Store,
    pub(super) tenant: TenantId,
    pub(super) person: UserId,
    pub(super) card: CredentialId,
}

impl Cast {
    pub(super) async fn write(&self) -> Writing {
        self.store.write(self.tenant).await.unwrap()
    }

    pub(super) async fn read(&self) -> crate::Reading {
        self.store.read(self.tenant).await.unwrap()
    }

    /// A login at the card step with a challenge out, in its row.
    pub(super) async fn waiting(&self, handle: &str) -> Waiting {
        let now = self.store.now().await.unwrap();
        let waiting = waiting(self.tenant, self.person, handle, now);
        let mut writing = self.write().await;
        assert!(writing.write_login(&waiting).await.unwrap());
        writing.commit().await.unwrap();
        waiting
    }

    pub(super) fn proof(&self, waiting: &Waiting) -> Proof {
        Proof {
            id: ProofId(id()),
            login: waiting.started.id,
            person: self.person,
            credential: self.card,
            purpose: Purpose::Authenticate,
            channel: Channel::Browser,
            amr: vec!["pop".to_owned(), "user".to_owned()],
            user_verified: true,
            challenge_at: waiting.challenge.as_ref().unwrap().issued_at,
        }
    }

    /// Signs the person in, all the way.
    pub(super) async fn sign_in(&self, token: &str) -> Session {
        self.sign_in_with(token, new_session(token)).await
    }

    /// The same, for this session.
    pub(super) async fn sign_in_with(&self, token: &str, session: NewSession) -> Session {
        let waiting = self.waiting(&format!("handle of {token}")).await;
        let mut writing = self.write().await;
        let taken = take(&mut writing, &waiting).await.unwrap();
        let proof = writing.consume_proof(taken, &self.proof(&waiting)).await.unwrap();
        writing.insert_session(&proof, session).await.unwrap();
        writing.commit().await.unwrap();
        self.session(token).await.unwrap()
    }

    pub(super) async fn session(&self, token: &str) -> Option<Session> {
        self.read().await.session(&hash(token), SessionKind::Account).await.unwrap()
    }
}

pub(super) async fn take(writing: &mut Writing, waiting: &Waiting) -> Option<TakenLogin> {
    let challenge = waiting.challenge.as_ref().unwrap().id;
    writing.take_login(waiting.started.id, &waiting.handle, challenge).await.unwrap()
}

pub(super) fn new_session(token: &str) -> NewSession {
    let session = SessionId(id());
    NewSession {
        ends_by: None,
        id: session,
        sid: session,
        kind: SessionKind::Account,
        token: hash(token),
        claim: Some(hash(&format!("handle of {token}"))),
        provider: Some(alias()),
        expires_in: Duration::from_secs(3600),
        user_agent: "a browser".to_owned(),
        device: None,
        ticket: None,
    }
}

pub(super) fn tenant(slug: &str) -> Tenant {
    Tenant {
        id: TenantId(id()),
        slug: slug.to_owned().try_into().unwrap(),
        display_name: slug.to_owned(),
        policy: TenantPolicy::default(),
        created_at: Moment(1_000),
    }
}

pub(super) fn person(username: &str) -> Person {
    Person {
        id: UserId(id()),
        username: username.to_owned(),
        display_name: None,
        email: Some(username.to_owned()),
        email_verified: false,
        attributes: BTreeMap::from([("groups".to_owned(), vec!["staff".to_owned()])]),
        state: PersonState::Enabled,
        administrator: false,
        conflict: None,
        groups_stale: false,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        created_at: Moment(2_000),
        last_sign_in_at: None,
        last_upstream_at: Some(Moment(3_000)),
    }
}

pub(super) fn link(oid: &str) -> EntraLink {
    EntraLink { provider: alias(), tid: "tid".to_owned(), oid: oid.to_owned() }
}

pub(super) fn credential(person: UserId) -> Credential {
    Credential {
        id: CredentialId(id()),
        person,
        webauthn_id: id().as_bytes().to_vec(),
        label: "card".to_owned(),
        kind: CredentialKind::Fido2(Passkey {
            record: "{}".to_owned(),
            counter: 0,
            aaguid: Some(id()),
            transports: vec!["nfc".to_owned()],
            backup_eligible: false,
            hardware_attested: true,
        }),
        permit: "code".to_owned(),
        created_at: Moment(4_000),
        last_used_at: None,
        revoked_at: None,
    }
}

pub(super) fn waiting(tenant: TenantId, person: UserId, handle: &str, now: Moment) -> Waiting {
    Waiting {
        started: Started {
            id: LoginId(id()),
            tenant,
            request: LoginRequest::new(Door::Account, "/"),
            started_at: now,
            expires_at: now.plus(LOGIN_LIFE),
        },
        handle: hash(handle),
        person,
        vouched: Vouched::Upstream {
            provider: alias(),
            at: now,
            fresh: false,
            account: None,
            left_at: Some(now),
        },
        task: Task::Authenticate,
        then: Then::Exit,
        challenge: Some(Challenge {
            id: ChallengeId(id()),
            purpose: Purpose::Authenticate,
            channel: Channel::Browser,
            state: "{}".to_owned(),
            issued_at: now,
            expires_at: now.plus(CHALLENGE_LIFE),
        }),
        refusals: 0,
        held: None,
    }
}
