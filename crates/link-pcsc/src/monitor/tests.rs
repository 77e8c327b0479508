use std::sync::mpsc::{Receiver, channel};
use std::sync::{Condvar, Mutex};

use super::*;

/// Long enough for anything that happens at all.
const SOON: Duration = Duration::from_secs(20);
const LATER: Duration = Duration::from_secs(3600);
const AT_ONCE: [Duration; 2] = [Duration::from_millis(10); 2];

/// Readers as pcsc-lite tells of them: a wait knows of those that were there when it began, whatever
/// its caller knows of.
#[derive(Default)]
struct Desk {
    state: Mutex<Fake>,
    changed: Condvar,
}

#[derive(Default)]
struct Fake {
    readers: Vec<CString>,
    /// Comes when a list was read, and the wait has not begun.
    in_between: Option<CString>,
    waiting: bool,
    cancelled: bool,
}

#[derive(Clone)]
struct Line(Arc<Desk>);

impl Service for Arc<Desk> {
    type Connection = Line;

    fn connect(&self) -> Result<Line, pcsc::Error> {
        Ok(Line(Arc::clone(self)))
    }
}

impl Connection for Line {
    fn names(&self) -> Result<Vec<CString>, pcsc::Error> {
        Ok(self.0.state.lock().unwrap().readers.clone())
    }

    fn wait(&self, limit: Duration, _: &mut [ReaderState]) -> Result<(), pcsc::Error> {
        let mut state = self.0.state.lock().unwrap();
        let late = state.in_between.take();
        state.readers.extend(late);
        let at_first = state.readers.clone();
        (state.waiting, state.cancelled) = (true, false);
        self.0.changed.notify_all();
        let nothing = |state: &mut Fake| !state.cancelled && state.readers == at_first;
        let (mut state, waited) = self.0.changed.wait_timeout_while(state, limit, nothing).unwrap();
        state.waiting = false;
        match (state.cancelled, waited.timed_out()) {
            (true, _) => Err(pcsc::Error::Cancelled),
            (_, true) => Err(pcsc::Error::Timeout),
            _ => Ok(()),
        }
    }

    fn cancel(&self) {
        let mut state = self.0.state.lock().unwrap();
        state.cancelled |= state.waiting;
        self.0.changed.notify_all();
    }
}

fn watch(service: &Arc<Desk>, begun: [Duration; 2]) -> (Monitor, Receiver<Event>) {
    let (tell, events) = channel();
    let on_event = move |event| drop(tell.send(event));
    (Monitor::of(Arc::new(Arc::clone(service)), on_event, begun).unwrap(), events)
}

fn added(events: &Receiver<Event>) -> CString {
    loop {
        if let Event::ReaderAdded { reader } = events.recv_timeout(SOON).expect("no reader") {
            return reader;
        }
    }
}

#[test]
fn a_reader_that_comes_between_list_and_wait_is_seen() {
    let service = Arc::new(Desk::default());
    service.state.lock().unwrap().in_between = Some(c"late".into());
    let (_monitor, events) = watch(&service, AT_ONCE);
    assert_eq!(added(&events).as_c_str(), c"late");
}

#[test]
fn a_reader_that_comes_while_we_wait_is_seen_without_a_second_look() {
    let service = Arc::new(Desk::default());
    let (monitor, events) = watch(&service, [LATER; 2]);
    let state = service.state.lock().unwrap();
    let mut state =
        service.changed.wait_timeout_while(state, SOON, |state| !state.waiting).unwrap().0;
    state.readers.push(c"reader".into());
    drop(state);
    service.changed.notify_all();
    assert_eq!(added(&events).as_c_str(), c"reader");
    // And the end waits for no second look either.
    drop(monitor);
}
