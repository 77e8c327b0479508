use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authenticator::{Control, CtapLink};
use link_hid::{HidLink, REPORT_SIZE, Report, ReportError, Reports};

/// The nonce of every channel, so that a corpus can offer one.
pub const NONCE: [u8; 8] = *b"fuzznonc";

/// A key that says each 64 bytes as a report, and is unplugged after the last. The first byte:
/// at which keepalive the person gives up (0: never).
pub fn ctaphid(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let mut link = HidLink::new(Key { said: rest.to_vec(), at: 0 }, || NONCE);
    let cancel = AtomicBool::new(false);
    let mut heard = 0_u32;
    for request in [&[0x04][..], &[0xA5; 200]] {
        let deadline = Instant::now() + Duration::from_secs(1);
        let on_keepalive = &mut |_| {
            heard += 1;
            if heard == u32::from(*how) {
                cancel.store(true, Ordering::Release);
            }
        };
        let mut control = Control { deadline, cancel: &cancel, on_keepalive };
        if let Ok(answer) = link.call(request, &mut control) {
            let most = rest.len();
            assert!(!answer.is_empty() && answer.len() <= most, "an answer of {}", answer.len());
        }
    }
}

struct Key {
    said: Vec<u8>,
    at: usize,
}

fn gone() -> ReportError {
    ReportError::Gone(std::io::ErrorKind::NotConnected.into())
}

impl Reports for Key {
    fn write(&mut self, _report: &Report) -> Result<(), ReportError> {
        if self.at < self.said.len() { Ok(()) } else { Err(gone()) }
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, ReportError> {
        // What is stale is thrown away before a call: nothing here has come before it.
        if timeout.is_zero() {
            return Ok(None);
        }
        let rest = self.said.get(self.at..).filter(|rest| !rest.is_empty()).ok_or_else(gone)?;
        let mut report = [0; REPORT_SIZE];
        let length = rest.len().min(REPORT_SIZE);
        report[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(Some(report))
    }
}
