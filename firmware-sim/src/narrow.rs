//! FIDO that can less than the firmware. With fewer algorithms, getInfo does not list the others,
//! and makeCredential does not hear that the client would take them. With a limit to credentials,
//! getInfo does not say how many more there may be: the firmware counts there what it has room for.

use apdu_dispatch::App;
use apdu_dispatch::app::{CommandView, Result, VecView};
use apdu_dispatch::dispatch::Interface;
use apdu_dispatch::iso7816;
use ciborium::Value;
use ctaphid_app::Command;
use heapless_bytes::Bytes;

use crate::firmware::MAX_MESSAGE;
use crate::{Algorithm, Config};

/// Commands of CTAP 2.1 §6, and where their messages list algorithms.
const MAKE_CREDENTIAL: u8 = 0x01;
const PARAMETERS: i64 = 0x04;
const GET_INFO: u8 = 0x04;
const ALGORITHMS: i64 = 0x0A;
/// remainingDiscoverableCredentials of getInfo.
const REMAINING: i64 = 0x14;
/// COSE's number of `EdDSA`.
const EDDSA: i64 = -8;
/// INS of `NFCCTAP_MSG`.
const MESSAGE: u8 = 0x10;

/// The FIDO application, perhaps with less than it has.
pub(crate) struct Narrow<F> {
    fido: F,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    has_eddsa: bool,
    counts_credentials: bool,
}

impl<F> Narrow<F> {
    pub(crate) fn new(fido: F, config: &Config) -> Self {
        let limits = Limits {
            has_eddsa: config.algorithms.contains(&Algorithm::EdDsa),
            counts_credentials: config.max_credentials.is_some(),
        };
        Self { fido, limits }
    }
}

impl<'i, F: ctaphid_app::App<'i>> Narrow<F> {
    /// A command of a key; `None` when the application refuses it.
    pub(crate) fn call(
        &mut self,
        command: Command,
        request: &[u8],
        answer: &mut Bytes<MAX_MESSAGE>,
    ) -> Option<()> {
        if self.limits.are_none() || command != Command::Cbor {
            return self.fido.call(command, request, answer).ok();
        }
        self.fido.call(command, &self.limits.request(request), answer).ok()?;
        let narrowed = self.limits.answer(request, answer);
        *answer = Bytes::try_from(narrowed.as_slice()).ok()?;
        Some(())
    }
}

impl<F: iso7816::App> iso7816::App for Narrow<F> {
    fn aid(&self) -> iso7816::Aid {
        self.fido.aid()
    }
}

impl<F: App> App for Narrow<F> {
    fn select(
        &mut self,
        over: Interface,
        apdu: CommandView<'_>,
        reply: &mut VecView<u8>,
    ) -> Result {
        self.fido.select(over, apdu, reply)
    }

    fn deselect(&mut self) {
        self.fido.deselect();
    }

    fn call(&mut self, over: Interface, apdu: CommandView<'_>, reply: &mut VecView<u8>) -> Result {
        let instruction: u8 = apdu.instruction().into();
        if self.limits.are_none() || instruction != MESSAGE {
            return self.fido.call(over, apdu, reply);
        }
        let narrowed = extended(apdu.p1, apdu.p2, &self.limits.request(apdu.data()));
        let Ok(narrowed) = iso7816::Command::<MAX_MESSAGE>::try_from(&narrowed) else {
            return Err(iso7816::Status::WrongLength);
        };
        self.fido.call(over, narrowed.as_view(), reply)?;
        let answer = self.limits.answer(apdu.data(), reply);
        reply.clear();
        reply.extend_from_slice(&answer).map_err(|_| iso7816::Status::NotEnoughMemory)
    }
}

/// `NFCCTAP_MSG` with this message, whole.
fn extended(p1: u8, p2: u8, message: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[0x80, MESSAGE, p1, p2, 0, high, low][..], message, &[0, 0]].concat()
}

impl Limits {
    fn are_none(self) -> bool {
        self.has_eddsa && !self.counts_credentials
    }

    fn request(self, request: &[u8]) -> Vec<u8> {
        match request.first() {
            Some(&MAKE_CREDENTIAL) if !self.has_eddsa => edited(request, |map| {
                drop_eddsa(map, PARAMETERS);
            }),
            _ => request.to_vec(),
        }
    }

    fn answer(self, request: &[u8], answer: &[u8]) -> Vec<u8> {
        match (request.first(), answer.first()) {
            (Some(&GET_INFO), Some(0)) => edited(answer, |map| {
                if !self.has_eddsa {
                    drop_eddsa(map, ALGORITHMS);
                }
                if self.counts_credentials {
                    map.retain(|(name, _)| *name != REMAINING.into());
                }
            }),
            _ => answer.to_vec(),
        }
    }
}

type Map = Vec<(Value, Value)>;

/// The same message with its map edited. What cannot be read is the firmware's to refuse.
fn edited(message: &[u8], edit: impl FnOnce(&mut Map)) -> Vec<u8> {
    let edited = message.split_first().and_then(|(first, mut body)| {
        let mut map: Value = ciborium::from_reader(&mut body).ok()?;
        edit(map.as_map_mut()?);
        let mut edited = vec![*first];
        ciborium::into_writer(&map, &mut edited).ok()?;
        // What follows the map stays.
        edited.extend(body);
        Some(edited)
    });
    edited.unwrap_or_else(|| message.to_vec())
}

fn drop_eddsa(map: &mut Map, member: i64) {
    let list = map.iter_mut().find(|(name, _)| *name == member.into());
    if let Some(entries) = list.and_then(|(_, list)| list.as_array_mut()) {
        entries.retain(|entry| !is_eddsa(entry));
    }
}

fn is_eddsa(entry: &Value) -> bool {
    let members = entry.as_map().map(Vec::as_slice).unwrap_or_default();
    members.iter().any(|(name, value)| *name == "alg".into() && *value == EDDSA.into())
}
