//! Sizes and times that both sides keep.

use std::time::Duration;

/// The largest WebSocket message, in bytes. The longest legal one, a full list of held tickets, has
/// about 3000.
pub const MAX_CHANNEL_MESSAGE: usize = 4 * 1024;
/// The largest body of a call, in bytes: a registration with a long attestation chain.
pub const MAX_BODY: usize = 64 * 1024;
/// The largest device proof, in bytes.
pub const MAX_PROOF: usize = 4 * 1024;
/// The largest signed request, in bytes: an allow-list of 64 long credential ids fits.
pub const MAX_REQUEST: usize = 48 * 1024;
/// The longest name of a computer, in characters.
pub const MAX_DEVICE_NAME: usize = 64;
/// The most credentials in an allow-list or exclude-list.
pub const MAX_CREDENTIALS: usize = 64;
/// The most tickets whose cards an agent watches at a time.
pub const MAX_HELD: usize = 64;
/// The largest certificate of a smart card, in bytes of DER.
pub const MAX_CERTIFICATE: usize = 8 * 1024;
/// The most intermediate certificates that go with one.
pub const MAX_CHAIN: usize = 4;

/// How far two clocks may be apart.
pub const SKEW: Duration = Duration::from_mins(2);
/// How long a challenge lives from its claim.
pub const CHALLENGE_LIFE: Duration = Duration::from_mins(2);
/// How long a ticket waits for its claim.
pub const TICKET_LIFE: Duration = Duration::from_mins(1);
/// How long an answer waits for the browser that began, where it must come back.
pub const RETURN_LIFE: Duration = Duration::from_secs(30);
/// How long the server holds a call to [`crate::paths::ENROL_WAIT`] before it says "pending".
pub const LONG_POLL: Duration = Duration::from_secs(25);
/// A card that leaves sooner after its answer was tapped, and not there to stay.
pub const TAP: Duration = Duration::from_secs(3);
/// How often the agent pings the channel.
pub const PING: Duration = Duration::from_secs(25);
