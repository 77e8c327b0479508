//! Named cases of bad input, as tables: each is answered clearly and changes nothing.

mod addresses;
mod agents;
mod assertions;
mod bodies;
mod callbacks;
mod cookies;
mod forms;
mod id_tokens;
mod registrations;
mod signed_calls;

use std::collections::BTreeSet;

#[test]
fn there_are_at_least_250_cases_and_each_has_a_name_of_its_own() {
    let surfaces = [
        addresses::names(),
        agents::names(),
        assertions::names(),
        bodies::names(),
        callbacks::names(),
        cookies::names(),
        forms::names(),
        id_tokens::names(),
        registrations::names(),
        signed_calls::names(),
    ];
    let mut count = 0;
    for names in surfaces {
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), names.len(), "a name stands twice: {names:?}");
        count += names.len();
    }
    assert!(count >= 250, "{count} cases");
}
