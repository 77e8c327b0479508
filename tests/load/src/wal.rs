//! Commits, counted in SQLite's write-ahead log (<https://www.sqlite.org/fileformat2.html#walformat>).

use std::fs;
use std::path::Path;

/// Bytes of the log's header, and of a frame's.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The commits of one generation of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commits {
    /// The generation: both salts. Counts of two generations are not to be compared.
    pub(crate) generation: u64,
    /// Frames that end a transaction.
    pub(crate) count: u32,
}

/// Counts the commits in the log of `database`; none when there is no log.
pub(crate) fn commits(database: &Path) -> Option<Commits> {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    count(&fs::read(path).ok()?)
}

fn count(log: &[u8]) -> Option<Commits> {
    let generation = number(log, 16).map(u64::from)? << 32 | u64::from(number(log, 20)?);
    let page = usize::try_from(number(log, 8)?).ok()?;
    let frames = log.get(HEADER..)?.chunks_exact(page.checked_add(FRAME_HEADER)?);
    // Frames of an older generation may stand behind the last one of this.
    let own = frames.take_while(|frame| frame.get(8..16) == log.get(16..24));
    let ends = own.filter(|frame| number(frame, 4).is_some_and(|size| size > 0));
    Some(Commits { generation, count: u32::try_from(ends.count()).ok()? })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(frames: &[(u32, u32)]) -> Vec<u8> {
        let word = |number: u32| number.to_be_bytes();
        let mut log = [word(0x377f_0682), word(3_007_000), word(512), word(0)].concat();
        log.extend([word(7), word(9), word(0), word(0)].concat());
        for (size, salt) in frames {
            log.extend([word(1), word(*size), word(7), word(*salt), word(0), word(0)].concat());
            log.extend([0; 512]);
        }
        log
    }

    #[test]
    fn a_commit_is_a_frame_that_says_how_large_the_database_is() {
        let generation = 7 << 32 | 9;
        let commits = count(&log(&[(0, 9), (4, 9), (4, 9), (0, 9)]));
        assert_eq!(commits, Some(Commits { generation, count: 2 }));
    }

    #[test]
    fn frames_that_an_older_generation_left_do_not_count() {
        assert_eq!(count(&log(&[(4, 9), (4, 8), (4, 9)])).map(|commits| commits.count), Some(1));
        assert_eq!(count(&[]), None);
    }
}
