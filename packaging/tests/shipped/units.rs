//! Units, package scripts, manual pages and completions.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;
use serde_json::Value;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A root in which systemd's tools look at our units: with its own targets, and programs that the
/// units name.
fn root_with_units() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("usr/lib/systemd/system");
    let programs = root.path().join("usr/bin");
    fs::create_dir_all(&units).unwrap();
    fs::create_dir_all(&programs).unwrap();
    for kind in ["system", "user"] {
        for entry in fs::read_dir(Path::new("/usr/lib/systemd").join(kind)).unwrap().flatten() {
            if entry.path().extension().is_some_and(|kind| kind == "target") {
                // Links to aliases that are not there stay away.
                let _ = fs::copy(entry.path(), units.join(entry.file_name()));
            }
        }
    }
    for program in ["cardea", "cardea-agent", "mkdir"] {
        fs::copy("/bin/true", programs.join(program)).unwrap();
    }
    for unit in UNITS {
        fs::copy(workspace().join("packaging/systemd").join(unit), units.join(unit)).unwrap();
    }
    root
}

const UNITS: [&str; 3] = ["cardea.service", "cardea-agent.service", "cardea-agent.socket"];

fn analyze(verb: &str, root: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("systemd-analyze");
    command.arg(verb).arg(format!("--root={}", root.display())).args(arguments);
    let answer = command.output().expect("systemd-analyze, of Debian's package systemd");
    let said = [answer.stdout, answer.stderr].concat();
    (answer.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A key that systemd does not know is a warning for it, and a guard that is not there for us.
#[test]
fn systemd_understands_every_line_of_the_units() {
    let root = root_with_units();
    let mut arguments = vec!["--man=no"];
    arguments.extend(UNITS);
    let (passed, said) = analyze("verify", root.path(), &arguments);
    assert!(passed && said.is_empty(), "{said}");
}

/// `systemd-analyze security` gives points for what a service could still do: 10 is everything. The
/// agent keeps its devices and the home of its user, has no capabilities to give up, and makes the
/// namespaces in which the child with the PKCS#11 module has no network.
#[test]
fn services_can_do_little() {
    let root = root_with_units();
    for (unit, most) in [("cardea.service", 18), ("cardea-agent.service", 55)] {
        let threshold = format!("--threshold={most}");
        let (passed, said) = analyze("security", root.path(), &["--offline=yes", &threshold, unit]);
        assert!(passed, "{said}");
    }
}

/// The desktop's notifications, and the dialogs of `pinentry-gnome3`, are at the session bus: a Unix
/// socket in `/run/user`, whose owner must be who the bus takes the agent for.
#[test]
fn the_agents_sandbox_has_the_session_bus_in_it() {
    let path = workspace().join("packaging/systemd/cardea-agent.service");
    let unit = fs::read_to_string(path).unwrap();
    let of = |key: &str| -> Vec<&str> {
        let values = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        values.flat_map(str::split_whitespace).collect()
    };
    assert!(of("RestrictAddressFamilies").contains(&"AF_UNIX"));
    assert!(of("SystemCallFilter").contains(&"@system-service"), "with connect(2)");
    // Each of these hides /run/user, or the person from the bus.
    for key in ["ProtectHome", "TemporaryFileSystem", "RootDirectory", "DynamicUser", "User"] {
        assert!(of(key).is_empty(), "{key}");
    }
    for key in ["InaccessiblePaths", "UnsetEnvironment"] {
        for value in of(key) {
            assert!(!value.contains("/run") && !value.contains("%t"), "{key}={value}");
            assert_ne!(value, "DBUS_SESSION_BUS_ADDRESS");
        }
    }
}

fn packages() -> Vec<(PathBuf, Value)> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let with_deb =
        metadata.packages.into_iter().filter(|package| package.metadata["deb"].is_object());
    with_deb
        .map(|package| {
            let folder = package.manifest_path.parent().unwrap().as_std_path().to_owned();
            (folder, package.metadata["deb"].clone())
        })
        .collect()
}

/// Files of ours that are in packages, and where they are put.
fn assets() -> Vec<(PathBuf, String)> {
    let mut assets = Vec::new();
    for (folder, deb) in packages() {
        for asset in deb["assets"].as_array().unwrap() {
            let [from, to] = [0, 1].map(|at| asset[at].as_str().unwrap().to_owned());
            if !from.starts_with("target/") {
                assets.push((folder.join(from), to));
            }
        }
    }
    assets
}

#[test]
fn every_unit_is_in_a_package() {
    let mut packed = BTreeSet::new();
    for (from, _) in assets() {
        packed.insert(
            from.canonicalize().unwrap_or_else(|_| panic!("{} is missing", from.display())),
        );
    }
    for entry in fs::read_dir(workspace().join("packaging/systemd")).unwrap().flatten() {
        let path = entry.path().canonicalize().unwrap();
        assert!(packed.contains(&path), "{} is in no package", path.display());
    }
}

/// What the desktop calls for `cardea://`, under the name that `cardea-agent doctor` proposes.
#[test]
fn links_are_opened_by_the_agent() {
    let path = workspace().join("packaging/desktop/cardea-agent.desktop");
    let entry = fs::read_to_string(&path).unwrap();
    for line in [
        "[Desktop Entry]",
        "Type=Application",
        "Exec=cardea-agent open %u",
        "MimeType=x-scheme-handler/cardea;",
        "NoDisplay=true",
    ] {
        assert_eq!(entry.lines().filter(|it| *it == line).count(), 1, "{line}");
    }
    let packed = assets().into_iter().find(|(from, _)| from.ends_with("cardea-agent.desktop"));
    let (from, to) = packed.expect("the desktop entry is in a package");
    assert_eq!(from.canonicalize().unwrap(), path.canonicalize().unwrap());
    assert_eq!(to, "usr/share/applications/");
}

#[test]
fn maintainer_scripts_can_be_run_and_are_whole() {
    let mut seen = 0;
    for (folder, deb) in packages() {
        let Some(scripts) = deb["maintainer-scripts"].as_str() else { continue };
        for entry in fs::read_dir(folder.join(scripts)).unwrap().flatten() {
            let path = entry.path();
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o111,
                0o111,
                "{path:?}"
            );
            assert!(fs::read_to_string(&path).unwrap().contains("\nset -e\n"), "{path:?}");
            assert!(Command::new("sh").arg("-n").arg(&path).status().unwrap().success());
            seen += 1;
        }
    }
    assert_eq!(seen, 5);
}

/// The server's postinst, where systemd's tools do nothing and there is this user.
fn postinst(user: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    for (program, text) in [
        ("getent", format!("#!/bin/sh\n[ -n '{user}' ] && echo '{user}'\n")),
        ("systemd-sysusers", "#!/bin/sh\necho made\n".to_owned()),
        ("systemd-tmpfiles", "#!/bin/sh\n".to_owned()),
        ("systemctl", "#!/bin/sh\nexit 1\n".to_owned()),
    ] {
        // Not written by us: what another test starts at that moment would hold it open, and the kernel
        // starts no program that somebody may write to.
        let write = "printf %s \"$0\" > \"$1\" && chmod 755 \"$1\"";
        let path = folder.path().join(program);
        let written = Command::new("sh").args(["-c", write, &text]).arg(path).status();
        assert!(written.unwrap().success());
    }
    let script = fs::read_to_string(workspace().join("packaging/debian/cardea/postinst")).unwrap();
    let mut command = Command::new("sh");
    // No systemd runs, on whatever machine this is.
    command.args(["-c", &script.replace("/run/systemd", "/nonexistent"), "postinst", "configure"]);
    let output = command.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
    let output = output.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_user_of_the_servers_name_that_is_not_the_packages_gets_no_folders() {
    for own in ["", "cardea:x:998:998:Cardea server:/var/lib/cardea:/usr/sbin/nologin"] {
        let (passed, said) = postinst(own);
        assert!(passed && said.contains("made"), "{own}: {said}");
    }
    for other in [
        "cardea:x:1000:1000:Cardea Smith:/home/cardea:/bin/bash",
        "cardea:x:1000:1000::/var/lib/cardea:/bin/bash",
    ] {
        let (passed, said) = postinst(other);
        assert!(!passed && !said.contains("made"), "{other}: {said}");
        assert!(said.contains("not this package's") && said.contains("usermod --login"), "{said}");
    }
}

/// An agent takes nothing from a folder that others than root write to.
#[test]
fn the_folder_of_settings_is_roots_alone() {
    let text = fs::read_to_string(workspace().join("packaging/systemd/cardea.tmpfiles")).unwrap();
    assert!(text.lines().any(|line| line == "d /etc/cardea 0755 root root"), "{text}");
}

/// What a unit starts is something that the program understands.
#[test]
fn programs_understand_how_they_are_started() {
    let mut seen = 0;
    for (path, _) in assets() {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("ExecStart=")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let program = match words[0].trim_start_matches("/usr/bin/") {
                "cardea" => server::cli::command(),
                "cardea-agent" => cardea_agent::cli::command(),
                other => panic!("{other} is no program of ours"),
            };
            program.try_get_matches_from(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

/// Every command that people give has its page, and the shells know it.
#[test]
fn pages_and_completions_are_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_packaging")).arg(folder.path()).status().unwrap();
    assert!(made.success());
    let programs =
        [server::cli::command(), cardea_agent::cli::command(), firmware_sim::cli::command()];
    for program in programs {
        let name = program.get_name();
        let read = |path: String| {
            fs::read_to_string(folder.path().join(name).join(&path))
                .unwrap_or_else(|_| panic!("{path}"))
        };
        let bash = read(format!("completions/{name}.bash"));
        let main = read(format!("man/{name}.1"));
        let for_people = |command: &&clap::Command| !command.is_hide_set();
        let commands = program.get_subcommands().filter(for_people);
        for command in commands.map(clap::Command::get_name) {
            let page = read(format!("man/{name}-{command}.1"));
            assert!(page.contains(".SH SYNOPSIS"), "{page}");
            let mut offers = bash.lines().filter(|line| line.trim().starts_with("opts="));
            let is_offered = |line: &str| line.split([' ', '"']).any(|word| word == command);
            assert!(offers.any(is_offered), "{command}: {bash}");
            let in_roff = format!("{name}-{command}(1)").replace('-', "\\-");
            assert!(main.contains(&in_roff), "{in_roff}: {main}");
        }
        for file in [format!("_{name}"), format!("{name}.fish")] {
            assert!(read(format!("completions/{file}")).contains(name), "{file}");
        }
    }
}
