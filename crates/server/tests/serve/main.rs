//! The program itself.
#![expect(clippy::panic, clippy::unwrap_used, reason = "what goes wrong here is a red test")]

mod init;
mod postgres;
mod tls;

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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
    fn start(config: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = cardea(config);
        command.arg("serve").envs(environment.iter().copied()).stderr(Stdio::piped());
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

/// `cardea init` for this port, with the data beside the configuration.
fn init(config: &Path, url: &str, port: u16) -> Output {
    let data = config.with_file_name("data");
    let mut init = cardea(config);
    init.args(["init", "--url", url, "--listen", &format!("127.0.0.1:{port}"), "--data"]);
    init.arg(data).output().unwrap()
}

/// A port that is free a moment ago: the program takes none that it chooses itself.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Head and body of the answer.
fn get(mut stream: impl Read + Write, port: u16, path: &str) -> String {
    let host = format!("localhost:{port}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn connect(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()
}
