//! Files of the pages, under names that change with their content.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::{asset, asset_hash};

/// `GET /static/{hash}/{name}`: kept by browsers for good, unless the hash is not ours.
pub(crate) async fn handler(
    Params((hash, name)): Params<(String, String)>,
) -> Result<Response, Problem> {
    let (bytes, content_type) = asset(&name).ok_or(Problem::NotFound)?;
    let ours = asset_hash(&name) == Some(hash.as_str());
    let cache = if ours { "public, max-age=31536000, immutable" } else { "no-store" };
    Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, cache)], bytes).into_response())
}
