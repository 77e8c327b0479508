//! What a test can make go wrong: endpoints that fail, and ID tokens that are not what they should be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The path at which providers of external MFA answer.
pub(crate) const RETURN_ADDRESS: &str = "/common/federation/externalauthprovider";

/// What a request was for; requests are counted and faults are set by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// `/.well-known/openid-configuration`.
    Metadata,
    /// `/discovery/v2.0/keys`.
    Keys,
    /// `/oauth2/v2.0/authorize`.
    Authorize,
    /// The pages on which a person signs in.
    SignIn,
    /// `/oauth2/v2.0/token`.
    Token,
    /// `/oauth2/v2.0/logout`.
    Logout,
    /// `/oidc/userinfo`.
    UserInfo,
    /// Graph, `/v1.0/...`.
    Graph,
    /// The portal.
    Portal,
    /// `/common/federation/externalauthprovider`: where providers of external MFA answer.
    ExternalMfa,
}

impl Endpoint {
    /// The endpoint that a path belongs to, if it is one that is counted.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let ends = |end: &str| path.ends_with(end);
        match path.split('/').nth(1).unwrap_or_default() {
            "portal" => Some(Self::Portal),
            "sign-in" => Some(Self::SignIn),
            "v1.0" => Some(Self::Graph),
            "oidc" => Some(Self::UserInfo),
            _ if path == RETURN_ADDRESS => Some(Self::ExternalMfa),
            _ if ends("/.well-known/openid-configuration") => Some(Self::Metadata),
            _ if ends("/discovery/v2.0/keys") => Some(Self::Keys),
            _ if ends("/oauth2/v2.0/authorize") => Some(Self::Authorize),
            _ if ends("/oauth2/v2.0/token") => Some(Self::Token),
            _ if ends("/oauth2/v2.0/logout") => Some(Self::Logout),
            _ => None,
        }
    }
}

/// How an endpoint misbehaves. Where it says "the true answer", the request is carried out first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Fault {
    /// The true answer, so many milliseconds late.
    Delay {
        /// How late.
        milliseconds: u64,
    },
    /// No answer at all, until the caller goes away.
    Hang,
    /// An error status with a short text.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After`, in seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// The first half of the true answer, as if it were all.
    BadJson,
    /// Status 200 and an HTML page.
    Html,
    /// The true answer behind so many blanks: still valid JSON, for whoever reads it to the end.
    Huge {
        /// How many blanks.
        bytes: usize,
    },
    /// A redirect to another address.
    Redirect {
        /// Where to.
        location: String,
    },
    /// The true answer, so many bytes at a time.
    SlowDrip {
        /// Bytes at a time.
        bytes: usize,
        /// Time between them.
        milliseconds: u64,
    },
    /// The connection breaks in the middle of the true answer.
    Cut,
    /// The true answer with a JSON merge patch (RFC 7396) applied: `null` removes a member.
    Patch {
        /// The patch.
        patch: Value,
    },
    /// An answer made up altogether.
    Answer {
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// How an ID token is not what it should be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IdTokenFault {
    /// Claims that are replaced or added; `null` removes one.
    pub claims: Map<String, Value>,
    /// Claims that are moved by so many seconds: `exp`, `nbf`, `iat`, `auth_time`.
    pub shift: BTreeMap<String, i64>,
    /// Header members that are replaced or added; `null` removes one.
    pub header: Map<String, Value>,
    /// How it is signed.
    pub signature: Signature,
}

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// RS256, with the active key.
    #[default]
    Proper,
    /// RS256, with a key that nobody has published, under the active key's `kid`.
    ForeignKey,
    /// RS256 with one bit of the signature changed.
    Broken,
    /// `alg` is `none`, and there is no signature.
    None,
    /// `alg` is `HS256`, with the public key as the secret.
    Hs256,
}

impl IdTokenFault {
    /// A token with that claim replaced, or removed by `null`.
    #[must_use]
    pub fn claim(name: &str, value: impl Into<Value>) -> Self {
        Self { claims: Map::from_iter([(name.to_owned(), value.into())]), ..Self::default() }
    }

    /// A token with that header member replaced, or removed by `null`.
    #[must_use]
    pub fn header(name: &str, value: impl Into<Value>) -> Self {
        Self { header: Map::from_iter([(name.to_owned(), value.into())]), ..Self::default() }
    }

    /// A token with that moment moved by so many seconds.
    #[must_use]
    pub fn shifted(name: &str, seconds: i64) -> Self {
        Self { shift: BTreeMap::from([(name.to_owned(), seconds)]), ..Self::default() }
    }

    /// A token signed in that way.
    #[must_use]
    pub fn signed(signature: Signature) -> Self {
        Self { signature, ..Self::default() }
    }
}

/// Something set for the next few times, or until it is taken back.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    pub(crate) what: T,
    pub(crate) left: Option<u32>,
}

impl<T: Clone> Pending<T> {
    pub(crate) const fn new(what: T, times: Option<u32>) -> Self {
        Self { what, left: times }
    }

    /// The next one of a queue that `wants` says yes to; used up ones leave the queue.
    pub(crate) fn next(queue: &mut Vec<Self>, wants: impl Fn(&T) -> bool) -> Option<T> {
        let found = queue.iter_mut().find(|pending| wants(&pending.what))?;
        let what = found.what.clone();
        found.left = found.left.map(|left| left.saturating_sub(1));
        queue.retain(|pending| pending.left != Some(0));
        Some(what)
    }
}

/// A JSON merge patch (RFC 7396).
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(members) = target {
        for (name, value) in patch {
            if value.is_null() {
                members.remove(name);
            } else {
                merge(members.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_replaces_adds_and_removes() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}});
        merge(&mut target, &json!({"a": null, "b": {"c": [4]}, "e": "5"}));
        assert_eq!(target, json!({"b": {"c": [4], "d": 3}, "e": "5"}));
    }

    #[test]
    fn a_fault_is_over_after_its_last_time() {
        let mut queue = vec![Pending::new("twice", Some(2)), Pending::new("always", None)];
        let seen: Vec<_> = (0..4).filter_map(|_| Pending::next(&mut queue, |_| true)).collect();
        assert_eq!(seen, ["twice", "twice", "always", "always"]);
    }
}
