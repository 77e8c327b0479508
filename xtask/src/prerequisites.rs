//! Installs the packages of the operating system that a command needs: Debian's, as root or by
//! sudo after asking. Elsewhere it says what is missing.

use std::fmt::{self, Display, Formatter};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Something that a command needs.
pub(crate) struct Need {
    /// Debian's package.
    package: &'static str,
    /// How to tell without Debian's package manager that it is there.
    place: Place,
}

/// Where something is found.
enum Place {
    /// A program, by its name.
    Program(&'static str),
    /// A library, by its name at pkg-config.
    Library(&'static str),
    /// Files whose names begin so, in any of these folders and the folders in them.
    Files(&'static str, &'static [&'static str]),
}

use Place::{Files, Library, Program};

const fn need(package: &'static str, place: Place) -> Need {
    Need { package, place }
}

/// What `make demo` needs: to build the agent and the simulated card, and a reader to put it in.
pub(crate) const DEMO: &[Need] = &[
    need("pkg-config", Program("pkg-config")),
    need("libpcsclite-dev", Library("libpcsclite")),
    need("libclang-dev", Files("libclang.so", &["/usr/lib", "/usr/lib64", "/usr/local/lib"])),
    need("pcscd", Program("pcscd")),
    need("vsmartcard-vpcd", Files("libifdvpcd.so", &["/usr/lib/pcsc", "/usr/lib64/pcsc"])),
    need("iproute2", Program("ip")),
];

/// What `make test` needs besides: browser, database, the fault injector, smart cards in software, and small programs. The
/// tests take browser and database from where Debian has them.
pub(crate) const TEST: &[Need] = &[
    need("chromium", Files("chromium", &["/usr/bin"])),
    need("chromium-driver", Program("chromedriver")),
    need("fonts-dejavu-core", Files("DejaVuSans.ttf", &["/usr/share/fonts"])),
    need("postgresql", Files("postgres", &["/usr/lib/postgresql/15/bin"])),
    need("strace", Program("strace")),
    need("procps", Program("kill")),
    need("openssl", Program("openssl")),
    need("softhsm2", Program("softhsm2-util")),
    need("opensc", Program("pkcs11-tool")),
    need("yubico-piv-tool", Program("yubico-piv-tool")),
    need("systemd", Program("systemd-analyze")),
    need("dbus-daemon", Program("dbus-daemon")),
];

/// What `make interop` needs besides: other people's clients of smart cards, what the others run in,
/// smart cards in software for our own, and a web server with other people's OpenID Connect. The rest of
/// theirs is no package of the operating system, see `python.rs` and `applications.rs`.
pub(crate) const INTEROP: &[Need] = &[
    need("openssl", Program("openssl")),
    need("softhsm2", Program("softhsm2-util")),
    need("opensc", Program("pkcs11-tool")),
    need("yubico-piv-tool", Program("yubico-piv-tool")),
    need("python3-venv", Files("ensurepip", &["/usr/lib"])),
    need("python3-pyscard", Files("smartcard", &["/usr/lib/python3"])),
    need("npm", Program("npm")),
    need("apache2-bin", Program("apache2")),
    need("media-types", Files("mime.types", &["/etc"])),
    need(
        "libapache2-mod-auth-openidc",
        Files("mod_auth_openidc.so", &["/usr/lib/apache2/modules"]),
    ),
];

/// What `make test-packages` needs besides: what finds out the libraries that a program needs, and
/// what makes a clean root.
pub(crate) const PACKAGES: &[Need] = &[
    need("dpkg-dev", Program("dpkg-shlibdeps")),
    need("debootstrap", Program("debootstrap")),
    need("util-linux", Program("nsenter")),
];

/// What `make test-vm` needs besides: the machine, a shell and a client of other people's to put
/// into it, and certificates, without which the agent does not start. Its kernel is not installed,
/// see `kernel.rs`.
pub(crate) const TEST_VM: &[Need] = &[
    need("qemu-system-x86", Program("qemu-system-x86_64")),
    need("busybox-static", Files("busybox", &["/bin"])),
    need("fido2-tools", Files("fido2-token", &["/usr/bin"])),
    need("ca-certificates", Files("ca-certificates.crt", &["/etc/ssl/certs"])),
];

/// Installs what is missing; `true` when nothing is missing afterwards.
pub(crate) fn install(needs: &[&[Need]]) -> bool {
    let needs = once_each(needs);
    let needs = needs.iter().copied();
    if !is_program("dpkg-query") {
        return look_for(needs);
    }
    // What is there from elsewhere is not installed once more.
    let missing = needs.filter(|need| !is_installed(need.package) && !need.place.is_there());
    let missing: Vec<&str> = missing.map(|need| need.package).collect();
    if missing.is_empty() {
        return true;
    }
    let root = is_root();
    if !root && !agreed(&missing) {
        println!("Not installed. To install them: sudo apt-get install {}", missing.join(" "));
        return false;
    }
    println!("installing {}", missing.join(" "));
    apt(root, &["update", "-qq"]);
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&missing);
    apt(root, &arguments)
}

/// All needs of some lists. Two lists may name the same package; it is asked for once.
fn once_each<'a>(lists: &[&'a [Need]]) -> Vec<&'a Need> {
    let mut needs: Vec<&Need> = Vec::new();
    for need in lists.iter().copied().flatten() {
        if needs.iter().all(|other| other.package != need.package) {
            needs.push(need);
        }
    }
    needs
}

/// On a system of another kind nothing is installed; what is really missing is said.
fn look_for<'a>(needs: impl Iterator<Item = &'a Need>) -> bool {
    let mut complete = true;
    for need in needs.filter(|need| !need.place.is_there()) {
        if complete {
            println!("Missing; please install, and try again:");
        }
        complete = false;
        println!("  {} (on Debian in the package {})", need.place, need.package);
    }
    complete
}

impl Place {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => is_program(name),
            Self::Library(name) => {
                let asked = Command::new("pkg-config").args(["--exists", name]).status();
                asked.is_ok_and(|status| status.success())
            }
            Self::Files(start, folders) => {
                folders.iter().any(|folder| has_file(Path::new(folder), start, DEPTH))
            }
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(name) => write!(f, "the program {name}"),
            Self::Library(name) => write!(f, "the library {name}, as pkg-config knows it"),
            Self::Files(start, folders) => write!(f, "{start}… in {}", folders.join(" or ")),
        }
    }
}

/// Folders in folders that are looked into.
const DEPTH: u32 = 3;

fn has_file(folder: &Path, start: &str, depth: u32) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    let entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let is_it = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with(start)) && path.is_file()
    };
    entries.iter().any(is_it)
        || depth.checked_sub(1).is_some_and(|depth| {
            let folders = entries.iter().filter(|path| path.is_dir() && !path.is_symlink());
            folders.into_iter().any(|folder| has_file(folder, start, depth))
        })
}

/// Whether there is such a program. Some stand where only root looks by default.
pub(crate) fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).any(|folder| folder.join(name).is_file())
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]).output();
    query.is_ok_and(|answer| answer.stdout == b"install ok installed")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// Asks on the terminal; without one, nobody has agreed.
fn agreed(missing: &[&str]) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!("Install with sudo: {}? [y/N] ", missing.join(" "));
    let mut answer = String::new();
    let asked = std::io::stdout().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
    asked.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn apt(root: bool, arguments: &[&str]) -> bool {
    let (program, before): (&str, &[&str]) =
        if root { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    let mut command = Command::new(program);
    command.args(before).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    // The installers talk much; what they say matters only when they fail.
    let done = command.stdout(std::process::Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_without_the_package_manager() {
        assert!(Program("sh").is_there());
        assert!(Files("Cargo.toml", &[concat!(env!("CARGO_MANIFEST_DIR"), "/..")]).is_there());
        assert!(Files("prerequisites", &[env!("CARGO_MANIFEST_DIR")]).is_there(), "further down");
    }

    #[test]
    fn what_two_lists_name_is_asked_for_once() {
        let mut names: Vec<_> =
            once_each(&[DEMO, TEST, INTEROP]).iter().map(|need| need.package).collect();
        assert!(names.contains(&"opensc") && names.contains(&"python3-venv"), "{names:?}");
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(
            all < DEMO.len() + TEST.len() + INTEROP.len(),
            "the lists have something in common"
        );
    }

    #[test]
    fn what_is_missing_is_missing() {
        assert!(!Program("no-such-program").is_there());
        assert!(!Library("no-such-library").is_there());
        assert!(!Files("no-such-file", &["/usr/bin", "/no/such/folder"]).is_there());
        assert!(!look_for([need("nothing", Program("no-such-program"))].iter()));
        assert!(look_for([need("dash", Program("sh"))].iter()));
    }
}
