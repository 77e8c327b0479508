use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::TenantId;
use tokio::sync::oneshot;

/// The places of one host, which are handed out in turn by tenant: next is the one that has the
/// fewest calls under way, and among equals the one whose last call began the longest ago. However
/// many calls others have waiting, a tenant waits for one place and not for all of theirs.
///
/// A tenant has fewer calls under way than there are places left, so that each further one that
/// a slow host holds up takes half of the rest, and the next finds a place without waiting.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Mutex<Lines>>);

/// Whose calls they are; those for metadata and keys are of no tenant, and stand in a line of
/// their own.
type Whose = Option<TenantId>;

struct Lines {
    /// Places that nobody has.
    free: usize,
    /// Calls that may wait.
    most_waiting: usize,
    waiting: usize,
    /// Counts those who came, and the calls that began.
    clock: u64,
    of: HashMap<Whose, Line>,
}

#[derive(Default)]
struct Line {
    under_way: usize,
    /// When its last call began.
    last: u64,
    waiting: VecDeque<Waiter>,
}

struct Waiter {
    came: u64,
    /// Who is woken gets the place with it, so that no other comes between.
    wake: oneshot::Sender<Call>,
}

/// A place that is taken; it goes to the next when this is dropped.
pub(crate) struct Call {
    /// `None` when the place is no longer its own.
    queue: Option<Queue>,
    whose: Whose,
}

impl Queue {
    pub(crate) fn new(most: usize, most_waiting: usize) -> Self {
        let of = HashMap::new();
        Self(Arc::new(Mutex::new(Lines { free: most, most_waiting, waiting: 0, clock: 0, of })))
    }

    /// Waits for a place. `None` when too many wait already.
    pub(crate) async fn enter(&self, whose: Whose) -> Option<Call> {
        self.line_up(whose)?.await.ok()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.lines().of.is_empty()
    }

    fn line_up(&self, whose: Whose) -> Option<oneshot::Receiver<Call>> {
        let mut lines = self.lines();
        lines.make_room(whose)?;
        let (wake, place) = oneshot::channel();
        let came = lines.tick();
        lines.of.entry(whose).or_default().waiting.push_back(Waiter { came, wake });
        lines.waiting = lines.waiting.saturating_add(1);
        self.hand_out(&mut lines);
        Some(place)
    }

    /// Gives the free places to those who are next.
    fn hand_out(&self, lines: &mut Lines) {
        while let Some((whose, wake)) = lines.next() {
            let call = Call { queue: Some(self.clone()), whose };
            if let Err(mut call) = wake.send(call) {
                // They gave up a moment ago. What is dropped here must not lock again.
                call.queue = None;
                lines.end(whose);
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// Makes room for one more who waits: when there is none, the last of the longest line leaves.
    fn make_room(&mut self, whose: Whose) -> Option<()> {
        if self.waiting < self.most_waiting {
            return Some(());
        }
        self.forget_the_gone();
        if self.waiting < self.most_waiting {
            return Some(());
        }
        let own = self.of.get(&whose).map_or(0, |line| line.waiting.len());
        let longest = self.of.values_mut().max_by_key(|line| line.waiting.len())?;
        if longest.waiting.len() <= own {
            return None;
        }
        longest.waiting.pop_back();
        self.waiting = self.waiting.saturating_sub(1);
        Some(())
    }

    /// Takes a place for whoever is next, if there is one for them.
    fn next(&mut self) -> Option<(Whose, oneshot::Sender<Call>)> {
        self.forget_the_gone();
        let free = self.free;
        let may =
            |whose: &Whose, line: &Line| free > 0 && (whose.is_none() || line.under_way < free);
        let all = self.of.iter_mut().filter(|(whose, line)| may(whose, line));
        let next = all.filter_map(|(whose, line)| {
            let came = line.waiting.front()?.came;
            Some(((line.under_way, line.last, came), *whose, line))
        });
        let (_, whose, line) = next.min_by_key(|(turn, ..)| *turn)?;
        let Waiter { wake, .. } = line.waiting.pop_front()?;
        line.under_way = line.under_way.saturating_add(1);
        self.clock = self.clock.saturating_add(1);
        line.last = self.clock;
        self.free = self.free.saturating_sub(1);
        self.waiting = self.waiting.saturating_sub(1);
        Some((whose, wake))
    }

    /// A call has ended.
    fn end(&mut self, whose: Whose) {
        self.free = self.free.saturating_add(1);
        if let Some(line) = self.of.get_mut(&whose) {
            line.under_way = line.under_way.saturating_sub(1);
        }
        self.forget_the_gone();
    }

    /// Forgets those who gave up waiting, and lines in which nobody is.
    fn forget_the_gone(&mut self) {
        for line in self.of.values_mut() {
            line.waiting.retain(|waiter| !waiter.wake.is_closed());
        }
        self.of.retain(|_, line| line.under_way > 0 || !line.waiting.is_empty());
        self.waiting = self.of.values().map(|line| line.waiting.len()).sum();
    }

    fn tick(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(queue) = self.queue.take() else { return };
        let mut lines = queue.lines();
        lines.end(self.whose);
        queue.hand_out(&mut lines);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    type Place = oneshot::Receiver<Call>;

    fn tenant(number: u128) -> TenantId {
        TenantId(Uuid::from_u128(number))
    }

    fn served(place: &mut Place) -> Option<Call> {
        place.try_recv().ok()
    }

    fn line_up(queue: &Queue, number: u128) -> Place {
        queue.line_up(Some(tenant(number))).unwrap()
    }

    #[test]
    fn who_has_no_call_under_way_comes_before_those_who_wait_with_more() {
        let queue = Queue::new(2, 100);
        let first = served(&mut line_up(&queue, 0)).unwrap();
        let _second = served(&mut line_up(&queue, 1)).unwrap();
        let mut crowd: Vec<Place> = (0..40).map(|number| line_up(&queue, number % 4)).collect();
        let mut fifth = line_up(&queue, 5);
        drop(first);
        // Three of the crowd have none under way either, and came before: no more than these.
        let mut before = 0_usize;
        let fifth = loop {
            if let Some(call) = served(&mut fifth) {
                break call;
            }
            let next = crowd.iter_mut().find_map(served).expect("somebody's turn");
            before = before.saturating_add(1);
            drop(next);
        };
        assert!(before <= 3, "{before} of others came first");
        drop(fifth);
    }

    #[test]
    fn a_crowd_of_calls_of_four_tenants_leaves_places_for_a_fifth() {
        let queue = Queue::new(64, 320);
        let mut places: Vec<Place> = (0..64).map(|number| line_up(&queue, number % 4)).collect();
        let held: Vec<Call> = places.iter_mut().filter_map(served).collect();
        assert!(held.len() > 40, "{}", held.len());
        assert!(served(&mut line_up(&queue, 9)).is_some());
    }

    #[test]
    fn calls_of_no_tenant_may_have_all_places() {
        let queue = Queue::new(3, 3);
        let held: Vec<Call> =
            (0..3).filter_map(|_| served(&mut queue.line_up(None).unwrap())).collect();
        assert_eq!(held.len(), 3);
        drop(held);
        assert!(queue.is_idle());
    }

    #[test]
    fn where_too_many_wait_the_last_of_the_longest_line_leaves() {
        let queue = Queue::new(1, 4);
        let _held = served(&mut queue.line_up(None).unwrap()).unwrap();
        let mut crowd: Vec<Place> = (0..3).map(|_| line_up(&queue, 1)).collect();
        let _second = line_up(&queue, 2);
        assert!(queue.line_up(Some(tenant(1))).is_none(), "the longest line is their own");
        let mut third = line_up(&queue, 3);
        let last = crowd.pop().unwrap().try_recv();
        assert_eq!(last.err(), Some(oneshot::error::TryRecvError::Closed));
        assert_eq!(third.try_recv().err(), Some(oneshot::error::TryRecvError::Empty));
    }

    #[test]
    fn who_gave_up_waiting_takes_no_place() {
        let queue = Queue::new(1, 1);
        let held = served(&mut line_up(&queue, 1)).unwrap();
        drop(line_up(&queue, 2));
        let mut third = line_up(&queue, 3);
        drop(held);
        let call = served(&mut third).unwrap();
        drop(third);
        drop(call);
        // A place that was given and never fetched is free again.
        drop(line_up(&queue, 4));
        assert!(queue.is_idle());
        assert!(served(&mut line_up(&queue, 5)).is_some());
    }
}
