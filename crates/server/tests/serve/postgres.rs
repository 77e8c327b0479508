//! On PostgreSQL.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use crate::{Server, cardea, connect, free_port, get, init};

#[test]
fn the_program_serves_from_postgresql_and_writes_no_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("cardea.toml"), folder.path().join("data"));
    let port = free_port();
    assert!(init(&config, &format!("http://localhost:{port}"), port).status.success());
    let database = test_postgres::server().database();

    let server = Server::start(&config, &[("CARDEA_DATABASE", &database)]);
    assert!(get(connect(port), port, "/health/ready").starts_with("HTTP/1.1 200"));
    let login = get(connect(port), port, "/realms/operators/login");
    assert!(login.starts_with("HTTP/1.1 200"), "{login}");
    assert!(login.contains("<h1>Sign in to Cardea operators</h1>"), "{login}");
    drop(server);
    let files: Vec<_> =
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["master.key"]);

    // The second start finds everything, with the same key; and another key opens nothing.
    drop(Server::start(&config, &[("CARDEA_DATABASE", &database)]));
    std::fs::rename(data.join("master.key"), data.join("old.key")).unwrap();
    let other = folder.path().join("other.toml");
    assert!(init(&other, &format!("http://localhost:{port}"), port).status.success());
    let mut serve = cardea(&other);
    let refused = serve.arg("serve").env("CARDEA_DATABASE", &database).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("master key is not the one that this database was made with"), "{said}");
}

#[test]
fn a_server_that_stops_ends_the_streams_of_waiting_pages() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let port = free_port();
    assert!(init(&config, &format!("http://localhost:{port}"), port).status.success());
    let database = test_postgres::server().database();
    let mut server = Server::start(&config, &[("CARDEA_DATABASE", &database)]);
    let cookie = waiting_login(&config, &database, port);

    let mut stream = connect(port);
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
    let mut stream = connect(port);
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
