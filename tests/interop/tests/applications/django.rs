//! mozilla-django-oidc, in Django.

use std::process::Command;

use crate::running::{installed, sources};
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "mozilla-django-oidc",
    command: || {
        let mut python = Command::new(installed("interop-python/bin/python"));
        python.arg(sources().join("python/django_application.py"));
        python
    },
    login: "/oidc/authenticate/",
    callback: "/oidc/callback/",
    logout: "/oidc/logout/",
    refreshes: false,
    other_state: "state",
    wrong_secret: "invalid_client",
    other_issuer: None,
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
