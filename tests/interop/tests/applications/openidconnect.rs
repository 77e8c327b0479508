//! The crate openidconnect.

use std::process::Command;

use crate::running::installed;
use crate::stage::Registers;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "openidconnect",
    command: || Command::new(installed("interop-openidconnect/debug/openidconnect-application")),
    login: "/login",
    registers: Registers { callback: "/callback", bye: "/bye", told: None, refreshes: true },
    logout: "/logout",
    other_state: "state",
    other_nonce: "nonce",
    wrong_secret: "status code 401",
    other_issuer: Some("issuer"),
};

tests!(LIBRARY: signs_people_in refuses_what_is_wrong);
