//! Recording and replaying, over every link.

use links::traces::a_sign_in_is_recorded_and_replayed as recorded;

#[test]
fn simulators_own() {
    recorded(31, links::InProcess::of);
}

#[test]
fn hid() {
    recorded(32, links::KeyOnUsb::of);
}

#[test]
fn pcsc() {
    firmware_sim::isolated::run(|pcscd| {
        recorded(33, |simulator| links::CardInReader::of(pcscd, simulator));
    })
    .unwrap();
}
