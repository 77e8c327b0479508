//! What goes wrong in the middle of a key's answers.

#[test]
fn a_sign_in_survives_whatever_happens_to_a_packet_of_an_answer() {
    links::packets::a_sign_in_survives_whatever_happens_to_a_packet_of_an_answer(41);
}
