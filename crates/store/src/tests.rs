//! The same tests on both engines: what holds on one must hold on the other.

mod audit;
mod devices;
mod expiry;
mod group_commit;
mod groups;
mod installation;
mod lifted;
mod order;
mod people;
mod proofs;
mod providers;
mod sessions;
mod single_use;
mod statements;
mod support;
mod tenants;
mod wall;
mod x509;
