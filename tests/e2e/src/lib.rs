//! A Cardea with an Entra stand-in beside it, and the browsers that use them: what the
//! end-to-end tests have in common.
//!
//! The server runs in the same process, on a real socket at `http://localhost:PORT`; the stand-in
//! is on `127.0.0.1`, so that the two are cross-site to each other as in the world.

mod administrator;
mod browser;
mod database;
mod desktop;
mod entra;
mod guide;
mod hand;
mod log;
mod mfa;
mod node;
mod people;
mod receiver;
mod way;
mod world;

pub use browser::{Answer, Browser, Events};
pub use database::{Dump, Row, Watch};
pub use desktop::{Desktop, PIN, ask_agent};
pub use entra::Azure;
pub use guide::{GUIDE, GUIDE_MAPPERS, GuideMapper, Walk};
pub use hand::Hand;
pub use log::Log;
pub use mfa::{AnswerToEntra, Mfa, Request, entra_answer};
pub use node::Node;
pub use people::{Card, SignInError};
pub use receiver::{Heard, Receiver, Reply, until};
pub use way::{Way, at_provider};
pub use world::{Engine, TENANT, World};
