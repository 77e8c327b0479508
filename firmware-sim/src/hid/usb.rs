//! Reports over a device that the kernel takes for one on USB: programs find it as `/dev/hidraw…`,
//! and hear its coming and going as with any key.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{read, write};

use super::packet::Report;
use super::uhid::{MESSAGE_SIZE, Message, create, input};
use super::wire::Wire;

const NODE: &str = "/dev/uhid";

/// The kernel's end of the cable. The device lives as long as its file is open: it is gone also
/// when this program is killed.
pub(super) struct Usb<O = fn() -> io::Result<OwnedFd>> {
    open: O,
    device: Option<OwnedFd>,
}

impl Usb {
    pub(super) fn new() -> Self {
        Self { open: node, device: None }
    }
}

fn node() -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(open(NODE, flags, Mode::empty())?)
}

impl<O: FnMut() -> io::Result<OwnedFd> + Send> Wire for Usb<O> {
    fn plug(&mut self) -> io::Result<()> {
        if self.device.is_none() {
            let device = (self.open)()?;
            write(&device, &create())?;
            self.device = Some(device);
        }
        Ok(())
    }

    fn unplug(&mut self) {
        self.device = None;
    }

    fn files(&self) -> Vec<BorrowedFd<'_>> {
        self.device.iter().map(OwnedFd::as_fd).collect()
    }

    /// All programs speak through the kernel, which keeps their order.
    fn hear(&mut self) -> Vec<Report> {
        let Some(device) = &self.device else { return Vec::new() };
        let mut message = [0; MESSAGE_SIZE];
        // An error is that there is nothing to read now.
        while let Ok(length @ 1..) = read(device, &mut message) {
            match Message::parse(message.get(..length).unwrap_or_default()) {
                Message::Output(report) => return vec![report],
                Message::Asks { refusal } => {
                    // Fails when nobody waits for it any more.
                    let _ = write(device, &refusal);
                }
                Message::Nothing => {}
            }
        }
        Vec::new()
    }

    fn tell(&mut self, reports: &[Report]) {
        let Some(device) = &self.device else { return };
        for report in reports {
            // Fails when the kernel has let the device go.
            let _ = write(device, &input(report));
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{RecvFlags, SendFlags, recv, send};

    use super::super::pair;
    use super::*;

    /// A kernel that is a socket, and the key at it.
    fn plugged() -> (OwnedFd, impl Wire) {
        let (kernel, key) = pair().unwrap();
        let mut key = Some(key);
        let open = move || key.take().ok_or_else(|| io::ErrorKind::NotFound.into());
        let mut usb = Usb { open, device: None };
        usb.plug().unwrap();
        assert_eq!(heard(&kernel), create());
        (kernel, usb)
    }

    fn heard(kernel: &OwnedFd) -> Vec<u8> {
        let mut message = [0; MESSAGE_SIZE];
        let (length, _) = recv(kernel, &mut message, RecvFlags::empty()).unwrap();
        message[..length].to_vec()
    }

    fn output(byte: u8) -> Vec<u8> {
        let mut message = vec![byte; 4 + 4_096];
        message[..5].copy_from_slice(&[6, 0, 0, 0, 0]);
        message.extend([65, 0, 1]);
        message
    }

    #[test]
    fn a_key_that_is_in_is_not_put_in_again_until_it_was_out() {
        let (kernel, mut usb) = plugged();
        usb.plug().unwrap();
        usb.unplug();
        assert_eq!(recv(&kernel, &mut [0; 1], RecvFlags::empty()).unwrap().0, 0, "it is gone");
        assert!(usb.files().is_empty());
        assert!(usb.plug().is_err(), "which asks for another device");
    }

    #[test]
    fn reports_are_heard_one_by_one_among_what_is_none() {
        let (kernel, mut usb) = plugged();
        for message in [vec![2, 0, 0, 0], output(1), vec![4, 0, 0, 0], output(2)] {
            send(&kernel, &message, SendFlags::empty()).unwrap();
        }
        assert_eq!(usb.hear(), [[1; 64]]);
        assert_eq!(usb.hear(), [[2; 64]]);
        assert_eq!(usb.hear(), [[0; 64]; 0]);
    }

    #[test]
    fn a_question_is_answered_before_the_next_report() {
        let (kernel, mut usb) = plugged();
        for message in [vec![9, 0, 0, 0, 7, 0, 0, 0, 0, 0], output(1)] {
            send(&kernel, &message, SendFlags::empty()).unwrap();
        }
        assert_eq!(usb.hear(), [[1; 64]]);
        assert_eq!(heard(&kernel), [10, 0, 0, 0, 7, 0, 0, 0, 5, 0]);
    }

    #[test]
    fn what_the_key_says_goes_to_the_kernel_in_order() {
        let (kernel, mut usb) = plugged();
        usb.tell(&[[1; 64], [2; 64]]);
        assert_eq!(heard(&kernel), input(&[1; 64]));
        assert_eq!(heard(&kernel), input(&[2; 64]));
    }
}
