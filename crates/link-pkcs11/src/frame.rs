//! What goes over the pipes: the length in four bytes, most significant first, then so many bytes.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

/// The longest question, in bytes: a certificate is a third larger as base64url, and a message to
/// be signed has 69 bytes.
pub(crate) const MAX_QUESTION: usize = 32 * 1024;
/// The longest answer, in bytes: all certificates of a card.
pub(crate) const MAX_ANSWER: usize = 512 * 1024;
/// The bytes of the length.
pub(crate) const HEAD: usize = 4;

/// The length before a frame.
pub(crate) fn head(frame: &[u8]) -> io::Result<[u8; HEAD]> {
    let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(length.to_be_bytes())
}

/// A frame is longer than the other end may send.
#[derive(Debug, thiserror::Error)]
#[error("a frame is too long")]
pub(crate) struct TooLong;

impl From<TooLong> for io::Error {
    fn from(error: TooLong) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Reads a frame of at most `most` bytes, by what fills a buffer or says why not.
pub(crate) fn read_by<E: From<TooLong>>(
    most: usize,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Zeroizing<Vec<u8>>, E> {
    let mut head = [0; HEAD];
    fill(&mut head)?;
    let length = usize::try_from(u32::from_be_bytes(head)).ok().filter(|length| *length <= most);
    let mut frame = Zeroizing::new(vec![0; length.ok_or(TooLong)?]);
    fill(&mut frame)?;
    Ok(frame)
}

/// Reads a frame of at most `most` bytes.
pub(crate) fn read(from: &mut impl Read, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    read_by(most, |buffer| from.read_exact(buffer))
}

/// Writes a frame.
pub(crate) fn write(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    to.write_all(&head(frame)?)?;
    to.write_all(frame)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_says_too_much_is_not_read() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"abc").unwrap();
        assert_eq!(pipe, b"\0\0\0\x03abc");
        assert_eq!(**read(&mut &pipe[..], 3).unwrap(), *b"abc");
        assert_eq!(read(&mut &pipe[..], 2).unwrap_err().kind(), io::ErrorKind::InvalidData);
        pipe.pop();
        assert_eq!(read(&mut &pipe[..], 3).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
