//! The audit trail of a tenant: walked from end to end, and its end told to the log.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ids::TenantId;
use store::{AuditEvent, AuditHead, Store, StoreError};

use crate::app::App;

/// Events that are read at a time.
const BATCH: u32 = 500;

/// How often the ends of chains that moved are told.
const PERIOD: Duration = Duration::from_secs(60);

/// An event as it was seen outside of the database: its number and its MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its number in the tenant.
    pub(crate) seq: i64,
    /// Its MAC.
    pub(crate) mac: [u8; 32],
}

/// The text is not what the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not SEQ:MAC, a number and 64 hexadecimal digits, as the server's log says it")]
pub(crate) struct SeenError;

impl From<AuditHead> for Seen {
    fn from(AuditHead { seq, mac, .. }: AuditHead) -> Self {
        Self { seq, mac }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Seen {
    type Err = SeenError;

    fn from_str(text: &str) -> Result<Self, SeenError> {
        let (seq, digits) = text.split_once(':').ok_or(SeenError)?;
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| {
            let pair = std::str::from_utf8(pair).ok()?;
            pair.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
            u8::from_str_radix(pair, 16).ok()
        };
        let mac: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let mac = mac.filter(|_| rest.is_empty()).and_then(|mac| mac.try_into().ok());
        Ok(Self { seq: seq.parse().map_err(|_| SeenError)?, mac: mac.ok_or(SeenError)? })
    }
}

/// How far a walk goes back, and what it keeps.
pub(crate) struct Stretch {
    /// So many events from the end.
    pub(crate) events: i64,
    /// So many of the last are kept.
    pub(crate) kept: usize,
}

/// What a walk along the chain found.
pub(crate) struct Walked {
    /// The last events, the oldest first.
    pub(crate) last: Vec<AuditEvent>,
    /// Number of the first event that was looked at.
    pub(crate) from: i64,
    /// Number of the first event that is not as it was written.
    pub(crate) broken_at: Option<i64>,
    /// Number of an event that was seen, and is not there.
    pub(crate) missing: Option<i64>,
    /// Where the chain ends.
    pub(crate) head: Option<AuditHead>,
}

/// Walks to the end of the chain, in batches that overlap by one event so that no joint is left
/// out. The end is read first: what is appended meanwhile is not missed. The events of which this
/// process knew before that, and that of `seen`, must be among those.
pub(crate) async fn walk(
    store: &Store,
    tenant: TenantId,
    stretch: &Stretch,
    seen: Option<Seen>,
) -> Result<Walked, StoreError> {
    let known = store.known_audit_head(tenant).map(Seen::from);
    let mut wanted: Vec<Seen> = known.into_iter().chain(seen).collect();
    let head = store.read(tenant).await?.audit_head().await?;
    let end = head.map_or(0, |head| head.seq);
    let after = end.saturating_sub(stretch.events).max(0);
    let from = after.saturating_add(1);
    wanted.retain(|seen| seen.seq >= from);
    let mut walked = Walked { last: Vec::new(), from, broken_at: None, missing: None, head };
    let mut batch: Vec<AuditEvent> = Vec::new();
    let mut at = after;
    while at < end {
        // One for each batch: a long reading would hold the database's log up.
        let mut rows = store.read(tenant).await?;
        let mut next = rows.audit(at, BATCH).await?;
        next.retain(|event| event.seq <= end);
        let Some(last) = next.last() else { break };
        at = last.seq;
        wanted.retain(|seen| !next.iter().any(|e| (e.seq, e.mac) == (seen.seq, seen.mac)));
        batch = batch.pop().into_iter().chain(next).collect();
        if let Err(index) = rows.verify_chain(&batch) {
            let broken = batch.get(index).map_or(end, |event| event.seq);
            walked.broken_at.get_or_insert(broken);
        }
        walked.last.extend(batch.iter().skip(usize::from(!walked.last.is_empty())).cloned());
        let surplus = walked.last.len().saturating_sub(stretch.kept.max(1));
        walked.last.drain(..surplus);
    }
    if !head.is_some_and(|head| head.ends(&walked.last)) {
        walked.broken_at.get_or_insert(end.max(1));
    }
    walked.missing = wanted.iter().map(|seen| seen.seq).min();
    Ok(walked)
}

/// Tells the log where chains end, as long as the server runs.
pub(crate) async fn tell_now_and_then(app: App) {
    let mut clock = tokio::time::interval(PERIOD);
    loop {
        clock.tick().await;
        tell(&app).await;
    }
}

/// One line for each tenant whose chain moved here since the last call: for a place that who writes
/// to the database does not reach.
pub(crate) async fn tell(app: &App) {
    for (tenant, head) in app.store.take_moved_heads() {
        let slug = match app.store.read(tenant).await {
            Ok(mut rows) => rows.tenant().await.ok().flatten().map(|it| it.slug.to_string()),
            Err(_) => None,
        };
        let tenant = slug.unwrap_or_else(|| tenant.to_string());
        tracing::info!(%tenant, seen = %Seen::from(head), "audit head");
    }
}

#[cfg(test)]
mod tests {
    use store::AuditEntry;

    use super::*;
    use crate::start::OPERATORS;
    use crate::test_app::{Told, test_app};

    const ALL: Stretch = Stretch { events: i64::MAX, kept: 1 };

    #[test]
    fn what_was_seen_is_read_as_it_is_written() {
        let seen = Seen { seq: 17, mac: std::array::from_fn(|n| u8::try_from(n).unwrap()) };
        assert_eq!(seen.to_string().parse(), Ok(seen));
        let text = seen.to_string();
        let digits = text.strip_prefix("17:").unwrap();
        for wrong in ["", "17", "17:", ":00", digits, &format!("x:{digits}")] {
            assert_eq!(wrong.parse::<Seen>(), Err(SeenError), "{wrong}");
        }
        for wrong in [text.replace(":0", ":+"), format!("{text}0"), format!("{text}00")] {
            assert_eq!(wrong.parse::<Seen>(), Err(SeenError), "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_end_of_a_chain_is_told_once_and_is_found_again() {
        let (app, _data) = test_app().await;
        let told = Told::default();
        let _listening = told.listen();
        tell(&app).await;
        let operators = app.store.tenant(&OPERATORS.to_owned().try_into().unwrap()).await.unwrap();
        let operators = operators.unwrap().id;
        let mut tx = app.store.write(operators).await.unwrap();
        for _ in 0..3 {
            tx.audit(&AuditEntry::new("x", serde_json::json!({}))).await.unwrap();
        }
        tx.commit().await.unwrap();
        tell(&app).await;
        tell(&app).await;
        let told = told.text();
        let lines: Vec<_> = told.lines().filter(|line| line.contains("audit head")).collect();
        assert_eq!(lines.len(), 2, "{told}");
        assert!(lines.iter().all(|line| line.contains("tenant=operators")), "{told}");
        let seen = |line: &str| -> Seen {
            let (_, seen) = line.split_once("seen=").unwrap();
            seen.split_whitespace().next().unwrap().parse().unwrap()
        };
        let (first, last) = (seen(lines[0]), seen(lines[1]));
        assert_eq!((first.seq, last.seq), (1, 4));
        for seen in [first, last] {
            let walked = walk(&app.store, operators, &ALL, Some(seen)).await.unwrap();
            assert_eq!((walked.broken_at, walked.missing), (None, None));
        }
        let other = Seen { seq: 3, mac: last.mac };
        assert_eq!(walk(&app.store, operators, &ALL, Some(other)).await.unwrap().missing, Some(3));
        let later = Seen { seq: 5, mac: last.mac };
        assert_eq!(walk(&app.store, operators, &ALL, Some(later)).await.unwrap().missing, Some(5));
    }
}
