//! Enrolling: a code from a page, an address for its browser, and a record once that has confirmed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_protocol::{
    EnrolAnswer, EnrolRequest, EnrolmentCode, EnrolmentState, KeyError, SigningKey, WaitAnswer,
    limits, paths, rp_id_fits_host,
};
use zeroize::Zeroizing;

use crate::agent::Inner;
use crate::causes::Causes;
use crate::clock;
use crate::http::{CALL, CallError, LONG_CALL, is_no_tls};
use crate::keys;
use crate::plain::plain;
use crate::server_address::ServerAddress;
use crate::state::{Enrolment, Record, StateError};
use crate::status::EnrolmentInfo;

/// The longest time that a page waits for its browser to come back: the life of a login.
const LONGEST_WAIT: u64 = 600;
/// The most request keys of a server: active, next and the ones before.
const MOST_KEYS: usize = 8;
/// How long to wait before a poll that failed is tried again.
const POLL_AGAIN: Duration = Duration::from_secs(1);

/// Why an agent was not enrolled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// The call failed, or the server does not know the code.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The server speaks for another origin than the one that was typed.
    #[error(
        "the server calls itself by another name than you typed; copy the whole command from the page"
    )]
    Origin,
    /// The server wants credentials that are not its own.
    #[error("the server wants to use credentials that are not its own")]
    RpId,
    /// The server's keys are none, too many, or no keys.
    #[error("the server's keys make no sense")]
    Keys,
    /// The server names a tenant that can be none.
    #[error("the server's name for the tenant makes no sense")]
    Tenant,
    /// This computer is paired with that server.
    #[error("this computer is paired with {tenant} at this server already, for {account}")]
    Already {
        /// The tenant's name.
        tenant: String,
        /// Whose login paired it.
        account: String,
    },
    /// The page said no, another browser came back in its place, or its login is over.
    #[error(
        "nothing was paired: the login is over, or the address was opened in another browser than \
         the one that shows the code"
    )]
    Refused,
    /// No browser came back in time.
    #[error("nobody has confirmed in time; get a new code on the page, and start again")]
    Expired,
    /// The device key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The record cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl PairError {
    /// What the person can do now, as a sentence.
    pub fn what_now(&self) -> &'static str {
        match self {
            Self::Call(CallError::Unreachable(error)) if is_no_tls(error) => {
                "What answers there does not speak TLS. Is it http? Then give the address with http:// \
                 before it, which is for this computer alone."
            }
            Self::Call(CallError::Unreachable(_)) => {
                "Check the address and the network, then run pair again."
            }
            Self::Call(CallError::Refused { status: 429 | 503, .. }) => {
                "Wait a minute, then run pair again."
            }
            Self::Call(CallError::Refused { .. }) | Self::Expired => {
                "Get a new code on the page and run pair again."
            }
            Self::Call(CallError::Malformed)
            | Self::Origin
            | Self::RpId
            | Self::Keys
            | Self::Tenant => "Check the address: copy the whole command from the page.",
            Self::Already { .. } => {
                "A page that asks for it again may be a trap: if you came to it by a link, close it. \
                 To pair one more browser, run pair with --again; those that are paired stay so."
            }
            Self::Refused => {
                "If you asked for the code yourself, get a new one on the page and run pair again. \
                 If it came from somebody else, they may be trying to sign in as you: close that \
                 page and tell your administrator."
            }
            Self::State(_) => "Make that folder writable for you alone, then run pair again.",
            Self::Call(CallError::Key(_) | CallError::Random(_)) | Self::Key(_) => {
                "Restart the agent and run pair again."
            }
        }
    }
}

/// An enrolment that waits for the page. Nothing of it is stored yet.
pub struct Pairing {
    inner: Arc<Inner>,
    server: ServerAddress,
    offer: EnrolAnswer,
    address: String,
    key: SigningKey,
    pkcs8: Zeroizing<Vec<u8>>,
    until: Instant,
}

impl Pairing {
    /// Offers a new device key to the server; to one that this computer is paired with, only when
    /// the person has said that it is meant. That spends no code.
    pub(crate) async fn begin(
        inner: Arc<Inner>,
        server: &ServerAddress,
        code: &EnrolmentCode,
        again: bool,
    ) -> Result<Self, PairError> {
        let mut before = inner.status().enrolments.into_iter();
        let before = before.find(|info| info.server == server.origin());
        if let Some(EnrolmentInfo { tenant_name, account, .. }) = before.filter(|_| !again) {
            return Err(PairError::Already { tenant: tenant_name, account });
        }
        let (key, pkcs8) = keys::new_key()?;
        let body = EnrolRequest {
            code: code.clone(),
            device_key: key.public().to_jwk(),
            device_name: plain(&inner.device_name, limits::MAX_DEVICE_NAME),
            os: Some(std::env::consts::OS.to_owned()),
        };
        let offer: EnrolAnswer = inner.caller.post(server, paths::ENROL, &body, &key, CALL).await?;
        check(server, &offer)?;
        let address = address(server, &offer)?;
        let wait = Duration::from_secs(offer.expires_in.min(LONGEST_WAIT));
        let now = clock::now();
        let until = now.checked_add(wait).unwrap_or(now);
        Ok(Self { inner, server: server.clone(), offer: shown(offer), address, key, pkcs8, until })
    }

    /// What the person must see.
    pub fn offer(&self) -> &EnrolAnswer {
        &self.offer
    }

    /// Where the browser that shows the code confirms. Nobody can use it in another browser.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the page has confirmed; then the enrolment is stored and its channel opens.
    ///
    /// # Errors
    ///
    /// [`PairError`]; nothing was stored then.
    pub async fn confirmed(self) -> Result<EnrolmentInfo, PairError> {
        loop {
            if clock::now() >= self.until {
                return Err(PairError::Expired);
            }
            match self.poll().await {
                Ok(EnrolmentState::Pending) => {}
                Ok(EnrolmentState::Confirmed) => return self.store(),
                Ok(EnrolmentState::Refused) => return Err(PairError::Refused),
                // Busy is over sooner than the person at the page gives up.
                Err(
                    error @ (CallError::Unreachable(_) | CallError::Refused { status: 503, .. }),
                ) => {
                    tracing::info!(error = %Causes(&error), "asking again");
                    tokio::time::sleep(POLL_AGAIN).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn poll(&self) -> Result<EnrolmentState, CallError> {
        let body = serde_json::json!({});
        let caller = &self.inner.caller;
        let poll = caller.post(&self.server, paths::ENROL_WAIT, &body, &self.key, LONG_CALL);
        let WaitAnswer { state } = poll.await?;
        Ok(state)
    }

    fn store(self) -> Result<EnrolmentInfo, PairError> {
        let record = Record {
            server: self.server,
            device_id: self.offer.device_id,
            tenant: self.offer.tenant,
            tenant_name: self.offer.tenant_name,
            account: self.offer.account,
            rp_id: self.offer.rp_id,
            request_keys: self.offer.request_keys,
        };
        let enrolment = Enrolment::new(record, self.key)?;
        self.inner.state.store(&enrolment, &self.pkcs8)?;
        Ok(Inner::attend(&self.inner, enrolment))
    }
}

impl std::fmt::Debug for Pairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pairing").field("offer", &self.offer).finish_non_exhaustive()
    }
}

/// What the server says about itself must be what the person typed.
///
/// # Security
///
/// A server that could name another origin or RP ID here could later ask for assertions of
/// somebody else's credentials, and the agent would find everything in order.
fn check(server: &ServerAddress, offer: &EnrolAnswer) -> Result<(), PairError> {
    if offer.origin != server.origin() {
        return Err(PairError::Origin);
    }
    if !rp_id_fits_host(&offer.rp_id, server.host()) {
        return Err(PairError::RpId);
    }
    let count = offer.request_keys.len();
    let good = offer.request_keys.iter().all(|key| key.key().is_ok());
    if (1..=MOST_KEYS).contains(&count) && good { Ok(()) } else { Err(PairError::Keys) }
}

/// Where the browser confirms: a place of ours at the server that the person typed.
///
/// # Security
///
/// Nothing of it but the tenant's slug and the token comes from a message, and neither of them
/// can lead anywhere else.
fn address(server: &ServerAddress, offer: &EnrolAnswer) -> Result<String, PairError> {
    let path = paths::pair_return(&offer.tenant).ok_or(PairError::Tenant)?;
    Ok(format!("{}#{}", server.url(&path), offer.return_token.as_str()))
}

/// The offer with its texts made plain: they are shown, and come from a stranger.
fn shown(offer: EnrolAnswer) -> EnrolAnswer {
    EnrolAnswer {
        tenant_name: plain(&offer.tenant_name, 80),
        account: plain(&offer.account, 80),
        browser: plain(&offer.browser, 80),
        os: plain(&offer.os, 80),
        ..offer
    }
}
