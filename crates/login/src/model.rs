//! A model of the hallway's surroundings that plays every order of events on [`crate::step`]: two
//! people, two tenants, two browsers with an agent each, and a store.
//!
//! Ada is honest: she acts in her own browser, on what it shows her, with her own card. Mallory
//! starts logins of his own and has accounts in both tenants. He sees every URL, `state`, code,
//! challenge and answer that ever went anywhere, sends any of them from his browser to any login,
//! and sends Ada's browser to any callback. What he cannot do: read the cookies of her browser,
//! sign with her card's PIN, or break a signature. Where a scene says so he also holds her session
//! at the upstream, or her card. A server may stop between reading and committing.
//!
//! [`ledger`] judges each artefact when it is issued, from what really happened and not from
//! what the login says. With all guards nothing is ever wrong; with any one left out, something
//! is, and the shortest way there stands in [`holes`] as a replay.

mod holes;
mod ledger;
mod moves;
mod people;
mod scene;
mod server;
mod store;
mod traces;
mod whole;
mod world;

use stateright::{Model, Property};

use crate::guard::Guards;
use moves::Move;
use scene::Scene;
use store::StoreGuards;
use world::World;

/// What is checked: a scene, and the guards that are in force.
#[derive(Clone, Debug)]
struct Hall {
    scene: Scene,
    guards: Guards,
    store: StoreGuards,
}

impl Model for Hall {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.scene)]
    }

    fn actions(&self, world: &World, moves: &mut Vec<Move>) {
        // What follows something wrong teaches nothing.
        if world.wrong.is_none() {
            moves::possible(&self.scene, world, moves);
        }
    }

    fn next_state(&self, world: &World, action: Move) -> Option<World> {
        let mut next = world.clone();
        self.play(&mut next, action).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("sound", |_, world: &World| world.wrong.is_none()),
            Property::sometimes("Ada signs in", |_, world: &World| {
                world.ledger.iter().any(|artefact| artefact.person == world::ADA)
            }),
        ]
    }
}
