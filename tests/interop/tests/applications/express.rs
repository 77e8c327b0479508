//! express-openid-connect, in Node.js.

use crate::running::node;
use crate::stage::Registers;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "express-openid-connect",
    command: || node("express-openid-connect.mjs"),
    login: "/login",
    registers: Registers {
        callback: "/callback",
        bye: "/bye",
        told: Some("/backchannel-logout"),
        refreshes: true,
    },
    logout: "/logout",
    other_state: "invalid response encountered",
    // It does not say which claim.
    other_nonce: "oauth_jwt_claim_comparison_failed",
    wrong_secret: "www-authenticate",
    other_issuer: Some("issuer"),
};

tests!(LIBRARY: signs_people_in refuses_what_is_wrong signs_out_whom_we_sign_out);
