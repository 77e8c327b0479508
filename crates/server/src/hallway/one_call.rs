//! What an agent brings counts once.

use std::time::UNIX_EPOCH;

use agent_protocol::VerifiedProof;
use identity::Moment;
use secrets::TokenHash;
use store::{Rows, StoreError, Writing};

/// A call whose proof holds. Somebody who overheard it can send it again; so it is spent in the
/// transaction that acts on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneCall {
    value: TokenHash,
    until: Moment,
}

impl OneCall {
    pub(crate) fn of(proof: &VerifiedProof) -> Self {
        // With the device in it: no device can spend a value of anybody else.
        let name = format!("agent-call|{}|{}", proof.device.as_str(), proof.jti.as_str());
        let kept = proof.keep_until.duration_since(UNIX_EPOCH).unwrap_or_default();
        let until = Moment::from_unix_seconds(i64::try_from(kept.as_secs()).unwrap_or_default());
        Self { value: TokenHash::of(name.as_bytes()), until }
    }

    /// Whether it was made before. Asked again by whoever acts on it, in that transaction.
    pub(crate) async fn is_spent(self, rows: &mut Rows) -> Result<bool, StoreError> {
        rows.is_spent(&self.value).await
    }

    /// Spends it. `false` for a replay.
    pub(crate) async fn spend(self, tx: &mut Writing) -> Result<bool, StoreError> {
        tx.spend(&self.value, self.until).await
    }
}
