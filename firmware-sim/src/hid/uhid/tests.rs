//! Golden bytes, as a little-endian machine has them.

use super::*;

fn kernel_says(kind: u8, rest: &[u8]) -> Message {
    Message::parse(&[&[kind, 0, 0, 0], rest].concat())
}

/// OUTPUT as the kernel passes it on: always of full length.
fn output_of(size: u16, first: u8) -> Message {
    let mut data = [7; DATA_SIZE];
    data[0] = first;
    kernel_says(6, &[&data[..], &size.to_le_bytes(), &[1]].concat())
}

#[test]
fn a_key_is_made_with_name_bus_numbers_and_descriptor() {
    let message = create();
    assert_eq!(message.len(), 4 + 128 + 64 + 64 + 20 + 34);
    assert_eq!(message[..26], *b"\x0B\0\0\0Cardea simulated key\0\0");
    assert_eq!(message[132..144], *b"cardea-sim\0\0");
    assert_eq!(message[196..260], [0; 64]);
    let numbers = [0x22, 0, 0x03, 0, 0x09, 0x12, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(message[260..280], numbers);
    assert_eq!(message[280..287], [0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01]);
    assert_eq!(message.last(), Some(&0xC0));
}

#[test]
fn what_the_key_says_goes_after_its_size() {
    let message = input(&[9; 64]);
    assert_eq!(message[..6], [12, 0, 0, 0, 64, 0]);
    assert_eq!(message[6..], [9; 64]);
}

#[test]
fn what_is_said_to_the_key_comes_after_the_reports_number() {
    assert_eq!(output_of(65, 0), Message::Output([7; 64]));
}

#[test]
fn an_output_of_another_length_or_number_is_not_heard() {
    for (size, first) in [(64, 0), (66, 0), (65, 1), (0, 0), (4_097, 0)] {
        assert_eq!(output_of(size, first), Message::Nothing, "{size} {first}");
    }
    assert_eq!(kernel_says(6, &[0; 4_096]), Message::Nothing, "without its size");
}

#[test]
fn a_question_for_a_report_is_refused_under_its_number() {
    let refused = |kind| Message::Asks { refusal: vec![kind, 0, 0, 0, 1, 2, 3, 4, 5, 0] };
    assert_eq!(kernel_says(9, &[1, 2, 3, 4, 0, 0]), refused(10));
    assert_eq!(kernel_says(13, &[1, 2, 3, 4, 0, 0, 0, 0]), refused(14));
    assert_eq!(kernel_says(9, &[1, 2, 3]), Message::Nothing);
}

#[test]
fn what_a_key_need_not_know_is_nothing() {
    for kind in [2, 3, 4, 5, 99] {
        assert_eq!(kernel_says(kind, &[0; 8]), Message::Nothing, "{kind}");
    }
    assert_eq!(Message::parse(&[6, 0]), Message::Nothing);
}
