//! What Cardea keeps: tenants and their policy, upstream providers and mappers, people and their
//! links, and the rules that turn an upstream's claims into a person's attributes.
//!
//! Plain data and pure rules. No I/O: `store` keeps these types, `login` decides with them.

pub mod mapping;

mod groups;
mod moment;
mod person;
mod provider;
mod tenant;
mod x509;

pub use groups::{Absence, AbsentGroups, GroupsAnswer, GroupsQuestion, UNASKED};
pub use moment::Moment;
pub use person::{EntraLink, Person, PersonState, SyncConflict};
pub use provider::{
    GroupsSent, Mapper, MapperKind, Provider, ProviderEndpoints, ProviderKind, Seen, SyncMode,
    SyncOverride,
};
pub use tenant::{CardFirst, CardLifted, FirstCard, ReturnStep, Tenant, TenantPolicy};
pub use x509::{RevocationPolicy, X509Policy};
