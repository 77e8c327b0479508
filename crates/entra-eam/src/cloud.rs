//! Where an answer may go (EAM-17): three constants of Microsoft, and what an operator has named.

use url::{Origin, Url};

/// Authority and path of the return address, for each of Microsoft's clouds.
const MICROSOFT: [&str; 3] = [
    "https://login.microsoftonline.com",
    "https://login.microsoftonline.us",
    "https://login.partner.microsoftonline.cn",
];
const RETURN_PATH: &str = "/common/federation/externalauthprovider";
/// Longest address that an operator may name, in bytes.
const MAX_ADDRESS: usize = 512;

/// A cloud of Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    authority: String,
    return_address: ReturnAddress,
}

/// Where a token of ours may be posted.
///
/// # Security
///
/// Comes from a [`Cloud`], never from a request: a signed token goes to no address that a stranger
/// has named. What a row holds goes through [`Cloud::returning_to`] again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnAddress(String);

/// The address that an operator has named cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// The authority is not an http or https origin.
    #[error("authority is not an origin such as https://login.example")]
    Authority,
    /// The return address is not an http or https address without query and fragment.
    #[error("return address is not an address such as https://login.example/return")]
    ReturnAddress,
}

impl Cloud {
    /// Microsoft's own clouds; the global one first.
    pub fn microsoft() -> Vec<Self> {
        let cloud = |authority: &str| Self {
            authority: authority.to_owned(),
            return_address: ReturnAddress(format!("{authority}{RETURN_PATH}")),
        };
        MICROSOFT.into_iter().map(cloud).collect()
    }

    /// A cloud that an operator's configuration file names: its authority, an origin, and the
    /// address that answers go to.
    ///
    /// # Errors
    ///
    /// See [`CloudError`].
    pub fn named(authority: &str, return_address: &str) -> Result<Self, CloudError> {
        let origin = address(authority).filter(|url| url.path() == "/");
        let authority = origin.ok_or(CloudError::Authority)?.origin().ascii_serialization();
        // Compared as text with what is sent, so it must be written as it is meant.
        let url = address(return_address).filter(|url| url.as_str() == return_address);
        let return_address = ReturnAddress(url.ok_or(CloudError::ReturnAddress)?.into());
        Ok(Self { authority, return_address })
    }

    /// Where its directories sign in, without a slash at the end: `https://login.microsoftonline.com`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where answers go.
    pub fn return_address(&self) -> &ReturnAddress {
        &self.return_address
    }

    /// The cloud of `clouds` whose return address is `text`, to the letter.
    pub fn returning_to<'a>(clouds: &'a [Self], text: &str) -> Option<&'a Self> {
        clouds.iter().find(|cloud| cloud.return_address.0 == text)
    }
}

impl ReturnAddress {
    /// The address, as Entra sends it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its origin, for `form-action` (EAM-30).
    pub fn origin(&self) -> String {
        let origin = Url::parse(&self.0).map(|url| url.origin());
        origin.unwrap_or_else(|_| Origin::new_opaque()).ascii_serialization()
    }
}

fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= MAX_ADDRESS)?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (matches!(url.scheme(), "https" | "http") && plain).then_some(url)
}

#[cfg(test)]
mod tests;
