use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use ids::TenantId;
use tokio::sync::Notify;

/// In which tenants this process has ended sessions since somebody asked. One entry for each tenant.
#[derive(Default)]
pub(crate) struct Endings {
    tenants: Mutex<HashSet<TenantId>>,
    news: Notify,
}

impl Endings {
    /// Sessions of this tenant have ended, and that is kept.
    pub(crate) fn tell(&self, tenant: TenantId) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        self.news.notify_one();
    }

    /// Those that were told of since the last call; waits for the next when there are none.
    pub(crate) async fn wait(&self) -> Vec<TenantId> {
        loop {
            let told = self.take();
            if !told.is_empty() {
                return told;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Vec<TenantId> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}
