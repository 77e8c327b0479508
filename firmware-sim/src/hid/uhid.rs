//! The messages of `/dev/uhid`, by which a program plays a HID device for the kernel: Linux'
//! `include/uapi/linux/uhid.h`, `Documentation/hid/uhid.rst`. Packed, in the machine's byte order.
//! What is missing at the end of a message that is written the kernel takes for zeros.

use super::packet::Report;

/// The longest message, which is CREATE2: type, 276 bytes about the device, its descriptor.
pub(super) const MESSAGE_SIZE: usize = 4 + 276 + DATA_SIZE;
/// `HID_MAX_DESCRIPTOR_SIZE` and `UHID_DATA_MAX`.
const DATA_SIZE: usize = 4_096;

const OUTPUT: u32 = 6;
const GET_REPORT: u32 = 9;
const GET_REPORT_REPLY: u32 = 10;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const SET_REPORT: u32 = 13;
const SET_REPORT_REPLY: u32 = 14;

/// `BUS_USB`, `include/uapi/linux/input.h`.
const USB: u16 = 0x03;
/// The number that pid.codes keeps for tests: no maker has it.
const VENDOR: u32 = 0x1209;
const PRODUCT: u32 = 0x0001;
const NAME: &[u8] = b"Cardea simulated key";
const PLACE: &[u8] = b"cardea-sim";

/// `EIO`: the key has no feature report, and no other way for its reports.
const NO_SUCH_REPORT: u16 = 5;

/// A security key: the descriptor that CTAP 2.1 §11.2.8.2 prints.
const DESCRIPTOR: [u8; 34] = [
    0x06, 0xD0, 0xF1, // Usage Page (FIDO Alliance)
    0x09, 0x01, // Usage (CTAPHID)
    0xA1, 0x01, // Collection (Application)
    0x09, 0x20, //   Usage (Data In)
    0x15, 0x00, //   Logical Minimum (0)
    0x26, 0xFF, 0x00, //   Logical Maximum (255)
    0x75, 0x08, //   Report Size (8)
    0x95, 0x40, //   Report Count (64)
    0x81, 0x02, //   Input (Data, Absolute, Variable)
    0x09, 0x21, //   Usage (Data Out)
    0x15, 0x00, //   Logical Minimum (0)
    0x26, 0xFF, 0x00, //   Logical Maximum (255)
    0x75, 0x08, //   Report Size (8)
    0x95, 0x40, //   Report Count (64)
    0x91, 0x02, //   Output (Data, Absolute, Variable)
    0xC0, // End Collection
];

/// What the kernel says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A report to the device.
    Output(Report),
    /// It wants an answer, and waits for it.
    Asks {
        /// Which says that there is none.
        refusal: Vec<u8>,
    },
    /// START and STOP, when a driver takes the device and leaves it, OPEN and CLOSE, with the first
    /// program and the last: a key does nothing by itself, and need not know. Or an output of
    /// another length, which a device with reports of 64 bytes does not hear.
    Nothing,
}

impl Message {
    pub(super) fn parse(message: &[u8]) -> Self {
        let number = |bytes: &[u8; 4]| u32::from_ne_bytes(*bytes);
        let Some((kind, rest)) = message.split_first_chunk() else { return Self::Nothing };
        match (number(kind), rest.first_chunk()) {
            (OUTPUT, _) => output(rest).map_or(Self::Nothing, Self::Output),
            (GET_REPORT, Some(&id)) => Self::Asks { refusal: refusal(GET_REPORT_REPLY, id) },
            (SET_REPORT, Some(&id)) => Self::Asks { refusal: refusal(SET_REPORT_REPLY, id) },
            _ => Self::Nothing,
        }
    }
}

/// OUTPUT: data, size, kind of report. Programs write the report's number first, which is 0 where
/// a device has only one, and the kernel passes it on.
fn output(rest: &[u8]) -> Option<Report> {
    let (data, rest) = rest.split_at_checked(DATA_SIZE)?;
    let size = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
    data.get(..size)?.strip_prefix(&[0])?.try_into().ok()
}

/// `GET_REPORT_REPLY` and `SET_REPORT_REPLY`: number of the question, error.
fn refusal(kind: u32, id: [u8; 4]) -> Vec<u8> {
    [&kind.to_ne_bytes()[..], &id, &NO_SUCH_REPORT.to_ne_bytes()].concat()
}

/// CREATE2: name, place and serial number, each filled up with zeros; size of the descriptor, bus,
/// vendor, product, version, country; descriptor.
pub(super) fn create() -> Vec<u8> {
    let size = u16::try_from(DESCRIPTOR.len()).unwrap_or_default();
    let mut message = CREATE2.to_ne_bytes().to_vec();
    message.extend(field::<128>(NAME));
    message.extend(field::<64>(PLACE));
    message.extend(field::<64>(b""));
    message.extend([size, USB].map(u16::to_ne_bytes).as_flattened());
    message.extend([VENDOR, PRODUCT, 0, 0].map(u32::to_ne_bytes).as_flattened());
    message.extend(DESCRIPTOR);
    message
}

fn field<const SIZE: usize>(text: &[u8]) -> [u8; SIZE] {
    let mut bytes = text.iter();
    std::array::from_fn(|_| bytes.next().copied().unwrap_or_default())
}

/// INPUT2: size, data.
pub(super) fn input(report: &Report) -> Vec<u8> {
    let size = u16::try_from(report.len()).unwrap_or_default();
    [&INPUT2.to_ne_bytes()[..], &size.to_ne_bytes(), report].concat()
}

#[cfg(test)]
mod tests;
