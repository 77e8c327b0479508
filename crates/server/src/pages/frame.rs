//! What several pages show: the tenant, a person, a moment.

/// Where a page belongs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The tenant's name for people.
    pub tenant: String,
    /// The tenant's slug, in its canonical form, for URLs.
    pub slug: String,
}

impl Frame {
    /// The URL of something in this tenant; `path` without a leading slash.
    pub fn url(&self, path: &str) -> String {
        format!("/realms/{}/{path}", self.slug)
    }
}

/// A person as a page names them.
#[derive(Clone, Debug)]
pub struct Account {
    /// Name for people; the username where there is no other.
    pub name: String,
    /// Username, as the provider gave it.
    pub username: String,
    /// Display name of the provider that vouched for them, or none.
    pub provider: Option<String>,
    /// Who asks for their card, where it is Microsoft Entra.
    pub asked_by: Option<AskedBy>,
    /// The application to which they go on, by its name; none for a page of our own.
    pub application: Option<String>,
}

/// The directory of Microsoft Entra that asks for somebody's card.
#[derive(Clone, Debug)]
pub struct AskedBy {
    /// Host of its cloud: `login.microsoftonline.com`.
    pub host: String,
    /// What it is called; its id, a GUID, where it has no name here.
    pub directory: String,
}

/// A moment, for people and for machines.
#[derive(Clone, Debug)]
pub struct When {
    /// As people read it, such as `12 November 2026, 14:03`.
    pub text: String,
    /// RFC 3339, for the `datetime` attribute.
    pub machine: String,
}
