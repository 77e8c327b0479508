//! Real answers, written down.

mod certificates;
mod eam;
mod openid;
mod pkcs11_child;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authenticator::{Control, CtapLink, LinkError};
use firmware_sim::{Config, Simulator};
use fuzz::{NONCE, framed, what_is_passed_on};
use hex_literal::hex;
use link_hid::{HidLink, Hidraw, Report, ReportError, Reports};

type Input = (&'static str, String, Vec<u8>);

/// Target, name and content of every file.
pub(crate) fn all() -> Vec<Input> {
    let devices = [ctap2(), ctaphid(), apdu(), certificates::all(), pkcs11_child::all()];
    let strangers = [eam::all(), openid::all()];
    devices.into_iter().chain(strangers).flatten().collect()
}

/// A link that writes down what is said over it.
struct Recorder<L>(L, Vec<Vec<u8>>);

impl<L: CtapLink> CtapLink for Recorder<L> {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let answer = self.0.call(request, control)?;
        self.1.push(answer.clone());
        Ok(answer)
    }
}

fn ctap2() -> Vec<Input> {
    let simulator = Simulator::start(Config::seeded(71)).unwrap();
    let ways = [
        ("fresh-assertion", 0x02),
        ("registration", 0x01),
        ("second-registration", 0x01),
        ("assertion", 0x02),
        ("assertion-not-found", 0x00),
        ("assertion-without-pin", 0x06),
        ("registration-without-pin", 0x05),
        ("credentials", 0x08),
    ];
    let mut fingerprint = Vec::new();
    let record = |(name, how): (&str, u8)| {
        let mut link = Recorder(simulator.link(), Vec::new());
        what_is_passed_on(how, &mut link);
        if name == "credentials" {
            fingerprint = with_a_sensor(&link.1);
        }
        ("ctap2", name.to_owned(), framed(how, &link.1))
    };
    let mut all: Vec<_> = ways.into_iter().map(record).collect();
    all.push(("ctap2", "fingerprint".to_owned(), framed(0x0B, &fingerprint)));
    all
}

/// The firmware has no sensor. So the answers that give a token are its own, and those around them are
/// written down from the standard (CTAP 2.1 §6.4, §6.7): getInfo, the sensor, two samples, the name.
fn with_a_sensor(said: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let info = hex!(
        "00 a4 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000"
        "04 a3 69 62696f456e726f6c6c f4 69 636c69656e7450696e f5"
        "6e 70696e557641757468546f6b656e f5 06 82 02 01"
    );
    let sensor = hex!("00 a4 01 01 02 01 03 02 08 18 40");
    let (first, next) = (hex!("00 a3 04 42 aabb 05 00 06 01"), hex!("00 a2 05 00 06 00"));
    let token = said[1..4].iter().cloned();
    let before = [info.to_vec(), sensor.to_vec()].into_iter();
    before.chain(token).chain([first.to_vec(), next.to_vec(), vec![0x00]]).collect()
}

fn control<T>(run: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_secs(10);
    run(&mut Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} })
}

/// A wire that writes down what the key sends.
struct Tapped(Hidraw, Arc<Mutex<Vec<u8>>>);

impl Reports for Tapped {
    fn write(&mut self, report: &Report) -> Result<(), ReportError> {
        self.0.write(report)
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, ReportError> {
        let report = self.0.read(timeout)?;
        self.1.lock().unwrap().extend(report.iter().flatten());
        Ok(report)
    }
}

fn ctaphid() -> Vec<Input> {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Config::seeded(72)).unwrap();
    let _key = simulator.key(&folder.path().join("key")).unwrap();
    let requests: [(&str, &[&[u8]]); 4] = [
        ("info", &[&[0x04]]),
        ("unknown", &[&[0x04], &[0xA5; 200]]),
        ("touch", &[&[0x0B], &[0x04]]),
        ("empty", &[&[0x00; 1]]),
    ];
    let record = |(name, requests): (&str, &[&[u8]])| {
        let said = Arc::new(Mutex::new(vec![0]));
        let wire = Hidraw::connect(&folder.path().join("key")).unwrap();
        let mut link = HidLink::new(Tapped(wire, Arc::clone(&said)), || NONCE);
        for request in requests {
            control(|control| link.call(request, control)).unwrap();
        }
        ("ctaphid", name.to_owned(), said.lock().unwrap().clone())
    };
    requests.into_iter().map(record).collect()
}

/// How cards hand out a long answer; the answer is the firmware's.
fn apdu() -> Vec<Input> {
    let simulator = Simulator::start(Config::seeded(73)).unwrap();
    let info = control(|control| simulator.link().call(&[0x04], control)).unwrap();
    let selected = [&b"FIDO_2_0"[..], &[0x90, 0x00]].concat();
    let whole = [&info[..], &[0x90, 0x00]].concat();
    let (first, rest) = info.split_at(200);
    let first = [first, &[0x61, u8::try_from(rest.len()).unwrap_or(0)]].concat();
    let rest = [rest, &[0x90, 0x00]].concat();
    let (ok, not_yet) = (vec![0x90, 0x00], vec![0x02, 0x91, 0x00]);
    let inputs: [(&str, u8, Vec<Vec<u8>>); 6] = [
        ("short", 0, vec![selected.clone(), whole.clone()]),
        ("more", 0, vec![selected.clone(), first.clone(), rest.clone()]),
        ("wrong-le", 0, vec![selected.clone(), vec![0x6C, 0x20], whole.clone()]),
        ("chained", 1, vec![selected.clone(), ok.clone(), ok.clone(), first, rest]),
        ("extended", 1, vec![selected.clone(), vec![0x68, 0x84], whole.clone()]),
        ("not-yet", 0x0C, vec![selected, not_yet.clone(), not_yet.clone(), not_yet, whole]),
    ];
    inputs.map(|(name, how, answers)| ("apdu", name.to_owned(), framed(how, &answers))).into()
}

/// Says again what was recorded.
pub(crate) struct Replay(std::vec::IntoIter<Vec<u8>>);

impl Replay {
    pub(crate) fn of(mut data: &[u8]) -> Self {
        let mut answers = Vec::new();
        while let [high, low, rest @ ..] = data {
            let (answer, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            answers.push(answer.to_vec());
            data = rest;
        }
        Self(answers.into_iter())
    }
}

impl CtapLink for Replay {
    fn call(&mut self, _request: &[u8], _control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        Ok(self.0.next().unwrap())
    }
}
