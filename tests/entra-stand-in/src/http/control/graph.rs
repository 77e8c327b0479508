//! What Graph answers from: application permissions and groups.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::Answer;
use crate::http::App;
use crate::model::GroupKind;

#[derive(Deserialize)]
pub(super) struct NewPermissions {
    permissions: Vec<String>,
}

/// Configures application permissions, which allow nothing before they are granted.
pub(super) async fn add_application_permissions(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewPermissions>,
) -> Answer {
    shared.add_application_permissions(id, &new.permissions)?;
    Ok(Json(json!({})))
}

/// In which directory; that of the app, if none is named.
#[derive(Deserialize)]
pub(super) struct Grant {
    directory: Option<Uuid>,
}

/// Grants all application permissions that are configured.
pub(super) async fn grant_application_permissions(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(grant): Json<Grant>,
) -> Answer {
    shared.grant_application_permissions(id, grant.directory)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
pub(super) struct NewGroups {
    kind: GroupKind,
    count: usize,
}

/// Puts a person into so many new groups.
pub(super) async fn add_groups(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewGroups>,
) -> Answer {
    let groups = shared.add_groups(id, new.kind, new.count)?;
    Ok(Json(json!({"groups": groups})))
}
