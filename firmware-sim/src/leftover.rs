//! Sockets of programs that have ended.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Removes a socket to which nobody listens: who calls it was refused there. A connection to a file
/// is refused as well; what is no socket stays.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(path)?.file_type().is_socket() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}
