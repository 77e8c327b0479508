//! Where each call goes. A URL is always the server's origin followed by one of these.

/// `POST`: an agent asks to be enrolled, with the code that a page shows.
pub const ENROL: &str = "/agent/v1/enrol";
/// `POST`, long poll: has the page confirmed?
pub const ENROL_WAIT: &str = "/agent/v1/enrol/wait";
/// `POST`: a nonce of the server for the next proof.
pub const NONCE: &str = "/agent/v1/nonce";
/// `GET`, WebSocket upgrade: the channel over which the server pushes.
pub const CHANNEL: &str = "/agent/v1/channel";
/// `POST`: takes a ticket and gets the signed request.
pub const CLAIM: &str = "/agent/v1/claim";
/// `POST`: what became of it.
pub const RESULT: &str = "/agent/v1/result";
