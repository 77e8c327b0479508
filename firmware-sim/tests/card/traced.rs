//! A trace of a smart card: everything but its PINs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use firmware_sim::{Config, Fault, Simulator, isolated};

use crate::common::{PIN, set_pin, token};
use crate::pcsc::{FIRST, connect, short, transmit};

/// As PIV pads it (SP 800-73pt2-5 §2.4.3).
const CANARY: &[u8] = b"314159\xFF\xFF";

#[test]
fn a_smart_cards_pins_are_not_told_and_the_rest_is() {
    isolated::run(|pcscd| {
        let trace = std::env::temp_dir().join(format!("firmware-sim-trace-{}", std::process::id()));
        let config = Config { piv: true, trace: Some(trace.clone()), ..Config::seeded(120) };
        let simulator = Simulator::start(config).unwrap();
        let reader = simulator.card(&pcscd.first_reader()).unwrap();
        let card = connect(FIRST);
        // In parts, as a short-APDU reader does.
        set_pin(&mut |request| short(&card, request), PIN).unwrap();
        token(&mut |request| short(&card, request), PIN).unwrap();
        transmit(&card, b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x08\x00").unwrap();
        for (instruction, data) in [
            (0x20, CANARY.to_vec()),
            (0x24, [CANARY, CANARY].concat()),
            (0x2C, [CANARY, CANARY].concat()),
        ] {
            let head = [0x00, instruction, 0x00, 0x80, u8::try_from(data.len()).unwrap()];
            let answer = transmit(&card, &[&head[..], &data].concat()).unwrap();
            assert_eq!(answer[0], 0x63, "it is the wrong one: {answer:02X?}");
        }
        simulator.holder().fault_at(1, Fault::Garbage).unwrap();
        transmit(&card, b"\x00\xCB\x3F\xFF\x05\x5C\x03\x5F\xC1\x02\x00").unwrap();
        drop(reader);
        let text = fs::read_to_string(&trace).unwrap();
        assert!(!text.contains("333134313539") && !text.contains("314159"), "{text}");
        for line in ["> apdu 00200080{", "> apdu 00240080{", "> apdu 002C0080{", "! garbage"] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(text.contains("> apdu 00A4040005A000000308"), "{text}");
        let mode = fs::metadata(&trace).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_file(trace).unwrap();
    })
    .unwrap();
}
