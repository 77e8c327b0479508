//! Flash memory for littlefs: bytes in memory, written through to a file if there is one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use littlefs2::driver::Storage;
use littlefs2::fs::Filesystem;
use littlefs2::io::{Error, Result};

const BLOCK: usize = 512;

/// The firmware's own memory, 256 KiB: room for PIN, counters and some fifty credentials.
pub(crate) type Flash = Image<512>;

/// Memory that is empty after each power-up, 64 KiB.
pub(crate) type Ram = Image<128>;

/// `BLOCKS` blocks of 512 bytes.
pub(crate) struct Image<const BLOCKS: usize> {
    bytes: Vec<u8>,
    file: Option<File>,
}

impl<const BLOCKS: usize> Image<BLOCKS> {
    const LEN: usize = BLOCK.saturating_mul(BLOCKS);

    /// Empty, formatted memory.
    pub(crate) fn formatted() -> io::Result<Self> {
        let mut image = Self { bytes: vec![0xFF; Self::LEN], file: None };
        image.format()?;
        Ok(image)
    }

    /// Opens the image in a file, or formats a new one. True if it is new.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, bool)> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            file.write_all_at(&vec![0xFF; Self::LEN], 0)?;
            let mut image = Self { bytes: vec![0xFF; Self::LEN], file: Some(file) };
            image.format()?;
            return Ok((image, true));
        }
        let mut image = Self { bytes, file: Some(file) };
        if image.bytes.len() != Self::LEN || !Filesystem::is_mountable(&mut image) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is not the memory of a simulated authenticator", path.display()),
            ));
        }
        Ok((image, false))
    }

    fn format(&mut self) -> io::Result<()> {
        Filesystem::format(self)
            .map_err(|error| io::Error::other(format!("cannot format the memory: {error:?}")))
    }

    fn put(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        let end = offset.checked_add(data.len()).ok_or(Error::NO_SPACE)?;
        self.bytes.get_mut(offset..end).ok_or(Error::NO_SPACE)?.copy_from_slice(data);
        if let Some(file) = &self.file {
            let offset = u64::try_from(offset).map_err(|_| Error::NO_SPACE)?;
            file.write_all_at(data, offset).map_err(|_| Error::IO)?;
        }
        Ok(data.len())
    }
}

impl<const BLOCKS: usize> Storage for Image<BLOCKS> {
    const READ_SIZE: usize = 16;
    const WRITE_SIZE: usize = 16;
    const BLOCK_SIZE: usize = BLOCK;
    const BLOCK_COUNT: usize = BLOCKS;
    type CACHE_SIZE = littlefs2::consts::U512;
    type LOOKAHEAD_SIZE = littlefs2::consts::U8;

    fn read(&mut self, offset: usize, buffer: &mut [u8]) -> Result<usize> {
        let end = offset.checked_add(buffer.len()).ok_or(Error::IO)?;
        buffer.copy_from_slice(self.bytes.get(offset..end).ok_or(Error::IO)?);
        Ok(buffer.len())
    }

    fn write(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        self.put(offset, data)
    }

    fn erase(&mut self, offset: usize, len: usize) -> Result<usize> {
        self.put(offset, &vec![0xFF; len])
    }
}
