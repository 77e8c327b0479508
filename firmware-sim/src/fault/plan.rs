//! Which faults are to come, and when.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use super::{Body, Fault, FaultRefused};

/// Its own stream of randomness, so that faults change nothing about the card's keys.
const STREAM: u64 = 0xFA17;

/// The faults of one simulator.
pub(crate) struct Plan {
    planned: Vec<Planned>,
    bodies: Vec<Body>,
    noise: ChaCha20Rng,
}

struct Planned {
    /// The command, counted from the first of all.
    at: u64,
    from_then_on: bool,
    fault: Fault,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut noise = ChaCha20Rng::seed_from_u64(seed);
        noise.set_stream(STREAM);
        Self { planned: Vec::new(), bodies: Vec::new(), noise }
    }

    /// The authenticator can be reached in this way, too.
    pub(crate) fn reached_by(&mut self, body: Body) {
        if !self.bodies.contains(&body) {
            self.bodies.push(body);
        }
    }

    /// Refuses what can happen in none of the ways in which the authenticator is reached.
    pub(crate) fn check(&self, fault: Fault) -> Result<(), FaultRefused> {
        let links = [Body::Link];
        let bodies = if self.bodies.is_empty() { &links[..] } else { &self.bodies };
        let mut refusal = Ok(());
        for body in bodies {
            refusal = fault.fits(*body);
            if refusal.is_ok() {
                break;
            }
        }
        refusal
    }

    /// Whether it is a key, whose answers come in packets.
    pub(crate) fn has_packets(&self) -> bool {
        self.bodies.contains(&Body::Key)
    }

    pub(crate) fn add(&mut self, at: u64, from_then_on: bool, fault: Fault) {
        self.planned.push(Planned { at, from_then_on, fault });
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.planned.len()
    }

    /// The fault that happens now, if it is one of those that can.
    pub(crate) fn take(&mut self, command: u64, can: impl Fn(Fault) -> bool) -> Option<Fault> {
        let is_due = |planned: &Planned| planned.at <= command && can(planned.fault);
        let index = self.planned.iter().position(is_due)?;
        let planned = self.planned.get(index)?;
        let fault = planned.fault;
        if !planned.from_then_on {
            self.planned.remove(index);
        }
        Some(fault)
    }

    /// Random bytes, the same ones for the same seed.
    pub(crate) fn noise(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.noise.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_once_or_from_then_on() {
        let mut plan = Plan::new(1);
        plan.add(3, false, Fault::Garbage);
        plan.add(5, true, Fault::Deep);
        let mut at = |command| plan.take(command, |_| true);
        assert_eq!([at(2), at(3), at(4)], [None, Some(Fault::Garbage), None]);
        assert_eq!([at(5), at(6)], [Some(Fault::Deep); 2]);
        plan.clear();
        assert_eq!(plan.take(7, |_| true), None);
    }

    #[test]
    fn what_cannot_happen_now_waits() {
        let mut plan = Plan::new(1);
        plan.add(1, false, Fault::Duplicate);
        assert_eq!(plan.take(1, |fault| fault != Fault::Duplicate), None);
        assert_eq!(plan.take(9, |_| true), Some(Fault::Duplicate));
    }

    #[test]
    fn noise_comes_from_the_seed() {
        let noise = |seed| Plan::new(seed).noise(32);
        assert_eq!(noise(1), noise(1));
        assert_ne!(noise(1), noise(2));
    }

    #[test]
    fn one_way_in_which_it_can_happen_is_enough() {
        let mut plan = Plan::new(1);
        assert!(plan.check(Fault::Duplicate).is_err(), "to a link");
        plan.reached_by(Body::Card);
        assert!(plan.check(Fault::Duplicate).is_err());
        assert!(plan.check(Fault::EndlessMore).is_ok());
        plan.reached_by(Body::Key);
        assert!(plan.check(Fault::Duplicate).is_ok());
    }
}
