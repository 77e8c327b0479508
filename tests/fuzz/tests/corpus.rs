//! Replays what real devices say and what was found, and changed forms of it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod recording;

use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{Asked, Come, Served, TARGETS};

/// Changed forms of the corpus, per target and run.
const FORMS: u64 = 15_000;
/// What all targets together may make this process take, in kibibytes.
const MOST_MEMORY: u64 = 256 * 1024;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> =
        fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_target_has_a_corpus_and_holds_on_it() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(corpus.len() >= 3, "{name}: {} files", corpus.len());
        for (path, data) in corpus {
            println!("{}", path.display());
            target(&data);
        }
    }
}

/// A small generator, so that a failure is repeated by its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Lengths and counters break at their edges.
        [0x00, 0x01, 0x7F, 0x80, 0xFF, 0x61, 0x91]
            .into_iter()
            .nth(self.below(14))
            .unwrap_or_else(|| u8::try_from(self.next() & 0xFF).unwrap())
    }
}

/// `seed`, changed in one to four places, or spliced with another of the corpus.
fn changed(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len());
        let byte = random.byte();
        match random.below(7) {
            0 => data.truncate(at),
            1 => data.insert(at, byte),
            2 if at < data.len() => drop(data.remove(at)),
            3 => data.extend(vec![byte; random.below(300)]),
            4 => drop(data.splice(at.., other[random.below(other.len())..].iter().copied())),
            _ if at < data.len() => data[at] = byte,
            _ => data.push(byte),
        }
    }
    data
}

#[test]
fn changed_forms_of_the_corpus_end_and_take_no_more_memory_than_there_is() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        for number in 1..=FORMS {
            let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let seed = &corpus[random.below(corpus.len())].1;
            let other = &corpus[random.below(corpus.len())].1;
            let data = changed(seed, other, &mut random);
            let result = std::panic::catch_unwind(|| target(&data));
            assert!(result.is_ok(), "{name}, form {number}: {data:02x?}");
        }
    }
    let peak = peak_memory();
    println!("{FORMS} forms of each target, at most {peak} KiB");
    assert!(peak < MOST_MEMORY, "{peak} KiB");
}

/// The most that this process has ever held in memory, in kibibytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What the firmware says, as the beginning of a corpus. What others have found is kept.
#[test]
#[ignore = "writes the corpus: cargo test -p fuzz --test corpus -- --ignored"]
fn record() {
    for (target, name, data) in recording::all() {
        fs::create_dir_all(folder(target)).unwrap();
        fs::write(folder(target).join(name), data).unwrap();
    }
}

#[test]
fn what_was_recorded_still_succeeds() {
    // An input that ends at its first error tests nothing of what comes after.
    let whole = fs::read(folder("ctap2").join("assertion")).unwrap();
    let (how, rest) = whole.split_first().unwrap();
    let mut link = recording::Replay::of(rest);
    assert_eq!(fuzz::ceremony(*how, &mut link).len(), 2, "authenticator data and signature");

    for (name, ids) in [("credentials", 2), ("fingerprint", 1)] {
        let whole = fs::read(folder("ctap2").join(name)).unwrap();
        let (how, rest) = whole.split_first().unwrap();
        let read = fuzz::errand(*how, &mut recording::Replay::of(rest)).unwrap();
        assert!(read.len() >= ids, "{name}: {read:02x?}");
    }

    for name in ["p256", "p384", "rsa", "chain", "wire", "pem", "revoked"] {
        let come = fuzz::judged(&fs::read(folder("certificate").join(name)).unwrap());
        let wanted = Come { verified: true, listed: true, trusted: name != "revoked" };
        assert_eq!(come, wanted, "{name}");
    }

    for (name, frames) in [
        ("opened", 2),
        ("tokens", 2),
        ("card", 2),
        ("signature-p256", 2),
        ("signature-p384", 1),
        ("signature-rsa", 1),
        ("questions", 5),
    ] {
        let data = fs::read(folder("pkcs11-child").join(name)).unwrap();
        assert_eq!(fuzz::understood(&data), frames, "{name}");
    }

    for name in ["whole", "bare", "claims", "demand", "both"] {
        let asked = fuzz::asked(&fs::read(folder("eam").join(name)).unwrap());
        let wanted = Asked { understood: true, vouched: true, answerable: true };
        assert_eq!(asked, wanted, "{name}");
    }

    for name in ["web", "native", "service", "signed"] {
        let served = fuzz::served(&fs::read(folder("openid").join(name)).unwrap());
        let people = name != "service";
        let wanted = Served { asked: people, authenticated: true, granted: true, brought: true };
        assert_eq!(served, wanted, "{name}");
    }
    let brought = fuzz::served(&fs::read(folder("openid").join("brought")).unwrap());
    assert_eq!(brought, Served { asked: true, brought: true, ..Served::default() });
}
