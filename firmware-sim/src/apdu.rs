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

/// Adds up the parts of a chained command. The dispatcher would cut what does not fit, and hand
/// the rest to the application as if it were whole.
#[derive(Default)]
pub(crate) struct Chain {
    len: usize,
    too_long: bool,
}

impl Chain {
    /// Says whether this APDU may pass, or the answer that it gets instead.
    pub(crate) fn admit(&mut self, apdu: &[u8]) -> Result<(), &'static [u8]> {
        let more = apdu.first().is_some_and(|cla| cla & CLA_CHAIN != 0);
        self.len = self.len.saturating_add(apdu.len());
        self.too_long |= apdu.len() > MAX_MESSAGE || self.len > MAX_MESSAGE;
        let refused = self.too_long;
        if !more {
            *self = Self::default();
        }
        if refused { Err(&WRONG_LENGTH) } else { Ok(()) }
    }
}

/// Lets the applications answer one command APDU.
pub(crate) fn exchange(
    dispatch: &mut ApduDispatch<'_>,
    reader: &mut Requester<'_>,
    app: &mut dyn App,
    apdu: &[u8],
) -> Vec<u8> {
    let Ok(request) = Data::from_slice(apdu) else { return WRONG_LENGTH.to_vec() };
    if reader.request(request).is_err() {
        return NO_DIAGNOSIS.to_vec();
    }
    dispatch.poll(&mut [app]);
    reader.take_response().map_or_else(|| NO_DIAGNOSIS.to_vec(), |answer| answer.to_vec())
}
