use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Which of two comes first: a PIN that is entered for a device, or another device that takes its
/// place. It is decided once: no PIN goes to the one while the other is asked. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry(Arc<AtomicU8>);

impl Entry {
    const OPEN: u8 = 0;
    const ENTERED: u8 = 1;
    const DISPLACED: u8 = 2;

    /// A PIN was entered. False: too late, it is for nobody.
    pub(crate) fn enter(&self) -> bool {
        self.decide(Self::ENTERED)
    }

    /// Another device takes the place. False: too late, a PIN was entered.
    pub(crate) fn displace(&self) -> bool {
        self.decide(Self::DISPLACED)
    }

    /// Whether a PIN was entered.
    pub(crate) fn is_entered(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::ENTERED
    }

    fn decide(&self, how: u8) -> bool {
        let decided = Ordering::AcqRel;
        match self.0.compare_exchange(Self::OPEN, how, decided, Ordering::Acquire) {
            Ok(_) => true,
            Err(was) => was == how,
        }
    }
}
