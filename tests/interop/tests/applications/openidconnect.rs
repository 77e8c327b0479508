//! The crate openidconnect.

use std::process::Command;

use crate::running::installed;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "openidconnect",
    command: || Command::new(installed("interop-openidconnect/debug/openidconnect-application")),
    login: "/login",
    callback: "/callback",
    logout: "/logout",
    refreshes: true,
    other_state: "state",
    wrong_secret: "status code 401",
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
