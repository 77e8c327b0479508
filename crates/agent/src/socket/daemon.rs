use std::io;
use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::{Ask, Reply};

/// The daemon, as a command reaches it.
pub struct Daemon(BufReader<UnixStream>);

impl Daemon {
    /// Connects to the socket and asks.
    ///
    /// # Errors
    ///
    /// When no daemon listens there.
    pub async fn ask(path: &Path, ask: &Ask) -> io::Result<Self> {
        let mut stream = UnixStream::connect(path).await?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    ///
    /// When the daemon went away.
    pub async fn reply(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}
