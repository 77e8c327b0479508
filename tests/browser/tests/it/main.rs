//! What people do in a browser, with the real server, the stand-in for Entra, and a virtual key.

mod account;
mod cards;
mod expiry;
mod guide;
mod keyboard;
mod layout;
mod refusals;
mod sign_in;
mod steps;
mod tabs;
mod without_script;
