//! A key's device node, and the socket of a simulated one: both keep the borders of reports.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, read, write};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::channel::now;
use crate::reports::{REPORT_SIZE, Report, ReportError, Reports};

/// Longest wait for a key that takes nothing.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// The wire to a key.
#[derive(Debug)]
pub struct Hidraw {
    file: OwnedFd,
    /// Whether the number of the report goes before it, which is 0 where a device has only one.
    is_numbered: bool,
}

/// Which device is behind a node. The number of a node that is free is given to the next device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId {
    file_system: u64,
    inode: u64,
    device: u64,
}

impl NodeId {
    /// Of the device that is there now.
    ///
    /// # Errors
    ///
    /// When none is.
    pub fn of(node: &Path) -> io::Result<Self> {
        Ok(Self::read(&std::fs::metadata(node)?))
    }

    fn read(metadata: &Metadata) -> Self {
        Self { file_system: metadata.dev(), inode: metadata.ino(), device: metadata.rdev() }
    }
}

impl Hidraw {
    /// Opens a device node, if the device behind it is this one.
    ///
    /// # Errors
    ///
    /// As [`Hidraw::open`]; [`io::ErrorKind::NotFound`] also when another is there.
    pub fn open_same(node: &Path, id: NodeId) -> io::Result<Self> {
        let Self { file, is_numbered } = Self::open(node)?;
        let file = File::from(file);
        if NodeId::read(&file.metadata()?) != id {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { file: file.into(), is_numbered })
    }

    /// Opens a device node. Other programs may have it open, too.
    ///
    /// # Errors
    ///
    /// When it is gone, or this user may not read and write it.
    pub fn open(node: &Path) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(Self { file: open(node, flags, Mode::empty())?, is_numbered: true })
    }

    /// Connects to a simulated key: a `SEQPACKET` socket that takes and gives reports.
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub fn connect(socket: &Path) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let file = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        connect(&file, &SocketAddrUnix::new(socket)?)?;
        Ok(Self::from_socket(file))
    }

    /// A simulated key at the other end of a connected `SEQPACKET` socket.
    pub fn from_socket(socket: OwnedFd) -> Self {
        Self { file: socket, is_numbered: false }
    }

    /// Waits until something can be done; false when `timeout` passes first.
    fn wait(&self, wanted: PollFlags, timeout: Duration) -> Result<bool, ReportError> {
        let timeout = Timespec::try_from(timeout).map_err(|_| failed(Errno::INVAL))?;
        let mut files = [PollFd::new(&self.file, wanted)];
        match poll(&mut files, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => Ok(false),
            Ok(_) => {
                let [file] = files;
                // A key that is unplugged may have said something before.
                let is_ready = file.revents().intersects(wanted);
                if is_ready { Ok(true) } else { Err(failed(Errno::NODEV)) }
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// What an unplugged key says, and a simulated one that ended.
fn failed(error: Errno) -> ReportError {
    match error {
        Errno::NODEV
        | Errno::NXIO
        | Errno::IO
        | Errno::SHUTDOWN
        | Errno::PIPE
        | Errno::CONNRESET => ReportError::Gone(error.into()),
        _ => ReportError::Io(error.into()),
    }
}

impl Reports for Hidraw {
    fn write(&mut self, report: &Report) -> Result<(), ReportError> {
        let give_up = now().checked_add(WRITE_LIMIT);
        let left = || give_up.map_or(WRITE_LIMIT, |end| end.saturating_duration_since(now()));
        // A signal ends a wait early.
        while !self.wait(PollFlags::OUT, left())? {
            if left().is_zero() {
                return Err(failed(Errno::TIMEDOUT));
            }
        }
        let numbered = [&[0][..], report].concat();
        let bytes = if self.is_numbered { &numbered[..] } else { report };
        match write(&self.file, bytes) {
            Ok(length) if length == bytes.len() => Ok(()),
            Ok(_) => Err(failed(Errno::MSGSIZE)),
            Err(error) => Err(failed(error)),
        }
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, ReportError> {
        if !self.wait(PollFlags::IN, timeout)? {
            return Ok(None);
        }
        let mut report = [0; REPORT_SIZE];
        match read(&self.file, &mut report) {
            Ok(REPORT_SIZE) => Ok(Some(report)),
            Ok(0) => Err(failed(Errno::NODEV)),
            Ok(_) => Err(failed(Errno::BADMSG)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests;
