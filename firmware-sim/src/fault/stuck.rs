//! A card in a reader that does not come to an end.

/// INS of GET RESPONSE (ISO 7816-4 §11.7.1).
const GET_RESPONSE: u8 = 0xC0;
/// INS of `NFCCTAP_GETRESPONSE` (CTAP 2.1 §11.3.7.2), and its P1 that cancels.
const CTAP_GET_RESPONSE: u8 = 0x11;
const CANCEL: u8 = 0x11;

/// In what it is stuck, until it is asked something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// There is always more.
    More,
    /// It always works.
    Working,
}

impl Stuck {
    /// The first answer.
    pub(crate) fn begin(self) -> Vec<u8> {
        match self {
            Self::More => [&[0; 255][..], &[0x61, 0xFF]].concat(),
            // STATUS_PROCESSING, and the status word that says so.
            Self::Working => vec![0x01, 0x91, 0x00],
        }
    }

    /// Its answer to the next command, and whether it stays stuck; `None`: the command is another
    /// one, which the card does.
    pub(crate) fn go_on(self, apdu: &[u8]) -> Option<(Vec<u8>, bool)> {
        match (self, apdu) {
            // CTAP2_ERR_KEEPALIVE_CANCEL is its last word.
            (Self::Working, [_, CTAP_GET_RESPONSE, CANCEL, ..]) => {
                Some((vec![0x2D, 0x90, 0x00], false))
            }
            (Self::More, [_, GET_RESPONSE, ..]) | (Self::Working, [_, CTAP_GET_RESPONSE, ..]) => {
                Some((self.begin(), true))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00];

    #[test]
    fn there_is_more_until_it_is_asked_something_else() {
        let more = [&[0; 255][..], &[0x61, 0xFF]].concat();
        assert_eq!(Stuck::More.go_on(&[0x00, 0xC0, 0x00, 0x00, 0xFF]), Some((more, true)));
        assert_eq!(Stuck::More.go_on(SELECT), None);
    }

    #[test]
    fn it_works_until_it_is_told_to_stop() {
        let works = Some((vec![0x01, 0x91, 0x00], true));
        assert_eq!(Stuck::Working.go_on(&[0x80, 0x11, 0x00, 0x00, 0x00]), works);
        let stops = Some((vec![0x2D, 0x90, 0x00], false));
        assert_eq!(Stuck::Working.go_on(&[0x80, 0x11, 0x11, 0x00, 0x00]), stops);
        assert_eq!(Stuck::Working.go_on(SELECT), None);
    }
}
