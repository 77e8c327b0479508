//! A server that the modules share, and for each that runs a tenant with somebody in it.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use e2e::{Card, Receiver, Way, World};
use entra_stand_in::{ACME, Person};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::client::{Mode, Suite};

/// No module takes so long, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The one that runs, as long as a module uses it: with the last it ends.
static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

/// One server, and the tenants that nobody uses at the moment.
pub(crate) struct Shared {
    /// `None` when it ends.
    world: Option<World>,
    /// Where applications are told of logouts.
    pub(crate) receiver: Receiver,
    telling: JoinHandle<()>,
    free: Mutex<Vec<Place>>,
    numbers: AtomicU64,
    runtime: Runtime,
}

/// A tenant in which a person has a card. Its cards count, so one module has it at a time.
pub(crate) struct Place {
    pub(crate) way: Way,
    pub(crate) person: Person,
    pub(crate) card: Card,
}

impl Deref for Shared {
    type Target = World;

    fn deref(&self) -> &World {
        self.world.as_ref().unwrap()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.telling.abort();
        self.world.take();
    }
}

/// Runs a module, with answers in that mode.
pub(crate) fn run(mode: Mode, module: impl AsyncFnOnce(&mut Suite)) {
    let shared = shared();
    shared.runtime.block_on(async {
        let free = shared.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let place = match free {
            Some(place) => place,
            None => Place::new(&shared).await,
        };
        let mut suite = Suite::new(Arc::clone(&shared), place, mode).await;
        let done = tokio::time::timeout(PATIENCE, module(&mut suite)).await;
        done.unwrap_or_else(|_| panic!("not done after {PATIENCE:?}"));
        shared.free.lock().unwrap_or_else(PoisonError::into_inner).push(suite.place);
    });
}

fn shared() -> Arc<Shared> {
    let mut place = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = place.upgrade() {
        return shared;
    }
    let runtime = Runtime::new().unwrap();
    let receiver = runtime.block_on(Receiver::start());
    let origins = std::slice::from_ref(&receiver.origin);
    let world = runtime.block_on(World::telling(origins, World::policy()));
    let telling = runtime.spawn(server::tell_as_they_come(world.app.clone()));
    let (free, numbers) = (Mutex::default(), AtomicU64::new(1));
    let shared = Arc::new(Shared { world: Some(world), receiver, telling, free, numbers, runtime });
    *place = Arc::downgrade(&shared);
    shared
}

impl Shared {
    /// One that no other module gets.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

impl Place {
    async fn new(shared: &Shared) -> Self {
        let number = shared.number();
        let tenant: &'static str = Box::leak(format!("op-{number}").into_boxed_str());
        shared.add_connected(tenant, ACME).await;
        let way = Way::into(tenant);
        let (mut person, mut card) = (Person::new("mia@acme.example"), Card::new(number));
        way.sign_in(&mut shared.browser(), &mut person, &mut card).await;
        name(shared, tenant).await;
        Self { way, person, card }
    }
}

/// The directory of these tests sends the display name alone.
async fn name(shared: &Shared, tenant: &str) {
    let tenant = shared.tenant(tenant).await.id;
    let mut tx = shared.app.store().write(tenant).await.unwrap();
    let mut person = tx.person_by_username("mia@acme.example").await.unwrap().unwrap();
    for (attribute, value) in [("firstName", "Mia"), ("lastName", "Member")] {
        person.attributes.insert(attribute.to_owned(), vec![value.to_owned()]);
    }
    tx.write_person(&person).await.unwrap();
    tx.commit().await.unwrap();
}
