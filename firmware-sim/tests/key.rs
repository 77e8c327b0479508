//! Body three: a key on USB, at its socket.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use firmware_sim::{Config, Holder, Simulator, Touch, VirtualKey};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
};

const SOON: Duration = Duration::from_secs(10);

type Report = [u8; 64];

/// A key in a directory of the test's own.
struct Desk {
    holder: Holder,
    key: Option<VirtualKey>,
    simulator: Simulator,
    folder: PathBuf,
}

impl Desk {
    fn new(name: &str, seed: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("sim-key-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let simulator = Simulator::start(Config::seeded(seed)).unwrap();
        let key = Some(simulator.key(&folder.join("key")).unwrap());
        Self { holder: simulator.holder(), key, simulator, folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("key")
    }

    fn client(&self) -> Client {
        Client::open(&self.socket()).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(self.key.take());
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// A program that has the key open.
struct Client(OwnedFd);

impl Client {
    fn open(path: &Path) -> rustix::io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        Ok(Self(socket))
    }

    fn say(&self, bytes: &[u8]) {
        let mut report = [0; 64];
        report[..bytes.len()].copy_from_slice(bytes);
        assert_eq!(send(&self.0, &report, SendFlags::NOSIGNAL).unwrap(), 64);
    }

    /// `None`: the key has hung up.
    fn hear(&self) -> Option<Report> {
        let timeout = Timespec::try_from(SOON).unwrap();
        let mut files = [PollFd::new(&self.0, PollFlags::IN)];
        assert_eq!(poll(&mut files, Some(&timeout)).unwrap(), 1, "the key says nothing");
        let mut report = [0; 64];
        match recv(&self.0, &mut report, RecvFlags::empty()) {
            Ok((64, _)) => Some(report),
            Ok((0, _)) | Err(_) => None,
            Ok((length, _)) => unreachable!("{length} bytes are no report"),
        }
    }

    /// Opens a channel, and gives its number.
    fn channel(&self) -> [u8; 4] {
        let nonce = [7, 1, 2, 3, 4, 5, 6, 7];
        self.say(&[&[0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00, 0x08][..], &nonce].concat());
        let offer = self.hear().unwrap();
        assert_eq!(offer[..7], [0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00, 0x11]);
        assert_eq!(offer[7..15], nonce);
        // Version 2 of the protocol; WINK and CBOR, and not "no MSG".
        assert_eq!((offer[19], offer[23]), (2, 0x05));
        offer[15..19].try_into().unwrap()
    }
}

fn packet(channel: [u8; 4], rest: &[u8]) -> Vec<u8> {
    [&channel[..], rest].concat()
}

#[test]
fn get_info_is_an_answer_of_several_packets() {
    let desk = Desk::new("info", 1);
    let client = desk.client();
    let channel = client.channel();
    client.say(&packet(channel, &[0x90, 0x00, 0x01, 0x04]));
    let first = client.hear().unwrap();
    assert_eq!(first[..5], packet(channel, &[0x90])[..]);
    let length = usize::from(u16::from_be_bytes([first[5], first[6]]));
    let mut answer = first[7..].to_vec();
    for number in 0_u8.. {
        if answer.len() >= length {
            break;
        }
        let next = client.hear().unwrap();
        assert_eq!(next[..5], packet(channel, &[number])[..]);
        answer.extend(&next[5..]);
    }
    answer.truncate(length);
    assert_eq!(answer[0], 0x00);
    assert!(answer.windows(8).any(|bytes| bytes == b"FIDO_2_1"));
}

#[test]
fn u2f_is_spoken_too() {
    let desk = Desk::new("u2f", 2);
    let client = desk.client();
    let channel = client.channel();
    // U2F_VERSION, as an extended APDU.
    client.say(&packet(channel, &[0x83, 0, 7, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00]));
    let answer = client.hear().unwrap();
    assert_eq!(answer[..15], packet(channel, b"\x83\x00\x08U2F_V2\x90\x00")[..]);
}

#[test]
fn while_a_touch_is_awaited_the_key_says_so_and_a_cancel_is_answered_at_once() {
    let desk = Desk::new("cancel", 3);
    desk.holder.touches(Touch::Refuse);
    let client = desk.client();
    let channel = client.channel();
    let begun = Instant::now();
    client.say(&packet(channel, &[0x90, 0x00, 0x01, 0x0B]));
    let needed = packet(channel, &[0xBB, 0x00, 0x01, 0x02]);
    let mut touches = 0;
    while touches < 4 {
        let said = client.hear().unwrap();
        assert_eq!(said[..7], needed[..7], "keepalives and nothing else");
        touches += usize::from(said[7] == 0x02);
    }
    // One at the change, three more after 100 ms each.
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(290), "{took:?}");
    client.say(&packet(channel, &[0x91]));
    let last_word = std::iter::repeat_with(|| client.hear().unwrap());
    let last_word = last_word.skip_while(|said| said[4] == 0xBB).take(1).last().unwrap();
    // Without a cancel, the last word would be 2F, and 30 s away.
    assert_eq!(last_word[..8], packet(channel, &[0x90, 0x00, 0x01, 0x2D])[..]);
    assert!(!desk.holder.is_asked());
}

#[test]
fn a_message_that_stops_is_over_after_half_a_second() {
    let desk = Desk::new("stops", 4);
    let client = desk.client();
    let channel = client.channel();
    let begun = Instant::now();
    client.say(&packet(channel, &[0x81, 0x01, 0x00]));
    assert_eq!(client.hear().unwrap()[..8], packet(channel, &[0xBF, 0x00, 0x01, 0x05])[..]);
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn everybody_hears_the_key_and_has_a_channel_of_their_own() {
    let desk = Desk::new("everybody", 5);
    let (one, two) = (desk.client(), desk.client());
    let channel = one.channel();
    assert_eq!(two.hear().unwrap()[4], 0x86, "the offer to the other");
    let other = two.channel();
    assert_ne!(channel, other);
    assert_eq!(one.hear().unwrap()[15..19], other);
    one.say(&packet(channel, &[0x81, 0x00, 0x01, 0x55]));
    for client in [&one, &two] {
        let pong = packet(channel, &[0x81, 0x00, 0x01, 0x55]);
        assert_eq!(client.hear().unwrap()[..8], pong[..]);
    }
}

#[test]
fn unplugged_it_hangs_up_and_plugged_in_it_starts_anew() {
    let desk = Desk::new("unplug", 6);
    let client = desk.client();
    let channel = client.channel();
    desk.holder.remove();
    assert_eq!(client.hear(), None);
    let hangs_up = desk.client();
    assert_eq!(hangs_up.hear(), None);
    desk.holder.insert();
    // Who comes before the key has noticed is sent away; the first who stays gets channel 1.
    let again = std::iter::repeat_with(|| desk.client()).find_map(|client| {
        let flags = SendFlags::NOSIGNAL;
        let mut ping = [0; 64];
        ping[..8].copy_from_slice(&packet(channel, &[0x81, 0x00, 0x01, 0x55]));
        send(&client.0, &ping, flags).ok()?;
        client.hear().map(|said| (client, said))
    });
    let (client, said) = again.unwrap();
    assert_eq!(said[4..8], [0xBF, 0x00, 0x01, 0x0B], "the old channel is not known any more");
    assert_eq!(client.channel(), [0, 0, 0, 1]);
}

#[test]
fn a_socket_is_not_taken_from_a_key_that_lives_and_is_from_one_that_is_gone() {
    let mut desk = Desk::new("socket", 7);
    let other = Simulator::start(Config::seeded(8)).unwrap();
    let taken = other.key(&desk.socket()).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    drop(desk.key.take());
    assert!(!desk.socket().exists(), "it tidies up");

    // One that was killed leaves its socket behind.
    let flags = SocketFlags::CLOEXEC;
    let dead = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
    rustix::net::bind(&dead, &SocketAddrUnix::new(desk.socket()).unwrap()).unwrap();
    drop(dead);
    desk.key = Some(desk.simulator.key(&desk.socket()).unwrap());
    desk.client().channel();
}

#[test]
fn a_key_takes_the_place_of_no_file() {
    let desk = Desk::new("file", 30);
    let file = desk.folder.join("file");
    std::fs::write(&file, "precious").unwrap();
    assert!(desk.simulator.key(&file).is_err());
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
}
