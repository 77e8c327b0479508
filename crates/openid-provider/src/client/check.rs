use jose::KeySet;
use url::Url;

use super::{CardRule, ClaimMapper, ClientAuthentication, ClientKind, ClientSettings};
use crate::claims::is_ours;
use crate::redirect_uri::{is_loopback, is_plain};

/// Most addresses of one kind.
const MAX_URIS: usize = 20;
/// Longest address, in bytes: it stands in each code.
const MAX_URI: usize = 1024;
/// Most groups that may sign in.
const MAX_GROUPS: usize = 100;
/// Most mappers.
const MAX_MAPPERS: usize = 50;
/// Longest name of a group, an attribute or a claim, in bytes.
const MAX_NAME: usize = 256;
/// Longest key set of an application, in bytes: it stands in the row that each of its calls reads.
const MAX_JWKS: usize = 32 * 1024;
/// Most keys of an application, those that we cannot use counted.
const MAX_JWKS_KEYS: usize = 20;
/// The oldest proof that a rule can ask for, in minutes: a year.
const MAX_MINUTES: u32 = 525_600;

/// What is wrong with a registration, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Nobody could sign in.
    #[error("at least one redirect URI is needed")]
    NoRedirectUri,
    /// A service has no people, so no browser.
    #[error("a service has no redirect URIs: nobody signs in to it")]
    RedirectUriOfService,
    /// A service has no people who could sign out.
    #[error("a service is told of no logout: nobody signs in to it")]
    LogoutOfService,
    /// Too many of them.
    #[error("at most {MAX_URIS} addresses")]
    TooManyUris(Field),
    /// Keycloak's wildcard.
    #[error("{1}: write the whole address: a * at the end would let answers go anywhere below it")]
    Wildcard(Field, String),
    /// Not an address that can be compared to the character.
    #[error(
        "{1}: not an address without user, fragment, spaces and other signs, of at most {MAX_URI} characters"
    )]
    NotPlain(Field, String),
    /// Of another form than this kind of client can have.
    #[error("{1}: {2}")]
    Form(Field, String, &'static str),
    /// A secret in a browser or on a person's device is none.
    #[error(
        "an application in a browser or on a device cannot keep a secret: authentication must be none"
    )]
    SecretOfPublic,
    /// Nobody could tell the service from anybody else.
    #[error("a service needs a client secret or a key")]
    ServiceWithoutSecret,
    /// RFC 9700 §2.1.1.
    #[error("an application without a client secret or a key must use PKCE")]
    PublicWithoutPkce,
    /// A service has nobody who could be absent.
    #[error("a service gets no refresh tokens: it can ask again at any time")]
    RefreshOfService,
    /// `private_key_jwt` without keys.
    #[error("the public keys (JWKS) are missing")]
    NoKeys,
    /// Not a key set.
    #[error("the public keys (JWKS) cannot be used: {0}")]
    Keys(#[source] jose::KeySetError),
    /// Longer than any application's.
    #[error(
        "the public keys (JWKS) are longer than {} KiB: leave out certificates (x5c) and keys that are not used",
        MAX_JWKS / 1024
    )]
    KeysTooLong,
    /// More of them than any application has.
    #[error("at most {MAX_JWKS_KEYS} public keys (JWKS): leave out those that are not used")]
    TooManyKeys,
    /// The age of the card proof.
    #[error("minutes must be between 1 and {MAX_MINUTES}")]
    Minutes,
    /// Too many, empty or too long.
    #[error("at most {MAX_GROUPS} groups, each with a name of at most {MAX_NAME} characters")]
    Groups,
    /// Too many of them.
    #[error("at most {MAX_MAPPERS} claims")]
    TooManyMappers,
    /// A name is empty, too long or not printable.
    #[error("attribute and claim need a name of at most {MAX_NAME} printable characters")]
    MapperName,
    /// A claim that we make ourselves.
    #[error("the claim {0} is made by the server itself")]
    Reserved(String),
    /// One claim by two mappers.
    #[error("the claim {0} stands twice")]
    ClaimTwice(String),
}

/// A list of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `redirect_uris`.
    RedirectUris,
    /// `post_logout_redirect_uris`.
    PostLogoutRedirectUris,
    /// `home_uri`.
    HomeUri,
    /// `backchannel_logout_uri`.
    BackchannelLogoutUri,
}

impl Field {
    /// The name of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RedirectUris => "redirect_uris",
            Self::PostLogoutRedirectUris => "post_logout_redirect_uris",
            Self::HomeUri => "home_uri",
            Self::BackchannelLogoutUri => "backchannel_logout_uri",
        }
    }
}

impl SettingsError {
    /// The setting that is wrong.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::TooManyUris(field)
            | Self::Wildcard(field, _)
            | Self::NotPlain(field, _)
            | Self::Form(field, ..) => field.as_str(),
            Self::NoRedirectUri | Self::RedirectUriOfService => "redirect_uris",
            Self::SecretOfPublic | Self::ServiceWithoutSecret => "authentication",
            Self::PublicWithoutPkce => "without_pkce",
            Self::RefreshOfService => "offline_access",
            Self::LogoutOfService => "backchannel_logout_uri",
            Self::NoKeys | Self::Keys(_) | Self::KeysTooLong | Self::TooManyKeys => "jwks",
            Self::Minutes => "card",
            Self::Groups => "allowed_groups",
            Self::TooManyMappers | Self::MapperName | Self::Reserved(_) | Self::ClaimTwice(_) => {
                "mappers"
            }
        }
    }
}

/// Whether a text can be a `client_id`: 1 to 128 unreserved characters (RFC 3986 §2.3), which are the
/// same in every encoding, and never the address of an issuer.
pub fn is_client_id(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

impl ClientSettings {
    /// Whether an application can be registered like this.
    ///
    /// # Errors
    ///
    /// See [`SettingsError`]: the first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.check_redirect_uris()?;
        self.check_pages()?;
        self.check_authentication()?;
        self.check_card_and_groups()?;
        check_mappers(&self.mappers)
    }

    fn check_redirect_uris(&self) -> Result<(), SettingsError> {
        if self.kind == ClientKind::Service {
            let none = self.redirect_uris.is_empty() && self.post_logout_redirect_uris.is_empty();
            return ensure(none, || SettingsError::RedirectUriOfService);
        }
        ensure(!self.redirect_uris.is_empty(), || SettingsError::NoRedirectUri)?;
        let lists = [
            (Field::RedirectUris, &self.redirect_uris),
            (Field::PostLogoutRedirectUris, &self.post_logout_redirect_uris),
        ];
        for (field, uris) in lists {
            ensure(uris.len() <= MAX_URIS, || SettingsError::TooManyUris(field))?;
            uris.iter().try_for_each(|uri| check_uri(field, uri, self.kind))?;
        }
        Ok(())
    }

    fn check_pages(&self) -> Result<(), SettingsError> {
        if let Some(uri) = &self.home_uri {
            check_uri(Field::HomeUri, uri, ClientKind::Web)?;
        }
        let Some(uri) = &self.backchannel_logout_uri else { return Ok(()) };
        ensure(self.signs_people_in(), || SettingsError::LogoutOfService)?;
        check_uri(Field::BackchannelLogoutUri, uri, ClientKind::Web)
    }

    fn check_authentication(&self) -> Result<(), SettingsError> {
        let none = self.authentication == ClientAuthentication::None;
        match self.kind {
            ClientKind::SinglePage | ClientKind::Native => {
                ensure(none, || SettingsError::SecretOfPublic)?;
            }
            ClientKind::Service => {
                ensure(!none, || SettingsError::ServiceWithoutSecret)?;
                ensure(!self.offline_access, || SettingsError::RefreshOfService)?;
            }
            ClientKind::Web => {}
        }
        ensure(!self.without_pkce || self.keeps_a_secret(), || SettingsError::PublicWithoutPkce)?;
        let needed = self.authentication == ClientAuthentication::PrivateKeyJwt;
        ensure(!needed || self.jwks.is_some(), || SettingsError::NoKeys)?;
        self.jwks.as_deref().map_or(Ok(()), check_keys)
    }

    fn check_card_and_groups(&self) -> Result<(), SettingsError> {
        if let CardRule::WithinMinutes(minutes) = self.card {
            ensure((1..=MAX_MINUTES).contains(&minutes), || SettingsError::Minutes)?;
        }
        let groups = &self.allowed_groups;
        let good = groups.len() <= MAX_GROUPS && groups.iter().all(|group| is_name(group));
        ensure(good, || SettingsError::Groups)
    }
}

fn check_keys(jwks: &str) -> Result<(), SettingsError> {
    ensure(jwks.len() <= MAX_JWKS, || SettingsError::KeysTooLong)?;
    let keys = KeySet::parse(jwks.as_bytes()).map_err(SettingsError::Keys)?;
    let all = keys.len().saturating_add(keys.skipped());
    ensure(all <= MAX_JWKS_KEYS, || SettingsError::TooManyKeys)
}

fn check_uri(field: Field, uri: &str, kind: ClientKind) -> Result<(), SettingsError> {
    plain(field, uri)?;
    let web = is_https(uri) || is_loopback(uri);
    let (good, form) = match kind {
        ClientKind::Native => (web || is_private_use(uri), NATIVE_FORM),
        _ => (web, WEB_FORM),
    };
    ensure(good, || SettingsError::Form(field, uri.to_owned(), form))
}

const WEB_FORM: &str = "must begin with https://, or with http://localhost for development";
/// RFC 8252 §7.
const NATIVE_FORM: &str = "must be http://127.0.0.1, http://[::1] or http://localhost with a path, https, or a scheme of its own with a dot in it, such as com.example.app:/callback";

fn plain(field: Field, uri: &str) -> Result<(), SettingsError> {
    ensure(!uri.ends_with('*'), || SettingsError::Wildcard(field, uri.to_owned()))?;
    let good = uri.len() <= MAX_URI && is_plain(uri);
    ensure(good, || SettingsError::NotPlain(field, uri.to_owned()))
}

/// Deviation: an address that the URL standard would write differently is taken, for clients send what
/// they have, and that is compared; but it must have a host.
fn is_https(uri: &str) -> bool {
    uri.starts_with("https://") && Url::parse(uri).is_ok_and(|url| url.has_host())
}

/// RFC 8252 §7.1: the reverse of a name that somebody owns. No scheme that a browser acts upon itself,
/// such as `javascript`, has a dot.
fn is_private_use(uri: &str) -> bool {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    scheme.contains('.')
}

fn check_mappers(mappers: &[ClaimMapper]) -> Result<(), SettingsError> {
    ensure(mappers.len() <= MAX_MAPPERS, || SettingsError::TooManyMappers)?;
    for (at, mapper) in mappers.iter().enumerate() {
        let named = is_name(&mapper.attribute) && is_name(&mapper.claim);
        ensure(named, || SettingsError::MapperName)?;
        let claim = &mapper.claim;
        ensure(!is_ours(claim), || SettingsError::Reserved(claim.clone()))?;
        let before = mappers.iter().take(at).any(|other| other.claim == *claim);
        ensure(!before, || SettingsError::ClaimTwice(claim.clone()))?;
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn ensure(holds: bool, error: impl FnOnce() -> SettingsError) -> Result<(), SettingsError> {
    if holds { Ok(()) } else { Err(error()) }
}

#[cfg(test)]
mod tests;
