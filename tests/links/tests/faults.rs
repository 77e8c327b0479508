//! All that can go wrong, over every link.

use links::faults::{
    a_sign_in_with_any_fault_ends_and_sends_no_second_pin as sign_in,
    each_fault_is_told_and_the_next_call_is_clean as call,
};

#[test]
fn simulators_own_call() {
    call(&links::InProcess::new(21));
}

#[test]
fn simulators_own_sign_in() {
    sign_in(22, links::InProcess::of);
}

#[test]
fn hid_call() {
    call(&links::KeyOnUsb::new(23));
}

#[test]
fn hid_sign_in() {
    sign_in(24, links::KeyOnUsb::of);
}

#[test]
fn pcsc_call() {
    firmware_sim::isolated::run(|pcscd| call(&links::CardInReader::new(pcscd, 25))).unwrap();
}

#[test]
fn pcsc_sign_in() {
    firmware_sim::isolated::run(|pcscd| {
        sign_in(26, |simulator| links::CardInReader::of(pcscd, simulator));
    })
    .unwrap();
}
