//! The virtual machine: Debian's kernel, and an initramfs with busybox and programs of ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::Archive;

/// Where `make test-vm` unpacks the kernel's package.
const KERNEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/vm/kernel");

/// The kernel's modules, in the order in which they need each other.
const MODULES: [&str; 3] = ["hid", "hid-generic", "uhid"];

/// How long the machine may run, in seconds; on a computer with nothing else to do it takes one minute.
const LIMIT: &str = "300";

/// Emulated, so that it needs no rights, and runs where a nested machine would hang. Its clock counts
/// instructions, half a billion a second: on a busy computer it takes longer, and nobody in it knows,
/// so that no limit of a server or a key ends what is only slow. While it idles no time passes here.
/// The machine type "microvm" hangs.
const MACHINE: &str = "-accel tcg -icount shift=1,sleep=off -cpu max -m 1024 -nodefaults \
    -display none -serial stdio -no-reboot";

const KERNEL_ARGUMENTS: &str =
    "console=ttyS0 quiet loglevel=3 mitigations=off nokaslr rdinit=/init panic=-1";

/// The first program. Our own finds what it finds on any system, but udev. When it fails, the ends of
/// the logs are shown.
const INIT: &str = "\
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in MODULES; do $b insmod /modules/$module.ko; done
$b ip link set lo up
PROGRAM || $b tail -n 30 /tmp/*.log
$b poweroff -f
";

/// What it is made of.
pub(crate) struct Machine {
    initramfs: Archive,
    libraries: BTreeSet<PathBuf>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let mut machine = Self { initramfs: Archive::default(), libraries: BTreeSet::new() };
        for folder in ["/proc", "/sys", "/dev", "/tmp", "/run", "/etc"] {
            machine.initramfs.folder(Path::new(folder));
        }
        machine.initramfs.file(Path::new("/etc/hosts"), b"127.0.0.1 localhost\n");
        machine.initramfs.file(Path::new("/etc/nsswitch.conf"), b"hosts: files\n");
        machine.copy(Path::new("/bin/busybox"), Path::new("/bin/busybox"));
        for module in MODULES {
            let from = find(&Path::new(KERNEL).join("lib/modules"), &format!("{module}.ko"));
            machine.copy(&from, Path::new(&format!("/modules/{module}.ko")));
        }
        machine
    }

    /// Copies a file into it.
    pub(crate) fn copy(&mut self, from: &Path, to: &Path) {
        let content = fs::read(from);
        let content = content.unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        self.initramfs.file(to, &content);
    }

    /// Copies a program into `/programs`, without what only a debugger reads, and the libraries
    /// that it needs.
    pub(crate) fn program(&mut self, program: &Path) {
        let name = program.file_name().unwrap();
        let stripped = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        said(Command::new("strip").arg("-o").arg(&stripped).arg(program));
        self.copy(&stripped, &Path::new("/programs").join(name));
        fs::remove_file(&stripped).unwrap();
        // NAME => PATH (ADDRESS), or for the loader PATH (ADDRESS).
        for line in said(Command::new("ldd").arg(program)).lines() {
            let mut words = line.split_whitespace().filter(|word| word.starts_with('/'));
            let Some(library) = words.next_back().map(PathBuf::from) else { continue };
            if self.libraries.insert(library.clone()) {
                self.copy(&library, &library);
            }
        }
    }

    /// Runs a program in it, and gives all that it says. The machine ends with the program.
    pub(crate) fn run(mut self, program: &str) -> String {
        let init = INIT.replace("MODULES", &MODULES.join(" ")).replace("PROGRAM", program);
        self.initramfs.file(Path::new("/init"), init.as_bytes());
        let initramfs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("initramfs");
        fs::write(&initramfs, self.initramfs.finish()).unwrap();
        let mut qemu = Command::new("timeout");
        qemu.args(["--kill-after", "5", LIMIT, "qemu-system-x86_64"]);
        qemu.args(MACHINE.split_whitespace()).args(["-append", KERNEL_ARGUMENTS]);
        qemu.arg("-kernel").arg(find(&Path::new(KERNEL).join("boot"), "vmlinuz-"));
        said(qemu.arg("-initrd").arg(&initramfs))
    }
}

/// What a command says, which must end well.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ends with {}: {said}{wrong}", output.status);
    said
}

/// The file in a folder, or in the folders in it, whose name begins so.
fn find(folder: &Path, start: &str) -> PathBuf {
    search(folder, start).unwrap_or_else(|| {
        panic!("no {start} in {}; `make test-vm` puts it there", folder.display())
    })
}

fn search(folder: &Path, start: &str) -> Option<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap()).collect();
    let is_it = |entry: &&fs::DirEntry| entry.file_name().to_str().unwrap().starts_with(start);
    let found = entries.iter().find(is_it).map(fs::DirEntry::path);
    let folders = entries.iter().filter(|entry| entry.file_type().unwrap().is_dir());
    found.or_else(|| folders.into_iter().find_map(|entry| search(&entry.path(), start)))
}
