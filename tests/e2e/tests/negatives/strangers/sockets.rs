//! Connections that say nothing, or say it slowly.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use agent_protocol::paths;
use e2e::World;
use server::Bounds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Five times the deadline of these tests, for a busy machine, and half of the usual one.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request with an answer.
const WHOLE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn hasty() -> World {
    World::limited(Bounds { request_seconds: 1, ..Bounds::default() }).await
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.config.listen).await.unwrap()
}

/// All that comes until the server closes; a reset is an end too.
async fn rest(name: &str, socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = timeout(PATIENCE, socket.read_to_end(&mut bytes)).await;
    assert!(end.is_ok(), "{name}: still open");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer without end of the connection.
async fn answer(name: &str, socket: &mut TcpStream) -> String {
    let mut bytes = vec![0; 64 * 1024];
    let read = timeout(PATIENCE, socket.read(&mut bytes)).await;
    let length = read.unwrap_or_else(|_| panic!("{name}: no answer")).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let world = hasty().await;
    for (name, sent) in [
        ("silence", ""),
        ("part of a line", "GET /health/li"),
        ("part of a head", "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
        ("half of an HTTP/2 preface", "PRI * HTTP/2.0\r\n"),
    ] {
        let mut socket = connect(&world).await;
        socket.write_all(sent.as_bytes()).await.unwrap();
        assert!(!rest(name, &mut socket).await.contains("200 OK"), "{name}");
    }
}

#[tokio::test]
async fn the_second_head_of_a_connection_has_a_deadline_too() {
    let world = hasty().await;
    for (name, sent) in [("silence", ""), ("part of a head", "GET /health/live HTTP/1.1\r\nX: ")] {
        let mut socket = connect(&world).await;
        socket.write_all(WHOLE.as_bytes()).await.unwrap();
        assert!(answer(name, &mut socket).await.starts_with("HTTP/1.1 200"), "{name}");
        socket.write_all(sent.as_bytes()).await.unwrap();
        assert!(!rest(name, &mut socket).await.contains("200 OK"), "{name}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let world = hasty().await;
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (path, kind) in [
        ("/realms/acme/login/use-card/options", json),
        ("/realms/acme/broker/azure/login", form),
        ("/admin/invite", form),
        (paths::ENROL, json),
        (paths::ENROL_WAIT, json),
        (paths::CLAIM, json),
        (paths::RESULT, json),
    ] {
        let mut socket = connect(&world).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {}\r\nContent-Type: {kind}\r\n\
             Content-Length: 100\r\n\r\n{{",
            world.origin
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let answer = answer(path, &mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
}

/// The door of this world where a second of silence ends a connection, and heads have ten.
fn impatient(world: &World) -> (SocketAddr, AbortOnDrop) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let app = world.app.clone();
    let serving = tokio::spawn(async move {
        server::serve_within(&app, listener, Duration::from_secs(1)).await.unwrap();
    });
    (address, AbortOnDrop(serving))
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[tokio::test]
async fn a_connection_that_is_silent_after_a_request_ends() {
    let world = World::start().await;
    let (address, _serving) = impatient(&world);
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(WHOLE.as_bytes()).await.unwrap();
    assert!(answer("a request", &mut socket).await.starts_with("HTTP/1.1 200"));
    assert_eq!(rest("silence", &mut socket).await, "");
}

#[tokio::test]
async fn a_connection_that_never_reads_its_answers_ends() {
    let world = World::start().await;
    let (address, _serving) = impatient(&world);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(address).await.unwrap();
    let many = WHOLE.repeat(1000);
    // What is not taken in any more: the server waits for us, who never read.
    let end = async { while socket.write_all(many.as_bytes()).await.is_ok() {} };
    // Much is on its way before that, and less than in the usual silence.
    timeout(Duration::from_secs(30), end).await.expect("the server has let go");
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    // An empty SETTINGS frame: with that an HTTP/2 connection would be open.
    const SETTINGS: &str = "\0\0\0\x04\0\0\0\0\0";
    let world = World::start().await;
    for (name, sent) in [
        ("at once", vec![format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{SETTINGS}")]),
        ("bit by bit", vec!["PRI * H".into(), format!("TTP/2.0\r\n\r\nSM\r\n\r\n{SETTINGS}")]),
    ] {
        let mut socket = connect(&world).await;
        socket.set_nodelay(true).unwrap();
        for part in sent {
            socket.write_all(part.as_bytes()).await.unwrap();
        }
        assert_eq!(rest(name, &mut socket).await, "", "{name}");
    }
}

#[tokio::test]
async fn there_are_so_many_connections_and_then_room_again() {
    let world = World::limited(Bounds { connections: 3, ..Bounds::default() }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut socket = connect(&world).await;
        socket.write_all(WHOLE.as_bytes()).await.unwrap();
        assert!(answer("room", &mut socket).await.starts_with("HTTP/1.1 200"));
        held.push(socket);
    }
    let mut one_too_many = connect(&world).await;
    // It may be closed before it has said anything.
    one_too_many.write_all(WHOLE.as_bytes()).await.unwrap_or_default();
    assert_eq!(rest("one too many", &mut one_too_many).await, "");
    held.pop();
    let again = async {
        loop {
            let mut socket = connect(&world).await;
            socket.write_all(WHOLE.as_bytes()).await.unwrap_or_default();
            let mut bytes = [0; 12];
            if socket.read_exact(&mut bytes).await.is_ok() {
                return bytes;
            }
        }
    };
    let bytes = timeout(PATIENCE, again).await.expect("a place that is free again");
    assert_eq!(&bytes, b"HTTP/1.1 200");
}

/// A connection from one of this machine's addresses.
async fn connect_from(world: &World, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0))).unwrap();
    socket.connect(world.config.listen).await.unwrap()
}

/// Who sits on all places does not keep others out: a newcomer gets the one that is idle the
/// longest, of the address that has the most.
#[tokio::test]
async fn a_crowd_that_sits_on_all_places_makes_room_for_a_newcomer() {
    let bounds = Bounds { connections: 4, connections_per_address: 3, ..Bounds::default() };
    let world = World::behind_a_proxy(bounds).await;
    let mut held = Vec::new();
    for address in [2, 2, 2, 3] {
        let mut socket = connect_from(&world, address).await;
        socket.write_all(WHOLE.as_bytes()).await.unwrap();
        assert!(answer("room", &mut socket).await.starts_with("HTTP/1.1 200"));
        held.push(socket);
    }
    // The first of the crowd is not the one that is idle the longest.
    held[0].write_all(WHOLE.as_bytes()).await.unwrap();
    assert!(answer("again", &mut held[0]).await.starts_with("HTTP/1.1 200"));
    let mut newcomer = connect_from(&world, 4).await;
    newcomer.write_all(WHOLE.as_bytes()).await.unwrap();
    assert!(answer("a newcomer", &mut newcomer).await.starts_with("HTTP/1.1 200"));
    assert_eq!(rest("the longest idle", &mut held[1]).await, "");
    for kept in [0, 2, 3] {
        held[kept].write_all(WHOLE.as_bytes()).await.unwrap();
        assert!(answer("kept", &mut held[kept]).await.starts_with("HTTP/1.1 200"), "{kept}");
    }
}
