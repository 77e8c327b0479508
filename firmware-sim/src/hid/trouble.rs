//! What goes wrong with a key's messages and packets.

use std::time::{Duration, Instant};

use super::packet::Report;
use crate::Fault;
use crate::fault::deep;
use crate::firmware::Input;
use crate::shared::{Shared, now};

/// Where a packet's command or number is, and its length.
const KIND: usize = 4;
const LENGTH: std::ops::Range<usize> = 5..7;
/// How much a lying packet announces too much.
const TOO_MUCH: u16 = 100;

/// When the answer of the firmware is given.
pub(super) enum Due {
    /// Now, and it is this.
    Now(Vec<u8>),
    /// Then; `None` is never. The key says meanwhile that it works.
    At(Option<Instant>, Vec<u8>),
}

/// The fault that happens to an answer of the firmware.
pub(super) fn due(shared: &Shared, input: &Input, answer: Vec<u8>) -> Due {
    let late = |time: Duration, answer| Due::At(now().checked_add(time), answer);
    match shared.take_fault(is_of_message) {
        Some(Fault::Delay(time)) => late(time, answer),
        Some(Fault::EndlessKeepalive) => Due::At(None, answer),
        Some(Fault::AnotherCard) => Due::Now(shared.another_answers(input)),
        Some(Fault::Deep) => Due::Now(deep()),
        _ => Due::Now(answer),
    }
}

fn is_of_message(fault: Fault) -> bool {
    matches!(fault, Fault::Delay(_) | Fault::EndlessKeepalive | Fault::AnotherCard | Fault::Deep)
}

fn is_of_packets(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Duplicate
            | Fault::Garbage
            | Fault::WrongChannel
            | Fault::LengthLong
            | Fault::LengthShort
    )
}

/// The packets of one message, with what goes wrong about them.
pub(super) fn troubled(shared: &Shared, mut reports: Vec<Report>) -> Vec<Report> {
    if reports.is_empty() {
        return reports;
    }
    match shared.take_fault(is_of_packets) {
        Some(Fault::Duplicate) => {
            return reports.into_iter().flat_map(|report| [report, report]).collect();
        }
        Some(Fault::Garbage) => {
            for report in &mut reports {
                let noise = shared.lock().faults.noise(report.len());
                for (byte, noise) in report.iter_mut().zip(noise).skip(KIND) {
                    *byte = noise;
                }
            }
        }
        Some(Fault::WrongChannel) => {
            reports = reports.into_iter().map(elsewhere).collect();
        }
        Some(Fault::LengthLong) => lie(&mut reports, |length| length.saturating_add(TOO_MUCH)),
        Some(Fault::LengthShort) => lie(&mut reports, |length| length / 2),
        _ => {}
    }
    reports
}

/// The same packet on the channel of another program.
pub(super) fn elsewhere(mut report: Report) -> Report {
    for byte in report.iter_mut().take(KIND) {
        *byte ^= 0x55;
    }
    report
}

/// Announces another length than the message has.
fn lie(reports: &mut [Report], lie: impl FnOnce(u16) -> u16) {
    if let Some([high, low]) = reports.first_mut().and_then(|report| report.get_mut(LENGTH)) {
        [*high, *low] = lie(u16::from_be_bytes([*high, *low])).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{CBOR, message};
    use super::*;
    use crate::{Config, Holder};

    fn after(fault: Fault) -> Vec<Report> {
        let shared = std::sync::Arc::new(Shared::new(&Config::seeded(1)));
        shared.lock().faults.reached_by(crate::Body::Key);
        Holder(std::sync::Arc::clone(&shared)).fault_at(0, fault).unwrap();
        troubled(&shared, message(7, CBOR, &[9; 100]))
    }

    #[test]
    fn packets_come_twice_elsewhere_or_with_another_length() {
        let right = message(7, CBOR, &[9; 100]);
        let twice = after(Fault::Duplicate);
        assert_eq!(twice, [right[0], right[0], right[1], right[1]]);
        let elsewhere = after(Fault::WrongChannel);
        assert!(elsewhere.iter().all(|report| report[..4] != right[0][..4]));
        assert_eq!(elsewhere[1][4..], right[1][4..]);
        assert_eq!(after(Fault::LengthLong)[0][5..7], [0, 200]);
        assert_eq!(after(Fault::LengthShort)[0][5..7], [0, 50]);
        let garbage = after(Fault::Garbage);
        assert_eq!(garbage[0][..4], right[0][..4]);
        assert_ne!(garbage[0][4..], right[0][4..]);
        assert_eq!(garbage, after(Fault::Garbage), "from the seed");
    }
}
