//! passkeys.
