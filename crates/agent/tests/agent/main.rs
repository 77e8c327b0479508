//! The agent against a server that speaks the protocol, a person who answers by script, and real
//! firmware for a card.

mod ceremonies;
mod channel;
mod pairing;
mod refusals;
mod support;
