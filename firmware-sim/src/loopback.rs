//! The network namespace of a virtual reader: going in, and switching its loopback on.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::thread;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, sendto, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Runs `act` in a network namespace; what it opens stays there. A thread of its own goes in,
/// so that nobody has to come back out.
pub(crate) fn inside<T: Send>(
    network: &File,
    act: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    thread::scope(|scope| {
        scope
            .spawn(|| {
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
                act()
            })
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread in the namespace panicked")))
    })
}

/// Switches the loopback interface on; it is off in a new namespace.
pub(crate) fn bring_up(network: &File) -> io::Result<()> {
    inside(network, || {
        // Protocol 0 is NETLINK_ROUTE.
        let route = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
        sendto(&route, &loopback_up(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut answer = [0; 256];
        let (len, _) = recv(&route, &mut answer, RecvFlags::empty())?;
        // nlmsghdr, then the error number of nlmsgerr: zero is an acknowledgement.
        match answer.get(..len).and_then(|answer| answer.get(16..20)) {
            Some([0, 0, 0, 0]) => Ok(()),
            Some(error) => Err(io::Error::from_raw_os_error(
                i32::from_ne_bytes(error.try_into().map_err(io::Error::other)?).saturating_neg(),
            )),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    })
}

/// `RTM_NEWLINK` for interface 1, which is the loopback in every namespace: up.
fn loopback_up() -> Vec<u8> {
    [
        32_u32.to_ne_bytes().as_slice(), // nlmsg_len
        &16_u16.to_ne_bytes(),           // nlmsg_type: RTM_NEWLINK
        &5_u16.to_ne_bytes(),            // nlmsg_flags: NLM_F_REQUEST, NLM_F_ACK
        &1_u32.to_ne_bytes(),            // nlmsg_seq
        &0_u32.to_ne_bytes(),            // nlmsg_pid
        &[0; 4],                         // ifi_family, padding, ifi_type
        &1_i32.to_ne_bytes(),            // ifi_index
        &1_u32.to_ne_bytes(),            // ifi_flags: IFF_UP
        &1_u32.to_ne_bytes(),            // ifi_change: IFF_UP
    ]
    .concat()
}
