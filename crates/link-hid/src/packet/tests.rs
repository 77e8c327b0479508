use hex_literal::hex;

use super::*;

const CHANNEL: ChannelId = ChannelId(hex!("01 02 03 04"));

/// `head`, then `data`, then zeroes.
fn golden(head: &[u8], data: &[u8]) -> Report {
    let mut bytes = [head, data].concat();
    assert!(bytes.len() <= 64, "{}", bytes.len());
    bytes.resize(64, 0);
    bytes.try_into().unwrap()
}

fn payload(length: usize) -> Vec<u8> {
    (1..=250).cycle().take(length).collect()
}

/// The reports of a message, written down from the standard: length, head of the first packet,
/// number of the last continuation packet and how much is in it.
type Edge = (usize, [u8; 7], Option<(u8, usize)>);

const EDGES: [Edge; 12] = [
    (0, hex!("01020304 90 0000"), None),
    (1, hex!("01020304 90 0001"), None),
    (56, hex!("01020304 90 0038"), None),
    (57, hex!("01020304 90 0039"), None),
    (58, hex!("01020304 90 003A"), Some((0x00, 1))),
    (116, hex!("01020304 90 0074"), Some((0x00, 59))),
    (117, hex!("01020304 90 0075"), Some((0x01, 1))),
    (175, hex!("01020304 90 00AF"), Some((0x01, 59))),
    (176, hex!("01020304 90 00B0"), Some((0x02, 1))),
    (7_550, hex!("01020304 90 1D7E"), Some((0x7E, 59))),
    (7_551, hex!("01020304 90 1D7F"), Some((0x7F, 1))),
    (7_609, hex!("01020304 90 1DB9"), Some((0x7F, 59))),
];

#[test]
fn messages_are_cut_at_the_edges_of_packets() {
    for (length, head, last) in EDGES {
        let payload = payload(length);
        let reports = cut(CHANNEL, Command::CBOR, &payload).unwrap();
        assert_eq!(reports[0], golden(&head, &payload[..length.min(57)]), "{length}");
        let Some((number, in_last)) = last else {
            assert_eq!(reports.len(), 1, "{length}");
            continue;
        };
        assert_eq!(reports.len(), usize::from(number) + 2, "{length}");
        let tail = &payload[length - in_last..];
        let head = [&CHANNEL.0[..], &[number]].concat();
        assert_eq!(*reports.last().unwrap(), golden(&head, tail), "{length}");
        for (sequence, report) in (0_u8..).zip(&reports[1..]) {
            assert_eq!(report[4], sequence, "{length}");
        }
    }
}

#[test]
fn what_is_longer_than_a_message_is_not_cut() {
    for length in [7_610, 65_535, 65_536, 100_000] {
        let error = cut(CHANNEL, Command::CBOR, &payload(length)).unwrap_err();
        assert!(matches!(error, HidError::TooLong(said) if said == length), "{error:?}");
    }
}

#[test]
fn the_opening_of_a_channel_and_a_cancel_are_these_bytes() {
    let nonce = hex!("A1 A2 A3 A4 A5 A6 A7 A8");
    let init = cut(ChannelId::BROADCAST, Command::INIT, &nonce).unwrap();
    assert_eq!(init, [golden(&hex!("FFFFFFFF 86 0008"), &nonce)]);
    let cancel = cut(CHANNEL, Command::CANCEL, &[]).unwrap();
    assert_eq!(cancel, [golden(&hex!("01020304 91 0000"), &[])]);
    let get_info = cut(CHANNEL, Command::CBOR, &[0x04]).unwrap();
    assert_eq!(get_info, [golden(&hex!("01020304 90 0001 04"), &[])]);
}

#[test]
fn a_report_is_read_as_what_it_is() {
    let read = |report: Report| Packet::parse(&report);
    let first = |command: u8, length: u16, byte: u8| Packet::Initialization {
        channel: CHANNEL,
        command: Command(command),
        length,
        data: std::array::from_fn(|at| if at == 0 { byte } else { 0 }),
    };
    assert_eq!(read(golden(&hex!("01020304 BB 0001 02"), &[])), first(0x3B, 1, 2), "keepalive");
    assert_eq!(read(golden(&hex!("01020304 BF 0001 06"), &[])), first(0x3F, 1, 6), "busy");
    assert_eq!(read(golden(&hex!("01020304 90 1DB9 00"), &[])), first(0x10, 7_609, 0), "CBOR");
    assert_eq!(read(golden(&hex!("01020304 FF FFFF 01"), &[])), first(0x7F, 65_535, 1));
    for sequence in [0x00, 0x7F] {
        let continuation = Packet::Continuation { channel: CHANNEL, sequence, data: [7; 59] };
        assert_eq!(read(golden(&[1, 2, 3, 4, sequence], &[7; 59])), continuation);
    }
}

fn assemble(reports: &[Report]) -> Result<Assembly, HidError> {
    let mut assembly = None;
    for report in reports {
        match (Packet::parse(report), &mut assembly) {
            (Packet::Initialization { command, length, data, .. }, None) => {
                assembly = Some(Assembly::begin(command, length, &data)?);
            }
            (Packet::Continuation { sequence, data, .. }, Some(assembly)) => {
                assert!(!assembly.is_complete());
                assembly.add(sequence, &data)?;
            }
            packet => panic!("{packet:?}"),
        }
    }
    Ok(assembly.unwrap())
}

#[test]
fn messages_of_every_length_are_put_together_again() {
    for length in 0..=MAX_MESSAGE {
        let payload = payload(length);
        let reports = cut(CHANNEL, Command::CBOR, &payload).unwrap();
        let assembly = assemble(&reports).unwrap();
        assert!(assembly.is_complete(), "{length}");
        assert_eq!(assembly.into_message(), Message { command: Command::CBOR, payload });
    }
}

#[test]
fn a_message_is_incomplete_without_its_last_packet() {
    for (length, _, last) in EDGES {
        let reports = cut(CHANNEL, Command::CBOR, &payload(length)).unwrap();
        if last.is_some() {
            assert!(!assemble(&reports[..reports.len() - 1]).unwrap().is_complete(), "{length}");
        }
    }
}

#[test]
fn a_length_that_no_message_has_is_a_lie() {
    for length in [7_610, 0x8000, 0xFFFF] {
        let error = Assembly::begin(Command::CBOR, length, &[0; 57]).unwrap_err();
        assert!(matches!(error, HidError::Length(said) if said == length), "{error:?}");
    }
}

#[test]
fn packets_that_are_missing_repeated_or_swapped_are_noticed() {
    let reports = cut(CHANNEL, Command::CBOR, &payload(300)).unwrap();
    let [first, zero, one, two, ..] = reports[..] else { panic!("{}", reports.len()) };
    for (order, expected, got) in [
        ([first, one, two], 0, 1),
        ([first, zero, two], 1, 2),
        ([first, zero, zero], 1, 0),
        ([first, one, zero], 0, 1),
    ] {
        let error = assemble(&order).unwrap_err();
        let HidError::Sequence { expected: due, got: came } = error else { panic!("{error:?}") };
        assert_eq!((due, came), (expected, got));
    }
}
