//! openid-client, in Node.js.

use crate::running::node;
use crate::stage::Registers;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "openid-client",
    command: || node("openid-client.mjs"),
    login: "/login",
    registers: Registers { callback: "/callback", bye: "/bye", told: None, refreshes: true },
    logout: "/logout",
    other_state: "state",
    other_nonce: "nonce",
    wrong_secret: "invalid_client",
    other_issuer: Some("issuer"),
};

tests!(LIBRARY: signs_people_in refuses_what_is_wrong);
