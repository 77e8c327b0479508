//! A pinentry that answers by script: the dialog program of tests and demonstrations.
//!
//! Speaks the Assuan protocol over its standard streams, as pinentry does.
//! Source: <https://www.gnupg.org/documentation/manuals/assuan/>, and pinentry's own manual.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};

/// `GPG_ERR_CANCELED` from the source "pinentry": the person pressed Cancel.
const CANCELED: &str = "ERR 83886179 canceled";

/// `GPG_ERR_NOT_CONFIRMED` from the same: the person pressed No.
const NOT_CONFIRMED: &str = "ERR 83886194 not confirmed";

/// `GPG_ERR_ASS_UNKNOWN_CMD`.
const UNKNOWN: &str = "ERR 83886355 unknown command";

/// What the person does at one dialog.
#[derive(Clone, PartialEq, Eq)]
pub enum Act {
    /// Types this PIN, or presses OK where there is none to type.
    Pin(String),
    /// Presses OK.
    Confirm,
    /// Presses No.
    Refuse,
    /// Presses Cancel.
    Cancel,
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pin(_) => "Pin",
            Self::Confirm => "Confirm",
            Self::Refuse => "Refuse",
            Self::Cancel => "Cancel",
        })
    }
}

/// Acts in turn; the last one is repeated for ever.
#[derive(Clone, Debug)]
pub struct Script {
    acts: VecDeque<Act>,
}

/// A line of a script that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("line {0} is none of: pin PIN, confirm, refuse, cancel")]
pub struct ScriptError(usize);

impl Script {
    /// One act, for ever.
    pub fn always(act: Act) -> Self {
        Self { acts: VecDeque::from([act]) }
    }

    /// Reads a script: a line for each dialog, `pin PIN`, `confirm`, `refuse` or `cancel`. Empty
    /// lines and lines that begin with `#` count for nothing; an empty script cancels.
    ///
    /// # Errors
    ///
    /// The first line that is none of these.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut acts = VecDeque::new();
        for (number, line) in text.lines().enumerate() {
            let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            acts.push_back(match verb {
                "" => continue,
                comment if comment.starts_with('#') => continue,
                "pin" if !rest.is_empty() => Act::Pin(rest.trim().to_owned()),
                "confirm" => Act::Confirm,
                "refuse" => Act::Refuse,
                "cancel" => Act::Cancel,
                _ => return Err(ScriptError(number.saturating_add(1))),
            });
        }
        if acts.is_empty() {
            acts.push_back(Act::Cancel);
        }
        Ok(Self { acts })
    }

    /// Leaves out what was done in earlier runs: each dialog may be a program of its own.
    #[must_use]
    pub fn skip(mut self, dialogs: usize) -> Self {
        for _ in 0..dialogs {
            self.next();
        }
        self
    }

    fn next(&mut self) -> Act {
        let act = self.acts.front().cloned().unwrap_or(Act::Cancel);
        if self.acts.len() > 1 {
            self.acts.pop_front();
        }
        act
    }
}

/// Runs a pinentry until its client says BYE or hangs up. `transcript` gets what a person would
/// have seen, and what they did; never a PIN.
///
/// `shown` hears the number of each dialog before it is answered: whoever has the answer may end this
/// program at once.
///
/// # Errors
///
/// When reading or writing fails, or `shown` does; nothing is answered then.
pub fn run(
    requests: impl BufRead,
    mut answers: impl Write,
    mut transcript: impl Write,
    mut script: Script,
    mut shown: impl FnMut(usize) -> io::Result<()>,
) -> io::Result<()> {
    let mut dialogs: usize = 0;
    writeln!(answers, "OK Pleased to meet you")?;
    answers.flush()?;
    for line in requests.lines() {
        let line = line?;
        let (verb, text) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "SETDESC" | "SETPROMPT" | "SETTITLE" | "SETERROR" | "SETOK" | "SETCANCEL"
            | "SETNOTOK" | "SETREPEAT" => {
                writeln!(transcript, "{verb} {}", unescape(text))?;
                writeln!(answers, "OK")?;
            }
            "OPTION" | "SETTIMEOUT" | "SETKEYINFO" | "SETREPEATERROR" | "SETREPEATOK"
            | "SETQUALITYBAR" | "SETQUALITYBAR_TT" | "SETGENPIN" | "SETGENPIN_TT" | "NOP"
            | "RESET" => writeln!(answers, "OK")?,
            "GETINFO" => writeln!(answers, "{}", getinfo(text))?,
            "GETPIN" | "CONFIRM" | "MESSAGE" => {
                dialogs = dialogs.saturating_add(1);
                let act = script.next();
                writeln!(transcript, "{verb} -> {act:?}")?;
                transcript.flush()?;
                shown(dialogs)?;
                answer(&mut answers, verb, &act)?;
            }
            "BYE" => {
                writeln!(answers, "OK closing connection")?;
                answers.flush()?;
                break;
            }
            comment if comment.starts_with('#') || comment.is_empty() => continue,
            _ => writeln!(answers, "{UNKNOWN}")?,
        }
        answers.flush()?;
    }
    transcript.flush()
}

fn answer(answers: &mut impl Write, verb: &str, act: &Act) -> io::Result<()> {
    match (verb.to_ascii_uppercase().as_str(), act) {
        // A dialog for a PIN has no No: closing it is all that a person can do.
        (_, Act::Cancel) | ("GETPIN", Act::Refuse) => writeln!(answers, "{CANCELED}"),
        ("GETPIN", Act::Pin(pin)) => {
            writeln!(answers, "D {}", escape(pin))?;
            writeln!(answers, "OK")
        }
        (_, Act::Refuse) => writeln!(answers, "{NOT_CONFIRMED}"),
        (_, Act::Pin(_) | Act::Confirm) => writeln!(answers, "OK"),
    }
}

fn getinfo(what: &str) -> String {
    match what {
        "pid" => format!("D {}\nOK", std::process::id()),
        "version" => concat!("D ", env!("CARGO_PKG_VERSION"), "\nOK").into(),
        "flavor" => "D cardea-sim\nOK".into(),
        _ => "ERR 83886360 parameter error".into(),
    }
}

/// Assuan's escape: a percent sign and two digits, for what would break a line.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let (Some((high, low)), Some(after)) = (code, tail.get(2..)) {
            bytes.push(high.wrapping_shl(4) | low);
            rest = after;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    // One line of the transcript is one request.
    String::from_utf8_lossy(&bytes).replace('\n', "\n  ")
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converse(script: Script, requests: &str) -> (String, String, usize) {
        let (mut answers, mut transcript) = (Vec::new(), Vec::new());
        let mut dialogs = 0;
        let shown = |number| {
            dialogs = number;
            Ok(())
        };
        run(requests.as_bytes(), &mut answers, &mut transcript, script, shown).unwrap();
        (String::from_utf8(answers).unwrap(), String::from_utf8(transcript).unwrap(), dialogs)
    }

    #[test]
    fn types_the_pin_and_writes_down_what_it_was_shown() {
        let script = Script::always(Act::Pin("27%18".into()));
        let (answers, transcript, dialogs) = converse(
            script,
            "OPTION lc-ctype=C.UTF-8\nSETTITLE Cardea\nSETDESC Sign in to Acme%0Aas 100%25 Ada\n\
             SETPROMPT PIN\nSETTIMEOUT 60\nGETPIN\nBYE\nGETPIN\n",
        );
        assert_eq!(
            answers,
            "OK Pleased to meet you\nOK\nOK\nOK\nOK\nOK\nD 27%2518\nOK\nOK closing connection\n"
        );
        assert_eq!(
            transcript,
            "SETTITLE Cardea\nSETDESC Sign in to Acme\n  as 100% Ada\nSETPROMPT PIN\n\
             GETPIN -> Pin\n"
        );
        assert_eq!(dialogs, 1);
    }

    #[test]
    fn cancel_and_refuse_are_the_errors_of_pinentry() {
        let script = Script::parse("# first a PIN\npin 1234\n\nrefuse\ncancel\n").unwrap();
        let (answers, transcript, dialogs) =
            converse(script, "GETPIN\nCONFIRM\nCONFIRM\nGETPIN\nFOO\n");
        assert_eq!(
            answers,
            "OK Pleased to meet you\nD 1234\nOK\nERR 83886194 not confirmed\n\
             ERR 83886179 canceled\nERR 83886179 canceled\nERR 83886355 unknown command\n"
        );
        assert!(!transcript.contains("1234"));
        assert_eq!(dialogs, 4);
    }

    #[test]
    fn a_script_goes_on_where_an_earlier_run_stopped() {
        let script = Script::parse("pin 1111\npin 2222").unwrap().skip(1);
        let (answers, ..) = converse(script, "GETPIN\n");
        assert!(answers.contains("D 2222"));
    }

    #[test]
    fn a_script_that_makes_no_sense_is_refused_by_line() {
        let error = Script::parse("confirm\npin\n").unwrap_err();
        assert!(error.to_string().starts_with("line 2 "), "{error}");
    }
}
