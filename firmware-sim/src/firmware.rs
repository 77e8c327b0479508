//! The firmware between one power-up and the next: a Trussed service, `fido-authenticator` as
//! its client, and the ISO 7816 dispatcher in front of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use apdu_dispatch::dispatch::ApduDispatch;
use apdu_dispatch::interchanges;
use ctaphid_app::{App, Command};
use fido_authenticator::credential::CredentialIdVersion;
use fido_authenticator::{Authenticator, Conforming, LargeBlobsConfig};
use heapless_bytes::Bytes;
use littlefs2::fs::Filesystem;
use littlefs2_core::path;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use trussed::ClientImplementation;
use trussed::backend::BackendId as Backend;
use trussed::pipe::{ServiceEndpoint, TrussedChannel};
use trussed::platform::Syscall;
use trussed::service::Service;
use trussed::types::CoreContext;
use trussed_core::types::Location;

use crate::Config;
use crate::apdu;
use crate::dispatch::{BackendId, Contexts, Dispatch};
use crate::flash::{Flash, Ram};
use crate::piv::{self, Piv};
use crate::platform::{Hand, Platform, Store};
use crate::shared::{Shared, Ticket};

/// Longest message either way, in bytes: what the ISO 7816 dispatcher has room for.
pub(crate) const MAX_MESSAGE: usize = 3072;

/// `CTAP2_ERR_KEEPALIVE_CANCEL`, for a command that was given up in the queue; nobody reads it.
const KEEPALIVE_CANCEL: u8 = 0x2D;

/// `CTAP1_ERR_INVALID_LENGTH`.
const INVALID_LENGTH: u8 = 0x03;

/// Status word of a CTAP1 command that is none.
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];

/// One command for the firmware.
pub(crate) struct Job {
    pub(crate) input: Input,
    pub(crate) ticket: Ticket,
    pub(crate) answer: Sender<Vec<u8>>,
}

impl Job {
    /// A job that nobody waits for; it only wakes the firmware's thread.
    pub(crate) fn last(answer: Sender<Vec<u8>>) -> Self {
        Self { input: Input::Apdu(Vec::new()), ticket: Arc::new(true.into()), answer }
    }
}

pub(crate) enum Input {
    /// Command byte and CBOR; the answer is status byte and CBOR.
    Ctap(Vec<u8>),
    /// CTAP1 (U2F) command as an APDU; the answer is a response APDU.
    U2f(Vec<u8>),
    /// Command APDU; the answer is a response APDU.
    Apdu(Vec<u8>),
}

/// Why the power went.
pub(crate) enum PowerOff {
    /// To come back, with this command to be done first.
    Restart(Job),
    /// For good.
    End,
}

pub(crate) type Client<'a> = ClientImplementation<'a, Call<'a>, Dispatch>;
type Fido<'a> = Authenticator<Conforming, Client<'a>>;

/// The Trussed service, called on the caller's own stack.
#[derive(Clone)]
pub(crate) struct Call<'a>(Rc<RefCell<Core<'a>>>);

struct Core<'a> {
    service: Service<Platform<'a>, Dispatch>,
    endpoints: [ServiceEndpoint<'a, BackendId, Contexts>; 2],
}

impl Syscall for Call<'_> {
    fn syscall(&mut self) {
        let mut core = self.0.borrow_mut();
        let Core { service, endpoints } = &mut *core;
        service.process(endpoints);
    }
}

/// Runs the firmware from power-up until the power goes.
pub(crate) fn power_up(
    flash: &mut Flash,
    config: &Config,
    shared: &Arc<Shared>,
    jobs: &Receiver<Job>,
    pending: Option<Job>,
) -> Result<PowerOff, littlefs2::io::Error> {
    let power_ups = shared.lock().power_ups;
    let no_memory = |_| littlefs2::io::Error::IO;
    let (mut external, mut volatile) =
        (Ram::formatted().map_err(no_memory)?, Ram::formatted().map_err(no_memory)?);
    let (mut a, mut b, mut c) = (
        Filesystem::<Flash>::allocate(),
        Filesystem::<Ram>::allocate(),
        Filesystem::<Ram>::allocate(),
    );
    let internal = Filesystem::mount(&mut a, flash)?;
    let external = Filesystem::mount(&mut b, &mut external)?;
    let volatile = Filesystem::mount(&mut c, &mut volatile)?;
    let platform = Platform {
        // The service mixes this with a seed in its memory, which changes with each power-up.
        rng: ChaCha20Rng::seed_from_u64(config.seed),
        store: Store { internal: &internal, external: &external, volatile: &volatile },
        hand: Hand::new(Arc::clone(shared)),
    };

    let (channel, piv_channel) = (TrussedChannel::new(), TrussedChannel::new());
    let (contact, contactless) = (interchanges::Channel::new(), interchanges::Channel::new());
    let (Some((requester, responder)), Some((of_piv, to_piv))) =
        (channel.split(), piv_channel.split())
    else {
        return Err(littlefs2::io::Error::IO);
    };
    let (Some((_, contact)), Some((reader, contactless))) = (contact.split(), contactless.split())
    else {
        return Err(littlefs2::io::Error::IO);
    };
    let context = CoreContext::with_interrupt(path!("fido").into(), Some(shared.interrupt));
    let backends = &[Backend::Custom(BackendId::Staging), Backend::Core];
    let piv_context = CoreContext::with_interrupt(path!("piv").into(), Some(shared.interrupt));
    let call = Call(Rc::new(RefCell::new(Core {
        service: Service::with_dispatch(platform, Dispatch::default()),
        endpoints: [
            ServiceEndpoint::new(responder, context, backends),
            ServiceEndpoint::new(to_piv, piv_context, piv::BACKENDS),
        ],
    })));
    let client = Client::new(requester, call.clone(), Some(shared.interrupt));
    let piv_client = Client::new(of_piv, call, Some(shared.interrupt));
    let mut firmware = Firmware {
        fido: Authenticator::new(client, Conforming {}, settings(config)),
        piv: config.piv.then(|| Piv::new(piv_client)),
        // The firmware serves FIDO to contactless readers alone; so every reader is one to it.
        dispatch: ApduDispatch::new(contact, contactless),
        reader,
        chain: apdu::Chain::default(),
    };
    Ok(firmware.work(shared, jobs, pending, power_ups))
}

/// The firmware while it has power.
struct Firmware<'a> {
    fido: Fido<'a>,
    /// `None`: the card has no such application.
    piv: Option<Piv<'a>>,
    dispatch: ApduDispatch<'a>,
    reader: interchanges::Requester<'a>,
    chain: apdu::Chain,
}

impl Firmware<'_> {
    /// Does one job after the other until the power goes.
    fn work(
        &mut self,
        shared: &Shared,
        jobs: &Receiver<Job>,
        mut pending: Option<Job>,
        power_ups: u64,
    ) -> PowerOff {
        while let Some(job) = pending.take().or_else(|| jobs.recv().ok()) {
            let (has_ended, latest) = {
                let state = shared.lock();
                (state.ended, state.power_ups)
            };
            if has_ended {
                break;
            }
            if latest != power_ups {
                return PowerOff::Restart(job);
            }
            let answer = if shared.begin(&job.ticket) {
                self.answer(&job.input)
            } else {
                vec![KEEPALIVE_CANCEL]
            };
            shared.end();
            // Whoever asked may have left.
            let _ = job.answer.send(answer);
        }
        PowerOff::End
    }

    fn answer(&mut self, input: &Input) -> Vec<u8> {
        match input {
            Input::Ctap(request) => {
                self.call(Command::Cbor, request).unwrap_or_else(|| vec![INVALID_LENGTH])
            }
            Input::U2f(apdu) => {
                self.call(Command::Msg, apdu).unwrap_or_else(|| WRONG_LENGTH.to_vec())
            }
            Input::Apdu(apdu) => self.apdu(apdu),
        }
    }

    fn apdu(&mut self, apdu: &[u8]) -> Vec<u8> {
        let Self { fido, piv, dispatch, reader, chain } = self;
        let (apdu, mut apps): (_, Vec<&mut dyn apdu_dispatch::App>) = match piv {
            Some(piv) => (piv::mended(apdu), vec![fido, piv]),
            None => (apdu.to_vec(), vec![fido]),
        };
        if chain.admit(&apdu) {
            apdu::exchange(dispatch, reader, &mut apps, &apdu)
        } else {
            apdu::refuse(dispatch, reader, &mut apps)
        }
    }

    fn call(&mut self, command: Command, request: &[u8]) -> Option<Vec<u8>> {
        if request.len() > MAX_MESSAGE {
            return None;
        }
        let mut answer = Bytes::<MAX_MESSAGE>::new();
        App::call(&mut self.fido, command, request, &mut answer).ok()?;
        Some(answer.as_slice().to_vec())
    }
}

fn settings(config: &Config) -> fido_authenticator::Config {
    let mut settings = fido_authenticator::Config::new(MAX_MESSAGE);
    settings.skip_up_timeout = config.presence_by_power_up;
    settings.max_resident_credential_count = config.max_credentials;
    settings.large_blobs = Some(LargeBlobsConfig { location: Location::Internal, max_size: 4096 });
    settings.nfc_transport = true;
    settings.firmware_version = Some(1.into());
    settings.credential_id_version = Some(CredentialIdVersion::V2);
    settings.fido2_up_timeout = u32::try_from(config.touch_timeout.as_millis()).ok();
    settings
}
