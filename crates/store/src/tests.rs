//! The same tests on both engines: what holds on one must hold on the other.

mod audit;
mod clients;
mod devices;
mod eam;
mod expiry;
mod grants;
mod group_commit;
mod groups;
mod installation;
mod lifted;
mod logout_notices;
mod looks;
mod order;
mod people;
mod proofs;
mod providers;
mod sessions;
mod signing_keys;
mod single_use;
mod sqlite;
mod statements;
mod support;
mod tenants;
mod together;
mod wall;
mod x509;
