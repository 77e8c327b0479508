//! Two logins in every order of their steps.

use super::cast::{Cast, Kind};
use super::sign_in::Step;

/// Runs a login of either kind beside the other in every order of their steps from `since` on:
/// each ends as its own person's.
pub(super) async fn run_all(cast: &Cast, kinds: [Kind; 2], since: [Step; 2]) -> usize {
    let before = [0, 1].map(|side| {
        let steps = kinds[side].steps();
        steps.iter().position(|step| *step == since[side]).unwrap()
    });
    let left = [0, 1].map(|side| kinds[side].steps().len() - before[side]);
    let orders = orders(left);
    for order in &orders {
        let mut logins = [0, 1].map(|side| cast.sign_in(side, kinds[side]));
        for side in [0, 1] {
            logins[side].walk(&cast.world, before[side]).await;
        }
        for side in order {
            logins[*side].step(&cast.world).await;
        }
        let [first, second] = &mut logins;
        first.carry_on(&cast.world, &second.who).await;
        second.carry_on(&cast.world, &first.who).await;
    }
    orders.len()
}

/// All sequences in which each side comes as often as it has steps left.
fn orders(left: [usize; 2]) -> Vec<Vec<usize>> {
    if left == [0, 0] {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for side in [0, 1] {
        if left[side] == 0 {
            continue;
        }
        let mut rest = left;
        rest[side] -= 1;
        for mut order in orders(rest) {
            order.push(side);
            all.push(order);
        }
    }
    all
}
