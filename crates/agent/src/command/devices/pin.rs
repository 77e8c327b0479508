//! The PIN. It is typed into pinentry, and is in no argument and no variable.

use super::Desk;
use crate::failure::Failure;

#[derive(Clone, Copy, clap::Subcommand)]
pub(crate) enum Chore {
    /// Give it its first PIN
    Set,
    /// Change the PIN
    Change,
}

pub(super) async fn run(desk: &Desk, chore: Chore) -> Result<(), Failure> {
    match chore {
        Chore::Set => {
            desk.errand("Set the PIN", || {}, |management| management.set_pin()).await?;
            desk.done("the PIN is set")
        }
        Chore::Change => {
            desk.errand("Change the PIN", || {}, |management| management.change_pin()).await?;
            desk.done("the PIN is changed")
        }
    }
}
