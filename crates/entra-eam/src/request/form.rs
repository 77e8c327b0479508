pub use forms::FormError;

use forms::Known;

/// Longest hint, in bytes (EAM-44).
const MAX_HINT: usize = 16 * 1024;
/// Longest of the other parameters that we use, in bytes.
const MAX_PARAMETER: usize = 8 * 1024;
/// Longest `nonce`, in bytes: it comes back inside of the token, and Entra's own are far shorter.
const MAX_NONCE: usize = 2 * 1024;

/// `application/x-www-form-urlencoded`, of which the parameters that we use are kept; all others
/// must be ignored.
#[derive(Debug)]
pub struct Form(forms::Form<Name>);

/// The parameters that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Claims,
    ClientId,
    ClientRequestId,
    IdTokenHint,
    Nonce,
    RedirectUri,
    ResponseMode,
    ResponseType,
    Scope,
    State,
}

impl Form {
    /// Reads a body, or a query without its question mark. A parameter without a value counts as
    /// omitted (RFC 6749 §3.1).
    ///
    /// # Errors
    ///
    /// See [`FormError`] (EAM-44): nothing in it is to be believed, and nothing may be posted.
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        forms::Form::parse(body).map(Self)
    }

    /// Whether nothing at all came: somebody looks whether the endpoint is there (EAM-07).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: Name) -> Option<&str> {
        self.0.get(name)
    }
}

impl Known for Name {
    const ALL: &'static [Self] = &[
        Self::Claims,
        Self::ClientId,
        Self::ClientRequestId,
        Self::IdTokenHint,
        Self::Nonce,
        Self::RedirectUri,
        Self::ResponseMode,
        Self::ResponseType,
        Self::Scope,
        Self::State,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::ClientId => "client_id",
            Self::ClientRequestId => "client-request-id",
            Self::IdTokenHint => "id_token_hint",
            Self::Nonce => "nonce",
            Self::RedirectUri => "redirect_uri",
            Self::ResponseMode => "response_mode",
            Self::ResponseType => "response_type",
            Self::Scope => "scope",
            Self::State => "state",
        }
    }

    fn most(self) -> usize {
        match self {
            Self::IdTokenHint => MAX_HINT,
            Self::Nonce => MAX_NONCE,
            _ => MAX_PARAMETER,
        }
    }

    fn is_echoed(self) -> bool {
        matches!(self, Self::Nonce | Self::State)
    }
}
