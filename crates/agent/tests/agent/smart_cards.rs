//! Smart cards with certificates: SoftHSM's tokens, in the real child.

mod ceremonies;
mod child;
mod listing;
mod piv;
mod signer;
mod states;
mod which;
