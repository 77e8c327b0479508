//! Challenges: made for what a login is to do, and answers verified against them.

use std::net::IpAddr;

use axum::http::HeaderMap;
use login::Challenge;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agents::patience::Asks;
use crate::http::peer::Peer;
use crate::http::problem::Problem;

mod answer;
mod begin;
mod passkey;
mod row;

pub(crate) use answer::{Answer, Kept, Refused, Response, Verified, verify};
pub(super) use answer::{Judged, NewCard, Shows};
pub(crate) use begin::{challenge, for_person, for_waiting, stored};
pub(crate) use passkey::{enrolled, evidence};
pub(crate) use row::label_text;

/// What a challenge keeps: what was handed out, so that it can be shown again, and the
/// verifier's state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ceremony {
    /// WebAuthn options, for the browser or for the agent's request.
    pub(crate) options: Value,
    /// The browser that asked, for the person to compare.
    #[serde(default)]
    pub(crate) asked: Asked,
    /// Credential ids of the person's X.509 cards, base64url. An agent is asked for them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) certificates: Vec<String>,
    state: String,
}

/// From where a challenge was asked for, and what for in the person's words.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Name of the browser.
    pub(crate) browser: String,
    /// Name of its system.
    pub(crate) os: String,
    /// What the person calls the new card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Whether the page is in another network than the agent that is asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) other_network: bool,
    /// The network of a page that asks by a link: it is compared when an agent claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<IpAddr>,
    /// Whether it asks by a link, which anybody may have made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_link: bool,
}

impl Asked {
    /// From a browser's request.
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let (browser, os) = crate::http::page::browser(headers);
        Self { browser: browser.to_owned(), os: os.to_owned(), ..Self::default() }
    }

    /// Who it was that asked an agent.
    pub(crate) fn asks(&self) -> Asks {
        if self.by_link { Asks::ByLink } else { Asks::Paired }
    }

    /// As the list of sessions names the browser.
    pub(crate) fn user_agent(&self) -> String {
        format!("{} on {}", self.browser, self.os)
    }
}

impl Ceremony {
    /// The challenge as it was handed out, base64url.
    pub(crate) fn challenge(&self) -> Option<&str> {
        self.options.get("publicKey")?.get("challenge")?.as_str()
    }

    /// Whether a WebAuthn credential can answer: a browser has no other.
    pub(crate) fn takes_passkeys(&self) -> bool {
        !self.state.is_empty()
    }

    /// Reads what [`challenge`] wrote.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`]: only we write it.
    pub(crate) fn of(challenge: &Challenge) -> Result<Self, Problem> {
        serde_json::from_str(&challenge.state).map_err(Problem::internal)
    }
}

/// The challenge of a link, as the agent that claims it calls from `agent`: only now the two networks
/// can be compared. Any other challenge stays as it is.
///
/// # Errors
///
/// [`Problem::Internal`]: only we write it.
pub(crate) fn claimed_from(challenge: &Challenge, agent: Peer) -> Result<Challenge, Problem> {
    let mut ceremony = Ceremony::of(challenge)?;
    let Some(page) = ceremony.asked.network.take() else { return Ok(challenge.clone()) };
    ceremony.asked.other_network = Peer::Address(page).is_elsewhere(agent);
    let state = serde_json::to_string(&ceremony).map_err(Problem::internal)?;
    Ok(Challenge { state, ..challenge.clone() })
}

/// The state of a discoverable ceremony, for "Use your card".
///
/// # Errors
///
/// [`Problem::Internal`]: only we write it.
pub(crate) fn state_of(challenge: &Challenge) -> Result<String, Problem> {
    Ceremony::of(challenge).map(|ceremony| ceremony.state)
}

/// The same challenge without what was handed out: a cookie has no room for it.
///
/// # Errors
///
/// [`Problem::Internal`]: only we write it.
pub(crate) fn without_options(challenge: &Challenge) -> Result<Challenge, Problem> {
    let Ceremony { state, certificates, .. } = Ceremony::of(challenge)?;
    let (options, asked) = (Value::Null, Asked::default());
    let bare = Ceremony { options, asked, certificates, state };
    let state = serde_json::to_string(&bare).map_err(Problem::internal)?;
    Ok(Challenge { state, ..challenge.clone() })
}

#[cfg(test)]
mod tests;
