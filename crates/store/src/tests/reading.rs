//! What is read is as of one moment, and who begins later sees what has come since.

use identity::PersonState;

use crate::Reading;
use crate::tests::support::{Cast, on_both};

async fn state(reading: &mut Reading, cast: &Cast) -> PersonState {
    reading.person(cast.person).await.unwrap().unwrap().state
}

on_both! {
    async fn what_comes_meanwhile_is_seen_by_who_begins_later(bench) {
        let cast = bench.cast("acme").await;
        let mut earlier = cast.read().await;
        assert_eq!(state(&mut earlier, &cast).await, PersonState::Enabled);
        let mut writing = cast.write().await;
        writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap();
        writing.commit().await.unwrap();
        let mut later = cast.read().await;
        assert_eq!(state(&mut later, &cast).await, PersonState::Disabled);
        assert_eq!(state(&mut earlier, &cast).await, PersonState::Enabled);
        drop((earlier, later));
        // Neither connection stays at its moment.
        let (mut one, mut other) = (cast.read().await, cast.read().await);
        assert_eq!(state(&mut one, &cast).await, PersonState::Disabled);
        assert_eq!(state(&mut other, &cast).await, PersonState::Disabled);
    }
}
