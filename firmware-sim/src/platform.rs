//! What Trussed wants from the world: randomness, storage, and somebody who touches.

use std::sync::Arc;
use std::time::Duration;

use littlefs2_core::DynFilesystem;
use rand_chacha::ChaCha20Rng;
use trussed::platform::UserInterface;
use trussed::types::ui::Status;
use trussed_core::types::consent::Level;

use crate::shared::Shared;

pub(crate) struct Platform<'a> {
    pub(crate) rng: ChaCha20Rng,
    pub(crate) store: Store<'a>,
    pub(crate) hand: Hand,
}

impl<'a> trussed::platform::Platform for Platform<'a> {
    type R = ChaCha20Rng;
    type S = Store<'a>;
    type UI = Hand;

    fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.rng
    }

    fn store(&self) -> Store<'a> {
        self.store
    }

    fn user_interface(&mut self) -> &mut Hand {
        &mut self.hand
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Store<'a> {
    pub(crate) internal: &'a dyn DynFilesystem,
    pub(crate) external: &'a dyn DynFilesystem,
    pub(crate) volatile: &'a dyn DynFilesystem,
}

impl trussed::store::Store for Store<'_> {
    fn ifs(&self) -> &dyn DynFilesystem {
        self.internal
    }

    fn efs(&self) -> &dyn DynFilesystem {
        self.external
    }

    fn vfs(&self) -> &dyn DynFilesystem {
        self.volatile
    }
}

/// The person's hand, as the firmware sees it.
pub(crate) struct Hand {
    shared: Arc<Shared>,
    status: Status,
}

impl Hand {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, status: Status::Idle }
    }
}

impl UserInterface for Hand {
    /// The firmware calls this in a tight loop until it returns a touch, times out or is
    /// interrupted; the wait is in [`Shared::feel`].
    fn check_user_presence(&mut self) -> Level {
        if self.shared.feel() { Level::Normal } else { Level::None }
    }

    fn set_status(&mut self, status: Status) {
        let asks = |status| status == Status::WaitingForUserPresence;
        if asks(status) && !asks(self.status) {
            self.shared.ask();
        } else if asks(self.status) && !asks(status) {
            self.shared.stop_asking();
        }
        self.status = status;
    }

    fn status(&self) -> Status {
        self.status
    }

    fn uptime(&mut self) -> Duration {
        self.shared.uptime()
    }
}
