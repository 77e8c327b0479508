//! Turns requests that enrolled servers have signed into ceremonies with the person and the card
//! at this desktop.
//!
//! It acts for nobody else: it has no listening TCP port, follows no address from a message,
//! keeps no PIN and knows no password. The protocol is that of `agent-protocol`, the ceremonies
//! are those of `authenticator`.
//!
//! The way in: [`Agent::start`] with a [`Config`], then [`Agent::pair`].

mod agent;
mod board;
mod browser;
mod cancel;
mod causes;
mod ceremony;
mod channel;
pub mod cli;
mod clock;
mod command;
mod desk;
mod dialogs;
pub mod doctor;
mod entry;
mod environment;
mod errand;
mod failure;
mod harden;
mod held;
mod http;
mod inserted;
mod keys;
mod locker;
mod notice;
mod pairing;
mod pinentry;
mod plain;
mod prompts;
mod random;
mod readers;
mod security_keys;
mod server_address;
mod settings;
mod smart_cards;
mod socket;
mod state;
mod status;
mod ticket;
mod tokens;
mod words;

pub use agent::{Agent, Config, StartError};
pub use agent_protocol::{EnrolAnswer, EnrolmentCode, Link};
pub use board::{
    Arrival, Board, Device, DeviceId, DeviceSource, Kind, Open, OpenError, Several, Signer, Way,
};
pub use browser::{Browser, Surroundings};
pub use causes::Causes;
pub use channel::Pace;
pub use errand::{ErrandError, Holder, errand, inspect};
pub use harden::harden;
pub use http::CallError;
pub use inserted::{Inserted, State, cards, keys};
pub use link_pcsc::ServiceError;
pub use link_pkcs11::{Modules, Program};
pub use locker::Locker;
pub use pairing::{PairError, Pairing};
pub use pinentry::{Pinentry, PinentryError};
pub use plain::plain;
pub use random::NoRandomness;
pub use readers::Readers;
pub use security_keys::{SecurityKeys, SimulatedKey};
pub use server_address::{AddressError, ServerAddress};
pub use settings::{SettingsError, default_server, smart_card_module};
pub use socket::{Ask, Daemon, Offer, Reply, Socket, given_socket};
pub use state::StateError;
pub use status::{EnrolmentInfo, Status};
pub use words::pin_state;
