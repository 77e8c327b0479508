use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::net::{SendFlags, send, socketpair};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::*;
use crate::SecurityKey;
use crate::devices::Usable;

const SOON: Duration = Duration::from_secs(10);
const KEY: &[u8] = b"\x06\xD0\xF1\x09\x01\xA1\x01";

/// A system in a folder. Who may use a node is what its mode says, also to the superuser.
struct Desk {
    root: tempfile::TempDir,
    kernel: Option<OwnedFd>,
    events: Receiver<Event>,
    monitor: Option<Monitor>,
}

struct ByMode(Folders);

impl System for ByMode {
    fn keys(&self) -> std::collections::BTreeMap<String, crate::devices::Found> {
        self.0.keys()
    }

    fn key(&self, name: &str) -> Option<crate::devices::Found> {
        self.0.key(name)
    }

    fn usable(&self, node: &Path) -> Usable {
        match fs::metadata(node).map(|node| node.permissions().mode() & 0o600) {
            Ok(0o600) => self.0.usable(node),
            Ok(_) => Usable::Forbidden,
            Err(_) => Usable::Missing,
        }
    }
}

impl Desk {
    fn new(has_kernel: bool, set_up: impl FnOnce(&Self)) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["class", "dev"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::NONBLOCK, None)
                .unwrap();
        let (sender, events) = channel();
        let kernel = has_kernel.then_some(ours);
        let mut desk = Self { root, kernel, events, monitor: None };
        set_up(&desk);
        let system = ByMode(Folders { class: desk.root.path().join("class") });
        let on_event = move |event| drop(sender.send(event));
        let theirs = has_kernel.then_some(theirs);
        let monitor = Monitor::on(system, desk.root.path().join("dev"), theirs, on_event);
        desk.monitor = Some(monitor.unwrap());
        desk
    }

    /// The monitor has looked around.
    fn watched() -> Self {
        let desk = Self::new(true, |desk| desk.plug("hidraw9", 0o600));
        assert_eq!(desk.next(), desk.inserted("hidraw9", true));
        desk
    }

    fn node(&self, name: &str) -> PathBuf {
        self.root.path().join("dev").join(name)
    }

    fn plug(&self, name: &str, mode: u32) {
        let place = self.root.path().join(format!("place-of-{name}"));
        fs::create_dir_all(place.join("device")).unwrap();
        fs::write(place.join("device/report_descriptor"), KEY).unwrap();
        symlink(&place, self.root.path().join("class").join(name)).unwrap();
        // With its mode from the beginning, as the kernel makes it.
        let unnamed = self.root.path().join("node");
        fs::write(&unnamed, "").unwrap();
        fs::set_permissions(&unnamed, Permissions::from_mode(mode)).unwrap();
        fs::hard_link(&unnamed, self.node(name)).unwrap();
        fs::remove_file(&unnamed).unwrap();
    }

    fn unplug(&self, name: &str) {
        fs::remove_file(self.root.path().join("class").join(name)).unwrap();
        fs::remove_file(self.node(name)).unwrap();
    }

    fn say(&self, action: &str, name: &str) {
        let message = format!("{action}@/x\0ACTION={action}\0SUBSYSTEM=hidraw\0DEVNAME={name}\0");
        let kernel = self.kernel.as_ref().unwrap();
        send(kernel, message.as_bytes(), SendFlags::empty()).unwrap();
    }

    fn next(&self) -> Event {
        self.events.recv_timeout(SOON).expect("the event never came")
    }

    fn inserted(&self, name: &str, was_there: bool) -> Event {
        let node = self.node(name);
        Event::KeyInserted(SecurityKey { node, name: "security key".into(), was_there })
    }

    fn removed(&self, name: &str) -> Event {
        Event::KeyRemoved { node: self.node(name) }
    }
}

#[test]
fn keys_come_and_go_as_the_kernel_says() {
    let desk = Desk::new(true, |desk| desk.plug("hidraw0", 0o600));
    assert_eq!(desk.next(), desk.inserted("hidraw0", true));
    desk.plug("hidraw1", 0o600);
    desk.say("add", "hidraw1");
    assert_eq!(desk.next(), desk.inserted("hidraw1", false));
    desk.unplug("hidraw0");
    desk.say("remove", "hidraw0");
    assert_eq!(desk.next(), desk.removed("hidraw0"));
}

#[test]
fn a_key_is_there_when_its_node_may_be_used_and_not_before() {
    let desk = Desk::watched();
    desk.plug("hidraw0", 0o000);
    desk.say("add", "hidraw0");
    assert_eq!(desk.next(), Event::KeyForbidden { node: desk.node("hidraw0") });
    fs::set_permissions(desk.node("hidraw0"), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(desk.next(), desk.inserted("hidraw0", false));
}

#[test]
fn without_the_kernel_the_folder_of_the_nodes_tells() {
    let desk = Desk::new(false, |desk| desk.plug("hidraw0", 0o600));
    assert_eq!(desk.next(), desk.inserted("hidraw0", true));
    desk.plug("hidraw1", 0o600);
    assert_eq!(desk.next(), desk.inserted("hidraw1", false));
    desk.unplug("hidraw0");
    assert_eq!(desk.next(), desk.removed("hidraw0"));
}

#[test]
fn a_kernel_that_hangs_up_is_replaced_by_the_folder() {
    let mut desk = Desk::watched();
    desk.kernel = None;
    desk.plug("hidraw0", 0o600);
    assert_eq!(desk.next(), desk.inserted("hidraw0", false));
}

#[test]
fn the_monitor_ends_at_once_also_on_a_real_system() {
    // One that is not told to end waits for ever.
    drop(Monitor::start(|_| {}).unwrap());
    let mut desk = Desk::new(true, |desk| desk.plug("hidraw0", 0o600));
    assert_eq!(desk.next(), desk.inserted("hidraw0", true));
    drop(desk.monitor.take());
}

#[test]
fn keys_that_nobody_watches_any_more_count_as_gone() {
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    alone.args(["--ignored", "--exact", "monitor::tests::without_poll"]);
    let said = alone.output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "takes poll away from its process: the test above runs it in one of its own"]
fn without_poll() {
    let desk = Desk::watched();
    desk.plug("hidraw0", 0o600);
    desk.say("add", "hidraw0");
    assert_eq!(desk.next(), desk.inserted("hidraw0", false));
    // Nobody polls more files than they may open.
    let least = Rlimit { current: Some(1), maximum: Some(1) };
    setrlimit(Resource::Nofile, least).unwrap();
    send(desk.kernel.as_ref().unwrap(), b"a word of no meaning", SendFlags::empty()).unwrap();
    assert_eq!(desk.next(), desk.removed("hidraw0"));
    assert_eq!(desk.next(), desk.removed("hidraw9"));
    assert_eq!(desk.next(), Event::Ended { error: io::ErrorKind::InvalidInput });
}

#[test]
fn a_file_that_is_broken_ends_the_watch_and_is_not_asked_for_ever() {
    // What can be written to while nobody reads it any more has an error, and says so to every poll.
    let broken = || OwnedFd::from(io::pipe().unwrap().1);
    let whole = || eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    for (stop, inotify) in [(whole(), broken()), (broken(), whole())] {
        let desk = Desk::new(true, |desk| desk.plug("hidraw0", 0o600));
        let nodes = desk.root.path().join("dev");
        let system = ByMode(Folders { class: desk.root.path().join("class") });
        let (sender, events) = channel();
        let listener = Listener {
            stop: Arc::new(stop),
            kernel: None,
            folder: Folder { inotify, nodes: nodes.clone(), is_needed_always: false, watch: None },
            watch: Watch::new(system, nodes),
            on_event: Box::new(move |event| drop(sender.send(event))),
        };
        // Of its own, for it may never end.
        thread::spawn(move || listener.run());
        let next = || events.recv_timeout(SOON).expect("the watch goes on");
        assert_eq!(next(), desk.inserted("hidraw0", true));
        assert_eq!(next(), desk.removed("hidraw0"));
        assert!(matches!(next(), Event::Ended { .. }));
    }
}

/// The kernel lets the superuser repeat what it said of a device: here, of the loopback
/// interface, which is there everywhere.
#[test]
fn the_kernel_is_heard() {
    let socket = kernel().unwrap();
    if fs::write("/sys/class/net/lo/uevent", "change").is_err() {
        eprintln!("not the superuser: left out");
        return;
    }
    let mut files = [PollFd::new(&socket, PollFlags::IN)];
    let timeout = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
    assert_eq!(poll(&mut files, Some(&timeout)).unwrap(), 1);
    let mut buffer = [0; MESSAGE];
    let (length, _, sender) = recvfrom(&socket, &mut buffer, RecvFlags::empty()).unwrap();
    assert_eq!(SocketAddrNetlink::try_from(sender.unwrap()).unwrap().pid(), 0);
    let message = String::from_utf8_lossy(&buffer[..length]);
    assert!(message.contains("\0SUBSYSTEM=net\0"), "{message}");
}
