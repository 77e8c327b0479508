//! `make test-packages`: the Debian packages in a clean system with a systemd of its own. They are
//! installed, started by their units, used, removed and purged.

#![expect(clippy::disallowed_methods, reason = "it waits for another system")]

#[cfg(test)]
mod machine;
#[cfg(test)]
mod packages;
