//! CTAP messages as APDUs, CTAP 2.1 §11.3: short ones by default, chained where a request is
//! long, and extended ones for the card that does not know chaining.

use authenticator::Keepalive;

use crate::error::{CardError, Fault, StatusWord};

/// The FIDO application, §11.3.3.
const AID: [u8; 8] = [0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01];
/// Longest piece of a request in one short APDU. 255 would fit; some readers lose the last bytes.
pub(crate) const MAX_CHUNK: usize = 240;
/// How often a card may announce that there is more (`61xx`): 8 KiB, more than the largest
/// message of any authenticator.
const MAX_ROUNDS: usize = 32;
/// `P1` is 00 and not 80: that would announce `NFCCTAP_GETRESPONSE`, which some cards get wrong.
const P1: u8 = 0x00;

/// One command APDU out, one response APDU in: a card, or something that plays one.
pub trait Transmit {
    /// Sends `command` and returns the answer with its status word.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// Who waits for the answer.
pub trait Waiting {
    /// Whether nobody waits any more.
    fn is_over(&self) -> bool;
    /// Hears what the card does meanwhile.
    fn keepalive(&mut self, keepalive: Keepalive);
    /// Waits a moment before the card is asked again, or until nobody waits any more.
    fn pause(&self);
}

/// How this card is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// `Le` that asks for as much as there is. 00 is 256, which some readers take for nothing.
    pub le: u8,
    /// Long requests go out as one extended APDU. Learnt from a card that refuses chaining.
    pub extended: bool,
}

/// An answer, taken apart.
struct Response {
    data: Vec<u8>,
    sw: [u8; 2],
}

impl Response {
    fn refused(&self) -> CardError {
        CardError::Refused(status_word(self.sw))
    }
}

fn status_word(sw: [u8; 2]) -> StatusWord {
    StatusWord(u16::from_be_bytes(sw))
}

/// SELECT of the FIDO application. What it calls itself is not looked at: getInfo decides.
///
/// # Errors
///
/// [`CardError::NoFidoApplication`] for every status word but 9000; what `card` says.
pub fn select(card: &mut dyn Transmit) -> Result<(), Fault> {
    let command = [&[0x00, 0xA4, 0x04, 0x00, 0x08][..], &AID, &[0x00]].concat();
    let response = complete(card, &command, 0x00)?;
    match response.sw {
        [0x90, 0x00] => Ok(()),
        sw => Err(CardError::NoFidoApplication(status_word(sw)).into()),
    }
}

/// Sends a CTAP message, and returns the answer of the authenticator, status byte first.
///
/// # Errors
///
/// [`CardError::Refused`] and its neighbours for answers that are none; [`Fault::Interrupted`] when
/// nobody waits any more; what `card` says.
pub fn message(
    card: &mut dyn Transmit,
    form: &mut Form,
    request: &[u8],
    waiting: &mut dyn Waiting,
) -> Result<Vec<u8>, Fault> {
    let response = send(card, form, request, waiting)?;
    let response = keep_asking(card, *form, response, waiting)?;
    match response.sw {
        [0x90, 0x00] if response.data.is_empty() => Err(CardError::TooShort(2).into()),
        [0x90, 0x00] => Ok(response.data),
        _ => Err(response.refused().into()),
    }
}

fn send(
    card: &mut dyn Transmit,
    form: &mut Form,
    request: &[u8],
    waiting: &dyn Waiting,
) -> Result<Response, Fault> {
    if form.extended && request.len() > MAX_CHUNK {
        return complete(card, &extended(request)?, form.le);
    }
    let mut chunks = request.chunks(MAX_CHUNK);
    let last = chunks.next_back().unwrap_or_default();
    for chunk in chunks {
        if waiting.is_over() {
            return Err(Fault::Interrupted);
        }
        let response = transmit(card, &short(0x90, chunk, None)?)?;
        match response.sw {
            [0x90, 0x00] => {}
            sw if refuses_chaining(sw) => {
                form.extended = true;
                return complete(card, &extended(request)?, form.le);
            }
            _ => return Err(response.refused().into()),
        }
    }
    complete(card, &short(0x80, last, Some(form.le))?, form.le)
}

/// Chaining not supported, class not supported, wrong length. A card that means something else
/// by it says so again to the extended APDU.
fn refuses_chaining(sw: [u8; 2]) -> bool {
    matches!(sw, [0x68, 0x84 | 0x00] | [0x6E | 0x67, 0x00])
}

/// `NFCCTAP_GETRESPONSE` (§11.3.7.2) as long as the card says `9100`. We did not announce it; a
/// card that does it nevertheless is understood, and told when nobody waits any more.
fn keep_asking(
    card: &mut dyn Transmit,
    form: Form,
    mut response: Response,
    waiting: &mut dyn Waiting,
) -> Result<Response, Fault> {
    while response.sw == [0x91, 0x00] {
        if let Some(&status) = response.data.first() {
            waiting.keepalive(Keepalive(status));
        }
        waiting.pause();
        if waiting.is_over() {
            complete(card, &[0x80, 0x11, 0x11, 0x00, form.le], form.le)?;
            return Err(Fault::Interrupted);
        }
        response = complete(card, &[0x80, 0x11, 0x00, 0x00, form.le], form.le)?;
    }
    Ok(response)
}

/// Sends one APDU and collects the whole answer to it: `6Cxx` tells the length to ask for, `61xx`
/// that there is more.
fn complete(card: &mut dyn Transmit, command: &[u8], le: u8) -> Result<Response, Fault> {
    let mut response = transmit(card, command)?;
    if let [0x6C, right_le] = response.sw {
        response = transmit(card, &with_le(command, right_le))?;
    }
    let mut data = response.data;
    for _ in 0..MAX_ROUNDS {
        let [0x61, more] = response.sw else { break };
        let le = if more == 0 { le } else { more };
        response = transmit(card, &[0x00, 0xC0, 0x00, 0x00, le])?;
        data.append(&mut response.data);
    }
    match response.sw {
        [0x61, _] => Err(CardError::Endless.into()),
        sw => Ok(Response { data, sw }),
    }
}

fn transmit(card: &mut dyn Transmit, command: &[u8]) -> Result<Response, Fault> {
    let mut data = card.transmit(command)?;
    let length = data.len();
    if length == 0 {
        // What some readers say, without an error, of a card that was pulled out meanwhile.
        return Err(Fault::Gone(pcsc::Error::RemovedCard));
    }
    let sw = length.checked_sub(2).map(|at| data.split_off(at));
    let sw = sw.and_then(|sw| sw.try_into().ok()).ok_or(CardError::TooShort(length))?;
    Ok(Response { data, sw })
}

/// `NFCCTAP_MSG` with one length byte.
fn short(cla: u8, data: &[u8], le: Option<u8>) -> Result<Vec<u8>, CardError> {
    let length = u8::try_from(data.len()).map_err(|_| CardError::TooLong(data.len()))?;
    let mut command = vec![cla, 0x10, P1, 0x00];
    if length > 0 {
        command.push(length);
        command.extend_from_slice(data);
    }
    command.extend(le);
    Ok(command)
}

/// `NFCCTAP_MSG` with three length bytes, which asks for as much as there is.
fn extended(data: &[u8]) -> Result<Vec<u8>, CardError> {
    let length = u16::try_from(data.len()).map_err(|_| CardError::TooLong(data.len()))?;
    let [high, low] = length.to_be_bytes();
    Ok([&[0x80, 0x10, P1, 0x00, 0x00, high, low][..], data, &[0x00, 0x00]].concat())
}

/// The same command with another `Le`, which is its last byte.
fn with_le(command: &[u8], le: u8) -> Vec<u8> {
    let mut command = command.to_vec();
    if let Some(last) = command.last_mut() {
        *last = le;
    }
    command
}

#[cfg(test)]
mod tests;
