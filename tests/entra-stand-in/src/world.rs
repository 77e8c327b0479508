//! Everything that the stand-in remembers: directories, sign-ins under way, codes, sessions, faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::aadsts::Aadsts;
use crate::clock::Clock;
use crate::external::External;
use crate::faults::{Endpoint, Fault, IdTokenFault, Pending};
use crate::keys::KeyRing;
use crate::log::Log;
use crate::model::{App, Directory, Group, User};
use crate::request::AuthorizationRequest;
use crate::seed;

/// What all requests share.
pub(crate) struct Shared {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    /// Turns true when the stand-in ends, so that nobody waits for an answer that never comes.
    pub(crate) closing: watch::Sender<bool>,
    world: Mutex<World>,
}

impl Shared {
    pub(crate) fn new(base: String) -> Self {
        Self {
            base,
            clock: Clock::default(),
            log: Log::default(),
            closing: watch::Sender::new(false),
            world: Mutex::new(World::new()),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The issuer of a directory's tokens.
    pub(crate) fn issuer(&self, directory: impl std::fmt::Display) -> String {
        format!("{}/{directory}/v2.0", self.base)
    }
}

pub(crate) struct World {
    pub(crate) directories: Vec<Directory>,
    pub(crate) users: BTreeMap<Uuid, User>,
    pub(crate) apps: BTreeMap<Uuid, App>,
    pub(crate) keys: KeyRing,
    /// Browsers by the value of their cookie.
    pub(crate) browsers: BTreeMap<String, Browser>,
    pub(crate) sign_ins: BTreeMap<Uuid, SignIn>,
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) access_tokens: BTreeMap<String, AccessToken>,
    pub(crate) faults: Vec<Pending<(Endpoint, Fault)>>,
    pub(crate) id_token_faults: Vec<Pending<IdTokenFault>>,
    pub(crate) external: External,
    /// What makes `sub` differ from app to app without anybody being able to tell why.
    pub(crate) pairwise_secret: Vec<u8>,
}

/// A browser: who is signed in there.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    pub(crate) accounts: Vec<Account>,
}

/// An account that is signed in in a browser.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The home entry, also where a guest signs in.
    pub(crate) user: Uuid,
    pub(crate) sid: Uuid,
    /// When the password was last typed.
    pub(crate) auth_time: i64,
    /// Whether "Verification required" was passed.
    pub(crate) verified: bool,
    /// Whether a provider of external MFA has satisfied a policy.
    pub(crate) external_mfa: bool,
    /// The applications that got a code.
    pub(crate) apps: BTreeSet<Uuid>,
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) id: Uuid,
    pub(crate) browser: String,
    pub(crate) request: AuthorizationRequest,
    pub(crate) stage: Stage,
    pub(crate) expires_at: i64,
}

/// Which page a sign-in shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    PickAccount,
    Username {
        typed: String,
        refused: bool,
    },
    Password {
        user: Uuid,
        refused: bool,
    },
    Verification {
        user: Uuid,
    },
    /// "More information required": a method is about to be registered.
    MoreInformation {
        user: Uuid,
        method: Uuid,
    },
    /// On the way to a provider of external MFA.
    External {
        user: Uuid,
        method: Uuid,
        registers: bool,
    },
    /// Back from it, with a good answer.
    ExternalDone {
        user: Uuid,
    },
    Consent {
        user: Uuid,
    },
    NeedApproval,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) request: AuthorizationRequest,
    /// The entry in the directory that issues the token.
    pub(crate) user: Uuid,
    pub(crate) sid: Uuid,
    pub(crate) auth_time: i64,
    pub(crate) expires_at: i64,
    pub(crate) redeemed: bool,
}

/// An access token for Graph. It is opaque.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) speaker: Speaker,
    pub(crate) client_id: Uuid,
    /// `tid`: nothing of another directory can be seen.
    pub(crate) directory: Uuid,
    pub(crate) expires_at: i64,
}

/// Who speaks by an access token, and what was granted when it was issued.
#[derive(Clone, Debug)]
pub(crate) enum Speaker {
    /// The application itself, by application permissions.
    Application { roles: BTreeSet<String> },
    /// A person, by delegated permissions.
    User { id: Uuid, scopes: BTreeSet<String> },
}

/// The first segment of an endpoint's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A directory, by GUID or by domain.
    Directory(Uuid),
    /// `common` or `organizations`: the directory is that of the person.
    Any,
}

impl World {
    pub(crate) fn new() -> Self {
        let (directories, users) = seed::directories();
        Self {
            directories,
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            apps: BTreeMap::new(),
            keys: KeyRing::new(),
            browsers: BTreeMap::new(),
            sign_ins: BTreeMap::new(),
            codes: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            faults: Vec::new(),
            id_token_faults: Vec::new(),
            external: External::default(),
            pairwise_secret: crate::chance::bytes(32),
        }
    }

    /// Resolves the first segment of a path; domain and GUID count in any case.
    pub(crate) fn authority(&self, segment: &str) -> Result<Authority, Aadsts> {
        if matches!(segment, "common" | "organizations") {
            return Ok(Authority::Any);
        }
        let is = |directory: &&Directory| {
            directory.domain.eq_ignore_ascii_case(segment)
                || Uuid::parse_str(segment).is_ok_and(|id| id == directory.id)
        };
        let found = self.directories.iter().find(is);
        found.map(|d| Authority::Directory(d.id)).ok_or_else(|| Aadsts::unknown_directory(segment))
    }

    pub(crate) fn directory(&self, id: Uuid) -> Option<&Directory> {
        self.directories.iter().find(|directory| directory.id == id)
    }

    /// The name of a directory on screens.
    pub(crate) fn directory_name(&self, id: Uuid) -> String {
        self.directory(id).map(|d| d.display_name.clone()).unwrap_or_default()
    }

    /// The application that a request names, if it exists for that authority.
    pub(crate) fn app(&self, client_id: &str, authority: Authority) -> Result<&App, Aadsts> {
        let id = Uuid::parse_str(client_id).ok();
        let found = id.and_then(|id| self.apps.get(&id));
        let shown = match authority {
            Authority::Directory(id) => self.directory_name(id),
            Authority::Any => "common".to_owned(),
        };
        let app = found.ok_or_else(|| Aadsts::unknown_app(client_id, &shown))?;
        let single = app.audience == crate::model::Audience::SingleDirectory;
        match authority {
            Authority::Directory(id) if single && id != app.directory => {
                Err(Aadsts::unknown_app(client_id, &shown))
            }
            Authority::Any if single => Err(Aadsts::single_directory(app.client_id)),
            _ => Ok(app),
        }
    }

    /// The account of that name, wherever its home is.
    pub(crate) fn home_account(&self, username: &str) -> Option<&User> {
        let named = |user: &&User| {
            user.guest_of.is_none()
                && user.user_principal_name.eq_ignore_ascii_case(username.trim())
        };
        self.users.values().find(named)
    }

    /// The entry under which an account signs in at an authority.
    pub(crate) fn entry_at(
        &self,
        home: Uuid,
        request: &AuthorizationRequest,
    ) -> Result<&User, Aadsts> {
        let account = self.users.get(&home).ok_or_else(Aadsts::stale_sign_in)?;
        let Authority::Directory(directory) = request.authority else {
            return Ok(account);
        };
        let here = |user: &&User| {
            user.directory == directory && (user.id == home || user.guest_of == Some(home))
        };
        self.users.values().find(here).ok_or_else(|| {
            let (name, app) = (&account.user_principal_name, self.app_name(request.client_id));
            Aadsts::other_directory(name, &self.directory_name(directory), request.client_id, &app)
        })
    }

    /// The name of an application on screens.
    pub(crate) fn app_name(&self, client_id: Uuid) -> String {
        self.apps.get(&client_id).map(|app| app.display_name.clone()).unwrap_or_default()
    }

    /// The groups and directory roles that a person is in, in the directory's order.
    pub(crate) fn memberships(&self, user: &User) -> impl Iterator<Item = &Group> {
        let of_user: BTreeSet<Uuid> = user.groups.iter().copied().collect();
        let all = self.directory(user.directory).map(|d| d.groups.as_slice()).unwrap_or_default();
        all.iter().filter(move |group| of_user.contains(&group.id))
    }

    /// The administrator in whose name the portal acts.
    pub(crate) fn administrator(&self, directory: Uuid) -> Option<&User> {
        self.users.values().find(|user| user.directory == directory && user.global_administrator)
    }

    /// Forgets what is long over, so that a demo that runs for days does not grow.
    pub(crate) fn forget_old(&mut self, now: i64) {
        let kept_until = |expires_at: i64| expires_at.saturating_add(3600) > now;
        self.sign_ins.retain(|_, sign_in| kept_until(sign_in.expires_at));
        self.codes.retain(|_, code| kept_until(code.expires_at));
        self.access_tokens.retain(|_, token| kept_until(token.expires_at));
    }
}
