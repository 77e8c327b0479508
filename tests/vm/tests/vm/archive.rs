//! An initramfs: a cpio archive of the kind "newc", as Linux'
//! `Documentation/driver-api/early-userspace/buffer-format.rst` says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MAGIC: &str = "070701";
const END: &str = "TRAILER!!!";

/// `S_IFDIR` and `S_IFREG`, each with the rights of a program.
const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_755;

/// Files and the folders that they are in.
#[derive(Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<PathBuf>,
    entries: u32,
}

impl Archive {
    /// Adds a folder, and those that it is in.
    pub(crate) fn folder(&mut self, path: &Path) {
        if path.parent().is_none() || !self.folders.insert(path.to_owned()) {
            return;
        }
        self.folder(path.parent().unwrap());
        self.entry(FOLDER, &in_root(path), &[]);
    }

    /// Adds a file, and the folders that it is in.
    pub(crate) fn file(&mut self, path: &Path, content: &[u8]) {
        self.folder(path.parent().unwrap());
        self.entry(FILE, &in_root(path), content);
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry(0, END, &[]);
        self.bytes
    }

    fn entry(&mut self, mode: u32, name: &str, content: &[u8]) {
        self.entries += 1;
        let size = |length: usize| u32::try_from(length).unwrap();
        // Number, mode, uid, gid, links, time, size, device and device of the node (major, minor),
        // length of the name with its zero, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size(content.len()), 0, 0, 0, 0];
        let fields = fields.into_iter().chain([size(name.len() + 1), 0]);
        let header: Vec<_> = fields.map(|field| format!("{field:08X}")).collect();
        self.bytes
            .extend([MAGIC.as_bytes(), header.concat().as_bytes(), name.as_bytes(), &[0]].concat());
        self.fill_up();
        self.bytes.extend(content);
        self.fill_up();
    }

    /// Header with name, and content, end at a multiple of four.
    fn fill_up(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// Names have no slash in front.
fn in_root(path: &Path) -> String {
    path.strip_prefix("/").unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_file_comes_after_its_folder_and_each_ends_at_a_multiple_of_four() {
    let mut archive = Archive::default();
    archive.file(Path::new("/a/bc"), b"hello");
    archive.folder(Path::new("/a"));
    let header = |number, mode, size, name| {
        format!(
            "070701{number:08X}{mode}0000000000000000000000010000000000000{size}00000000000000000000000000000000000000{name}00000000"
        )
    };
    let expected = [
        &header(1, "000041ED", "000", "02"),
        "a\0",
        &header(2, "000081ED", "005", "05"),
        "a/bc\0\0",
        "hello\0\0\0",
        &header(3, "00000000", "000", "0B"),
        "TRAILER!!!\0\0\0\0",
    ];
    assert_eq!(String::from_utf8(archive.finish()).unwrap(), expected.concat());
}
