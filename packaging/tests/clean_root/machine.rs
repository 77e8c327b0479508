//! A clean Debian 12 with its own systemd, in namespaces: a machine as far as packages can tell. It
//! shares kernel and network with this one, and needs root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What is there before the packages: what a desktop has, and no more.
const BASE: &str =
    "systemd systemd-sysv dbus dbus-user-session libpam-systemd man-db bash-completion";

/// How a machine's init starts: with a root, devices and control groups of its own.
const BOOT: &str = r#"
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mkdir run/outside
pivot_root . run/outside
cd /
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c '
    umount -l /run/outside
    exec /lib/systemd/systemd --log-target=null --show-status=0'
"#;

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(crate) struct Machine {
    outside: Child,
    init: String,
    root: PathBuf,
    groups: PathBuf,
}

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) passed: bool,
    pub(crate) text: String,
}

impl Answer {
    /// The text of a command that passed.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert!(self.passed, "{}", self.text);
        self.text
    }
}

impl Machine {
    /// Starts a fresh one, with `files` in its folder `/packages`.
    pub(crate) fn start(files: &[PathBuf]) -> Self {
        let own = fs::metadata("/proc/self").unwrap().uid();
        assert_eq!(own, 0, "a machine of its own needs root: sudo make test-packages");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clean-root");
        let base = base(&folder);
        let root = folder.join("run");
        remove(&root);
        run(Command::new("cp").arg("-a").args([&base, &root]));
        let packages = root.join("packages");
        fs::create_dir(&packages).unwrap();
        for file in files {
            fs::copy(file, packages.join(file.file_name().unwrap())).unwrap();
        }
        let groups = control_groups().join(format!("clean-root-{}", std::process::id()));
        fs::create_dir(&groups).unwrap();
        let outside = boot(&root, &groups);
        let mut machine = Self { outside, init: String::new(), root, groups };
        machine.init = machine.wait_for_init();
        machine.wait_until(|machine| {
            let state = machine.root(&["systemctl", "is-system-running"]).text;
            matches!(state.trim(), "running" | "degraded")
        });
        machine
    }

    fn wait_for_init(&self) -> String {
        let pid = self.outside.id();
        let children = format!("/proc/{pid}/task/{pid}/children");
        let begun = Instant::now();
        loop {
            let child = fs::read_to_string(&children).unwrap_or_default().trim().to_owned();
            let name = fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
            if name.trim() == "systemd" {
                return child;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "no systemd in the clean root");
            sleep(Duration::from_millis(50));
        }
    }

    /// Waits until something is so, half a minute at most.
    #[track_caller]
    pub(crate) fn wait_until(&self, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            let journal = || self.root(&["journalctl", "--no-pager", "-n", "40"]).text;
            assert!(begun.elapsed() < Duration::from_secs(30), "in vain:\n{}", journal());
            sleep(Duration::from_millis(200));
        }
    }

    /// Runs a command in it, as root.
    pub(crate) fn root(&self, words: &[&str]) -> Answer {
        self.enter(&["HOME=/root"], words)
    }

    /// Runs a command as the person who sits there, after [`Machine::person`].
    pub(crate) fn ada(&self, words: &[&str]) -> Answer {
        let who = ["setpriv", "--reuid=ada", "--regid=ada", "--init-groups", "--"];
        let runtime = format!("XDG_RUNTIME_DIR=/run/user/{}", self.ada_id());
        self.enter(&["HOME=/home/ada", &runtime], &[&who, words].concat())
    }

    fn ada_id(&self) -> String {
        let users = fs::read_to_string(self.root.join("etc/passwd")).unwrap();
        let ada = users.lines().find(|line| line.starts_with("ada:")).expect("the user ada");
        ada.split(':').nth(2).unwrap().to_owned()
    }

    /// Makes the user ada, with a service manager of her own and a desktop that she can start:
    /// `desktop.target`, bound to `graphical-session.target` as those of desktops are.
    pub(crate) fn person(&self) {
        self.root(&["useradd", "--create-home", "--shell", "/bin/bash", "ada"]).good();
        let desktop = "[Unit]\nBindsTo=graphical-session.target\n";
        fs::write(self.root.join("etc/systemd/user/desktop.target"), desktop).unwrap();
        self.root(&["loginctl", "enable-linger", "ada"]).good();
        self.wait_until(|machine| {
            machine.ada(&["systemctl", "--user", "is-system-running"]).text.trim() == "running"
        });
    }

    fn enter(&self, variables: &[&str], words: &[&str]) -> Answer {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.init, "--mount", "--pid", "--uts", "--ipc", "--cgroup"]);
        enter.args(["env", "-i", PATH, "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]);
        let Output { status, stdout, stderr } =
            enter.args(variables).args(words).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        Answer { passed: status.success(), text }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // All of it ends with its init, and that with what started it.
        let _ = self.outside.kill();
        let _ = self.outside.wait();
        for _ in 0..50 {
            remove_groups(&self.groups);
            if !self.groups.exists() {
                break;
            }
            sleep(Duration::from_millis(100));
        }
        remove(&self.root);
    }
}

fn boot(root: &Path, groups: &Path) -> Child {
    let enter = format!(
        "echo $$ >'{}/cgroup.procs' && exec unshare --mount --pid --fork --kill-child --uts --ipc \
         --cgroup sh -euc \"$0\" boot \"$1\"",
        groups.display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-euc", &enter, BOOT]).arg(root).stdin(Stdio::null());
    shell.spawn().unwrap()
}

/// The bare system; made once, from where this machine has its packages.
fn base(folder: &Path) -> PathBuf {
    let base = folder.join("base");
    let done = folder.join("base.done");
    if fs::read_to_string(&done).is_ok_and(|made_of| made_of == BASE) {
        return base;
    }
    println!("making a bare Debian 12; this takes some minutes");
    remove(&base);
    fs::create_dir_all(folder).unwrap();
    let mut debootstrap = Command::new("debootstrap");
    run(debootstrap.args(["--variant=minbase", "bookworm"]).arg(&base).args(mirror()));
    for settings in ["/etc/apt/apt.conf.d", "/usr/share/keyrings", "/etc/ssl/certs"] {
        let to = base.join(settings.trim_start_matches('/'));
        fs::create_dir_all(&to).unwrap();
        run(Command::new("cp").arg("-a").arg(format!("{settings}/.")).arg(to));
    }
    for file in ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"] {
        let to = base.join(file.trim_start_matches('/'));
        // What is not here must not be there either, or packages come from two places.
        if fs::copy(file, &to).is_err() {
            let _ = fs::remove_file(to);
        }
    }
    fs::copy("/etc/resolv.conf", base.join("etc/resolv.conf")).unwrap();
    fs::copy("/etc/hosts", base.join("etc/hosts")).unwrap();
    let install =
        format!("apt-get update -qq && apt-get install -y -qq --no-install-recommends {BASE}");
    run(Command::new("chroot")
        .arg(&base)
        .args(["env", PATH, "DEBIAN_FRONTEND=noninteractive"])
        .args(["sh", "-ec", &install]));
    fs::write(done, BASE).unwrap();
    base
}

/// Where this machine has Debian's packages from, if it says so.
fn mirror() -> Option<String> {
    let sources = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    let text: String = sources.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    let uri = |line: &str| {
        let names_one = line.starts_with("URIs:") || line.starts_with("deb ");
        let mut words = line.split_whitespace();
        words.find(|word| names_one && word.contains("://")).map(str::to_owned)
    };
    text.lines().find_map(uri)
}

/// Where control groups of version 2 are.
fn control_groups() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut place = fields.filter(|fields| fields[2] == "cgroup2").map(|fields| fields[1].into());
    place.next().expect("control groups of version 2")
}

/// They are empty, and go from the innermost to the outermost.
fn remove_groups(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_groups(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
}

#[track_caller]
fn run(command: &mut Command) {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    assert!(status.success(), "{command:?}: {said}");
}
