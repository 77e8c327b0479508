//! The program itself, on PostgreSQL.
#![expect(clippy::panic, clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CARDEA: &str = env!("CARGO_BIN_EXE_cardea");

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

impl Server {
    /// `cardea serve`; returns when it listens.
    fn start(config: &Path, database: &str) -> Self {
        let mut command = cardea(config);
        command.arg("serve").env("CARDEA_DATABASE", database).stderr(Stdio::piped());
        let mut server = Self(command.spawn().unwrap());
        let said = BufReader::new(server.0.stderr.take().unwrap());
        let mut lines = said.lines().map(Result::unwrap);
        let before: Vec<String> =
            lines.by_ref().take_while(|line| !line.contains("cardea serves")).collect();
        assert!(server.0.try_wait().unwrap().is_none(), "it ended: {}", before.join("\n"));
        // What it says later must go somewhere, or it waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }
}

fn cardea(config: &Path) -> Command {
    let mut command = Command::new(CARDEA);
    command.arg("--config").arg(config).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARDEA_")) {
        command.env_remove(name);
    }
    command
}

/// Head and body of the answer.
fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let host = format!("localhost:{port}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_program_serves_from_postgresql_and_writes_no_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("cardea.toml"), folder.path().join("data"));
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut init = cardea(&config);
    init.args(["init", "--url", &format!("http://localhost:{port}")]);
    init.args(["--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(&data);
    assert!(init.output().unwrap().status.success());
    let database = test_postgres::server().database();

    let server = Server::start(&config, &database);
    assert!(get(port, "/health/ready").starts_with("HTTP/1.1 200"));
    let login = get(port, "/realms/operators/login");
    assert!(login.starts_with("HTTP/1.1 200"), "{login}");
    assert!(login.contains("<h1>Sign in to Cardea operators</h1>"), "{login}");
    drop(server);
    let files: Vec<_> =
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["master.key"]);

    // The second start finds everything, with the same key; and another key opens nothing.
    drop(Server::start(&config, &database));
    std::fs::rename(data.join("master.key"), data.join("old.key")).unwrap();
    let other = folder.path().join("other.toml");
    let mut init = cardea(&other);
    init.args(["init", "--url", &format!("http://localhost:{port}"), "--data"]).arg(&data);
    assert!(init.output().unwrap().status.success());
    let mut serve = cardea(&other);
    let refused = serve.arg("serve").env("CARDEA_DATABASE", &database).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("master key is not the one that this database was made with"), "{said}");
}

#[test]
fn a_server_that_stops_ends_the_streams_of_waiting_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("cardea.toml"), folder.path().join("data"));
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let origin = format!("http://localhost:{port}");
    let mut init = cardea(&config);
    init.args(["init", "--url", &origin, "--listen", &format!("127.0.0.1:{port}"), "--data"]);
    assert!(init.arg(&data).output().unwrap().status.success());
    let database = test_postgres::server().database();
    let mut server = Server::start(&config, &database);
    let cookie = waiting_login(&config, &database, port);

    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let path = "/realms/operators/login/card/events";
    let head = format!("Host: localhost:{port}\r\nCookie: {cookie}");
    write!(stream, "GET {path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut kill = Command::new("kill");
    assert!(kill.args(["-TERM", &server.0.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    // The last chunk: it was ended, not cut off when the time for that was over.
    assert!(rest.ends_with("\r\n0\r\n\r\n"), "{rest}");
    assert!(server.0.wait().unwrap().success());
}

/// The cookie of a browser that has taken an invitation, and waits at the card step.
fn waiting_login(config: &Path, database: &str, port: u16) -> String {
    let mut invite = cardea(config);
    invite.args(["admin", "invite"]).env("CARDEA_DATABASE", database);
    let said = String::from_utf8(invite.output().unwrap().stdout).unwrap();
    let token = said.split_once('#').unwrap().1.split_whitespace().next().unwrap();
    let body = format!("token={token}&name=Olivia");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let origin = format!("localhost:{port}\r\nOrigin: http://localhost:{port}");
    let kind = "application/x-www-form-urlencoded\r\nConnection: close";
    let length = body.len();
    write!(
        stream,
        "POST /admin/invite HTTP/1.1\r\nHost: {origin}\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let set = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    set.and_then(|set| set.split(';').next()).unwrap_or_else(|| panic!("{answer}")).to_owned()
}
