//! Reports over sockets of the kind `SEQPACKET`: one message is one report.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};

use super::packet::Report;
use super::wire::Wire;

/// Programs that have connected, and where more may.
pub(super) struct Sockets {
    pub(super) listener: Option<OwnedFd>,
    pub(super) clients: Vec<OwnedFd>,
}

impl Sockets {
    fn accept(&mut self) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        while let Some(Ok(client)) =
            self.listener.as_ref().map(|listener| accept_with(listener, flags))
        {
            self.clients.push(client);
        }
    }
}

impl Wire for Sockets {
    fn plug(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn unplug(&mut self) {
        self.accept();
        self.clients.clear();
    }

    fn files(&self) -> Vec<BorrowedFd<'_>> {
        self.clients.iter().chain(&self.listener).map(OwnedFd::as_fd).collect()
    }

    /// Those who left are forgotten.
    fn hear(&mut self) -> Vec<Report> {
        self.accept();
        let mut heard = Vec::new();
        self.clients.retain(|client| {
            let mut report = [0; 64];
            match recv(client, &mut report, RecvFlags::empty()) {
                Ok((64, _)) => heard.push(report),
                Ok((0, _)) => return false,
                // Nothing; or no report, which a device with reports of 64 bytes does not hear.
                // Or it left without reading all, and what it said last is still to be heard.
                Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::CONNRESET) => {}
                Err(_) => return false,
            }
            true
        });
        heard
    }

    fn tell(&mut self, reports: &[Report]) {
        for report in reports {
            for client in &self.clients {
                let _ = send(client, report, SendFlags::NOSIGNAL);
            }
        }
    }
}
