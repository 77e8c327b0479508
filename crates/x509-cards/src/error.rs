use webpki::Error;

/// Why a certificate or a statement does not count. For the operator and the audit trail; people
/// are told what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum X509Error {
    /// Something is not what its standard says.
    #[error("malformed")]
    Malformed,
    /// Of an older version than the one that is understood in full.
    #[error("version is too old")]
    Version,
    /// Larger than anything honest.
    #[error("too large")]
    TooLarge,
    /// The statement is of the other ceremony.
    #[error("statement is of another type")]
    Type,
    /// The statement answers another challenge.
    #[error("another challenge")]
    Challenge,
    /// The statement was made for another origin, or for a frame.
    #[error("another origin")]
    Origin,
    /// The statement was made for another tenant, login, kind of card or version.
    #[error("another tenant or login")]
    Bound,
    /// The statement was made for another certificate than the one sent.
    #[error("another certificate")]
    CertificateHash,
    /// The statement was made for another relying party.
    #[error("another relying party")]
    RpIdHash,
    /// UP is not set.
    #[error("nobody was present")]
    UserNotPresent,
    /// Authenticator data has a flag, a counter or a length that such a card's has not.
    #[error("authenticator data is not a card's")]
    AuthenticatorData,
    /// The key is of a kind or size that is not taken, or the algorithm is not the key's.
    #[error("key or algorithm is not taken")]
    Algorithm,
    /// The signature does not verify.
    #[error("signature does not verify")]
    Signature,
    /// No path to an authority of the tenant.
    #[error("issued by no authority of this tenant")]
    UnknownAuthority,
    /// A path leads to an authority, and does not hold: constraints, lengths, unknown extensions.
    #[error("path to the authority does not hold")]
    Path,
    /// The certificate, or one above it, has expired.
    #[error("expired")]
    Expired,
    /// The certificate, or one above it, is not valid yet.
    #[error("not valid yet")]
    NotYetValid,
    /// The certificate is not for signatures.
    #[error("key usage has no digital signature")]
    KeyUsage,
    /// The certificate is for none of the purposes that the tenant asks for.
    #[error("extended key usage is not one of those asked for")]
    ExtendedKeyUsage,
    /// The certificate is for doors: its key signs without a PIN (id-PIV-cardAuth).
    #[error("certificate of a card, not of a person")]
    CardAuthentication,
    /// The certificate was issued under none of the policies that the tenant asks for.
    #[error("certificate policy is not one of those asked for")]
    Policy,
    /// Its authority has revoked the certificate, or one above it.
    #[error("revoked")]
    Revoked,
    /// Whether it is revoked is not known, and must be.
    #[error("no list tells whether it is revoked")]
    RevocationUnknown,
    /// The list that would tell is out of date.
    #[error("revocation list is out of date")]
    RevocationStale,
    /// A certificate that cannot be an authority: no CA, or one of an old form.
    #[error("not the certificate of an authority")]
    NotAnAuthority,
    /// A revocation list that no authority of the tenant has signed.
    #[error("revocation list of no authority here")]
    ForeignList,
    /// A revocation list of a form that is not understood in full: delta, indirect, partial.
    #[error("revocation list of a kind that is not taken")]
    ListKind,
}

impl X509Error {
    /// A stable name for audit and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "x509-malformed",
            Self::TooLarge => "x509-too-large",
            Self::Version => "x509-version",
            Self::Type => "x509-type",
            Self::Challenge => "x509-challenge",
            Self::Origin => "x509-origin",
            Self::Bound => "x509-bound",
            Self::CertificateHash => "x509-certificate-hash",
            Self::RpIdHash => "x509-rp-id",
            Self::UserNotPresent => "x509-not-present",
            Self::AuthenticatorData => "x509-authenticator-data",
            Self::Algorithm => "x509-algorithm",
            Self::Signature => "x509-signature",
            Self::UnknownAuthority => "x509-unknown-authority",
            Self::Path => "x509-path",
            Self::Expired => "x509-expired",
            Self::NotYetValid => "x509-not-yet-valid",
            Self::KeyUsage => "x509-key-usage",
            Self::ExtendedKeyUsage => "x509-extended-key-usage",
            Self::CardAuthentication => "x509-card-authentication",
            Self::Policy => "x509-policy",
            Self::Revoked => "x509-revoked",
            Self::RevocationUnknown => "x509-revocation-unknown",
            Self::RevocationStale => "x509-revocation-stale",
            Self::NotAnAuthority => "x509-not-an-authority",
            Self::ForeignList => "x509-foreign-list",
            Self::ListKind => "x509-list-kind",
        }
    }
}

/// What the library says of a path, by cause.
impl From<Error> for X509Error {
    fn from(error: Error) -> Self {
        match error {
            Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => Self::Malformed,
            // More paths than anybody honest brings along.
            Error::MaximumSignatureChecksExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumNameConstraintComparisonsExceeded => Self::TooLarge,
            Error::UnknownIssuer => Self::UnknownAuthority,
            Error::CertExpired { .. } => Self::Expired,
            Error::CertNotValidYet { .. } => Self::NotYetValid,
            Error::CertRevoked => Self::Revoked,
            Error::UnknownRevocationStatus => Self::RevocationUnknown,
            Error::CrlExpired { .. } => Self::RevocationStale,
            Error::InvalidSignatureForPublicKey => Self::Signature,
            Error::InvalidCrlSignatureForPublicKey | Error::IssuerNotCrlSigner => Self::ForeignList,
            Error::UnsupportedDeltaCrl
            | Error::UnsupportedIndirectCrl
            | Error::UnsupportedCrlIssuingDistributionPoint
            | Error::UnsupportedCrlVersion
            | Error::UnsupportedRevocationReason
            | Error::UnsupportedRevocationReasonsPartitioning => Self::ListKind,
            _ => Self::Path,
        }
    }
}
