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
    sign_in(&links::InProcess::new(22));
}

#[test]
fn hid_call() {
    call(&links::KeyOnUsb::new(23));
}

#[test]
fn hid_sign_in() {
    sign_in(&links::KeyOnUsb::new(24));
}

#[test]
fn pcsc_call() {
    firmware_sim::isolated::run(|pcscd| call(&links::CardInReader::new(pcscd, 25))).unwrap();
}

#[test]
fn pcsc_sign_in() {
    firmware_sim::isolated::run(|pcscd| sign_in(&links::CardInReader::new(pcscd, 26))).unwrap();
}
