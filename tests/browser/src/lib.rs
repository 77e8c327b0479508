//! A real browser that signs in: headless Chromium by WebDriver, with a virtual security key in
//! place of hardware. What the tests in this folder and the program `pictures` have in common.
//!
//! Each test has a browser, a server, a stand-in for Entra and ports of its own, and ends what it
//! started. Nothing waits for a time: [`Chrome::see`], [`Chrome::press`] and the others look at
//! the page until it is so.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a browser that does not obey is a red test"
)]

mod chrome;
mod driver;
pub mod gallery;
mod key;
mod palette;
mod picture;
mod samples;
mod time;
mod wire;

pub use chrome::{Chrome, Tab};
pub use key::{Contents, Key};
pub use palette::smaller;
pub use picture::Scheme;
pub use samples::Samples;
pub use time::expire;
pub use wire::WebDriverError;
