//! The last request in Entra's name that was refused before anybody was vouched for. Anybody can cause
//! it, so it is written nowhere; but whoever sets a connection up must see why nothing comes through.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use identity::{Moment, Tenant};
use ids::TenantId;

use crate::entropy;

/// So long it is shown.
const SHOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// One for each tenant that has a connection; others have no door for Entra.
#[derive(Debug, Default)]
pub(crate) struct LastRefused(Mutex<HashMap<TenantId, Refused>>);

/// What was refused, and by which rule.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) at: Moment,
    pub(crate) rule: &'static str,
    pub(crate) reason: String,
    /// `client-request-id`, if there was one.
    pub(crate) reference: Option<String>,
}

impl LastRefused {
    /// Remembers a refusal in place of the one before.
    pub(super) fn note(
        &self,
        tenant: &Tenant,
        rule: &'static str,
        reason: &str,
        reference: Option<&str>,
    ) {
        let (reason, reference) = (reason.to_owned(), reference.map(str::to_owned));
        let refused = Refused { at: entropy::now(), rule, reason, reference };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.id, refused);
    }

    /// The last refusal of a tenant, if it is not long ago.
    pub(crate) fn of(&self, tenant: &Tenant, now: Moment) -> Option<Refused> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&tenant.id).filter(|refused| now < refused.at.plus(SHOWN)).cloned()
    }
}
