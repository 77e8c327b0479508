//! Which cards and keys are there. Sources tell the board; a ceremony watches it.

use std::sync::Arc;

use authenticator::CeremonyLink;
use tokio::sync::watch;

/// Where cards and keys come from: readers, or a simulator in this process.
pub trait DeviceSource: Send {
    /// Starts to tell `board` what is there, what arrives and what leaves, until the returned
    /// guard is dropped.
    ///
    /// # Errors
    ///
    /// When it can never work. A service that is not there *yet* is no error.
    fn start(self: Box<Self>, board: Board) -> std::io::Result<Box<dyn Send>>;
}

/// Several sources as one.
pub struct Several(pub Vec<Box<dyn DeviceSource>>);

impl DeviceSource for Several {
    fn start(self: Box<Self>, board: Board) -> std::io::Result<Box<dyn Send>> {
        let started = self.0.into_iter().map(|source| source.start(board.clone()));
        Ok(Box::new(started.collect::<std::io::Result<Vec<_>>>()?))
    }
}

/// Opens a device. Blocks; called on a thread of its own.
pub type Open = Arc<dyn Fn() -> Result<Box<dyn CeremonyLink>, OpenError> + Send + Sync>;

/// Why a device cannot be opened: it left, another program holds it, or it does not answer.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the card")]
pub struct OpenError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The name of one stay of a device: a card that leaves and comes back has another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u64);

/// When a device came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was there before anybody looked: nobody put it there in answer to a prompt.
    Before,
    /// Now.
    Now,
}

/// What a device is to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A card in a reader: laying it there is the touch.
    Card,
    /// A security key on USB, which waits to be touched.
    Key,
}

/// A card or key that is there.
#[derive(Clone)]
pub struct Device {
    /// The name of its stay; a later one is larger.
    pub id: DeviceId,
    /// What it is.
    pub kind: Kind,
    /// What people call it: the reader's name, or the key's.
    pub name: String,
    /// When it came.
    pub arrival: Arrival,
    /// Opens it.
    pub open: Open,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("arrival", &self.arrival)
            .finish_non_exhaustive()
    }
}

/// What is there. Clones share one board.
#[derive(Clone, Debug)]
pub struct Board(watch::Sender<Devices>);

#[derive(Debug, Default)]
struct Devices {
    last: u64,
    there: Vec<Device>,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Devices::default()))
    }

    /// A card is there.
    pub fn arrived(&self, name: String, arrival: Arrival, open: Open) -> DeviceId {
        self.add(Kind::Card, name, arrival, open)
    }

    /// A security key is there.
    pub fn plugged_in(&self, name: String, arrival: Arrival, open: Open) -> DeviceId {
        self.add(Kind::Key, name, arrival, open)
    }

    fn add(&self, kind: Kind, name: String, arrival: Arrival, open: Open) -> DeviceId {
        let mut id = DeviceId(0);
        self.0.send_modify(|devices| {
            devices.last = devices.last.saturating_add(1);
            id = DeviceId(devices.last);
            devices.there.push(Device { id, kind, name, arrival, open });
        });
        id
    }

    /// A device has left.
    pub fn left(&self, id: DeviceId) {
        self.0.send_modify(|devices| devices.there.retain(|device| device.id != id));
    }

    /// What is there, the latest last.
    pub(crate) fn devices(&self) -> Vec<Device> {
        self.0.borrow().there.clone()
    }

    /// Waits for a device that arrived after `seen`, and gives the latest.
    pub(crate) async fn arrival_after(&self, seen: DeviceId) -> Device {
        let mut board = self.0.subscribe();
        loop {
            let latest = board.borrow_and_update().there.last().cloned();
            if let Some(device) = latest.filter(|device| device.id > seen) {
                return device;
            }
            if board.changed().await.is_err() {
                // Cannot be while `self` holds the sender; then nothing arrives any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until a device has left.
    pub(crate) async fn departure_of(&self, id: DeviceId) {
        let left = |devices: &Devices| devices.there.iter().all(|device| device.id != id);
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(left).await;
    }

    /// The name of the latest stay so far.
    pub(crate) fn latest(&self) -> DeviceId {
        DeviceId(self.0.borrow().last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Open {
        Arc::new(|| Err(OpenError("no device".into())))
    }

    #[tokio::test]
    async fn a_card_that_lay_there_is_no_arrival_and_one_that_returns_is() {
        let board = Board::new();
        let lying = board.arrived("reader".into(), Arrival::Now, nothing());
        let seen = board.latest();
        let waiting = {
            let board = board.clone();
            tokio::spawn(async move { board.arrival_after(seen).await.id })
        };
        board.left(lying);
        let back = board.arrived("reader".into(), Arrival::Now, nothing());
        assert_eq!(waiting.await.unwrap(), back);
        let there: Vec<_> = board.devices().iter().map(|device| device.id).collect();
        assert_eq!(there, [back]);
        assert!(back > lying);
    }
}
