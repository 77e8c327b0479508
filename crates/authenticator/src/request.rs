/// What a registration ceremony is asked for (WebAuthn §5.4, as far as it reaches the client).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRequest {
    /// Who asks, such as `https://login.example.com`; goes into the client data as it is.
    pub origin: String,
    /// For whom the credential is made; its ID must fit the origin.
    pub rp: RelyingParty,
    /// At least 16 bytes that the relying party has just made.
    pub challenge: Vec<u8>,
    /// Whose credential it becomes.
    pub user: User,
    /// Credential IDs: an authenticator that holds one of them is not registered again.
    pub exclude: Vec<Vec<u8>>,
    /// Whether the credential is found without its ID.
    pub resident_key: ResidentKey,
    /// Whether the authenticator finds out who the person is.
    pub user_verification: UserVerification,
    /// How this authenticator is reached (`smart-card`, `nfc`, `usb`, ...), for one that does not
    /// say so itself.
    pub transports: Vec<String>,
}

/// What an authentication ceremony is asked for (WebAuthn §5.5, as far as it reaches the client).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticateRequest {
    /// Who asks, such as `https://login.example.com`; goes into the client data as it is.
    pub origin: String,
    /// Whose credential is asked for; must fit the origin.
    pub rp_id: String,
    /// At least 16 bytes that the relying party has just made.
    pub challenge: Vec<u8>,
    /// Credential IDs that will do; empty: any discoverable credential.
    pub allow: Vec<Vec<u8>>,
    /// Whether the authenticator finds out who the person is.
    pub user_verification: UserVerification,
}

/// `PublicKeyCredentialRpEntity`, WebAuthn §5.4.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// RP ID, such as `login.example.com`.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// `PublicKeyCredentialUserEntity`, WebAuthn §5.4.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User handle, 1 to 64 bytes.
    pub id: Vec<u8>,
    /// User name.
    pub name: String,
    /// Name for people.
    pub display_name: String,
}

/// Whether a credential is made discoverable, WebAuthn §5.4.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidentKey {
    /// No.
    Discouraged,
    /// Where the authenticator can.
    Preferred,
    /// An authenticator that cannot will not do.
    Required,
}

/// Whether the authenticator finds out who the person is, WebAuthn §5.8.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// Only where it insists.
    Discouraged,
    /// Where it can.
    Preferred,
    /// An authenticator that cannot will not do.
    Required,
}
