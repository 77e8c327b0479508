use super::*;

/// A key with one channel, which is number 1, and another, which is number 2.
fn key() -> (Device, Instant) {
    let mut key = Device::new();
    let now = crate::shared::now();
    for channel in 1..=2_u32 {
        let nonce = [0xA0; 8];
        let said = key.receive(&init(BROADCAST, &nonce), now).reports;
        let expected =
            [&nonce[..], &channel.to_be_bytes(), &[0x02, 0x01, 0x00, 0x00, 0x05]].concat();
        assert_eq!(said, message(BROADCAST, INIT, &expected));
    }
    (key, now)
}

fn init(channel: u32, nonce: &[u8]) -> Report {
    message(channel, INIT, nonce)[0]
}

/// A report in hexadecimal, with zeroes after it.
fn report(text: &str) -> Report {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect();
    bytes.resize(64, 0);
    bytes.try_into().unwrap()
}

fn error(channel: u32, code: Code) -> Reaction {
    Reaction::error(channel, code)
}

#[test]
fn its_packets_are_the_bytes_of_the_standard() {
    assert_eq!(message(7, CBOR, &[0x2D]), [report("00000007 90 0001 2D")]);
    assert_eq!(message(7, KEEPALIVE, &[0x02]), [report("00000007 BB 0001 02")]);
    assert_eq!(message(7, CBOR, &[]), [report("00000007 90 0000")]);
    assert_eq!(Code::CHANNEL_BUSY.report(7), [report("00000007 BF 0001 06")]);
    for (length, packets, head, in_last) in [
        (57, 1, "00000007 90 0039", 57),
        (58, 2, "00000007 00", 1),
        (116, 2, "00000007 00", 59),
        (117, 3, "00000007 01", 1),
        (7_609, 129, "00000007 7F", 59),
    ] {
        let reports = message(7, CBOR, &vec![0x55; length]);
        assert_eq!(reports.len(), packets, "{length}");
        let mut last = report(head);
        let begins = if packets == 1 { 7 } else { 5 };
        last[begins..begins + in_last].fill(0x55);
        assert_eq!(reports[packets - 1], last, "{length}");
    }
}

#[test]
fn a_ping_of_any_length_comes_back() {
    for length in [0, 1, 57, 58, 116, 117, 7_608, 7_609] {
        let (mut key, now) = key();
        let payload = vec![0x5A; length];
        let mut said = Vec::new();
        for packet in message(1, PING, &payload) {
            said.extend(key.receive(&packet, now).reports);
        }
        assert_eq!(said, message(1, PING, &payload), "{length}");
    }
}

#[test]
fn a_wink_is_acknowledged() {
    let (mut key, now) = key();
    let said = key.receive(&report("00000001 88 0000"), now);
    assert_eq!(said.reports, [report("00000001 88 0000")]);
    assert_eq!(key.receive(&report("00000001 88 0001"), now), error(1, Code::INVALID_LENGTH));
}

#[test]
fn what_is_wrong_is_told_by_its_code() {
    for (sent, channel, code) in [
        ("00000003 90 0001 04", 3, Code::INVALID_CHANNEL),
        ("00000000 90 0001 04", 0, Code::INVALID_CHANNEL),
        ("FFFFFFFF 90 0001 04", BROADCAST, Code::INVALID_CHANNEL),
        ("FFFFFFFF 00 04", BROADCAST, Code::INVALID_CHANNEL),
        ("FFFFFFFF 86 0007", BROADCAST, Code::INVALID_LENGTH),
        ("00000001 86 0009", 1, Code::INVALID_LENGTH),
        ("00000001 90 1DBA", 1, Code::INVALID_LENGTH),
        ("00000001 90 FFFF", 1, Code::INVALID_LENGTH),
        ("00000001 90 0000", 1, Code::INVALID_LENGTH),
        ("00000001 84 0001 05", 1, Code::INVALID_COMMAND),
        ("00000001 BB 0001 01", 1, Code::INVALID_COMMAND),
    ] {
        let (mut key, now) = key();
        assert_eq!(key.receive(&report(sent), now), error(channel, code), "{sent}");
        // And the next message is served.
        let work = key.receive(&report("00000001 90 0001 04"), now).work;
        assert_eq!(work, Some(Work::Cbor(vec![0x04])), "{sent}");
    }
}

#[test]
fn a_packet_out_of_order_ends_its_message() {
    for wrong in ["00000001 01", "00000001 90 0001 04", "00000001 81 0000"] {
        let (mut key, now) = key();
        assert_eq!(key.receive(&report("00000001 81 0100"), now), Reaction::default());
        let said = key.receive(&report(wrong), now);
        assert_eq!(said, error(1, Code::INVALID_SEQUENCE), "{wrong}");
        assert_eq!(key.deadline(), None);
    }
}

#[test]
fn the_rest_of_a_message_without_its_beginning_is_ignored() {
    let (mut key, now) = key();
    assert_eq!(key.receive(&report("00000001 00"), now), Reaction::default());
    key.receive(&report("00000001 81 0100"), now);
    assert_eq!(key.receive(&report("00000002 00"), now), Reaction::default());
    assert_eq!(key.receive(&report("00000001 00"), now), Reaction::default());
}

#[test]
fn a_message_that_does_not_go_on_is_over_after_half_a_second() {
    let (mut key, begun) = key();
    let after = |ms| begun + Duration::from_millis(ms);
    key.receive(&report("00000001 81 0100"), begun);
    key.receive(&report("00000001 00"), after(400));
    assert_eq!(key.deadline(), Some(after(900)));
    assert_eq!(key.tick(after(899)), [[0; 64]; 0]);
    assert_eq!(key.tick(after(900)), Code::TIMEOUT.report(1));
    assert_eq!(key.tick(after(2_000)), [[0; 64]; 0]);
    assert_eq!(key.receive(&report("00000001 01"), after(2_000)), Reaction::default());
}

#[test]
fn who_comes_in_between_is_told_that_the_key_is_busy() {
    let (mut key, now) = key();
    key.receive(&report("00000001 81 003A"), now);
    assert_eq!(key.receive(&report("00000002 90 0001 04"), now), error(2, Code::CHANNEL_BUSY));
    assert_eq!(key.receive(&report("00000002 91 0000"), now), Reaction::default());
    // A channel may be had at any time.
    assert_eq!(key.receive(&init(BROADCAST, &[1; 8]), now).reports.len(), 1);
    assert_eq!(key.receive(&report("00000001 00"), now).reports.len(), 2);
    key.receive(&report("00000001 90 0001 04"), now);
    for channel in ["00000001", "00000002"] {
        let said = key.receive(&report(&format!("{channel} 90 0001 04")), now);
        assert_eq!(said.reports[0][7], 0x06, "{channel}");
        assert_eq!(said.work, None, "{channel}");
    }
}

#[test]
fn a_key_that_works_says_so_ten_times_a_second_and_at_each_change() {
    let (mut key, begun) = key();
    let after = |ms| begun + Duration::from_millis(ms);
    key.receive(&report("00000001 90 0001 0B"), begun);
    for (ms, status, expected) in [
        (1, 0x01, None),
        (5, 0x02, Some(0x02)),
        (104, 0x02, None),
        (105, 0x02, Some(0x02)),
        (205, 0x02, Some(0x02)),
        (206, 0x01, Some(0x01)),
        (207, 0x01, None),
    ] {
        let said = key.pulse(status, after(ms));
        let expected: Vec<_> =
            expected.into_iter().flat_map(|status| message(1, KEEPALIVE, &[status])).collect();
        assert_eq!(said, expected, "{ms}");
    }
    assert_eq!(key.answered(&[0x00]), [report("00000001 90 0001 00")]);
    assert_eq!(key.pulse(0x01, after(1_000)), [[0; 64]; 0]);
}

#[test]
fn a_cancel_is_for_the_one_who_asks() {
    let (mut key, now) = key();
    assert_eq!(key.receive(&report("00000001 91 0000"), now), Reaction::default());
    key.receive(&report("00000001 90 0001 0B"), now);
    assert_eq!(key.receive(&report("00000002 91 0000"), now), Reaction::default());
    let cancelled = key.receive(&report("00000001 91 0000"), now);
    assert_eq!(cancelled, Reaction::work(Work::Cancel));
    assert_eq!(key.answered(&[0x2D]), [report("00000001 90 0001 2D")]);
    assert_eq!(key.receive(&report("00000001 91 0000"), now), Reaction::default());
}

#[test]
fn an_init_on_ones_own_channel_starts_it_anew() {
    let (mut key, now) = key();
    let nonce = [0xB0; 8];
    let expected = [&nonce[..], &[0, 0, 0, 1, 2, 1, 0, 0, 5]].concat();
    key.receive(&report("00000001 81 0100"), now);
    assert_eq!(key.receive(&init(1, &nonce), now).reports, message(1, INIT, &expected));
    assert_eq!(key.receive(&report("00000001 00"), now), Reaction::default());

    key.receive(&report("00000001 90 0001 0B"), now);
    let reaction = key.receive(&init(1, &nonce), now);
    assert_eq!(reaction.reports, message(1, INIT, &expected));
    assert_eq!(reaction.work, Some(Work::Cancel));
    // Nobody wants the answer any more.
    assert_eq!(key.pulse(0x02, now), [[0; 64]; 0]);
    assert_eq!(key.answered(&[0x2D]), [[0; 64]; 0]);
    let work = key.receive(&report("00000001 90 0001 04"), now).work;
    assert_eq!(work, Some(Work::Cbor(vec![0x04])));
}
