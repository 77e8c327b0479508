//! mozilla-django-oidc, in Django.

use crate::running::python;
use crate::stage::Registers;
use crate::way::Library;

const LIBRARY: Library = Library {
    name: "mozilla-django-oidc",
    command: || python("django_application.py"),
    login: "/oidc/authenticate/",
    registers: Registers { callback: "/oidc/callback/", bye: "/bye", told: None, refreshes: false },
    logout: "/oidc/logout/",
    other_state: "state",
    other_nonce: "nonce",
    wrong_secret: "invalid_client",
    other_issuer: None,
};

tests!(LIBRARY: signs_people_in refuses_what_is_wrong);
