//! Which cards and keys are there. Sources tell the board; a ceremony watches it.

use std::sync::Arc;

use authenticator::CeremonyLink;
use authenticator::card_signer::CardSigner;
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

/// Gives a smart card that holds certificates. Does not block: the card is asked later.
pub type Signer = Arc<dyn Fn() -> Box<dyn CardSigner> + Send + Sync>;

/// How a device answers.
#[derive(Clone)]
pub enum Way {
    /// As a FIDO authenticator, perhaps: whether it is one is not known before it is opened.
    Ctap(Open),
    /// With the key of a certificate.
    Certificates(Signer),
}

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
    /// Its first stay, if it has only lost its contact since: nobody put it there again.
    pub since: DeviceId,
    /// How it answers.
    pub way: Way,
}

impl Device {
    /// Whether somebody put it there after `seen` was the latest.
    pub(crate) fn was_put_there_after(&self, seen: DeviceId) -> bool {
        self.arrival == Arrival::Now && self.since > seen
    }

    /// Whether a card with certificates is the one that lies in the reader of this one. PKCS#11
    /// has room for 64 bytes of a reader's name.
    pub(crate) fn is_in_reader_of(&self, token: &Self) -> bool {
        matches!((&self.way, &token.way), (Way::Ctap(_), Way::Certificates(_)))
            && self.kind == Kind::Card
            && !token.name.is_empty()
            && self.name.starts_with(&token.name)
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("arrival", &self.arrival)
            .field("since", &self.since)
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

impl Devices {
    fn holds(&self, id: DeviceId) -> bool {
        self.there.iter().any(|device| device.id == id)
    }

    fn has_stay(&self, stay: DeviceId) -> bool {
        self.there.iter().any(|device| device.since == stay)
    }

    /// What lies in the reader of a card with certificates, where its name says which reader that is.
    fn in_reader_of(&self, token: &Device) -> Option<&Device> {
        let of_reader: Vec<_> = self.there.iter().filter(|it| it.is_in_reader_of(token)).collect();
        // The name of one reader may be the beginning of another's.
        let same = || of_reader.iter().copied().find(|it| it.name == token.name);
        if let [only] = of_reader[..] { Some(only) } else { same() }
    }
}

impl Board {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Devices::default()))
    }

    /// A card is there.
    pub fn arrived(&self, name: String, arrival: Arrival, open: Open) -> DeviceId {
        self.add(Kind::Card, name, arrival, None, Way::Ctap(open))
    }

    /// A card is there again whose contact was lost for a moment; it came as `since`.
    pub fn returned(
        &self,
        since: DeviceId,
        name: String,
        arrival: Arrival,
        open: Open,
    ) -> DeviceId {
        self.add(Kind::Card, name, arrival, Some(since), Way::Ctap(open))
    }

    /// A security key is there.
    pub fn plugged_in(&self, name: String, arrival: Arrival, open: Open) -> DeviceId {
        self.add(Kind::Key, name, arrival, None, Way::Ctap(open))
    }

    /// A smart card with certificates is there, in the reader of this name.
    pub fn card_arrived(&self, reader: String, arrival: Arrival, signer: Signer) -> DeviceId {
        self.add(Kind::Card, reader, arrival, None, Way::Certificates(signer))
    }

    fn add(
        &self,
        kind: Kind,
        name: String,
        arrival: Arrival,
        since: Option<DeviceId>,
        way: Way,
    ) -> DeviceId {
        let mut id = DeviceId(0);
        self.0.send_modify(|devices| {
            devices.last = devices.last.saturating_add(1);
            id = DeviceId(devices.last);
            let since = since.unwrap_or(id);
            devices.there.push(Device { id, kind, name, arrival, since, way });
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

    /// Waits for devices that arrived after `seen`, and gives them all, the latest last.
    pub(crate) async fn arrivals_after(&self, seen: DeviceId) -> Vec<Device> {
        let is_new = |device: &&Device| device.id > seen;
        let new = |devices: &Devices| devices.there.iter().any(|device| is_new(&device));
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(new).await;
        self.0.borrow().there.iter().filter(is_new).cloned().collect()
    }

    /// Waits until a device is there that somebody has put there after `seen` was the latest.
    pub(crate) async fn put_there_after(&self, seen: DeviceId) {
        let is_new =
            |devices: &Devices| devices.there.iter().any(|it| it.was_put_there_after(seen));
        let _ = self.0.subscribe().wait_for(is_new).await;
    }

    /// Waits until there is a card with certificates in the reader of `device`.
    pub(crate) async fn certificates_in_reader_of(&self, device: &Device) {
        let is_there =
            |devices: &Devices| devices.there.iter().any(|it| device.is_in_reader_of(it));
        let _ = self.0.subscribe().wait_for(is_there).await;
    }

    /// Waits until one of `ids` has left.
    pub(crate) async fn departure_among(&self, ids: &[DeviceId]) {
        let left = |devices: &Devices| !ids.iter().all(|id| devices.holds(*id));
        let _ = self.0.subscribe().wait_for(left).await;
    }

    /// Waits until no device of this stay is there: neither the first nor one whose contact was lost
    /// for a moment since.
    pub(crate) async fn absence_of(&self, stay: DeviceId) {
        let _ = self.0.subscribe().wait_for(|devices| !devices.has_stay(stay)).await;
    }

    /// Waits until a device of this stay is there.
    pub(crate) async fn presence_of(&self, stay: DeviceId) {
        let _ = self.0.subscribe().wait_for(|devices| devices.has_stay(stay)).await;
    }

    /// Whether a device of this stay is there.
    pub(crate) fn has_stay(&self, stay: DeviceId) -> bool {
        self.0.borrow().has_stay(stay)
    }

    /// The stay of a device; of one that is not there any more, all that is known is its name. A card
    /// with certificates is on the board only while somebody asks for it: it stays as long as what
    /// lies in its reader.
    pub(crate) fn stay_of(&self, id: DeviceId) -> DeviceId {
        let devices = self.0.borrow();
        let Some(device) = devices.there.iter().find(|device| device.id == id) else { return id };
        devices.in_reader_of(device).unwrap_or(device).since
    }

    /// What must stay for a device to be of use: itself, and what lies in the reader of a card with
    /// certificates. That it has left is known by the reader at once; a module may be stuck in it.
    pub(crate) fn needed_for(&self, id: DeviceId) -> Vec<DeviceId> {
        let devices = self.0.borrow();
        let device = devices.there.iter().find(|device| device.id == id);
        let in_reader = device.and_then(|device| devices.in_reader_of(device));
        [id].into_iter().chain(in_reader.map(|device| device.id)).collect()
    }

    /// Whether a device is there.
    pub(crate) fn holds(&self, id: DeviceId) -> bool {
        self.0.borrow().holds(id)
    }

    /// The name of the latest stay so far.
    pub(crate) fn latest(&self) -> DeviceId {
        DeviceId(self.0.borrow().last)
    }
}

#[cfg(test)]
mod tests {
    use authenticator::Until;
    use authenticator::card_signer::{CardSignerError, SignRequest, SigningCard};

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
            tokio::spawn(async move { board.arrivals_after(seen).await })
        };
        board.left(lying);
        let back = board.arrived("reader".into(), Arrival::Now, nothing());
        let arrived: Vec<_> = waiting.await.unwrap().iter().map(|device| device.id).collect();
        assert_eq!(arrived, [back]);
        let there: Vec<_> = board.devices().iter().map(|device| device.id).collect();
        assert_eq!(there, [back]);
        assert!(back > lying);
    }

    #[test]
    fn a_card_that_fluttered_was_put_there_when_it_first_came() {
        let board = Board::new();
        let nobody = board.latest();
        let first = board.arrived("reader".into(), Arrival::Now, nothing());
        let prompt = board.latest();
        board.left(first);
        let back = board.returned(first, "reader".into(), Arrival::Now, nothing());
        let [card] = &board.devices()[..] else { panic!("one card") };
        assert!(card.id == back && back > prompt);
        assert!(card.was_put_there_after(nobody) && !card.was_put_there_after(prompt));
    }

    fn signer() -> Signer {
        struct Nothing;
        impl CardSigner for Nothing {
            fn look(&mut self, _: Until<'_>) -> Result<SigningCard, CardSignerError> {
                Err(CardSignerError::Removed)
            }
            fn sign(
                &mut self,
                _: &SignRequest<'_>,
                _: Until<'_>,
            ) -> Result<Vec<u8>, CardSignerError> {
                Err(CardSignerError::Removed)
            }
        }
        Arc::new(|| Box::new(Nothing))
    }

    #[test]
    fn a_card_with_certificates_stays_as_long_as_what_lies_in_its_reader() {
        let board = Board::new();
        let [first, second, tenth] = ["Reader 0", "Reader 1", "Reader 10"]
            .map(|name| board.arrived(name.into(), Arrival::Now, nothing()));
        let stay = |name: &str| {
            let token = board.card_arrived(name.into(), Arrival::Now, signer());
            (token, board.stay_of(token))
        };
        assert_eq!(
            [stay("Reader 0").1, stay("Reader 1").1, stay("Reader 10").1],
            [first, second, tenth]
        );
        // Which of the two it is, nobody knows; and where no such reader is, it stays by itself.
        for name in ["Reader", "Other", ""] {
            let (token, stay) = stay(name);
            assert_eq!(stay, token, "{name}");
        }
        let token = board.card_arrived("Reader 0".into(), Arrival::Now, signer());
        assert_eq!(board.needed_for(token), [token, first]);
        assert_eq!(board.needed_for(first), [first]);
        // What has lost its contact for a moment is there since it was put there.
        board.left(first);
        board.returned(first, "Reader 0".into(), Arrival::Now, nothing());
        assert_eq!(stay("Reader 0").1, first);
    }

    #[tokio::test]
    async fn the_first_that_leaves_is_noticed() {
        let board = Board::new();
        let ids = [(); 2].map(|()| board.arrived("reader".into(), Arrival::Now, nothing()));
        let departure = board.departure_among(&ids);
        board.left(ids[1]);
        departure.await;
        assert_eq!(ids.map(|id| board.holds(id)), [true, false]);
    }
}
