//! A trace, read again.

use std::path::Path;
use std::{fs, io};

use super::masked::Masked;
use crate::hid::Whole;

/// Requests and their answers, as a trace has them.
#[derive(Debug)]
pub struct Recording {
    pub(crate) exchanges: Vec<Exchange>,
}

/// One request, and what was answered: `None` when nothing was.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) kind: Kind,
    pub(crate) request: Masked,
    pub(crate) answer: Option<Masked>,
}

/// What kind of command it is, whatever it went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Apdu,
    /// A CTAP2 command of a key or a link.
    Ctap,
    /// A CTAP1 command of a key.
    U2f,
}

/// Why a file is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// It cannot be read.
    #[error("cannot read it")]
    File(#[from] io::Error),
    /// A line is none of a trace. It is not shown: the file may be another one, with secrets in it.
    #[error("line {0} is none of a trace; see \"cardea-sim card --help\" for --trace")]
    Line(usize),
    /// Nothing was asked while it was recorded.
    #[error("nothing is asked in it")]
    Empty,
}

/// A line that matters.
enum Line {
    Request(Kind, Masked),
    Answer(Kind, Masked),
    Other,
}

impl Recording {
    /// Reads the file of a trace.
    ///
    /// # Errors
    ///
    /// See [`RecordingError`].
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::parse(&fs::read_to_string(path)?)
    }

    fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut exchanges: Vec<Exchange> = Vec::new();
        for (number, text) in (1..).zip(text.lines()) {
            match line(text).ok_or(RecordingError::Line(number))? {
                Line::Request(kind, request) => {
                    exchanges.push(Exchange { kind, request, answer: None });
                }
                Line::Answer(kind, answer) => {
                    let asked = exchanges.last_mut().filter(|asked| asked.kind == kind);
                    if let Some(asked) = asked.filter(|asked| asked.answer.is_none()) {
                        asked.answer = Some(answer);
                    }
                }
                Line::Other => {}
            }
        }
        if exchanges.is_empty() { Err(RecordingError::Empty) } else { Ok(Self { exchanges }) }
    }

    /// Whether something is asked in it that only a card is asked, or only a key.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.exchanges.iter().any(|exchange| exchange.kind == kind)
    }
}

/// `None`: no line of a trace.
fn line(text: &str) -> Option<Line> {
    if text.is_empty() || text.starts_with('#') {
        return Some(Line::Other);
    }
    let words: Vec<_> = text.split(' ').collect();
    let [time, direction, words @ ..] = words.as_slice() else { return None };
    time.parse::<f64>().ok()?;
    let (kind, message) = match (*direction, words) {
        ("!", [_]) => return Some(Line::Other),
        (_, ["apdu", bytes]) => (Kind::Apdu, bytes),
        (_, ["ctap", bytes]) => (Kind::Ctap, bytes),
        (_, ["hid", channel, command, bytes]) => {
            u32::from_str_radix(channel, 16).ok()?;
            match Whole::kind(u8::from_str_radix(command, 16).ok()?) {
                Some(kind) => (kind, bytes),
                // Channels and keepalives are the key's own business.
                None => return Some(Line::Other),
            }
        }
        _ => return None,
    };
    let message = message.parse().ok()?;
    match *direction {
        ">" => Some(Line::Request(kind, message)),
        "<" => Some(Line::Answer(kind, message)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_with_their_answers() {
        let text = "# cardea-sim trace 1\n\
                    0.1 > hid FFFFFFFF 86 1122334455667788\n\
                    0.1 < hid FFFFFFFF 86 11\n\
                    0.2 > hid 00000001 90 06{16}\n\
                    0.2 < hid 00000001 BB 01\n\
                    0.3 ! garbage\n\
                    0.3 < hid 00000001 90 00\n\
                    0.4 > hid 00000001 83 00\n\
                    0.5 > ctap 04\n";
        let recording = Recording::parse(text).unwrap();
        let kinds: Vec<_> = recording.exchanges.iter().map(|exchange| exchange.kind).collect();
        assert_eq!(kinds, [Kind::Ctap, Kind::U2f, Kind::Ctap]);
        assert_eq!(recording.exchanges[0].answer, Some(Masked::shown(&[0])));
        assert_eq!(recording.exchanges[1].answer, None);
        assert!(!recording.has(Kind::Apdu));
    }

    #[test]
    fn what_is_no_trace_says_where() {
        for wrong in ["hello", "0.1 > apdu 0", "x > apdu 00", "0.1 ? apdu 00", "0.1 > hid 1 90"] {
            let error = Recording::parse(&format!("# x\n{wrong}\n")).unwrap_err();
            assert!(matches!(error, RecordingError::Line(2)), "{wrong}: {error:?}");
        }
        assert!(matches!(Recording::parse("# x\n"), Err(RecordingError::Empty)));
    }
}
