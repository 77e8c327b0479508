//! Doors: what a browser calls before anybody has vouched for the person.

pub(crate) mod account;
pub(crate) mod admit;
pub(crate) mod broker_endpoint;
pub(crate) mod broker_login;
pub(crate) mod console;
pub(crate) mod eam;
pub(crate) mod login_page;
pub(crate) mod oidc;
pub(crate) mod one_tap;
pub(crate) mod root;
pub(crate) mod trouble;
pub(crate) mod use_agent;
pub(crate) mod use_card;
