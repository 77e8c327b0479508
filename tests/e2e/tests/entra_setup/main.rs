//! `cardea entra connect` and `cardea entra doctor`, against the stand-in and its Graph.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod by_graph;
mod doctor;
mod printed;
mod support;
