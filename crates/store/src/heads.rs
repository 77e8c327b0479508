use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ids::TenantId;

use crate::AuditHead;

/// Where the audit chains ended when this process last wrote to them, whatever the database says
/// of it later. One entry for each tenant.
#[derive(Default)]
pub(crate) struct Heads(Mutex<HashMap<TenantId, Known>>);

#[derive(Clone, Copy)]
struct Known {
    head: AuditHead,
    /// Whether it moved since somebody asked.
    moved: bool,
}

impl Heads {
    /// A tenant's chain ends here now. Of two that were kept at once the later one counts.
    pub(crate) fn moved(&self, tenant: TenantId, head: AuditHead) {
        let mut heads = self.lock();
        let later = heads.get(&tenant).is_none_or(|known| known.head.seq < head.seq);
        if later {
            heads.insert(tenant, Known { head, moved: true });
        }
    }

    /// Those that moved since the last call.
    pub(crate) fn take_moved(&self) -> Vec<(TenantId, AuditHead)> {
        let mut heads = self.lock();
        let moved = heads.iter_mut().filter(|(_, known)| known.moved);
        moved
            .map(|(tenant, known)| {
                known.moved = false;
                (*tenant, known.head)
            })
            .collect()
    }

    pub(crate) fn of(&self, tenant: TenantId) -> Option<AuditHead> {
        self.lock().get(&tenant).map(|known| known.head)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
