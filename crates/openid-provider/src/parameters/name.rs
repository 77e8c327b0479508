const KIB: usize = 1024;

macro_rules! names {
    ($($variant:ident $text:literal $most:expr,)+) => {
        /// The parameters that we use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Name {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
        }

        impl Name {
            /// All of them.
            pub const ALL: [Self; [$($most),+].len()] = [$(Self::$variant),+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The longest value that is read, in bytes.
            pub fn most(self) -> usize {
                match self { $(Self::$variant => $most,)+ }
            }
        }
    };
}

impl forms::Known for Name {
    const ALL: &'static [Self] = &Self::ALL;

    fn as_str(self) -> &'static str {
        Self::as_str(self)
    }

    fn most(self) -> usize {
        Self::most(self)
    }

    fn is_echoed(self) -> bool {
        matches!(self, Self::Nonce | Self::State)
    }
}

// What we made ourselves (code, tokens, pushed requests) has the room that the longest of ours need.
names! {
    AccessToken "access_token" 8 * KIB,
    AcrValues "acr_values" 512,
    Claims "claims" 4 * KIB,
    ClientAssertion "client_assertion" 8 * KIB,
    ClientAssertionType "client_assertion_type" 256,
    ClientId "client_id" 256,
    ClientSecret "client_secret" 256,
    Code "code" 8 * KIB,
    CodeChallenge "code_challenge" 256,
    CodeChallengeMethod "code_challenge_method" 32,
    CodeVerifier "code_verifier" 256,
    GrantType "grant_type" 256,
    // As long as a request may be: one that is none of ours, because it is too long for that, is told to
    // the application at the authorization endpoint, and keeps nobody from signing out.
    IdTokenHint "id_token_hint" forms::MAX_BODY,
    KcIdpHint "kc_idp_hint" 256,
    LoginHint "login_hint" 512,
    MaxAge "max_age" 32,
    Nonce "nonce" 512,
    PostLogoutRedirectUri "post_logout_redirect_uri" 2 * KIB,
    Prompt "prompt" 256,
    RedirectUri "redirect_uri" 2 * KIB,
    RefreshToken "refresh_token" 512,
    Registration "registration" 4 * KIB,
    Request "request" 16 * KIB,
    RequestUri "request_uri" 16 * KIB,
    ResponseMode "response_mode" 64,
    ResponseType "response_type" 256,
    Scope "scope" 2 * KIB,
    State "state" KIB,
    Token "token" 8 * KIB,
    TokenTypeHint "token_type_hint" 64,
    UiLocales "ui_locales" 256,
}
