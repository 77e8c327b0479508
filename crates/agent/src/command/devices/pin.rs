//! The PIN. It is typed into pinentry, and is in no argument and no variable.

use super::Chosen;
use crate::failure::Failure;

#[derive(Clone, Copy, clap::Subcommand)]
pub(crate) enum Chore {
    /// Give it its first PIN
    Set,
    /// Change the PIN
    Change,
}

pub(super) async fn run(chosen: &Chosen, chore: Chore) -> Result<(), Failure> {
    match chore {
        Chore::Set => {
            chosen.errand("Set the PIN", || {}, |management| management.set_pin()).await?;
            chosen.done("the PIN is set")
        }
        Chore::Change => {
            chosen.errand("Change the PIN", || {}, |management| management.change_pin()).await?;
            chosen.done("the PIN is changed")
        }
    }
}
