//! `cardea init`: what it writes, who may read it, and what it says.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use crate::{cardea, init};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn configuration_and_master_key_are_for_their_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("etc/cardea.toml");
    let done = init(&config, "https://login.acme.example", 8443);
    assert!(done.status.success(), "{done:?}");
    let data = config.with_file_name("data");
    let key = data.join("master.key");
    assert_eq!((mode(&config), mode(&key)), (0o600, 0o600));
    assert_eq!((mode(config.parent().unwrap()), mode(&data)), (0o700, 0o700));
}

/// As the package has it: the data belongs to the user that serves, and the folder of the
/// configuration to root, for whom the agent keeps its own there.
#[test]
fn what_root_sets_up_for_another_user_is_theirs_to_read_and_root_keeps_the_configuration() {
    const USER: u32 = 4711;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let data = config.with_file_name("data");
    fs::create_dir(&data).unwrap();
    if chown(&data, Some(USER), Some(USER)).is_err() {
        return; // only root sets up for others
    }
    let done = init(&config, "http://localhost:8080", 8080);
    assert!(done.status.success(), "{done:?}");
    let of = |path: &Path| {
        let metadata = fs::metadata(path).unwrap();
        (metadata.uid(), metadata.gid(), mode(path))
    };
    assert_eq!(of(&config), (0, USER, 0o640));
    assert_eq!(of(&data.join("master.key")), (USER, USER, 0o600));
    let said = String::from_utf8(done.stdout).unwrap();
    let as_user = format!("setpriv --reuid={USER} --regid={USER} --clear-groups cardea");
    for command in ["serve", "admin invite"] {
        let line = format!("`{as_user} --config {} {command}`", config.display());
        assert!(said.contains(&line), "{line}: {said}");
    }
    // As root it would make files that the user cannot open.
    for command in [&["admin", "invite"][..], &["audit", "verify", "--tenant", "acme"], &["serve"]]
    {
        let refused = cardea(&config).args(command).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        let line = format!("{as_user} --config {} {}", config.display(), command.join(" "));
        assert!(!refused.status.success() && said.contains(&line), "{line}: {said}");
        assert!(said.contains(&format!("{} belongs to {USER}", data.display())), "{said}");
    }
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "something was made as root");
}

#[test]
fn a_database_file_of_another_user_is_told_with_what_gives_it_back() {
    use std::os::unix::process::CommandExt as _;
    const USER: u32 = 4711;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let data = config.with_file_name("data");
    fs::create_dir(&data).unwrap();
    if chown(&data, Some(USER), Some(USER)).is_err() {
        return; // only root makes files of others
    }
    assert!(init(&config, "http://localhost:8080", 8080).status.success());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("cardea");
    fs::copy(crate::CARDEA, &program).unwrap();
    let invite = || {
        let mut command = std::process::Command::new(&program);
        command.arg("--config").arg(&config).args(["admin", "invite"]).env_clear();
        command.uid(USER).gid(USER).output().unwrap()
    };
    let database = data.join("cardea.sqlite");
    for name in ["cardea.sqlite", "cardea.sqlite.lock"] {
        let file = data.join(name);
        fs::write(&file, "").unwrap();
        let refused = invite();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success(), "{said}");
        let whose = format!("{} belongs to root", file.display());
        let mend = format!("chown {USER}:{USER} {}*", database.display());
        assert!(said.contains(&whose) && said.contains(&mend), "{said}");
        fs::remove_file(file).unwrap();
    }
    let done = invite();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn it_says_that_the_key_must_be_backed_up_and_that_the_host_becomes_the_rp_id_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let done = init(&config, "https://login.acme.example", 8443);
    let said = String::from_utf8(done.stdout).unwrap();
    let key = config.with_file_name("data").join("master.key");
    for part in [
        config.to_str().unwrap(),
        key.to_str().unwrap(),
        "Back the master key up now, apart from the database",
        "login.acme.example becomes the RP ID, for good",
        "Changing it later means enrolling every card anew",
        "[tls]",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let secret = fs::read_to_string(&key).unwrap();
    assert!(!said.contains(secret.trim()), "the key itself is printed");
}

#[test]
fn it_writes_nothing_over_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let key = config.with_file_name("data").join("master.key");
    assert!(init(&config, "http://localhost:8080", 8080).status.success());
    let before = (fs::read(&config).unwrap(), fs::read(&key).unwrap());
    let other = folder.path().join("other.toml");
    for path in [&config, &other] {
        let refused = init(path, "https://login.acme.example", 8443);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains("nothing is written"), "{said}");
    }
    assert_eq!((fs::read(&config).unwrap(), fs::read(&key).unwrap()), before);
    assert!(!other.exists());
}
