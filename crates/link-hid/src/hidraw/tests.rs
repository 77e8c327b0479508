use std::fs::File;
use std::io::{Read, Write};

use rustix::net::{SendFlags, recv, send, shutdown, socketpair};

use super::*;

fn pair() -> (OwnedFd, Hidraw) {
    let flags = SocketFlags::NONBLOCK;
    let (key, host) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
    (key, Hidraw::from_socket(host))
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_report_to_a_device_goes_after_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("hidraw0");
    File::create(&node).unwrap();
    Hidraw::open(&node).unwrap().write(&[7; 64]).unwrap();
    let mut written = Vec::new();
    File::open(&node).unwrap().read_to_end(&mut written).unwrap();
    assert_eq!(written, [&[0][..], &[7; 64]].concat());
}

#[test]
fn a_report_from_a_device_comes_without_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("hidraw0");
    File::create(&node).unwrap().write_all(&[9; 64]).unwrap();
    assert_eq!(Hidraw::open(&node).unwrap().read(SOON).unwrap(), Some([9; 64]));
}

#[test]
fn reports_keep_their_borders() {
    let (key, mut host) = pair();
    host.write(&[1; 64]).unwrap();
    host.write(&[2; 64]).unwrap();
    let mut buffer = [0; 200];
    for byte in [1, 2] {
        let (length, _) = recv(&key, &mut buffer, rustix::net::RecvFlags::empty()).unwrap();
        assert_eq!(buffer[..length], [byte; 64]);
        send(&key, &[byte; 64], SendFlags::empty()).unwrap();
    }
    assert_eq!(host.read(SOON).unwrap(), Some([1; 64]));
    assert_eq!(host.read(SOON).unwrap(), Some([2; 64]));
    assert_eq!(host.read(Duration::ZERO).unwrap(), None);
}

#[test]
fn a_key_that_leaves_is_gone_after_what_it_said_last() {
    let (key, mut host) = pair();
    send(&key, &[3; 64], SendFlags::empty()).unwrap();
    shutdown(&key, rustix::net::Shutdown::Both).unwrap();
    assert_eq!(host.read(SOON).unwrap(), Some([3; 64]));
    let error = host.read(SOON).unwrap_err();
    assert!(matches!(error, ReportError::Gone(_)), "{error:?}");
    let error = host.write(&[0; 64]).unwrap_err();
    assert!(matches!(error, ReportError::Gone(_)), "{error:?}");
}

#[test]
fn a_report_of_another_length_is_none() {
    let (key, mut host) = pair();
    send(&key, &[3; 63], SendFlags::empty()).unwrap();
    let error = host.read(SOON).unwrap_err();
    assert!(matches!(error, ReportError::Io(_)), "{error:?}");
}

#[test]
fn a_key_that_takes_nothing_ends_the_wait() {
    let (_key, mut host) = pair();
    let error = std::iter::repeat_with(|| host.write(&[0; 64])).find_map(Result::err).unwrap();
    assert!(matches!(error, ReportError::Io(_)), "{error:?}");
}

#[test]
fn a_node_that_is_gone_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("hidraw0");
    assert_eq!(Hidraw::open(&node).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(Hidraw::connect(&node).unwrap_err().kind(), io::ErrorKind::NotFound);
}
