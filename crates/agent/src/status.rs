//! What the agent knows, for people.

use serde::{Deserialize, Serialize};

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One enrolment, for people and tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentInfo {
    /// The server's origin.
    pub server: String,
    /// The tenant's slug.
    pub tenant: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Whose login enrolled the device.
    pub account: String,
    /// The server's name for this device.
    pub device_id: String,
    /// Whether its channel is open.
    pub connected: bool,
}

/// What the agent knows at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the daemon; empty: one from before it was said.
    #[serde(default)]
    pub version: String,
    /// Its enrolments.
    pub enrolments: Vec<EnrolmentInfo>,
    /// The cards and keys that are there.
    pub devices: Vec<String>,
}
