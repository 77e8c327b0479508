//! A Cardea that runs as a process of its own, on a prepared database, and people who sign in to
//! it: what the figures and the fault tests have in common.
//!
//! Everything here speaks to the server as the world does, over HTTP, and says what went wrong
//! instead of panicking: a server that is killed in the middle is an ordinary day here. The Entra
//! stand-in runs beside the driver, not beside the server.
//!
//! Begin with [`Directory::register`] and [`Installation::prepare`]; the program `load` prints the
//! figures.

mod browser;
pub mod clock;
mod directory;
mod installation;
mod port;
mod program;
pub mod report;
mod sign_in;

pub use browser::{Answer, Browser, Trouble};
pub use directory::Directory;
pub use installation::{Installation, TENANT};
pub use port::Port;
pub use program::{Program, Wrapper};
pub use sign_in::{Card, Leg, Legs, Member, Taps};
