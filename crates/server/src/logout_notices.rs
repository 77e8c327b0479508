//! Tells applications that a session has ended (Back-Channel Logout 1.0).
//!
//! Whatever ends a session leaves a row for each application that was granted something in it, in the
//! same transaction; here the rows are taken and the applications called. Nobody waits for that. An
//! application that is slow, or away, holds up nobody but itself: each has a task of its own, and one
//! that answers nothing is left alone for a while. Of several nodes one takes a row, and another follows
//! if that one dies with it.

mod told;

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use futures_util::future::join_all;
use ids::TenantId;
use store::Page;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::app::App;
use crate::http::problem::Problem;

/// How often rows are looked for that another node has left.
const PERIOD: Duration = Duration::from_secs(30);

/// Tenants of one page.
const TENANTS: u32 = 256;

/// The most applications that are called at a time.
const MOST: usize = 128;

/// The most of one tenant: it may have many, and none of them may answer.
const MOST_OF_TENANT: usize = 32;

/// One tenant's application.
type Application = (TenantId, String);

/// Who is called at the moment, and where there is more to do.
struct Calls {
    app: App,
    tasks: JoinSet<()>,
    called: HashMap<Id, Application>,
    /// Tenants in which somebody is to be told, and from when on.
    due: HashMap<TenantId, Instant>,
}

/// Tells applications as long as the server runs.
pub async fn tell_as_they_come(app: App) {
    let mut round = Instant::now();
    let (tasks, called, due) = (JoinSet::new(), HashMap::new(), HashMap::new());
    let mut calls = Calls { app: app.clone(), tasks, called, due };
    loop {
        let next = calls.next().into_iter().fold(round, Instant::min);
        tokio::select! {
            ended = app.store().sessions_ended() => calls.are_due(ended, Duration::ZERO),
            Some(tenant) = calls.finished() => calls.look_again(tenant).await,
            () = sleep_until(next) => {}
        }
        if round <= Instant::now() {
            round = after(PERIOD);
            match everywhere(&app).await {
                Ok(tenants) => calls.are_due(tenants, Duration::ZERO),
                Err(problem) => tracing::warn!(%problem, "applications are told of logouts later"),
            }
        }
        calls.begin().await;
    }
}

/// Tells every application what is due now, once: for tests, which have no time to wait.
///
/// What fails stays for the next time, and is in the log.
pub async fn tell_due(app: &App) {
    let tenants = everywhere(app).await.unwrap_or_default();
    join_all(tenants.into_iter().map(async |tenant| {
        let due = due(app, tenant).await.unwrap_or_default();
        let told = due.into_iter().map(async |client_id| {
            told::application(app, tenant, &client_id).await;
        });
        join_all(told).await;
    }))
    .await;
}

impl Calls {
    /// When something is due, if there is room for it.
    fn next(&self) -> Option<Instant> {
        self.due.values().min().copied().filter(|_| self.tasks.len() < MOST)
    }

    fn are_due(&mut self, tenants: Vec<TenantId>, wait: Duration) {
        let at = after(wait);
        for tenant in tenants {
            let due = self.due.entry(tenant).or_insert(at);
            *due = at.min(*due);
        }
    }

    /// Waits for the end of a call: in which tenant.
    async fn finished(&mut self) -> Option<TenantId> {
        let finished = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => self.called.remove(&id),
            Some(Err(error)) => self.called.remove(&error.id()),
            None => pending().await,
        };
        finished.map(|(tenant, _)| tenant)
    }

    /// Notes when there is something to do next in this tenant.
    async fn look_again(&mut self, tenant: TenantId) {
        let next = async { self.app.store.read(tenant).await?.next_logout_notice().await };
        match next.await {
            Ok(None) => {}
            Ok(Some(wait)) => self.are_due(vec![tenant], wait),
            Err(error) => tracing::warn!(%tenant, %error, "applications are told of logouts later"),
        }
    }

    /// Calls those that are due and are not called already, as far as there is room.
    async fn begin(&mut self) {
        let now = Instant::now();
        let tenants: Vec<TenantId> =
            self.due.iter().filter(|(_, at)| **at <= now).map(|(tenant, _)| *tenant).collect();
        for tenant in tenants {
            if self.tasks.len() >= MOST {
                return;
            }
            self.due.remove(&tenant);
            match due(&self.app, tenant).await {
                Ok(clients) => self.call(tenant, clients),
                Err(problem) => {
                    tracing::warn!(%tenant, %problem, "applications are told of logouts later");
                }
            }
            // Where nobody is called now, nothing would come back here.
            if !self.called.values().any(|(called, _)| *called == tenant) {
                self.look_again(tenant).await;
            }
        }
    }

    fn call(&mut self, tenant: TenantId, clients: Vec<String>) {
        let mut room = MOST.saturating_sub(self.tasks.len());
        let of_tenant = self.called.values().filter(|(called, _)| *called == tenant).count();
        room = room.min(MOST_OF_TENANT.saturating_sub(of_tenant));
        for client_id in clients {
            let application = (tenant, client_id);
            if room == 0 {
                return;
            }
            // Who is called now looks for more when that is done.
            if self.called.values().any(|called| *called == application) {
                continue;
            }
            room = room.saturating_sub(1);
            let (app, (tenant, client_id)) = (self.app.clone(), application.clone());
            let task = self.tasks.spawn(async move {
                told::application(&app, tenant, &client_id).await;
            });
            self.called.insert(task.id(), application);
        }
    }
}

/// All tenants.
async fn everywhere(app: &App) -> Result<Vec<TenantId>, Problem> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let tenants = app.store.tenants(&Page { after, limit: TENANTS }).await?;
        let Some(last) = tenants.last() else { return Ok(all) };
        after = Some(last.slug.clone());
        all.extend(tenants.iter().map(|tenant| tenant.id));
    }
}

async fn due(app: &App, tenant: TenantId) -> Result<Vec<String>, Problem> {
    Ok(app.store.read(tenant).await?.logout_notices_due().await?)
}

fn after(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}

#[cfg(test)]
mod tests;
