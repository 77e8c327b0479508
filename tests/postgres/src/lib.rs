//! A PostgreSQL server for tests: Debian's own, one for each test program, a database for each
//! test.
//!
//! It listens on a socket in a directory of its own and on no port, with `fsync` on as in
//! production, and ends with the program that started it, however that ends: a supervising shell
//! waits for the end of a pipe that only this program holds open.

use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian keeps the programs of PostgreSQL 15.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// The role that databases belong to: no superuser, or row-level security would not hold.
const ROLE: &str = "cardea";

/// Starts the server, says so, waits for the end of its input, and takes everything down again.
const SUPERVISE: &str = r#"
set -e
trap : INT TERM
end() {
    "$1/pg_ctl" stop --mode immediate --silent --pgdata "$2/data" >>"$2/log" 2>&1 || true
    rm -rf "$2"
}
trap 'end "$1" "$2"' EXIT
"$1/initdb" --pgdata "$2/data" --username postgres --auth trust --encoding UTF8 \
    --locale C.UTF-8 >>"$2/log" 2>&1 || { cat "$2/log"; exit 1; }
"$1/pg_ctl" start --wait --silent --pgdata "$2/data" --log "$2/log" \
    --options "-k '$2' -c listen_addresses= -c max_connections=400" >>"$2/log" 2>&1 </dev/null ||
    { cat "$2/log"; exit 1; }
echo ready
cat >/dev/null || true
"#;

/// A running server.
#[derive(Debug)]
pub struct Server {
    directory: PathBuf,
    databases: AtomicU32,
}

/// The server of this test program; started by the first who asks.
///
/// # Panics
///
/// When Debian's PostgreSQL 15 is not there or does not start: a test that needs it must not
/// pass without it.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match Server::start() {
        Ok(server) => server,
        #[expect(clippy::panic, reason = "a test cannot go on")]
        Err(error) => panic!("PostgreSQL 15 does not start: {error}"),
    })
}

impl Server {
    /// Makes an empty database. Its URL, for the role that it belongs to.
    ///
    /// # Panics
    ///
    /// When the server does not make it.
    pub fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql(&format!("CREATE DATABASE {name} OWNER {ROLE}"));
        self.url(ROLE, &name)
    }

    /// Makes a database with all that is in another one, which nobody may have open: a schema is copied
    /// faster than it is made. Its URL.
    ///
    /// # Panics
    ///
    /// When the server does not make it.
    pub fn database_like(&self, url: &str) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let (name, template) = (format!("test_{number}"), database_of(url));
        self.sql(&format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}"));
        self.url(ROLE, &name)
    }

    /// The URL of the same database for the superuser, who sees every row.
    pub fn superuser(&self, url: &str) -> String {
        self.url("postgres", database_of(url))
    }

    fn url(&self, role: &str, database: &str) -> String {
        // The directory's path has letters, digits, `/`, `-` and `.` alone.
        let host = self.directory.display().to_string().replace('/', "%2F");
        format!("postgres://{role}@{host}/{database}")
    }

    fn start() -> io::Result<Self> {
        let directory = directory()?;
        let mut supervisor = as_postgres("sh");
        supervisor.args(["-c", SUPERVISE, "supervisor", PROGRAMS]).arg(&directory);
        supervisor.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut supervisor = supervisor.spawn()?;
        let mut said = supervisor.stdout.take().map(io::BufReader::new);
        let mut line = String::new();
        said.as_mut().map(|said| said.read_line(&mut line)).transpose()?;
        if line.trim() != "ready" {
            // What it says instead is the server's log.
            said.as_mut().map(|said| said.read_to_string(&mut line)).transpose()?;
            return Err(io::Error::other(line));
        }
        // Never closed by us: its end is the end of this program.
        std::mem::forget(supervisor.stdin.take());
        let server = Self { directory, databases: AtomicU32::new(0) };
        server.sql(&format!("CREATE ROLE {ROLE} LOGIN"));
        Ok(server)
    }

    fn sql(&self, statement: &str) {
        let mut psql = Command::new(format!("{PROGRAMS}/psql"));
        psql.args(["--no-psqlrc", "--quiet", "--username", "postgres", "--dbname", "postgres"]);
        psql.arg("--host").arg(&self.directory).args(["--command", statement]);
        let done = psql.status().is_ok_and(|status| status.success());
        assert!(done, "PostgreSQL refuses: {statement}");
    }
}

/// The name of the database that a URL is of.
fn database_of(url: &str) -> &str {
    let name = url.rsplit_once('/').map_or(url, |(_, rest)| rest);
    name.split_once('?').map_or(name, |(name, _)| name)
}

/// A new directory that belongs to the server's user.
fn directory() -> io::Result<PathBuf> {
    let output = as_postgres("mktemp").args(["-d", "/tmp/cardea-pg-XXXXXXXX"]).output()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && Path::new(&path).is_dir() {
        Ok(PathBuf::from(path))
    } else {
        Err(io::Error::other("no directory for the server"))
    }
}

/// The server refuses to run as root: then it runs as the user that Debian made for it.
fn as_postgres(program: &str) -> Command {
    let root = std::fs::metadata("/proc/self")
        .is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0);
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]);
    command.arg(program).current_dir("/");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_is_another_one_on_the_same_server() {
        let (one, other) = (server().database(), server().database());
        assert_ne!(one, other);
        assert!(one.starts_with("postgres://cardea@%2Ftmp%2Fcardea-pg-"), "{one}");
    }

    #[test]
    fn a_database_has_what_the_one_has_that_it_is_like() {
        let first = server().database();
        let table = |url: &str| {
            let mut psql = Command::new(format!("{PROGRAMS}/psql"));
            psql.args(["--no-psqlrc", "--quiet", "--dbname", url, "--command"]);
            psql.arg("CREATE TABLE here (i INTEGER)").status().unwrap().success()
        };
        assert!(table(&first));
        let second = server().database_like(&first);
        assert_ne!(first, second);
        assert!(!table(&second), "it has the table");
    }

    #[test]
    fn the_superuser_reaches_the_same_database() {
        let url = server().database();
        assert_eq!(server().superuser(&url), url.replace("//cardea@", "//postgres@"));
    }
}
