use std::time::Duration;

use jose::KeySetError;
use oidc::discovery::MetadataError;
use oidc::id_token::IdTokenError;
use oidc::token_response::TokenResponseError;

/// A call to an upstream gave nothing that can be used. The texts are for administrators and
/// repeat nothing of what came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// Ours: too many calls to this host already.
    #[error("too many calls to this provider at the same time")]
    Busy,
    /// Ours: the certificates of the system cannot be read. The log has the cause.
    #[error("the certificates of this system cannot be read, so no provider can be called")]
    Certificates,
    /// Settings: the address is not https, or not a URL.
    #[error("the address is not an https address")]
    BadUrl,
    /// Settings: the address is inside of a network, not on the internet.
    #[error(
        "the address is not a public one; whoever runs this server can name it in the configuration file, as a cloud of its own"
    )]
    ForbiddenAddress,
    /// The provider's: no answer in time.
    #[error("the provider did not answer in time")]
    Deadline,
    /// The provider's: no connection. The log has the cause.
    #[error(
        "the provider cannot be reached: check its name, the network and its certificate; the server's log says which"
    )]
    Unreachable,
    /// The provider's: it sends us elsewhere, and we do not follow.
    #[error("the provider redirects to another address; enter the address it redirects to")]
    Redirected,
    /// The provider's: an error without a body that says which.
    #[error("the provider answers with status {0}")]
    Status(u16),
    /// Settings: Entra knows no directory of this id or domain.
    #[error(
        "Microsoft Entra knows no directory with this ID or domain; in Azure, copy the Tenant ID from Overview, or the metadata address from Endpoints"
    )]
    NoDirectory,
    /// The provider's: not JSON by its content type.
    #[error("the provider does not answer with JSON; check the address")]
    ContentType,
    /// The provider's: more than 512 KiB.
    #[error("the answer of the provider is larger than 512 KiB")]
    TooLarge,
    /// The metadata cannot be used.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The key set cannot be used.
    #[error(transparent)]
    Keys(#[from] KeySetError),
    /// The token endpoint gave no tokens.
    #[error(transparent)]
    Token(#[from] TokenResponseError),
    /// The ID token is not what it should be.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// Graph gave no groups.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Microsoft Graph did not say which groups a person is in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Settings: the provider is at no cloud of which we know the Graph.
    #[error(
        "this cloud has no Microsoft Graph that Cardea knows of; whoever runs this server can name it in the configuration file"
    )]
    NoGraph,
    /// Settings: without a client secret the application cannot speak for itself.
    #[error(
        "without a client secret Cardea cannot ask Microsoft Graph: enter the provider's client secret"
    )]
    NoSecret,
    /// Settings: the application may not read groups.
    #[error(
        "Azure does not let Cardea read the groups of people. In Azure: App registrations → your app → API permissions → Add a permission → Microsoft Graph → Application permissions: GroupMember.Read.All and User.ReadBasic.All; then Grant admin consent"
    )]
    Forbidden,
    /// Settings: the person is in so few security groups that a token has room for them.
    #[error(
        "Microsoft Graph names no more security groups than a token has room for, so Azure is set to send others too. In Azure: App registrations → your app → Token configuration: let the groups claim send Security groups, or Groups assigned to the application"
    )]
    OtherKinds,
    /// The provider's: the token names the person by something else than an object id.
    #[error("the person's oid is no object id")]
    Oid,
    /// Graph's: it does not know the person.
    #[error("Microsoft Graph does not know this person")]
    NoPerson,
    /// Graph's, or the token endpoint's: too many calls, or out of order for a while.
    #[error("Microsoft Graph is busy or out of order (status {status})")]
    Unavailable {
        /// 429, 500, 502, 503 or 504.
        status: u16,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Graph's: another error.
    #[error("Microsoft Graph answers with status {0}")]
    Status(u16),
    /// Graph's: an answer that cannot be read.
    #[error("Microsoft Graph gives an answer that cannot be read")]
    Answer,
    /// Graph's: more groups than anybody is in.
    #[error("Microsoft Graph names more groups than Cardea takes")]
    TooMany,
}

impl UpstreamError {
    /// Whether the same call may go well a little later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy
            | Self::Deadline
            | Self::Unreachable
            | Self::Graph(GraphError::Unavailable { .. }) => true,
            Self::Status(status) | Self::Token(TokenResponseError::Status(status)) => {
                *status == 429 || *status >= 500
            }
            _ => false,
        }
    }
}
