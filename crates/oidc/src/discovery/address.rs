use ids::guid;
use url::Url;

use super::EntraCloud;

/// Path of a discovery document below its issuer (Discovery 1.0 §4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// Longest text that is looked at, in bytes.
const MAX_TEXT: usize = 2048;

/// The URL of a discovery document, made of what an administrator pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataAddress {
    /// Where the document is.
    pub url: Url,
    /// The directory, when it is at an Entra authority.
    pub directory: Option<Directory>,
    /// What was changed in what they pasted, to be shown.
    pub notes: Vec<AddressNote>,
}

/// How an address names an Entra directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    /// By its id, in lower case.
    Guid(String),
    /// By one of its domains.
    Domain(String),
    /// `common`, `organizations` or `consumers`: none in particular.
    Shared(String),
}

/// A change that was made to what was pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressNote {
    /// It was a directory's id or domain: the address in the global cloud was made of it.
    CompletedDirectory,
    /// It was an issuer: the path of its discovery document was added.
    CompletedIssuer,
    /// It was another address of the same directory.
    OtherEndpoint,
    /// It had blanks or invisible characters.
    RemovedInvisible,
    /// It was the address of v1.0 metadata: v2.0 is used.
    UpgradedToV2,
}

impl AddressNote {
    /// The change in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::CompletedDirectory => {
                "This is a directory; its address in the global cloud was completed."
            }
            Self::CompletedIssuer => "The path of the discovery document was added.",
            Self::OtherEndpoint => {
                "This is another address of the directory; its metadata address is used."
            }
            Self::RemovedInvisible => "Blanks or invisible characters were removed.",
            Self::UpgradedToV2 => {
                "This was the address of the old v1.0 metadata; v2.0 is used, as it must be."
            }
        }
    }
}

/// What was pasted is no address of a provider. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing there.
    #[error("the field is empty; paste the OpenID Connect metadata document address")]
    Empty,
    /// Longer than any address.
    #[error("this is too long for an address")]
    TooLong,
    /// An e-mail address.
    #[error(
        "this is an e-mail address; paste the OpenID Connect metadata document address instead"
    )]
    EmailAddress,
    /// Not a URL, a GUID or a domain.
    #[error(
        "this is no address; in Azure, open App registrations, Endpoints, and copy the OpenID Connect metadata document address"
    )]
    NotAnAddress,
    /// Plain http, to a host that the operator did not name.
    #[error("the address must begin with https://")]
    NotHttps,
    /// Name or password in the URL.
    #[error("the address must not contain a user name or password")]
    UserInfo,
    /// An Entra authority without a directory.
    #[error(
        "the address does not say which directory; it needs the directory's id after the host name"
    )]
    NoDirectory,
    /// What stands in place of the directory is none.
    #[error("{0:?} is neither the id nor the domain of a directory")]
    BadDirectory(String),
    /// Looks like an Entra authority, and is none that we know.
    #[error(
        "{0} is not a sign-in host of a Microsoft cloud that this server knows; the operator can name others in its configuration file"
    )]
    UnknownCloud(String),
}

impl MetadataAddress {
    /// Understands what an administrator pasted: a metadata address, any other address at an Entra
    /// authority, the id or a domain of a directory, or the issuer of any other provider.
    ///
    /// `extra` are the clouds of the operator's configuration file. An id or domain alone means
    /// Microsoft's global cloud.
    ///
    /// # Errors
    ///
    /// See [`AddressError`].
    pub fn parse(pasted: &str, extra: &[EntraCloud]) -> Result<Self, AddressError> {
        if pasted.len() > MAX_TEXT {
            return Err(AddressError::TooLong);
        }
        let text: String = pasted.chars().filter(|c| !is_invisible(*c)).collect();
        let text = text.trim_matches(|c: char| c.is_whitespace() || "\"'<>`".contains(c));
        let mut address = Self::of_clean_text(text, extra)?;
        if text != pasted {
            address.notes.insert(0, AddressNote::RemovedInvisible);
        }
        Ok(address)
    }

    fn of_clean_text(text: &str, extra: &[EntraCloud]) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let bare = text.trim_start_matches('{').trim_end_matches('}');
        if let Some(guid) = guid::parse(bare) {
            return Self::in_global_cloud(Directory::Guid(guid));
        }
        if text.contains('@') && !text.contains('/') {
            return Err(AddressError::EmailAddress);
        }
        let with_scheme =
            if text.contains("://") { text.into() } else { format!("https://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| AddressError::NotAnAddress)?;
        check(&url, extra)?;
        match EntraCloud::at(&url, extra) {
            Some(cloud) => Self::at_authority(&cloud, &url),
            None if looks_like_entra(&url) => Err(AddressError::UnknownCloud(host(&url))),
            None if is_domain(text) => Self::in_global_cloud(Directory::Domain(host(&url))),
            None => Ok(Self::of_issuer(url)),
        }
    }

    /// The address at which a directory of `cloud` has its v2.0 metadata.
    pub(super) fn of_directory(cloud: &EntraCloud, directory: Directory) -> Self {
        let mut url = cloud.authority.clone();
        let (Directory::Guid(name) | Directory::Domain(name) | Directory::Shared(name)) =
            &directory;
        url.set_path(&format!("/{name}/v2.0{WELL_KNOWN}"));
        url.set_query(None);
        url.set_fragment(None);
        Self { url, directory: Some(directory), notes: Vec::new() }
    }

    fn in_global_cloud(directory: Directory) -> Result<Self, AddressError> {
        let global =
            EntraCloud::microsoft().into_iter().next().ok_or(AddressError::NotAnAddress)?;
        let mut address = Self::of_directory(&global, directory);
        address.notes.push(AddressNote::CompletedDirectory);
        Ok(address)
    }

    fn at_authority(cloud: &EntraCloud, url: &Url) -> Result<Self, AddressError> {
        let mut segments = url.path_segments().into_iter().flatten().filter(|s| !s.is_empty());
        let first = segments.next().filter(|first| *first != ".well-known");
        let directory = read_directory(first.ok_or(AddressError::NoDirectory)?)?;
        let mut address = Self::of_directory(cloud, directory);
        // Apps with signing keys of their own have them in metadata that names the app.
        let app = url.query_pairs().find(|(name, _)| name == "appid");
        if let Some(app) = app.and_then(|(_, value)| guid::parse(&value)) {
            address.url.set_query(Some(&format!("appid={app}")));
        }
        let rest: Vec<&str> = segments.collect();
        match rest.as_slice() {
            ["v2.0", ".well-known", "openid-configuration"] => {}
            [".well-known", "openid-configuration"] => {
                address.notes.push(AddressNote::UpgradedToV2);
            }
            _ => address.notes.push(AddressNote::OtherEndpoint),
        }
        Ok(address)
    }

    fn of_issuer(mut url: Url) -> Self {
        let mut notes = Vec::new();
        url.set_fragment(None);
        if !url.path().ends_with(WELL_KNOWN) {
            // Discovery 1.0 §4.1: a slash at the end of the issuer goes first.
            let path = format!("{}{WELL_KNOWN}", url.path().trim_end_matches('/'));
            url.set_path(&path);
            url.set_query(None);
            notes.push(AddressNote::CompletedIssuer);
        }
        Self { url, directory: None, notes }
    }
}

fn check(url: &Url, extra: &[EntraCloud]) -> Result<(), AddressError> {
    if url.host_str().is_none_or(str::is_empty) {
        return Err(AddressError::NotAnAddress);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::UserInfo);
    }
    let named = extra.iter().any(|cloud| cloud.authority.origin() == url.origin());
    match url.scheme() {
        "https" => Ok(()),
        "http" if named => Ok(()),
        "http" => Err(AddressError::NotHttps),
        _ => Err(AddressError::NotAnAddress),
    }
}

fn read_directory(segment: &str) -> Result<Directory, AddressError> {
    if let Some(guid) = guid::parse(segment) {
        return Ok(Directory::Guid(guid));
    }
    let lower = segment.to_ascii_lowercase();
    match lower.as_str() {
        "common" | "organizations" | "consumers" => Ok(Directory::Shared(lower)),
        domain if is_domain(domain) => Ok(Directory::Domain(lower)),
        _ => Err(AddressError::BadDirectory(segment.chars().take(80).collect())),
    }
}

/// Labels of letters, digits and hyphens with dots between them, at least two (RFC 1123 §2.1).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top_is_a_word =
        text.rsplit('.').next().is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()));
    text.len() <= 253 && text.contains('.') && text.split('.').all(label) && top_is_a_word
}

/// Hosts of clouds that are closed, not ours, or misspelt.
fn looks_like_entra(url: &Url) -> bool {
    let host = host(url);
    host.starts_with("login.") && host.contains("microsoftonline")
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// What comes along when one copies from a web page or a document and cannot be seen.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
