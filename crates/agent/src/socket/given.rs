//! The socket that a service manager has opened for the agent, handed over as `sd_listen_fds(3)`
//! of systemd says: descriptor 3, meant for the process that `LISTEN_PID` names.

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType};

/// The first descriptor that is handed over (`SD_LISTEN_FDS_START`).
const FIRST: RawFd = 3;

/// Whether the socket was taken already.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes the socket that a service manager has opened, by the values of the environment's
/// `LISTEN_PID` and `LISTEN_FDS`; `None` when there is none for this process. To be called once,
/// before anything is opened.
///
/// # Errors
///
/// When what is handed over is not one listening Unix stream socket.
pub fn given_socket(pid: Option<&str>, count: Option<&str>) -> io::Result<Option<UnixListener>> {
    let own = rustix::process::getpid().as_raw_nonzero().to_string();
    match (pid, count) {
        (Some(pid), Some("1")) if pid == own => take().and_then(listening).map(Some),
        (Some(pid), Some(count)) if pid == own && count != "0" => Err(io::Error::other(format!(
            "LISTEN_FDS is {count}, and the agent takes one socket: leave one ListenStream= in its \
             unit cardea-agent.socket"
        ))),
        // What is meant for another process, such as the one that started us, is not ours.
        _ => Ok(None),
    }
}

fn take() -> io::Result<OwnedFd> {
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::Error::other("it was taken before"));
    }
    #[expect(unsafe_code, reason = "a number in the environment is how a socket is handed over")]
    // SAFETY: by the protocol the descriptor was opened for this process before it began, and
    // nothing in it owns it: the standard library owns none but 0 to 2, and `TAKEN` keeps it from
    // being taken twice. Where the environment lies, it is closed, and the next call tells.
    let socket = unsafe { OwnedFd::from_raw_fd(FIRST) };
    // A dialog's program must not inherit it.
    if let Err(error) = fcntl_setfd(&socket, FdFlags::CLOEXEC) {
        // Nothing is open there, so nothing may be closed.
        std::mem::forget(socket);
        return Err(error.into());
    }
    Ok(socket)
}

/// Refuses everything but a Unix stream socket that listens.
fn listening(socket: OwnedFd) -> io::Result<UnixListener> {
    let is_one = socket_domain(&socket)? == AddressFamily::UNIX
        && socket_type(&socket)? == SocketType::STREAM
        && socket_acceptconn(&socket)?;
    if is_one {
        Ok(UnixListener::from(socket))
    } else {
        Err(io::Error::other("it is no listening Unix stream socket (ListenStream= with a path)"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::state::tests::scratch;

    #[test]
    fn what_is_meant_for_another_process_is_not_taken() {
        let own = std::process::id().to_string();
        let other = (std::process::id() + 1).to_string();
        for (pid, count) in [
            (None, None),
            (None, Some("1")),
            (Some(own.as_str()), None),
            (Some(own.as_str()), Some("0")),
            (Some(other.as_str()), Some("1")),
            (Some(""), Some("1")),
        ] {
            assert!(given_socket(pid, count).unwrap().is_none(), "{pid:?} {count:?}");
        }
    }

    #[test]
    fn more_than_one_socket_is_a_fault_of_the_unit() {
        let own = std::process::id().to_string();
        for count in ["2", "x", ""] {
            let error = given_socket(Some(&own), Some(count)).unwrap_err().to_string();
            assert!(error.contains("leave one ListenStream="), "{error}");
        }
    }

    #[test]
    fn it_is_taken_once() {
        // As if it had been taken: descriptor 3 of a test is anybody's.
        TAKEN.store(true, Ordering::Relaxed);
        let own = std::process::id().to_string();
        let error = given_socket(Some(&own), Some("1")).unwrap_err().to_string();
        assert_eq!(error, "it was taken before");
    }

    #[test]
    fn only_a_listening_unix_stream_socket_is_one() {
        let folder = scratch("given");
        std::fs::create_dir_all(&folder).unwrap();
        let unix = UnixListener::bind(folder.join("agent.sock")).unwrap();
        let (end, _other) = UnixStream::pair().unwrap();
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let datagram = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let packets =
            rustix::net::socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
        let at = rustix::net::SocketAddrUnix::new(folder.join("packets.sock")).unwrap();
        rustix::net::bind(&packets, &at).unwrap();
        rustix::net::listen(&packets, 1).unwrap();
        assert!(listening(unix.into()).is_ok());
        for other in [OwnedFd::from(end), tcp.into(), datagram.into(), file.into(), packets] {
            assert!(listening(other).is_err());
        }
    }
}
