//! Pushed authorization requests (RFC 9126). The request is sealed into the `request_uri` itself, so
//! pushing one writes nothing. That it can be used again within its minute is no gain for anybody: the
//! code that comes of it is spent once.

use serde::{Deserialize, Serialize};

use crate::authorization::{Request, is_older_than};
use crate::{Name, Parameters};

/// How long a pushed request is good, in seconds.
pub const LIFE: i64 = 60;

/// Before what the server has sealed (RFC 9126 §2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A pushed request. The server seals it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// What is asked, by a client that has shown who it is.
    pub request: Request,
    /// When it came, in microseconds since 1970.
    pub pushed_at: i64,
}

impl Pushed {
    /// Whether it is too old; `now` in microseconds.
    pub fn is_over(&self, now: i64) -> bool {
        is_older_than(self.pushed_at, LIFE, now)
    }

    /// Whether it is the request of the client that the browser names (RFC 9126 §4).
    pub fn is_of(&self, p: &Parameters) -> bool {
        p.get(Name::ClientId) == Some(&self.request.client_id)
    }
}

/// What stands sealed in the `request_uri` of an authorization request, if it is a pushed one.
pub fn sealed(p: &Parameters) -> Option<&str> {
    p.get(Name::RequestUri)?.strip_prefix(PREFIX)
}

/// The answer to the client, with status 201 (RFC 9126 §2.2).
pub fn response(sealed: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Response {
        request_uri: String,
        expires_in: i64,
    }
    let response = Response { request_uri: format!("{PREFIX}{sealed}"), expires_in: LIFE };
    // A text and a number: there is nothing that JSON could not say.
    serde_json::to_vec(&response).unwrap_or_default()
}

#[cfg(test)]
mod tests;
