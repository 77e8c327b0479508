//! The PIV application: `piv-authenticator`, as in Nitrokey 3.

use apdu_dispatch::App;
use apdu_dispatch::app::{CommandView, Result, VecView};
use apdu_dispatch::dispatch::Interface;
use apdu_dispatch::iso7816;
use piv_authenticator::{Authenticator, Options};
use trussed::backend::BackendId as Backend;
use trussed_core::types::Location;

use crate::dispatch::BackendId;
use crate::firmware::Client;

/// Who serves it, in this order.
pub(crate) const BACKENDS: &[Backend<BackendId>] = &[
    Backend::Custom(BackendId::Rsa),
    Backend::Custom(BackendId::Auth),
    Backend::Custom(BackendId::Staging),
    Backend::Core,
];

/// The firmware serves PIV to contact readers alone, as FIDO to contactless ones: to this one every
/// reader is of the first kind.
pub(crate) struct Piv<'a>(Authenticator<Client<'a>>);

impl<'a> Piv<'a> {
    pub(crate) fn new(client: Client<'a>) -> Self {
        Self(Authenticator::new(client, Options::default().storage(Location::Internal)))
    }
}

impl iso7816::App for Piv<'_> {
    fn aid(&self) -> iso7816::Aid {
        self.0.aid()
    }
}

impl App for Piv<'_> {
    fn select(&mut self, _: Interface, apdu: CommandView<'_>, reply: &mut VecView<u8>) -> Result {
        App::select(&mut self.0, Interface::Contact, apdu, reply)
    }

    fn deselect(&mut self) {
        App::deselect(&mut self.0);
    }

    fn call(&mut self, _: Interface, apdu: CommandView<'_>, reply: &mut VecView<u8>) -> Result {
        App::call(&mut self.0, Interface::Contact, apdu, reply)
    }
}

/// The application's name in full (SP 800-73pt1-5 §2.2); the firmware knows its first 9 bytes.
const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
/// The shortest name by which clients call it: its provider's.
const SHORTEST: usize = 5;
/// SELECT by name, the first application (ISO 7816-4 §11.2.2).
const SELECT: [u8; 4] = [0x00, 0xA4, 0x04, 0x00];

/// A command as the firmware wants it. Some clients select by less than the 9 bytes that it knows,
/// and leave Le out where they expect an answer (ISO 7816-4 §5.1, case 3 in place of 4).
pub(crate) fn mended(apdu: &[u8]) -> Vec<u8> {
    let Some((head, [length, rest @ ..])) = apdu.split_at_checked(SELECT.len()) else {
        return apdu.to_vec();
    };
    let length = usize::from(*length);
    let Some((data, expected)) = rest.split_at_checked(length).filter(|_| length > 0) else {
        return apdu.to_vec();
    };
    let is_ours = (SHORTEST..AID.len()).contains(&length) && AID.starts_with(data);
    if head == SELECT && is_ours {
        let whole = u8::try_from(AID.len()).unwrap_or(u8::MAX);
        return [head, &[whole], &AID, &[0x00]].concat();
    }
    // A part of a chain gets no answer, and FIDO's commands have a class of their own.
    let is_whole = head.first() == Some(&0x00);
    if is_whole && expected.is_empty() { [apdu, &[0x00]].concat() } else { apdu.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_completed_and_another_is_left_alone() {
        let whole = [&SELECT[..], &[11], &AID, &[0]].concat();
        for length in SHORTEST..AID.len() {
            let short = [&SELECT[..], &[u8::try_from(length).unwrap()], &AID[..length]].concat();
            assert_eq!(mended(&short), whole);
            assert_eq!(mended(&[&short[..], &[0]].concat()), whole);
        }
        let fido = [&SELECT[..], &[8], &[0xA0, 0, 0, 6, 0x47, 0x2F, 0, 1], &[0]].concat();
        assert_eq!(mended(&fido), fido);
    }

    #[test]
    fn a_command_with_data_expects_an_answer() {
        let verify = [0x00, 0x20, 0x00, 0x80, 2, 0x31, 0x32];
        assert_eq!(mended(&verify), [&verify[..], &[0]].concat());
        for as_it_is in [
            &[0x00, 0x20, 0x00, 0x80][..],
            &[0x00, 0x20, 0x00, 0x80, 0x00],
            &[0x00, 0x20, 0x00, 0x80, 2, 0x31, 0x32, 0x00],
            &[0x10, 0xDB, 0x3F, 0xFF, 2, 0x31, 0x32],
            &[0x80, 0x10, 0x00, 0x00, 1, 0x04],
            &[0x00, 0x20, 0x00, 0x80, 3, 0x31],
        ] {
            assert_eq!(mended(as_it_is), as_it_is);
        }
    }
}
