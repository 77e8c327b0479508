use std::os::unix::fs::symlink;

use hex_literal::hex;

use super::*;

const KEY: [u8; 7] = hex!("06 D0F1 09 01 A1 01");
const MOUSE: [u8; 6] = hex!("05 01 09 02 A1 01");

/// A system with devices `(node, place, descriptor, about)`.
fn system(devices: &[(&str, &str, &[u8], &str)]) -> (tempfile::TempDir, Folders) {
    let root = tempfile::tempdir().unwrap();
    let class = root.path().join("class");
    fs::create_dir(&class).unwrap();
    for (node, place, descriptor, about) in devices {
        let place = root.path().join("devices").join(place);
        fs::create_dir_all(place.join("device")).unwrap();
        fs::write(place.join("device/report_descriptor"), descriptor).unwrap();
        fs::write(place.join("device/uevent"), about).unwrap();
        symlink(&place, class.join(node)).unwrap();
    }
    (root, Folders { class })
}

#[test]
fn keys_are_found_among_other_devices() {
    let about = "DRIVER=hid-generic\nHID_ID=0003:00001050\nHID_NAME=Yubico YubiKey FIDO\n";
    let (root, system) = system(&[
        ("hidraw0", "0003:1.0001", &MOUSE, "HID_NAME=Mouse\n"),
        ("hidraw1", "0003:2.0002", &KEY, about),
        ("hidraw12", "0003:3.0003", &KEY, ""),
    ]);
    let found = |place: &str, name: &str| Found {
        place: root.path().canonicalize().unwrap().join("devices").join(place),
        name: name.into(),
    };
    let expected = [
        ("hidraw1".to_owned(), found("0003:2.0002", "Yubico YubiKey FIDO")),
        ("hidraw12".to_owned(), found("0003:3.0003", "security key")),
    ];
    assert_eq!(system.keys(), BTreeMap::from(expected));
    assert_eq!(system.key("hidraw0"), None);
    assert_eq!(system.key("hidraw7"), None);
}

#[test]
fn a_system_without_hid_has_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    let system = Folders { class: folder.path().join("nothing") };
    assert_eq!(system.keys(), BTreeMap::new());
}

#[test]
fn a_name_that_leads_elsewhere_is_no_name() {
    let (root, system) = system(&[("hidraw0", "0003:2.0002", &KEY, "")]);
    symlink(root.path().join("devices/0003:2.0002"), root.path().join("class/other")).unwrap();
    assert!(system.key("hidraw0").is_some());
    for name in ["../class/hidraw0", "hidraw0/", "hidraw", "hidraw1234567", "other", ""] {
        assert_eq!(system.key(name), None, "{name}");
        assert!(!is_node_name(name), "{name}");
    }
}

#[test]
fn what_a_maker_writes_is_one_short_line() {
    assert_eq!(maker_name("HID_NAME=Key\u{7}\u{1b}[2J one\r\nHID_PHYS=x"), "Key[2J one");
    assert_eq!(maker_name(&format!("HID_NAME={}", "x".repeat(500))).len(), 80);
    assert_eq!(maker_name("HID_NAME=  \n"), "security key");
}

#[test]
fn a_node_that_is_not_there_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let system = Folders { class: folder.path().into() };
    let node = folder.path().join("hidraw0");
    assert_eq!(system.usable(&node), Usable::Missing);
    fs::write(&node, "").unwrap();
    assert_eq!(system.usable(&node), Usable::Yes);
}
