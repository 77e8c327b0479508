//! The agent against a server that speaks the protocol, a person who answers by script, and real
//! firmware for a card.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
#![expect(clippy::disallowed_methods, reason = "the server of the test has a clock of its own")]

#[cfg(test)]
mod ceremonies;
#[cfg(test)]
mod channel;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod enrolments;
#[cfg(test)]
mod given;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod lifted;
#[cfg(test)]
mod links;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod pairing;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pulled;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod several;
#[cfg(test)]
mod smart_cards;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transcripts;
