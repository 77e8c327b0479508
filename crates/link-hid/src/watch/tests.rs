use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;

/// A system that is what the test says: name, place, and whether it may be used.
#[derive(Clone, Default)]
struct MadeUp(Arc<Mutex<BTreeMap<String, (Found, Usable)>>>);

impl MadeUp {
    fn put(&self, name: &str, place: &str, usable: Usable) {
        let found = Found { place: place.into(), name: "key".into() };
        self.0.lock().unwrap().insert(name.into(), (found, usable));
    }

    fn take(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

impl System for MadeUp {
    fn keys(&self) -> BTreeMap<String, Found> {
        let keys = self.0.lock().unwrap();
        keys.iter().map(|(name, (found, _))| (name.clone(), found.clone())).collect()
    }

    fn key(&self, name: &str) -> Option<Found> {
        self.keys().remove(name)
    }

    fn usable(&self, node: &Path) -> Usable {
        let name = node.strip_prefix("/dev").unwrap().to_str().unwrap();
        self.0.lock().unwrap()[name].1
    }
}

fn desk() -> (MadeUp, Watch<MadeUp>) {
    let system = MadeUp::default();
    (system.clone(), Watch::new(system, "/dev".into()))
}

fn inserted(node: &str, was_there: bool) -> Event {
    Event::KeyInserted(SecurityKey { node: node.into(), name: "key".into(), was_there })
}

fn removed(node: &str) -> Event {
    Event::KeyRemoved { node: node.into() }
}

fn forbidden(node: &str) -> Event {
    Event::KeyForbidden { node: node.into() }
}

fn events(act: impl FnOnce(&mut Vec<Event>)) -> Vec<Event> {
    let mut events = Vec::new();
    act(&mut events);
    events
}

#[test]
fn a_key_that_was_there_is_told_from_one_that_comes() {
    let (system, mut watch) = desk();
    system.put("hidraw0", "a", Usable::Yes);
    assert_eq!(events(|events| watch.look(events)), [inserted("/dev/hidraw0", true)]);
    system.put("hidraw1", "b", Usable::Yes);
    assert_eq!(
        events(|events| watch.changed("hidraw1", events)),
        [inserted("/dev/hidraw1", false)]
    );
    // Said twice, it came once.
    assert_eq!(events(|events| watch.changed("hidraw1", events)), []);
    assert_eq!(events(|events| watch.look(events)), []);
}

#[test]
fn a_key_that_is_taken_out_and_put_back_is_another_one() {
    let (system, mut watch) = desk();
    system.put("hidraw0", "a", Usable::Yes);
    events(|events| watch.look(events));
    assert_eq!(events(|events| watch.gone("hidraw0", events)), [removed("/dev/hidraw0")]);
    assert_eq!(events(|events| watch.gone("hidraw0", events)), []);
    assert_eq!(
        events(|events| watch.changed("hidraw0", events)),
        [inserted("/dev/hidraw0", false)]
    );
}

#[test]
fn what_nobody_told_is_found_by_looking_again() {
    let (system, mut watch) = desk();
    system.put("hidraw0", "a", Usable::Yes);
    system.put("hidraw1", "b", Usable::Yes);
    events(|events| watch.look(events));
    system.take("hidraw1");
    // Another key, under the name of the first.
    system.put("hidraw0", "c", Usable::Yes);
    assert_eq!(
        events(|events| watch.look(events)),
        [removed("/dev/hidraw1"), removed("/dev/hidraw0"), inserted("/dev/hidraw0", false)]
    );
}

#[test]
fn a_key_without_access_is_there_as_soon_as_access_is_given() {
    let (system, mut watch) = desk();
    events(|events| watch.look(events));
    system.put("hidraw0", "a", Usable::Forbidden);
    assert_eq!(events(|events| watch.changed("hidraw0", events)), [forbidden("/dev/hidraw0")]);
    assert!(watch.waits_for_access());
    assert_eq!(events(|events| watch.access_changed(events)), []);
    system.put("hidraw0", "a", Usable::Yes);
    assert_eq!(events(|events| watch.access_changed(events)), [inserted("/dev/hidraw0", false)]);
    assert!(!watch.waits_for_access());
}

#[test]
fn a_key_that_waits_from_the_beginning_was_there() {
    let (system, mut watch) = desk();
    system.put("hidraw0", "a", Usable::Missing);
    assert_eq!(events(|events| watch.look(events)), []);
    assert!(watch.waits_for_access());
    system.put("hidraw0", "a", Usable::Yes);
    assert_eq!(events(|events| watch.access_changed(events)), [inserted("/dev/hidraw0", true)]);
}

#[test]
fn a_key_that_never_could_be_used_leaves_without_a_word() {
    let (system, mut watch) = desk();
    system.put("hidraw0", "a", Usable::Forbidden);
    assert_eq!(events(|events| watch.look(events)), [forbidden("/dev/hidraw0")]);
    system.take("hidraw0");
    assert_eq!(events(|events| watch.gone("hidraw0", events)), []);
    assert!(!watch.waits_for_access());
}
