//! Smart cards with certificates: SoftHSM's tokens, in the real child.

mod ceremonies;
mod child;
mod key_pin;
mod listing;
mod piv;
mod pulled;
mod signer;
mod slow;
mod states;
mod which;
