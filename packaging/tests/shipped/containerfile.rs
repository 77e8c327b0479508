//! The container file cannot be built without a registry. What can be seen without one: that it
//! copies what is there, builds as the toolchain demands, and runs as nobody special.

use std::fs;
use std::path::Path;

fn instructions() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Containerfile")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines = joined.lines().map(words).filter(|words| !words.is_empty());
    lines.map(|words| (words[0].clone(), words[1..].to_vec())).collect()
}

fn of(name: &str) -> Vec<Vec<String>> {
    let all = instructions().into_iter().filter(|(instruction, _)| instruction == name);
    all.map(|(_, words)| words).collect()
}

#[test]
fn what_is_copied_from_the_checkout_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let from_checkout = of("COPY").into_iter().filter(|words| !words[0].starts_with("--from"));
    let mut copied = Vec::new();
    for words in from_checkout {
        let (_to, sources) = words.split_last().unwrap();
        for source in sources {
            assert!(root.join(source).exists(), "{source}");
            copied.push(source.trim_end_matches('/').to_owned());
        }
    }
    // Cargo reads the manifest of every member, whichever it builds.
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let folder = member.trim_end_matches("/*");
        assert!(copied.iter().any(|source| source == folder), "{folder} is not copied");
    }
    for file in ["Cargo.toml", "Cargo.lock", ".cargo"] {
        assert!(copied.iter().any(|source| source == file), "{file} is not copied");
    }
}

#[test]
fn what_is_copied_from_the_build_is_built_there() {
    let build = of("RUN").into_iter().flatten().collect::<Vec<_>>().join(" ");
    assert!(build.contains("cargo build --release --locked -p server"), "{build}");
    let from_build = of("COPY").into_iter().filter(|words| words[0].starts_with("--from"));
    let from_build: Vec<_> = from_build.collect();
    assert_eq!(from_build.len(), 1);
    assert_eq!(from_build[0][1..], ["/src/target/release/cardea", "/usr/bin/"]);
    let manifest =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    let image = format!("docker.io/library/rust:{}-bookworm", version.trim_matches('"'));
    assert!(of("FROM").iter().any(|words| words[0] == image), "{image}");
}

#[test]
fn it_runs_the_server_as_nobody_special_with_its_data_in_a_volume() {
    assert_eq!(of("USER"), [["cardea"]]);
    assert_eq!(of("VOLUME"), [["/var/lib/cardea"]]);
    let command: Vec<String> = of("ENTRYPOINT").into_iter().chain(of("CMD")).flatten().collect();
    let words: Vec<&str> =
        command.iter().map(|word| word.trim_matches(['[', ']', ',', '"'])).collect();
    server::cli::command().try_get_matches_from(words).unwrap();
    let health = of("HEALTHCHECK").concat().join(" ");
    assert!(health.contains("http://127.0.0.1:8080/health/ready"), "{health}");
}
