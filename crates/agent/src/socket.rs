//! The user's own socket, on which `cardea-agent pair`, `open` and `status` reach the daemon. One line
//! of JSON there, lines of JSON back.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_protocol::{EnrolAnswer, EnrolmentCode, Link, limits};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::agent::Inner;
use crate::causes::Causes;
use crate::pairing::Pairing;
use crate::server_address::ServerAddress;
use crate::status::{EnrolmentInfo, Status};

mod daemon;
mod given;

pub use daemon::Daemon;
pub use given::given_socket;

/// Where the daemon is reached.
#[derive(Debug)]
pub enum Socket {
    /// At a socket that it makes there, in a folder of the user alone.
    At(PathBuf),
    /// At one that a service manager has made, see [`given_socket`]; its folder is as private.
    Given(std::os::unix::net::UnixListener),
}

/// What a command asks of the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Ask {
    /// Enrol this computer.
    Pair {
        /// Where, as the person typed it or has it in a file.
        server: ServerAddress,
        /// The code that the page shows.
        code: EnrolmentCode,
        /// Whether one more browser is meant, where one is paired.
        #[serde(default)]
        again: bool,
    },
    /// Work on the ticket of a link.
    Open {
        /// The link, which is nothing but a ticket.
        link: Link,
    },
    /// Say what there is; and try the channels that are not open.
    Status,
}

/// An enrolment that waits for its browser.
#[derive(Debug, Serialize, Deserialize)]
pub struct Offer {
    /// What the server says.
    pub answer: EnrolAnswer,
    /// Where the browser that shows the code confirms.
    pub address: String,
}

/// What the daemon answers. A pairing has two answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// What the person must see; their browser is waited for.
    Offer(Box<Offer>),
    /// The page has confirmed.
    Paired(EnrolmentInfo),
    /// A link's ticket has come to its end; the address that the person's browser must open for the
    /// card's answer to count, where it must.
    Opened(Option<String>),
    /// What there is.
    Status(Status),
    /// It did not work, in words.
    Error(String),
}

impl Socket {
    /// Where it is, for people.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            Self::Given(socket) => path_of(socket).unwrap_or_default(),
        }
    }

    /// Listens on it.
    pub(crate) fn listen(self) -> io::Result<UnixListener> {
        match self {
            Self::At(path) => listen(&path),
            Self::Given(socket) => listen_on(socket),
        }
    }
}

/// Opens the socket, in a folder of the user alone.
fn listen(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        refuse_open(folder)?;
    }
    // An agent with a state of its own may be there. Only a socket to which nobody listens is a
    // leftover; whatever else has the name is left alone, and the bind fails.
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            if std::fs::symlink_metadata(path)?.file_type().is_socket() {
                std::fs::remove_file(path)?;
            }
        }
        Err(_) => {}
    }
    UnixListener::bind(path)
}

/// Listens on a socket that is there. Its file belongs to who made it, and stays.
fn listen_on(socket: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
    let path = path_of(&socket)
        .ok_or_else(|| io::Error::other("the socket that is handed over has no path"))?;
    refuse_open(path.parent().unwrap_or(Path::new("/")))?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(socket)
}

fn path_of(socket: &std::os::unix::net::UnixListener) -> Option<PathBuf> {
    socket.local_addr().ok()?.as_pathname().map(Path::to_owned)
}

/// Refuses a folder that is not of this user alone.
fn refuse_open(folder: &Path) -> io::Result<()> {
    let metadata = std::fs::metadata(folder)?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    // The last six bits are those of the group and of the others.
    if is_own && metadata.mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    Err(io::Error::other(
        "its folder is open to other users, or belongs to one; it must be yours, mode 0700",
    ))
}

/// Serves the socket until the task is ended.
pub(crate) async fn serve(listener: UnixListener, inner: Arc<Inner>) {
    let own = rustix::process::geteuid().as_raw();
    let mut callers = JoinSet::new();
    loop {
        while callers.try_join_next().is_some() {}
        match accept(&listener, own).await {
            Ok(stream) => callers.spawn(converse(stream, Arc::clone(&inner))),
            Err(error) => return tracing::error!(%error, "the socket is closed"),
        };
    }
}

/// Waits for a process of the user `own` (`SO_PEERCRED`); those of others are turned away.
async fn accept(listener: &UnixListener, own: u32) -> io::Result<UnixStream> {
    loop {
        let (stream, _) = listener.accept().await?;
        if stream.peer_cred().is_ok_and(|peer| peer.uid() == own) {
            return Ok(stream);
        }
        tracing::warn!("another user's process was turned away");
    }
}

async fn converse(mut stream: UnixStream, inner: Arc<Inner>) {
    let reply = match ask(&mut stream).await {
        Ok(Ask::Status) => {
            inner.reconnect();
            Reply::Status(inner.status())
        }
        Ok(Ask::Open { link }) => return open(&mut stream, &inner, &link).await,
        Ok(Ask::Pair { server, code, again }) => {
            pair(&mut stream, inner, &server, &code, again).await
        }
        Err(error) => Reply::Error(error.to_string()),
    };
    // A caller that has left gets no answer.
    let _ = say(&mut stream, &reply).await;
}

async fn open(stream: &mut UnixStream, inner: &Inner, link: &Link) {
    let address = inner.open(link).await;
    // The caller stands in the surroundings of the browser that called it, and opens it best; if it
    // has left, we do.
    let said = say(stream, &Reply::Opened(address.clone())).await;
    if let (Err(_), Some(address)) = (said, address) {
        inner.browse(&address);
    }
}

async fn pair(
    stream: &mut UnixStream,
    inner: Arc<Inner>,
    server: &ServerAddress,
    code: &EnrolmentCode,
    again: bool,
) -> Reply {
    let result = async {
        let pairing = Pairing::begin(inner, server, code, again).await?;
        let (answer, address) = (pairing.offer().clone(), pairing.address().to_owned());
        let offer = Reply::Offer(Box::new(Offer { answer, address }));
        if say(stream, &offer).await.is_err() {
            // Nobody sees whose login it is, so nobody is to confirm it.
            return Err(crate::PairError::Refused);
        }
        tokio::select! {
            confirmed = pairing.confirmed() => confirmed,
            _ = stream.read_u8() => Err(crate::PairError::Refused),
        }
    };
    match result.await {
        Ok(info) => Reply::Paired(info),
        Err(error) => Reply::Error(format!("{}. {}", Causes(&error), error.what_now())),
    }
}

async fn ask(stream: &mut UnixStream) -> io::Result<Ask> {
    let limit = u64::try_from(limits::MAX_CHANNEL_MESSAGE).unwrap_or(u64::MAX);
    let mut line = String::new();
    BufReader::new(stream.take(limit)).read_line(&mut line).await?;
    Ok(serde_json::from_str(&line)?)
}

async fn say(stream: &mut UnixStream, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::scratch;

    #[tokio::test]
    async fn a_process_of_another_user_is_turned_away() {
        let folder = scratch("socket");
        let path = folder.join("agent.sock");
        let listener = Socket::At(path.clone()).listen().unwrap();
        let own = rustix::process::geteuid().as_raw();

        let mut client = UnixStream::connect(&path).await.unwrap();
        let client_of_another = async { client.read_u8().await.unwrap_err().kind() };
        tokio::select! {
            _ = accept(&listener, own.wrapping_add(1)) => panic!("it was let in"),
            error = client_of_another => assert_eq!(error, io::ErrorKind::UnexpectedEof),
        }
        let _client = UnixStream::connect(&path).await.unwrap();
        assert!(accept(&listener, own).await.is_ok());
    }

    #[tokio::test]
    async fn only_a_socket_to_which_nobody_listens_is_a_leftover() {
        let folder = scratch("leftover");
        std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let path = folder.join("agent.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        drop(listen(&path).unwrap());
        let [file, link] = ["file", "link"].map(|name| folder.join(name));
        std::fs::write(&file, "precious").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for other in [&file, &link] {
            assert_eq!(listen(other).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        assert!(link.is_symlink() && path.exists());
    }

    fn given(path: &Path) -> Socket {
        Socket::Given(std::os::unix::net::UnixListener::bind(path).unwrap())
    }

    #[tokio::test]
    async fn a_socket_that_is_given_is_used_and_stays() {
        let folder = scratch("given-socket");
        std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let path = folder.join("agent.sock");
        let socket = given(&path);
        assert_eq!(socket.path(), path);
        // Whoever calls before the agent listens is not lost: that is what a given socket is for.
        let early = UnixStream::connect(&path).await.unwrap();
        let listener = socket.listen().unwrap();
        let own = rustix::process::geteuid().as_raw();
        assert!(accept(&listener, own).await.is_ok());
        drop((early, listener));
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_socket_in_a_folder_of_others_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = scratch("given-open");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o750)).unwrap();
        let path = folder.join("agent.sock");
        let error = given(&path).listen().unwrap_err().to_string();
        assert!(error.contains("open to other users"), "{error}");
        assert!(Socket::At(path).listen().is_err());
        // Only root can give a folder away.
        let folder = scratch("given-other");
        std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        if std::os::unix::fs::chown(&folder, Some(1), None).is_ok() {
            assert!(given(&folder.join("agent.sock")).listen().is_err());
        }
    }
}
