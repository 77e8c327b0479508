//! Applications that are made with other people's OpenID Connect libraries sign people in at a real Cardea,
//! by the Entra stand-in and a card: sign-in, userinfo, refresh and logout, and what each library refuses.
//! Those that know back-channel logout are told when somebody signs out at Cardea.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests start programs, print figures, and fail by panicking"
)]

/// What is tested of a library, by the names of [`way::Library`]'s functions.
macro_rules! tests {
    ($library:ident: $($test:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "`make interop` installs what it needs"]
            async fn $test() {
                $library.$test().await;
            }
        )+
    };
}

mod apache;
mod django;
mod express;
mod flask;
mod openid_client;
mod openidconnect;
mod running;
mod somebody;
mod stage;
mod way;
