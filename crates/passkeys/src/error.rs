use webauthn_rs::prelude::WebauthnError;

/// Why a ceremony does not begin or its answer does not count. For the operator and the audit
/// trail; people are told what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyError {
    /// RP ID, origin or name cannot be used together.
    #[error("relying party id and origin do not fit")]
    Configuration,
    /// The account's name or display name cannot be used.
    #[error("account name is empty")]
    Name,
    /// There is no passkey to ask for.
    #[error("no passkey to ask for")]
    NoPasskey,
    /// A state or a stored passkey is not what this crate wrote, or was written for another
    /// ceremony.
    #[error("state or stored passkey is not readable")]
    State,
    /// The response is larger than any honest one.
    #[error("response is too large")]
    TooLarge,
    /// The response, or something inside it, is not what the standard says.
    #[error("response is malformed")]
    Malformed,
    /// Client data of the other ceremony, or a credential of another type.
    #[error("response is of another type")]
    Type,
    /// The response is to another challenge.
    #[error("another challenge")]
    Challenge,
    /// The response was made on another origin.
    #[error("another origin")]
    Origin,
    /// The response was made in a frame of another origin.
    #[error("made across origins")]
    CrossOrigin,
    /// The authenticator signed for another relying party.
    #[error("another relying party")]
    RpIdHash,
    /// UP is not set.
    #[error("nobody touched the authenticator")]
    UserNotPresent,
    /// UV is not set.
    #[error("the authenticator did not verify its holder")]
    UserNotVerified,
    /// BS is set without BE.
    #[error("backed up without being eligible for it")]
    BackupState,
    /// BE is not what it was at registration: the card is to be registered again.
    #[error("backup eligibility has changed since registration")]
    BackupEligibility,
    /// The key's algorithm was not offered.
    #[error("algorithm was not offered")]
    Algorithm,
    /// The public key cannot be used.
    #[error("public key is not valid")]
    PublicKey,
    /// The attestation statement does not verify.
    #[error("attestation does not verify")]
    Attestation,
    /// The credential is not one of those that were asked for.
    #[error("credential was not asked for")]
    Credential,
    /// The credential id is of the form of those of X.509 cards' keys.
    #[error("credential id is reserved")]
    ReservedId,
    /// The authenticator holds a credential that was excluded.
    #[error("credential was excluded")]
    Excluded,
    /// The user handle is missing or another person's.
    #[error("user handle does not match")]
    UserHandle,
    /// The signature does not verify.
    #[error("signature does not verify")]
    Signature,
    /// The signature counter did not go up: there may be two of this card.
    #[error("signature counter did not go up")]
    PossibleClone,
}

impl PasskeyError {
    /// A stable name for audit and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Configuration => "passkey-configuration",
            Self::Name => "passkey-name",
            Self::NoPasskey => "passkey-none",
            Self::State => "passkey-state",
            Self::TooLarge => "passkey-too-large",
            Self::Malformed => "passkey-malformed",
            Self::Type => "passkey-type",
            Self::Challenge => "passkey-challenge",
            Self::Origin => "passkey-origin",
            Self::CrossOrigin => "passkey-cross-origin",
            Self::RpIdHash => "passkey-rp-id",
            Self::UserNotPresent => "passkey-not-present",
            Self::UserNotVerified => "passkey-not-verified",
            Self::BackupState => "passkey-backup-state",
            Self::BackupEligibility => "passkey-backup-eligibility",
            Self::Algorithm => "passkey-algorithm",
            Self::PublicKey => "passkey-public-key",
            Self::Attestation => "passkey-attestation",
            Self::Credential => "passkey-other-credential",
            Self::ReservedId => "passkey-reserved-id",
            Self::Excluded => "passkey-excluded",
            Self::UserHandle => "passkey-user-handle",
            Self::Signature => "passkey-signature",
            Self::PossibleClone => "passkey-possible-clone",
        }
    }
}

/// What the library says, by cause.
impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::Configuration => Self::Configuration,
            WebauthnError::InvalidUsername => Self::Name,
            WebauthnError::InvalidClientDataType => Self::Type,
            WebauthnError::MismatchedChallenge => Self::Challenge,
            WebauthnError::InvalidRPOrigin => Self::Origin,
            WebauthnError::CredentialCrossOrigin => Self::CrossOrigin,
            WebauthnError::InvalidRPIDHash => Self::RpIdHash,
            WebauthnError::UserNotPresent => Self::UserNotPresent,
            WebauthnError::UserNotVerified => Self::UserNotVerified,
            WebauthnError::CredentialMayNotBeHardwareBound => Self::BackupState,
            WebauthnError::CredentialBackupEligibilityInconsistent => Self::BackupEligibility,
            WebauthnError::CredentialAlteredAlgFromRequest => Self::Algorithm,
            WebauthnError::CredentialNotFound => Self::Credential,
            WebauthnError::CredentialExcludedFromRequest => Self::Excluded,
            WebauthnError::InvalidUserUniqueId => Self::UserHandle,
            WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
                Self::Signature
            }
            WebauthnError::CredentialPossibleCompromise => Self::PossibleClone,
            WebauthnError::COSEKeyInvalidAlgorithm
            | WebauthnError::COSEKeyInvalidType
            | WebauthnError::COSEKeyEDUnsupported
            | WebauthnError::COSEKeyECDSAXYInvalid
            | WebauthnError::COSEKeyECDSAInvalidCurve
            | WebauthnError::COSEKeyRSANEInvalid
            | WebauthnError::EcdsaPointInvalid
            | WebauthnError::RsaParametersInvalid => Self::PublicKey,
            WebauthnError::AttestationNotSupported
            | WebauthnError::AttestationStatementMapInvalid
            | WebauthnError::AttestationStatementSigInvalid
            | WebauthnError::AttestationStatementSigMissing
            | WebauthnError::AttestationStatementAlgMismatch
            | WebauthnError::AttestationStatementAlgMissing
            | WebauthnError::AttestationStatementX5CInvalid
            | WebauthnError::AttestationStatementResponseInvalid => Self::Attestation,
            _ => Self::Malformed,
        }
    }
}
