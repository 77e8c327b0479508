//! Authlib, in Flask.

use crate::running::python;
use crate::stage::Registers;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "Authlib",
    command: || python("authlib_application.py"),
    login: "/login",
    registers: Registers { callback: "/callback", bye: "/bye", told: None, refreshes: true },
    logout: "/logout",
    other_state: "state",
    other_nonce: "nonce",
    wrong_secret: "invalid_client",
    other_issuer: None,
};

tests!(LIBRARY: signs_people_in refuses_what_is_wrong);
