//! Readers, cards and keys, and whether this user may use them.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;

use authenticator::management::{Inspection, PinState};
use link_pcsc::ServiceError;

use super::{Desktop, Finding};
use crate::board::Open;
use crate::errand::{ErrandError, inspect};
use crate::inserted::{self, Inserted, State};
use crate::plain::quoted;

const SERVICE: &str = "Smart card service";
const READERS: &str = "Card readers";
const CARD: &str = "Card";
const KEY: &str = "Security key";

/// What polkit wants: pcsc-lite's own rule lets in who sits at the screen.
const POLKIT: &str = "sign in at the screen of this computer, not over ssh; or let your user in by a \
     polkit rule for org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card";
/// The rule must come before systemd's 73-seat-late.rules, and after 60-fido-id.rules.
const UDEV: &str = "sign in at the screen of this computer, not over ssh; if you have, run as root: \
     echo 'SUBSYSTEM==\"hidraw\", ENV{ID_SECURITY_TOKEN}==\"1\", TAG+=\"uaccess\"' \
     > /etc/udev/rules.d/70-security-keys.rules && udevadm control --reload && \
     udevadm trigger --subsystem-match=hidraw";

pub(super) async fn examine(desktop: &Desktop) -> Vec<Finding> {
    let keys = inserted::keys(desktop.simulated_key.clone());
    let mut findings = Vec::new();
    match inserted::cards() {
        Ok(readers) => {
            findings.push(Finding::good(SERVICE, "pcscd answers"));
            findings.push(of_readers(&readers, keys.is_empty()));
            for reader in &readers {
                findings.extend(of_card(reader).await);
            }
        }
        Err(error) => findings.push(no_service(error, desktop)),
    }
    if keys.is_empty() {
        findings.push(Finding::absent(KEY, "none is plugged in", None));
    }
    for key in &keys {
        findings.push(of_key(key).await);
    }
    findings
}

/// Why pcscd does not answer, as far as its socket tells.
fn no_service(error: ServiceError, desktop: &Desktop) -> Finding {
    if error == ServiceError::Forbidden {
        return Finding::wrong(SERVICE, "pcscd does not let you in: polkit forbids it", POLKIT);
    }
    let socket = desktop.pcscd.display();
    match UnixStream::connect(&desktop.pcscd).map_err(|error| error.kind()) {
        Err(ErrorKind::NotFound) if !is_installed(desktop) => Finding::wrong(
            SERVICE,
            "pcscd is not installed",
            "as root: apt-get install pcscd libccid",
        ),
        Err(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Finding::wrong(
            SERVICE,
            format!("pcscd does not run: nobody listens at {socket}"),
            "as root: systemctl enable --now pcscd.socket",
        ),
        Err(ErrorKind::PermissionDenied) => Finding::wrong(
            SERVICE,
            format!("you may not use the socket {socket}"),
            format!("as root: chmod a+rw {}", quoted(&desktop.pcscd.to_string_lossy())),
        ),
        Err(kind) => Finding::wrong(
            SERVICE,
            format!("the socket {socket} cannot be used: {kind}"),
            "as root: systemctl restart pcscd.socket",
        ),
        Ok(_) => Finding::wrong(
            SERVICE,
            "pcscd takes connections and does not answer",
            "as root: systemctl restart pcscd.service",
        ),
    }
}

fn is_installed(desktop: &Desktop) -> bool {
    // Ordinary users have no sbin in their PATH.
    let usual = ["/usr/sbin/pcscd", "/usr/local/sbin/pcscd"];
    desktop.surroundings.find("pcscd").is_some()
        || usual.iter().any(|path| Path::new(path).exists())
}

fn of_readers(readers: &[Inserted], no_keys: bool) -> Finding {
    if !readers.is_empty() {
        let names: Vec<&str> = readers.iter().map(|reader| reader.name.as_str()).collect();
        return Finding::good(READERS, names.join(", "));
    }
    let mend = "plug one in; if one is: as root: apt-get install libccid, and plug it in again";
    if no_keys {
        Finding::wrong(READERS, "there is neither a reader nor a security key", mend)
    } else {
        Finding::absent(READERS, "there is none", Some(mend))
    }
}

async fn of_card(reader: &Inserted) -> Option<Finding> {
    match &reader.state {
        State::Ready(open) => Some(of_device(CARD, reader, open).await),
        State::Unresponsive => Some(Finding::wrong(
            CARD,
            format!("the card in {} does not answer", reader.name),
            "take it out, turn it over, and put it back",
        )),
        State::Empty | State::Forbidden => None,
    }
}

async fn of_key(key: &Inserted) -> Finding {
    if let State::Ready(open) = &key.state {
        return of_device(KEY, key, open).await;
    }
    let node = key.node.as_deref().unwrap_or(Path::new("/dev")).display();
    Finding::wrong(KEY, format!("you may not use the key at {node}"), UDEV)
}

async fn of_device(check: &'static str, device: &Inserted, open: &Open) -> Finding {
    let name = &device.name;
    match inspect(open).await {
        Ok(inspection) => of_inspection(check, device, &inspection),
        Err(ErrandError::NotFido) => {
            Finding::absent(check, format!("{name}: it does not know FIDO2"), None)
        }
        Err(ErrandError::Forbidden) => {
            Finding::wrong(check, format!("you may not use the card in {name}"), POLKIT)
        }
        Err(ErrandError::Busy) => {
            Finding::absent(check, format!("{name}: another program is using it"), None)
        }
        Err(error) => Finding::wrong(
            check,
            format!("{name}: {error}"),
            "take it out, put it back, and run cardea-agent doctor again",
        ),
    }
}

fn of_inspection(check: &'static str, device: &Inserted, inspection: &Inspection) -> Finding {
    let (name, aaguid) = (&device.name, inspection.model());
    let model = models::name(&aaguid).unwrap_or(&aaguid);
    let says = format!("{name}: {model}, {}", crate::words::pin_state(inspection.pin));
    let mend =
        |errand: &str| format!("cardea-agent {}s {errand} --device {}", word(check), quoted(name));
    match inspection.pin {
        PinState::Set { must_be_changed: true, .. } => {
            Finding::wrong(check, says, mend("pin change"))
        }
        PinState::Blocked => Finding::wrong(check, says, mend("reset")),
        PinState::BlockedUntilPowerOff { .. } => {
            Finding::wrong(check, says, "take it out, and put it back")
        }
        _ => Finding::good(check, says),
    }
}

fn word(check: &str) -> &'static str {
    if check == CARD { "card" } else { "key" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Kind;
    use crate::doctor::Verdict;

    fn inserted(kind: Kind, state: State) -> Inserted {
        let node = (kind == Kind::Key).then(|| "/dev/hidraw7".into());
        Inserted { kind, name: "Thing".into(), node, socket: None, state }
    }

    #[tokio::test]
    async fn a_key_that_one_may_not_use_is_mended_by_a_rule_of_udev() {
        let finding = of_key(&inserted(Kind::Key, State::Forbidden)).await;
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert_eq!(finding.says, "you may not use the key at /dev/hidraw7");
        assert!(finding.mend.unwrap().contains("TAG+=\"uaccess\""));
    }

    #[test]
    fn whom_polkit_forbids_the_service_is_told_so_and_not_to_install_it() {
        let desktop = Desktop {
            pcscd: "/nowhere/pcscd.comm".into(),
            socket: None,
            state_dir: None,
            settings: Vec::new(),
            pinentry: None,
            modules: None,
            surroundings: crate::browser::Surroundings::default(),
            simulated_key: None,
        };
        let finding = no_service(ServiceError::Forbidden, &desktop);
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert!(finding.mend.unwrap().contains("org.debian.pcsc-lite.access_pcsc"));
    }

    #[tokio::test]
    async fn a_card_that_lies_the_wrong_way_is_turned_over() {
        let finding = of_card(&inserted(Kind::Card, State::Unresponsive)).await.unwrap();
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert!(finding.mend.unwrap().contains("turn it over"));
        assert!(of_card(&inserted(Kind::Card, State::Empty)).await.is_none());
    }

    #[test]
    fn who_has_a_key_needs_no_reader() {
        assert_eq!(of_readers(&[], true).verdict, Verdict::Wrong);
        assert_eq!(of_readers(&[], false).verdict, Verdict::Absent);
        let reader = inserted(Kind::Card, State::Empty);
        assert_eq!(of_readers(&[reader], true).verdict, Verdict::Good);
    }
}
