//! The card's half of the reader's protocol, with a reader that misbehaves.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use authenticator::{Control, CtapLink};
use firmware_sim::{Config, ReaderPort, Simulator, Touch};

const SOON: Duration = Duration::from_secs(10);
const POWER_ON: &[u8] = &[0x01];
const GET_ATR: &[u8] = &[0x04];
const SELECT: &[u8] = b"\x00\xA4\x04\x00\x08\xA0\x00\x00\x06\x47\x2F\x00\x01\x00";
const SELECTION: &[u8] = b"\x80\x10\x00\x00\x01\x0B\x00";

fn reader() -> (TcpListener, ReaderPort) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, ReaderPort::local(port))
}

fn send(card: &mut TcpStream, message: &[u8]) {
    let len = u16::try_from(message.len()).unwrap().to_be_bytes();
    card.write_all(&[&len, message].concat()).unwrap();
}

fn ask(card: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    send(card, message);
    let mut len = [0; 2];
    card.read_exact(&mut len).unwrap();
    let mut answer = vec![0; usize::from(u16::from_be_bytes(len))];
    card.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn a_reader_that_goes_is_found_again() {
    let simulator = Simulator::start(Config::seeded(1)).unwrap();
    let (listener, port) = reader();
    let _card = simulator.card(&port).unwrap();
    for _ in 0..3 {
        let mut card = listener.accept().unwrap().0;
        assert_eq!(ask(&mut card, GET_ATR).first(), Some(&0x3B));
        send(&mut card, POWER_ON);
        assert_eq!(ask(&mut card, SELECT), b"U2F_V2\x90\x00");
    }
}

#[test]
fn a_reader_that_goes_during_a_touch_leaves_the_firmware_idle() {
    let simulator = Simulator::start(Config::seeded(2)).unwrap();
    let holder = simulator.holder();
    holder.touches_next(Touch::Refuse);
    let (listener, port) = reader();
    let _card = simulator.card(&port).unwrap();
    let mut card = listener.accept().unwrap().0;
    assert_eq!(ask(&mut card, SELECT), b"U2F_V2\x90\x00");
    send(&mut card, SELECTION);
    assert!(holder.wait_until_asked(SOON));
    drop(card);
    // The firmware itself would wait for the touch for 30 s.
    let mut control = Control {
        deadline: Instant::now().checked_add(SOON).unwrap(),
        cancel: &AtomicBool::new(false),
        on_keepalive: &mut |_| {},
    };
    assert_eq!(simulator.link().call(&[0x0B], &mut control).unwrap(), [0x00]);
}

#[test]
fn a_card_that_is_dropped_hangs_up_even_while_it_waits_for_a_touch() {
    let simulator = Simulator::start(Config::seeded(3)).unwrap();
    let holder = simulator.holder();
    holder.touches(Touch::Refuse);
    let (listener, port) = reader();
    let in_reader = simulator.card(&port).unwrap();
    let mut card = listener.accept().unwrap().0;
    assert_eq!(ask(&mut card, SELECT), b"U2F_V2\x90\x00");
    send(&mut card, SELECTION);
    assert!(holder.wait_until_asked(SOON));
    drop(in_reader);
    assert_eq!(card.read(&mut [0; 64]).unwrap(), 0, "closed, without an answer");
    assert_eq!(holder.times_asked(), 1);
}
