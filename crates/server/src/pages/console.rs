//! What every page of the console shows around its content: `console.html`.
//!
//! A page of the console is a struct with a field `console: ConsoleFrame`, whose template begins
//! with `{% extends "console.html" %}` and fills the blocks `title`, `heading` and `content`.

use super::sample::Text;

/// The frame of a console page.
#[derive(Clone, Debug)]
pub struct ConsoleFrame {
    /// The administrator's name.
    pub administrator: String,
    /// The tenant that is open; none on pages about all tenants.
    pub tenant: Option<TenantChoice>,
    /// The tenants to choose from.
    pub tenants: Vec<TenantChoice>,
    /// Side navigation, in order.
    pub navigation: Vec<NavItem>,
    /// Which of its sections is open.
    pub section: Section,
    /// Whether a change would be made without asking for a card.
    pub fresh: bool,
    /// Whether the session may end by itself while the page is open, which it is to hear.
    pub follows: bool,
    /// Something to say at the head of the page, such as a secret that expires soon.
    pub banners: Vec<Banner>,
}

impl ConsoleFrame {
    /// A frame with a tenant open and something to say.
    pub(crate) fn sample(text: Text<'_>, section: Section) -> Self {
        let tenant = |slug: &str, name: &str| TenantChoice { slug: text(slug), name: text(name) };
        let item = |section, path: &str| NavItem {
            section,
            href: format!("/admin/tenants/{}/{path}", text("acme")),
        };
        Self {
            administrator: text("Olivia Bauer"),
            tenant: Some(tenant("acme", "Acme Hospital")),
            tenants: vec![
                tenant("acme", "Acme Hospital"),
                tenant("globex", "Globex Clinics"),
                tenant("operators", "Operators"),
            ],
            navigation: vec![
                item(Section::Overview, ""),
                item(Section::IdentityProviders, "providers"),
                item(Section::ExternalMfa, "external-mfa"),
                item(Section::Clients, "clients"),
                item(Section::Users, "users"),
                item(Section::SmartCards, "smart-cards"),
                item(Section::Policy, "settings"),
                item(Section::Events, "audit"),
            ],
            section,
            fresh: true,
            follows: true,
            banners: vec![Banner {
                tone: Tone::Warning,
                title: text("The client secret of Azure expires in 12 days"),
                text: text("Add a new one before 5 December 2026, or nobody can sign in."),
                link: Some((text("/admin/tenants/acme/providers/azure"), text("Open Azure"))),
                question: None,
            }],
        }
    }
}

/// A banner of the console.
#[derive(Clone, Debug)]
pub struct Banner {
    /// How bad it is.
    pub tone: Tone,
    /// What happened.
    pub title: String,
    /// What to do now. May be empty.
    pub text: String,
    /// A link to where it is done: URL and words.
    pub link: Option<(String, String)>,
    /// What it asks, with buttons to answer.
    pub question: Option<Question>,
}

/// A question of a banner: a form that answers it.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where the form goes.
    pub action: String,
    /// What goes along unseen, by name.
    pub fields: Vec<(&'static str, String)>,
    /// What can be answered.
    pub answers: Vec<Answer>,
}

/// An answer: a button.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What is sent as `answer`.
    pub value: &'static str,
    /// What the button says.
    pub words: String,
}

/// How a banner or a badge looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neutral.
    Info,
    /// Good.
    Good,
    /// Will become bad.
    Warning,
    /// Bad.
    Bad,
}

impl Tone {
    /// Its CSS class, after `banner-` or `badge-`.
    pub fn class(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// A tenant in the picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantChoice {
    /// Its slug.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

/// A line of the side navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// Which section.
    pub section: Section,
    /// Where it is.
    pub href: String,
}

/// A section of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Applications that sign in here.
    Clients,
    /// What happened.
    Events,
    /// Microsoft Entra asks here for external MFA.
    ExternalMfa,
    /// Where people sign in first.
    IdentityProviders,
    /// The tenant at a glance.
    Overview,
    /// What the tenant allows.
    Policy,
    /// Smart cards with certificates.
    SmartCards,
    /// All tenants.
    Tenants,
    /// People.
    Users,
}

impl Section {
    /// Its name in the navigation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clients => "Clients",
            Self::Events => "Audit",
            Self::ExternalMfa => "Entra external MFA",
            Self::IdentityProviders => "Identity Providers",
            Self::Overview => "Overview",
            Self::Policy => "Tenant settings",
            Self::SmartCards => "Smart cards",
            Self::Tenants => "Tenants",
            Self::Users => "Users",
        }
    }
}
