//! The Assuan protocol, as far as pinentry speaks it: one line there, answers back.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zeroize::{Zeroize as _, Zeroizing};

use super::PinentryError;

/// The longest line of the protocol, without its end.
const MAX_LINE: usize = 1000;
/// The most lines that a program may answer before its `OK`.
const MAX_LINES: usize = 64;

/// The last word about a command.
pub(super) enum Answer {
    /// Done, with the data that came, unescaped.
    Ok(Zeroizing<Vec<u8>>),
    /// Not done.
    Err(u32),
}

/// A running pinentry. It is killed when this is dropped.
pub(super) struct Session {
    /// Held for its `kill_on_drop`.
    _child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// What was read and not yet used. It may hold a PIN.
    unread: Zeroizing<Vec<u8>>,
}

impl Session {
    pub(super) async fn start(
        program: &Path,
        arguments: &[OsString],
    ) -> Result<Self, PinentryError> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().ok_or(PinentryError::Protocol)?;
        let stdout = child.stdout.take().ok_or(PinentryError::Protocol)?;
        // Room for two lines from the start: a buffer that grows leaves copies behind.
        let unread = Zeroizing::new(Vec::with_capacity(MAX_LINE * 4));
        let mut session = Self { _child: child, stdin, stdout, unread };
        match session.answer().await? {
            Answer::Ok(_) => Ok(session),
            Answer::Err(code) => Err(PinentryError::Failed(code)),
        }
    }

    /// Sends a setting. A program that does not know it is no worse for that.
    pub(super) async fn tell(&mut self, command: &str, text: &str) -> Result<(), PinentryError> {
        self.command(command, text.as_bytes()).await.map(drop)
    }

    /// Sends one line and waits for the last word about it.
    pub(super) async fn command(
        &mut self,
        command: &str,
        text: &[u8],
    ) -> Result<Answer, PinentryError> {
        let mut line = command.as_bytes().to_vec();
        if !text.is_empty() {
            line.push(b' ');
            escape(text, &mut line);
        }
        line.push(b'\n');
        self.stdin.write_all(&line).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer, PinentryError> {
        let mut data = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        for _ in 0..MAX_LINES {
            let line = self.line().await?;
            if let Some(escaped) = line.strip_prefix(b"D ") {
                if data.len().saturating_add(escaped.len()) > MAX_LINE {
                    return Err(PinentryError::Protocol);
                }
                unescape(escaped, &mut data)?;
            } else if line.as_slice() == b"OK" || line.starts_with(b"OK ") {
                return Ok(Answer::Ok(data));
            } else if let Some(rest) = line.strip_prefix(b"ERR ") {
                return error_code(rest).map(Answer::Err);
            } else if line.starts_with(b"INQUIRE") {
                return Err(PinentryError::Protocol);
            }
            // What is left is a status line (S) or a comment (#).
        }
        Err(PinentryError::Protocol)
    }

    async fn line(&mut self) -> Result<Zeroizing<Vec<u8>>, PinentryError> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line = Zeroizing::new(self.unread.get(..end).unwrap_or_default().to_vec());
                self.forget(end.saturating_add(1));
                return Ok(line);
            }
            if self.unread.len() > MAX_LINE {
                return Err(PinentryError::Protocol);
            }
            let mut chunk = Zeroizing::new([0; MAX_LINE]);
            let read = self.stdout.read(chunk.as_mut_slice()).await?;
            if read == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            self.unread.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
    }

    /// Drops the first `count` bytes of what was read, and wipes where they stood.
    fn forget(&mut self, count: usize) {
        let left = self.unread.len().saturating_sub(count);
        self.unread.copy_within(count.., 0);
        if let Some(tail) = self.unread.get_mut(left..) {
            tail.zeroize();
        }
        self.unread.truncate(left);
    }
}

/// Escapes `text` for one line; what does not fit is left out at a whole character.
fn escape(text: &[u8], line: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(text);
    for char in text.chars() {
        let mut utf8 = [0; 4];
        let piece: &[u8] = match char {
            '%' => b"%25",
            '\n' => b"%0A",
            '\r' => b"%0D",
            _ => char.encode_utf8(&mut utf8).as_bytes(),
        };
        if line.len().saturating_add(piece.len()) > MAX_LINE {
            return;
        }
        line.extend_from_slice(piece);
    }
}

/// Undoes percent-escapes.
fn unescape(escaped: &[u8], data: &mut Vec<u8>) -> Result<(), PinentryError> {
    let mut bytes = escaped.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || {
                let digit = bytes.next().and_then(|b| char::from(b).to_digit(16));
                digit.and_then(|d| u8::try_from(d).ok()).ok_or(PinentryError::Protocol)
            };
            let (high, low) = (digit()?, digit()?);
            data.push(high << 4 | low);
        } else {
            data.push(byte);
        }
    }
    Ok(())
}

fn error_code(rest: &[u8]) -> Result<u32, PinentryError> {
    let digits = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
    let text = std::str::from_utf8(digits).map_err(|_| PinentryError::Protocol)?;
    text.parse().map_err(|_| PinentryError::Protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_travels_in_one_and_is_cut_at_a_whole_character() {
        let mut line = b"SETDESC ".to_vec();
        escape("100 % sure\nä".as_bytes(), &mut line);
        assert_eq!(line, "SETDESC 100 %25 sure%0Aä".as_bytes());
        let mut line = Vec::new();
        escape("ä".repeat(600).as_bytes(), &mut line);
        assert_eq!(line.len(), 1000);
        let mut line = vec![b'x'];
        escape("ä".repeat(600).as_bytes(), &mut line);
        assert_eq!(line.len(), 999, "half a character would be no text any more");
    }

    #[test]
    fn a_pin_arrives_as_it_was_typed() {
        for (escaped, expected) in
            [("1234", Some("1234")), ("%31%25%0a", Some("1%\n")), ("%3", None), ("%zz", None)]
        {
            let mut data = Vec::new();
            let result = unescape(escaped.as_bytes(), &mut data);
            let text = result.ok().map(|()| String::from_utf8(data).unwrap());
            assert_eq!(text.as_deref(), expected, "{escaped}");
        }
    }
}
