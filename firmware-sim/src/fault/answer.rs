//! What a fault makes of one answer.

use std::time::Duration;

use super::{Body, Fault};
use crate::firmware::Input;
use crate::shared::Shared;

/// How deep a bomb goes. Readers of CBOR give up at some hundreds, or run out of stack.
const DEPTH: usize = 2_000;

/// What comes in place of an answer.
pub(crate) enum Trouble {
    /// This, instead.
    Answer(Vec<u8>),
    /// The answer itself, later.
    Later(Duration),
    /// None, and no end to the waiting.
    Never,
    /// More and more.
    More,
}

/// `CTAP2_OK`, then arrays of one member in each other.
pub(crate) fn deep() -> Vec<u8> {
    let arrays = std::iter::repeat_n(0x81, DEPTH);
    [0x00].into_iter().chain(arrays).chain([0x00]).collect()
}

/// What becomes of an answer (status byte, CBOR) of which no more is known than its bytes.
fn distorted(fault: Fault, mut answer: Vec<u8>) -> Vec<u8> {
    match fault {
        // A third is missing: the CBOR announces more than there is.
        Fault::LengthLong => answer.truncate(answer.len().saturating_sub(answer.len().div_ceil(3))),
        // Here less: another value follows the one that is announced.
        Fault::LengthShort => answer.extend([0x18, 0x2A]),
        Fault::Deep => return deep(),
        _ => {}
    }
    answer
}

impl Shared {
    /// The fault that happens to an answer of the firmware in a body that knows no packets.
    pub(crate) fn trouble(&self, body: Body, input: &Input, answer: &[u8]) -> Option<Trouble> {
        let fault = self.take_fault(|fault| fault.fits(body).is_ok())?;
        Some(match fault {
            Fault::Delay(time) => Trouble::Later(time),
            Fault::EndlessKeepalive => Trouble::Never,
            Fault::EndlessMore => Trouble::More,
            Fault::AnotherCard => Trouble::Answer(self.another_answers(input)),
            Fault::Garbage => Trouble::Answer(self.lock().faults.noise(answer.len().max(2))),
            fault => {
                // The status word stays at the end of a card's answer.
                let tail = if body == Body::Card { 2 } else { 0 };
                let (data, status) = answer
                    .split_at_checked(answer.len().saturating_sub(tail))
                    .unwrap_or((answer, &[]));
                Trouble::Answer([distorted(fault, data.to_vec()), status.to_vec()].concat())
            }
        })
    }
}
