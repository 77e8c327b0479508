//! Two logins in every order of their steps.

use super::cast::{Cast, Kind};
use super::sign_in::SignIn;
use super::step::Step;

/// A login from one step to another: those before come first, and those after last.
pub(super) type Part = (Kind, Step, Step);

/// Runs two logins beside each other, once in every order of the steps of these parts: whatever the
/// order, each ends as its own person's. Says how many orders there are.
pub(super) async fn run_all(cast: &Cast, parts: [Part; 2]) -> usize {
    let orders = orders([0, 1].map(|side| length(parts[side])));
    for order in &orders {
        run(cast, parts, order).await;
        cast.tidy_up().await;
    }
    orders.len()
}

async fn run(cast: &Cast, parts: [Part; 2], order: &[usize]) {
    let mut logins = [0, 1].map(|side| cast.sign_in(side, parts[side].0));
    for (login, part) in logins.iter_mut().zip(parts) {
        let before = steps_before(part);
        login.walk(&cast.world, before).await;
    }
    for side in order {
        logins[*side].step(&cast.world).await;
    }
    let [first, second]: &mut [SignIn; 2] = &mut logins;
    first.carry_on(&cast.world, &second.who).await;
    second.carry_on(&cast.world, &first.who).await;
}

fn position(kind: Kind, step: Step) -> usize {
    kind.steps().iter().position(|known| *known == step).unwrap()
}

fn steps_before((kind, first, _): Part) -> usize {
    position(kind, first)
}

fn length((kind, first, last): Part) -> usize {
    position(kind, last) + 1 - position(kind, first)
}

/// All sequences in which each side comes as often as it has steps.
fn orders(left: [usize; 2]) -> Vec<Vec<usize>> {
    if left == [0, 0] {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for side in [0, 1].into_iter().filter(|side| left[*side] > 0) {
        let mut rest = left;
        rest[side] -= 1;
        all.extend(orders(rest).into_iter().map(|mut order| {
            order.push(side);
            order
        }));
    }
    all
}
