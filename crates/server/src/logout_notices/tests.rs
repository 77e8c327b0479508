//! Who is called at a time.

use super::*;
use crate::entropy;
use crate::test_app::test_app;

/// Nobody is called yet.
async fn none() -> (Calls, tempfile::TempDir) {
    let (app, data) = test_app().await;
    let (tasks, called, due) = (JoinSet::new(), HashMap::new(), HashMap::new());
    (Calls { app, tasks, called, due }, data)
}

fn applications(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

fn tenant() -> TenantId {
    TenantId(entropy::id())
}

#[tokio::test]
async fn an_application_that_is_called_is_not_called_once_more_meanwhile() {
    let (mut calls, _data) = none().await;
    let (one, other) = (tenant(), tenant());
    for _ in 0..3 {
        calls.call(one, applications(2));
    }
    assert_eq!(calls.tasks.len(), 2);
    calls.call(other, applications(2));
    assert_eq!(calls.tasks.len(), 4, "those of another tenant are others");
    let done = calls.finished().await.unwrap();
    assert_eq!(calls.tasks.len(), 3);
    calls.call(done, applications(2));
    assert_eq!(calls.tasks.len(), 4, "one was done");
}

#[tokio::test]
async fn a_tenant_with_many_applications_leaves_room_for_those_of_others() {
    for (tenants, called) in [(1, 32), (2, 64), (5, 128)] {
        let (mut calls, _data) = none().await;
        for tenant in std::iter::repeat_with(tenant).take(tenants) {
            calls.call(tenant, applications(100));
            calls.call(tenant, applications(100));
        }
        assert_eq!(calls.tasks.len(), called, "{tenants}");
    }
}
