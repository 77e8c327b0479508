//! A FIDO2 authenticator and its browser, in software.
