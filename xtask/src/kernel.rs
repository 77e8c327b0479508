//! The kernel of `make test-vm`, under `target/vm`: Debian's for virtual machines, unpacked and not
//! installed. One that is there is kept; `rm -r target/vm` gets the newest.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

/// The package that always needs the newest kernel.
const NEWEST: &str = "linux-image-cloud-amd64";

const PLACE: &str = "target/vm";

/// Unpacks it if it is not there; `true` when it is there afterwards.
pub(crate) fn install() -> bool {
    match try_install() {
        Ok(is_there) => is_there,
        Err(error) => {
            println!("cannot unpack Debian's kernel {NEWEST} in {PLACE}: {error}");
            false
        }
    }
}

fn try_install() -> io::Result<bool> {
    let place = Path::new(PLACE);
    if place.join("kernel").exists() {
        return Ok(true);
    }
    if place.exists() {
        // What an earlier try has left.
        fs::remove_dir_all(place)?;
    }
    fs::create_dir_all(place.join("unpacked"))?;
    let Some(package) = newest()? else {
        println!("Debian's package lists do not have {NEWEST}; run: sudo apt-get update");
        return Ok(false);
    };
    println!("unpacking {package} in {PLACE}");
    // By default another user fetches it, who may not write here.
    let mut download = Command::new("apt-get");
    download.args(["download", "-qq", "-o", "APT::Sandbox::User=root", &package]);
    if !succeeds(download.current_dir(place))? {
        return Ok(false);
    }
    let archive = fs::read_dir(place)?.flatten().map(|entry| entry.path());
    let archive = archive.into_iter().find(|path| path.extension().is_some_and(|e| e == "deb"));
    let archive = archive.ok_or_else(|| io::Error::other("no package was downloaded"))?;
    let unpacked = place.join("unpacked");
    if !succeeds(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked))? {
        return Ok(false);
    }
    fs::remove_file(archive)?;
    fs::rename(unpacked, place.join("kernel"))?;
    Ok(true)
}

/// The package that is the newest kernel; `None` when the lists of packages do not name it.
fn newest() -> io::Result<Option<String>> {
    let asked = Command::new("apt-cache").args(["depends", "--important", NEWEST]).output()?;
    Ok(dependency(&String::from_utf8_lossy(&asked.stdout)))
}

fn dependency(answer: &str) -> Option<String> {
    let mut needed = answer.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    needed.find(|package| package.starts_with("linux-image-")).map(str::to_owned)
}

/// It says itself what goes wrong.
fn succeeds(command: &mut Command) -> io::Result<bool> {
    Ok(command.stdin(Stdio::null()).status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_is_what_the_package_depends_on() {
        let answer = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n";
        assert_eq!(dependency(answer).as_deref(), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(dependency("linux-image-cloud-amd64\n"), None);
    }
}
