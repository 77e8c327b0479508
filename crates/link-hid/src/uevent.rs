//! What the kernel says when a device comes or goes: lines that end with a zero, the first of
//! which is not for us.

use crate::devices::is_node_name;

/// A message about a `hidraw` device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uevent {
    /// Whether the device is gone. Every other action asks us to look at it.
    pub(crate) is_gone: bool,
    /// Name of its node.
    pub(crate) name: String,
}

impl Uevent {
    /// `None`: it is about something else.
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let value = |key: &[u8]| {
            let mut lines = message.split(|&byte| byte == 0);
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(b"="))
        };
        if value(b"SUBSYSTEM")? != b"hidraw" {
            return None;
        }
        let name = std::str::from_utf8(value(b"DEVNAME")?).ok()?;
        let is_gone = value(b"ACTION")? == b"remove";
        is_node_name(name).then(|| Self { is_gone, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(action: &str, subsystem: &str, name: &str) -> Vec<u8> {
        let path = "/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/0003:1050:0120.0007/hidraw";
        format!(
            "{action}@{path}/{name}\0ACTION={action}\0DEVPATH={path}/{name}\0\
             SUBSYSTEM={subsystem}\0MAJOR=241\0MINOR=3\0DEVNAME={name}\0SEQNUM=4711\0"
        )
        .into_bytes()
    }

    #[test]
    fn a_device_that_comes_or_goes_is_told_by_name() {
        for (action, is_gone) in [("add", false), ("change", false), ("remove", true)] {
            let uevent = Uevent { is_gone, name: "hidraw3".into() };
            assert_eq!(Uevent::parse(&message(action, "hidraw", "hidraw3")), Some(uevent));
        }
    }

    #[test]
    fn what_is_about_something_else_is_left_alone() {
        assert_eq!(Uevent::parse(&message("add", "usb", "hidraw3")), None);
        assert_eq!(Uevent::parse(&message("add", "hidraw", "../sda")), None);
        assert_eq!(Uevent::parse(b"libudev\0\xFE\xED\xCA\xFE"), None);
        assert_eq!(Uevent::parse(b""), None);
        let whole = message("add", "hidraw", "hidraw3");
        let name = whole.windows(8).position(|bytes| bytes == b"DEVNAME=").unwrap();
        assert_eq!(Uevent::parse(&whole[..name + 8]), None);
    }
}
