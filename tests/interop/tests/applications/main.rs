//! Applications that are made with other people's OpenID Connect libraries sign people in at a real Cardea,
//! by the Entra stand-in and a card: sign-in, userinfo, refresh and logout, and what each library refuses.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests start programs, print figures, and fail by panicking"
)]

mod apache;
mod django;
mod express;
mod flask;
mod openid_client;
mod openidconnect;
mod running;
mod stage;
mod way;
