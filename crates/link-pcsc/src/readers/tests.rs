use super::*;

const READER: &CStr = c"Reader 00";

fn seen(state: State, event_count: u32) -> Observation {
    Observation { state, event_count, atr: vec![0x3B, 0x00] }
}

#[expect(clippy::disallowed_methods, reason = "any moment will do")]
fn now() -> Instant {
    Instant::now()
}

fn card(event_count: u32, inserted_at: Option<Instant>) -> Event {
    Event::CardInserted(InsertedCard {
        reader: READER.into(),
        atr: vec![0x3B, 0x00],
        event_count,
        inserted_at,
    })
}

/// A reader that has been seen as `state` already.
fn watched(state: State, event_count: u32) -> Readers {
    let mut readers = Readers::default();
    let mut events = Vec::new();
    readers.list(&[READER.into()], &mut events);
    readers.observe(READER, &seen(state, event_count), now(), &mut events);
    readers
}

fn observe(readers: &mut Readers, observation: &Observation, now: Instant) -> Vec<Event> {
    let mut events = Vec::new();
    readers.observe(READER, observation, now, &mut events);
    events
}

#[test]
fn a_card_that_was_there_before_anybody_looked_has_no_time() {
    let mut readers = Readers::default();
    let mut events = Vec::new();
    readers.list(&[READER.into()], &mut events);
    assert_eq!(events, [Event::ReaderAdded { reader: READER.into() }]);
    assert_eq!(observe(&mut readers, &seen(State::PRESENT, 3), now()), [card(3, None)]);
}

#[test]
fn a_card_that_comes_has_the_time_when_it_came() {
    let mut readers = watched(State::EMPTY, 0);
    let now = now();
    assert_eq!(observe(&mut readers, &seen(State::PRESENT, 1), now), [card(1, Some(now))]);
    assert_eq!(observe(&mut readers, &seen(State::PRESENT | State::INUSE, 1), now), []);
}

#[test]
fn a_card_that_was_exchanged_between_two_looks_is_another_one() {
    let mut readers = watched(State::PRESENT, 1);
    let now = now();
    let removed = Event::CardRemoved { reader: READER.into() };
    let other = Observation { atr: vec![0x3B, 0x80], ..seen(State::PRESENT, 3) };
    let events = observe(&mut readers, &other, now);
    let [first, Event::CardInserted(came)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((first, came.inserted_at), (&removed, Some(now)));
    assert_eq!(observe(&mut readers, &seen(State::EMPTY, 4), now), [removed]);
}

#[test]
fn a_card_that_flutters_was_not_put_there_again() {
    let ms = |count| Duration::from_millis(count);
    // Put there while somebody watched, or there before.
    for (first, lay) in [(State::EMPTY, false), (State::PRESENT, true)] {
        let mut readers = watched(first, 1);
        let start = now();
        if !lay {
            observe(&mut readers, &seen(State::PRESENT, 2), start);
        }
        let put = (!lay).then_some(start);
        // Seen to go and to come back, and back before anybody saw it go.
        observe(&mut readers, &seen(State::EMPTY, 3), start + ms(1000));
        let back = observe(&mut readers, &seen(State::PRESENT, 4), start + ms(1699));
        assert_eq!(back, [card(4, put)]);
        let unseen = observe(&mut readers, &seen(State::PRESENT, 6), start + ms(2000));
        assert_eq!(unseen[1], card(6, put));
        // Longer than anything flutters.
        observe(&mut readers, &seen(State::EMPTY, 7), start + ms(3000));
        let again = start + ms(3700);
        assert_eq!(observe(&mut readers, &seen(State::PRESENT, 8), again), [card(8, Some(again))]);
    }
}

#[test]
fn another_card_or_another_reader_is_no_flutter() {
    let mut readers = watched(State::PRESENT, 1);
    let now = now();
    observe(&mut readers, &seen(State::EMPTY, 2), now);
    let other = Observation { atr: vec![0x3B, 0x80], ..seen(State::PRESENT, 3) };
    let events = observe(&mut readers, &other, now);
    let [Event::CardInserted(came)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(came.inserted_at, Some(now));
    // A reader that is plugged in again has seen nothing.
    let mut events = Vec::new();
    readers.list(&[], &mut events);
    readers.list(&[READER.into()], &mut events);
    assert_eq!(observe(&mut readers, &seen(State::PRESENT, 1), now), [card(1, None)]);
}

#[test]
fn a_card_that_does_not_answer_is_told_apart() {
    let mut readers = watched(State::EMPTY, 0);
    let mute = seen(State::PRESENT | State::MUTE, 1);
    let unresponsive = Event::CardUnresponsive { reader: READER.into() };
    assert_eq!(observe(&mut readers, &mute, now()), [unresponsive]);
}

#[test]
fn a_reader_takes_its_card_along() {
    let gone = [
        Event::CardRemoved { reader: READER.into() },
        Event::ReaderRemoved { reader: READER.into() },
    ];
    let mut events = Vec::new();
    watched(State::PRESENT, 1).list(&[], &mut events);
    assert_eq!(events, gone);
    let unknown = seen(State::UNKNOWN | State::IGNORE, 0);
    assert_eq!(observe(&mut watched(State::PRESENT, 1), &unknown, now()), gone);
    let mut events = Vec::new();
    watched(State::PRESENT, 1).clear(&mut events);
    assert_eq!(events, gone);
}
