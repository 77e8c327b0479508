//! External MFA: the directory sends a person to a provider of a second factor, and judges its answer
//! (<https://learn.microsoft.com/entra/identity/authentication/concept-authentication-external-method-provider>).
//!
//! Method and policy say who is sent where, [`provider`] what is known of a provider, [`challenge`] what
//! is sent, [`answer`] what must come back.
//!
//! Deviation: plain `http` is taken for a provider on this machine, and no other can be fetched from.

pub(crate) mod answer;
pub(crate) mod challenge;
pub(crate) mod factor;
pub(crate) mod fault;
pub(crate) mod fetch;
pub(crate) mod hint;
pub(crate) mod jwks;
pub(crate) mod log;
pub(crate) mod method;
pub(crate) mod policy;
pub(crate) mod provider;
pub(crate) mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use self::challenge::Challenge;
use self::fault::ExternalFault;
use self::log::Log;
use self::method::{ExternalMethod, Registration};
use self::policy::Policy;
use self::provider::Provider;
use crate::faults::Pending;

/// Everything about external MFA that the stand-in remembers.
#[derive(Default)]
pub(crate) struct External {
    pub(crate) methods: BTreeMap<Uuid, ExternalMethod>,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) policies: BTreeMap<Uuid, Policy>,
    /// By discovery URL: when it was fetched, and what was found.
    pub(crate) providers: BTreeMap<String, (i64, Arc<Provider>)>,
    /// What is out, oldest first.
    pub(crate) challenges: Vec<Challenge>,
    /// The latest hint about each person, for whoever wants it sent twice.
    pub(crate) hints: BTreeMap<Uuid, String>,
    pub(crate) faults: Vec<Pending<ExternalFault>>,
    pub(crate) log: Log,
    pub(crate) continues: Continues,
}

/// How the sign-in goes on when a good answer has arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Continues {
    /// By a redirect, on which a browser may stop whose page forbade it (`form-action` of its Content
    /// Security Policy). Nobody has published what the real one does; this is the harder way.
    #[default]
    Redirect,
    /// By a page that goes on by itself.
    Page,
}
