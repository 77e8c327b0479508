//! A model of the hallway's surroundings that plays every order of events on [`crate::step`]: two
//! people, two tenants, two browsers with an agent each, and a store.
//!
//! Ada is honest: she acts in her own browser, on what it shows her, with her own card. Mallory
//! starts logins of his own and has accounts in both tenants. He sees every URL, `state`, code,
//! challenge and answer that ever went anywhere, sends any of them from his browser to any login,
//! and sends Ada's browser to any callback. What he cannot do: read the cookies of her browser,
//! sign with her card's PIN, or break a signature. A link that opens an agent she follows wherever it
//! comes from; what her agent opens then, her own browser alone sees. Where a scene says so he also holds her session
//! at the upstream, or her card. A server may stop between reading and committing.
//!
//! Where Entra asks for external MFA, Mallory has every hint that it ever gave, posts any from his
//! browser, and makes Ada's post any. What a browser has proved to Entra it brings to a login that
//! waits: Ada's to its own, Mallory's to any.
//!
//! [`ledger`] judges each artefact when it is issued, from what really happened and not from
//! what the login says. With all guards nothing is ever wrong. Each guard is one named place in
//! the steps ([`crate::guard::Guard`]) and is left out by itself: something is wrong then, or it
//! is as soon as what stands behind it, another guard or a statement of the store, is left out
//! too. The shortest ways there stand in [`holes`] as replays.
//!
//! Five guards keep no artefact safe but something else, which the ledger asserts too: no code of
//! one provider goes to another whose settings came meanwhile, no change begins that no card can
//! end, no code is spent in another browser, no refused answer spends a challenge that is not out, no link is
//! claimed that is not out.
//!
//! What is bounded: each scene has at most two logins and two hints a browser, two challenges a login, one wait
//! of each kind and one or two steps in flight; [`whole`] says which scenes are followed to a
//! number of moves only. "Everybody everywhere", the one with both people in both tenants, both
//! browsers and agents, and a server that stops, is among those: a whole sign-in takes nine of its
//! moves, the rest is what others do meanwhile.

mod eam;
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
    /// What is looked for, of all that can be wrong; nothing: anything.
    sought: Option<&'static str>,
}

impl Model for Hall {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        let mut world = World::new(&self.scene);
        for happened in self.scene.prologue {
            assert!(self.play(&mut world, *happened), "{happened:?}");
        }
        vec![world]
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
            Property::always("sound", |hall: &Self, world: &World| match hall.sought {
                None => world.wrong.is_none(),
                sought => world.wrong != sought,
            }),
            Property::sometimes("Ada signs in", |hall: &Self, world: &World| {
                let hers = |artefact: &world::Artefact| artefact.person == world::ADA;
                let spared = || world.transactions.iter().any(|begun| begun.used);
                world.ledger.iter().any(hers) && (!hall.scene.one_tap || spared())
            }),
        ]
    }
}
