//! Response APDUs: what the dispatcher does not do by itself.

use apdu_dispatch::App;
use apdu_dispatch::dispatch::ApduDispatch;
use apdu_dispatch::interchanges::{Data, Requester};

use crate::firmware::MAX_MESSAGE;

/// Wrong length (ISO 7816-4 §5.1.3).
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];

/// No precise diagnosis (ISO 7816-4 §5.1.3).
const NO_DIAGNOSIS: [u8; 2] = [0x6F, 0x00];

/// CLA bit 5: more of this command follows (ISO 7816-4 §5.1.1).
const CLA_CHAIN: u8 = 0x10;

/// A command that no application knows.
const UNKNOWN: [u8; 4] = [0x00, 0xFF, 0x00, 0x00];

/// Adds up the parts of a chained command. The dispatcher would cut what does not fit, and hand
/// the rest to the application as if it were whole.
#[derive(Default)]
pub(crate) struct Chain {
    len: usize,
}

impl Chain {
    /// Says whether this APDU may pass. One that may not ends its chain (ISO 7816-4 §5.1.1): what
    /// comes next is a command of its own, and the parts before are to be dropped.
    pub(crate) fn admit(&mut self, apdu: &[u8]) -> bool {
        let more = apdu.first().is_some_and(|cla| cla & CLA_CHAIN != 0);
        self.len = self.len.saturating_add(data_len(apdu));
        let fits = apdu.len() <= MAX_MESSAGE && self.len <= MAX_MESSAGE;
        if !more || !fits {
            self.len = 0;
        }
        fits
    }
}

/// Lc (ISO 7816-4 §5.1): only data counts against the longest message, not a header for each part.
fn data_len(apdu: &[u8]) -> usize {
    match apdu {
        [_, _, _, _, 0, high, low, _, ..] => usize::from(u16::from_be_bytes([*high, *low])),
        [_, _, _, _, len, _, ..] => usize::from(*len),
        _ => 0,
    }
}

/// Refuses an APDU, and makes the dispatcher drop the parts that it has.
pub(crate) fn refuse(
    dispatch: &mut ApduDispatch<'_>,
    reader: &mut Requester<'_>,
    apps: &mut [&mut dyn App],
) -> Vec<u8> {
    // It drops them with the command that they end in; nothing but an error comes of this one.
    exchange(dispatch, reader, apps, &UNKNOWN);
    WRONG_LENGTH.to_vec()
}

/// Lets the applications answer one command APDU.
pub(crate) fn exchange(
    dispatch: &mut ApduDispatch<'_>,
    reader: &mut Requester<'_>,
    apps: &mut [&mut dyn App],
    apdu: &[u8],
) -> Vec<u8> {
    let Ok(request) = Data::from_slice(apdu) else { return WRONG_LENGTH.to_vec() };
    if reader.request(request).is_err() {
        return NO_DIAGNOSIS.to_vec();
    }
    dispatch.poll(apps);
    reader.take_response().map_or_else(|| NO_DIAGNOSIS.to_vec(), |answer| answer.to_vec())
}
