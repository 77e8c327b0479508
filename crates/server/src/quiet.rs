//! Log lines that strangers can cause: one a minute (`[limits]`) and kind, and the others as a number.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use identity::{Moment, Tenant};
use ids::Slug;

use crate::entropy;

/// What was written of late. It knows as many kinds as the code has, for each tenant: nothing in it
/// is of the strangers' choice.
#[derive(Debug)]
pub(crate) struct Quiet {
    /// So long nothing more of a kind is written.
    pause: Duration,
    written: Mutex<HashMap<Subject, Written>>,
}

type Subject = (Cow<'static, str>, Option<Slug>);

#[derive(Debug)]
struct Written {
    at: Moment,
    /// How many lines were left out since.
    more: u64,
}

impl Quiet {
    /// Nothing written yet. Without a pause everything is written.
    pub(crate) fn new(pause: Duration) -> Self {
        Self { pause, written: Mutex::default() }
    }

    /// Writes `line`, unless one of this kind was written for this tenant within a minute: then it
    /// is counted.
    pub(crate) fn once(
        &self,
        kind: impl Into<Cow<'static, str>>,
        tenant: Option<&Tenant>,
        line: impl FnOnce(),
    ) {
        let subject = (kind.into(), tenant.map(|tenant| tenant.slug.clone()));
        if self.pause.is_zero() || self.is_due(subject, entropy::now()) {
            line();
        }
    }

    /// Writes how many lines were left out, when their minute is over.
    pub(crate) fn sum_up(&self) {
        for ((kind, tenant), more) in self.over(entropy::now()) {
            let tenant = tenant.map(|tenant| tenant.to_string());
            tracing::warn!(tenant, more, "the same again: {kind}");
        }
    }

    fn is_due(&self, subject: Subject, now: Moment) -> bool {
        let mut all = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = all.get_mut(&subject) {
            // Also when the minute is over and nobody has summed up: the number must not be lost.
            written.more = written.more.saturating_add(1);
            return false;
        }
        all.insert(subject, Written { at: now, more: 0 });
        true
    }

    /// Takes out what is older than a minute; what there was more of, with the number.
    fn over(&self, now: Moment) -> Vec<(Subject, u64)> {
        let mut all = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was put back must not silence anything for long.
        let over =
            all.extract_if(|_, written| now < written.at || now >= written.at.plus(self.pause));
        over.filter(|(_, written)| written.more > 0)
            .map(|(subject, written)| (subject, written.more))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(60);
    const NOON: Moment = Moment(1_000_000_000_000);

    fn subject(kind: &'static str, tenant: &str) -> Subject {
        (kind.into(), Some(Slug::try_from(tenant.to_owned()).unwrap()))
    }

    #[test]
    fn one_line_a_minute_and_the_rest_as_a_number() {
        let quiet = Quiet::new(PAUSE);
        let lines = (0..100).filter(|_| quiet.is_due(subject("junk", "acme"), NOON)).count();
        assert_eq!(lines, 1);
        assert_eq!(quiet.over(NOON), []);
        let later = NOON.plus(PAUSE);
        assert_eq!(quiet.over(later), [(subject("junk", "acme"), 99)]);
        assert!(quiet.is_due(subject("junk", "acme"), later));
    }

    #[test]
    fn kinds_and_tenants_are_counted_apart() {
        let quiet = Quiet::new(PAUSE);
        for (kind, tenant) in [("junk", "acme"), ("junk", "birch"), ("noise", "acme")] {
            assert!(quiet.is_due(subject(kind, tenant), NOON), "{kind} {tenant}");
        }
        assert!(quiet.is_due(("junk".into(), None), NOON));
        assert_eq!(quiet.over(NOON.plus(PAUSE)), [], "there was no more of any");
        assert!(quiet.written.lock().unwrap().is_empty());
    }
}
