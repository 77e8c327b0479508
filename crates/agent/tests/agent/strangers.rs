//! Others on the same computer, and in its network: there is no way to the agent for them.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use cardea_agent::{Ask, Daemon, Reply};

use crate::program::Desk;
use crate::support::server::Server;
use crate::support::soon;

/// Where a process can be reached by networks: its sockets of TCP that listen, and of UDP that take
/// from anybody, as the kernel writes them (`proc_net_tcp(5)`).
fn reached_at(process: u32) -> Vec<String> {
    let own: HashSet<String> = std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut reached = Vec::new();
    for (table, waits) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
        let rows = std::fs::read_to_string(format!("/proc/{process}/net/{table}"));
        // A kernel without IPv6 has no table of it.
        for row in rows.unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = row.split_whitespace().collect();
            if fields[3] == waits && own.contains(fields[9]) {
                reached.push(format!("{table} {}", fields[1]));
            }
        }
    }
    reached
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_connected_listens_on_no_port_at_all() {
    let server = Server::start().await;
    let desk = Desk::with(|_| {}).await;
    desk.pair(&server).await;
    desk.until(|status| status.enrolments.iter().any(|info| info.connected)).await;
    assert_eq!(reached_at(desk.id()), [""; 0]);
    // Who does listen is found so.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("tcp 0100007F:{:04X}", listener.local_addr().unwrap().port());
    assert!(reached_at(std::process::id()).contains(&at), "{at}");
}

/// What a process says at a socket, and hears, as this user; `None` where it cannot connect.
fn says_as(user: u32, socket: &Path, line: &str) -> Option<String> {
    let (socket, line) = (socket.to_owned(), line.to_owned());
    let said = std::thread::spawn(move || {
        let user = rustix::process::Uid::from_raw(user);
        // Of this thread alone, which ends with it.
        rustix::thread::set_thread_res_uid(user, user, user).unwrap();
        let mut stream = UnixStream::connect(socket).ok()?;
        stream.set_read_timeout(Some(crate::support::SOON)).unwrap();
        let mut answer = String::new();
        // Who is turned away may find the end of the line before they have said theirs.
        let _ = stream.write_all(line.as_bytes());
        let _ = stream.read_to_string(&mut answer);
        Some(answer)
    });
    said.join().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_another_user_hears_nothing_and_changes_nothing() {
    /// `nobody`.
    const OTHER: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        // Only root can become somebody else. What is asked of the kernel is asked in `socket.rs` too.
        return;
    }
    let server = Server::start().await;
    let desk = Desk::with(|_| {}).await;
    desk.pair(&server).await;
    let offered = server.offered();
    let socket = desk.socket();
    let status = "{\"do\":\"status\"}\n";
    assert_eq!(says_as(OTHER, &socket, status), None, "the folder is the user's alone");
    // As if somebody had opened both to everybody.
    for path in [desk.folder.path(), socket.parent().unwrap(), &socket] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let open = format!("{{\"do\":\"open\",\"link\":\"{}\"}}\n", crate::links::GOOD);
    let pair = format!(
        "{{\"do\":\"pair\",\"server\":\"{}\",\"code\":\"KRQM-BXPT\",\"again\":true}}\n",
        server.origin
    );
    for (name, line) in [
        ("another user's question how things stand", status),
        ("another user's link", &open),
        ("another user's pairing", &pair),
        ("another user's half a line", "{\"do\""),
        ("another user's silence", ""),
    ] {
        assert_eq!(says_as(OTHER, &socket, line).as_deref(), Some(""), "{name}");
    }
    assert_eq!(server.offered(), offered);
    let mut daemon = soon(Daemon::ask(&socket, &Ask::Status)).await.unwrap();
    assert!(
        matches!(soon(daemon.reply()).await.unwrap(), Reply::Status(_)),
        "its own user is heard"
    );
}
