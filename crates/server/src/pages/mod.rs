//! Plain data to the pages that people see: one file per page, words and markup in `templates`.
//!
//! A page is a struct of owned, plain values that implements [`askama::Template`]; the handler
//! fills it and renders it. Nothing here knows HTTP, the store or the clock. Every value is
//! escaped by the template; no page contains inline script or style, so that the strictest
//! content security policy fits all of them.
//!
//! Words that a script needs are in the page, put there from [`words`]: there is one place per
//! language, and scripts hold no sentences.

mod aadsts;
mod account;
mod application;
mod assets;
mod card;
mod ceremony;
mod components;
mod console;
#[cfg(test)]
mod contrast;
mod enrol;
mod entra;
mod error;
mod frame;
mod invite;
mod login;
mod pair;
mod returning;
pub(crate) mod sample;
mod signed_out;
#[cfg(test)]
mod tests;
pub mod words;

pub use aadsts::{AadstsAnswer, AadstsPage, Remedy};
pub use account::{
    AccountPage, Attribute, CardRow, ComputerRow, LastCard, Model, Notice, SessionRow,
};
pub use application::{
    ApplicationPage, ApplicationStep, ApplicationTrouble, ApplicationWord, LogoutPage,
};
pub use assets::{asset, asset_hash, asset_url};
pub use card::CardPage;
pub use ceremony::{
    Agent, AgentProgress, AgentPrompt, Ceremony, Purpose, SetUp, View, reached_by_browser,
    reader_in_browser,
};
pub use components::ComponentsPage;
pub use console::{Answer, Banner, ConsoleFrame, NavItem, Question, Section, TenantChoice, Tone};
pub use enrol::{CodeEntry, CodeProblem, EnrolPage, EnrolStep, Permit};
pub use entra::{EntraIdlePage, EntraPage, EntraStep, EntraWord};
pub use error::{ErrorKind, ErrorPage, ProviderAnswer};
pub use frame::{Account, AskedBy, Frame, When};
pub use invite::{InvitePage, InviteProblem};
pub use login::{LoginNotice, LoginPage, ProviderChoice};
pub use pair::{PairPage, PairStep};
pub use returning::{ReturnPage, ReturnStep};
pub use sample::{Sample, samples};
pub use signed_out::SignedOutPage;
