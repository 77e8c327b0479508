//! What a directory holds: people, groups, app registrations.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The password of everyone in the two directories that exist from the start.
pub const PASSWORD: &str = "stand-in-password";

/// A directory (a Microsoft Entra tenant): `tid` is its id.
#[derive(Clone, Debug, Serialize)]
pub struct Directory {
    /// The directory (tenant) ID.
    pub id: Uuid,
    /// Its primary domain; metadata answers under this name too.
    pub domain: String,
    /// The name on screens.
    pub display_name: String,
    /// Who may consent to an application.
    pub user_consent: UserConsent,
    /// All groups of the directory.
    #[serde(skip)]
    pub groups: Vec<Group>,
}

/// Who may consent to an application that asks for no more than a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserConsent {
    /// Everyone for themselves, administrators for all.
    Allowed,
    /// Administrators only; others read "Need admin approval".
    AdministratorsOnly,
}

/// A group.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// The object ID, which is what the `groups` claim carries.
    pub id: Uuid,
    /// The name on screens.
    pub display_name: String,
    /// What kind it is.
    pub kind: GroupKind,
}

/// What a group is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKind {
    /// A security group.
    Security,
    /// A distribution list.
    Distribution,
    /// A directory role.
    Role,
}

/// A person in a directory.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// The object ID: `oid`.
    pub id: Uuid,
    /// The directory this entry stands in.
    pub directory: Uuid,
    /// `name`.
    pub display_name: String,
    /// `given_name`.
    pub given_name: String,
    /// `family_name`.
    pub family_name: String,
    /// `upn`; of a guest in its `#EXT#` form.
    pub user_principal_name: String,
    /// `email`, where there is a mailbox.
    pub mail: Option<String>,
    /// The password; a guest's is that of the home account.
    #[serde(skip)]
    pub password: String,
    /// The home account, if this is a guest.
    pub guest_of: Option<Uuid>,
    /// Whether the person may sign in at all.
    pub enabled: bool,
    /// Whether the person may consent for everybody.
    pub global_administrator: bool,
    /// Whether "Verification required" follows the password.
    pub verification_required: bool,
    /// The groups the person is in.
    #[serde(skip)]
    pub groups: Vec<Uuid>,
}

/// What is needed to create a person; the rest has sensible values and can be changed afterwards.
#[derive(Clone, Debug, Deserialize)]
pub struct NewUser {
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// The part before the `@` of the user principal name.
    pub alias: String,
}

/// An app registration together with what the directory's enterprise application says about it.
#[derive(Clone, Debug, Serialize)]
pub struct App {
    /// The application (client) ID.
    pub client_id: Uuid,
    /// The object ID, which people paste by mistake.
    pub object_id: Uuid,
    /// The directory that it is registered in.
    pub directory: Uuid,
    /// The name on screens.
    pub display_name: String,
    /// Whose accounts may use it.
    pub audience: Audience,
    /// Where codes may be sent.
    pub redirect_uris: Vec<RedirectUri>,
    /// The client secrets.
    pub secrets: Vec<ClientSecret>,
    /// Optional claims of the ID token.
    pub optional_claims: BTreeSet<OptionalClaim>,
    /// Which groups the ID token names.
    pub groups_claim: GroupsClaim,
    /// Called in an iframe when the session ends.
    pub front_channel_logout_url: Option<String>,
    /// People for whom the application may act.
    pub consents: Vec<Consent>,
    /// Application permissions of Microsoft Graph that are configured. Alone they allow nothing.
    pub application_permissions: BTreeSet<String>,
    /// Application permissions that an administrator has granted, by directory. Tokens carry them as
    /// `roles`.
    pub granted_permissions: BTreeMap<Uuid, BTreeSet<String>>,
    /// Whether only the people in `assigned` may sign in.
    pub assignment_required: bool,
    /// The people assigned.
    pub assigned: BTreeSet<Uuid>,
    /// Whether "ID tokens (used for implicit and hybrid flows)" is ticked. The flows are not played.
    pub id_tokens: bool,
    /// The service principals ("enterprise applications"), by directory.
    pub service_principals: BTreeMap<Uuid, Uuid>,
}

/// Supported account types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// "Accounts in this organizational directory only".
    #[default]
    SingleDirectory,
    /// "Accounts in any organizational directory".
    AnyDirectory,
}

/// Where a code may be sent, and to what kind of application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectUri {
    /// Compared byte by byte.
    pub uri: String,
    /// The platform that it was entered under.
    pub platform: Platform,
}

/// A platform of the "Configure platforms" panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// A server that keeps a secret.
    #[default]
    Web,
    /// A single-page application.
    Spa,
    /// A mobile or desktop application.
    Public,
}

/// A client secret.
#[derive(Clone, Serialize)]
pub struct ClientSecret {
    /// The Secret ID, which is no secret and which no endpoint accepts as one.
    pub secret_id: Uuid,
    /// What it is for.
    pub description: String,
    /// Seconds since 1970.
    pub expires_at: i64,
    /// The value. The portal shows it once.
    #[serde(skip)]
    pub value: String,
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSecret").field("secret_id", &self.secret_id).finish_non_exhaustive()
    }
}

/// An optional claim of the ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionalClaim {
    /// 0 for a member, 1 for a guest.
    Acct,
    /// When the person last typed the password.
    AuthTime,
    /// The mailbox, also when the scope `email` was not asked for.
    Email,
    /// The last name.
    FamilyName,
    /// The first name.
    GivenName,
    /// What `logout_hint` wants.
    LoginHint,
    /// The session, for front-channel sign-out.
    Sid,
    /// The user principal name, of members.
    Upn,
    /// The user principal name, of guests too (`include_externally_authenticated_upn`).
    UpnOfGuests,
}

impl OptionalClaim {
    /// All of them, as the portal lists them.
    pub const ALL: [Self; 9] = [
        Self::Acct,
        Self::AuthTime,
        Self::Email,
        Self::FamilyName,
        Self::GivenName,
        Self::LoginHint,
        Self::Sid,
        Self::Upn,
        Self::UpnOfGuests,
    ];

    /// The name in the portal's table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acct => "acct",
            Self::AuthTime => "auth_time",
            Self::Email => "email",
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::LoginHint => "login_hint",
            Self::Sid => "sid",
            Self::Upn => "upn",
            Self::UpnOfGuests => "upn (externally authenticated)",
        }
    }
}

/// `groupMembershipClaims`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupsClaim {
    /// No `groups` claim.
    #[default]
    None,
    /// Security groups.
    SecurityGroup,
    /// Directory roles.
    DirectoryRole,
    /// Security groups, distribution lists and directory roles.
    All,
}

impl GroupsClaim {
    pub(crate) const fn includes(self, kind: GroupKind) -> bool {
        match self {
            Self::None => false,
            Self::SecurityGroup => matches!(kind, GroupKind::Security),
            Self::DirectoryRole => matches!(kind, GroupKind::Role),
            Self::All => true,
        }
    }
}

/// A consent that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// In which directory.
    pub directory: Uuid,
    /// By whom; nobody in particular when an administrator consented for the organization.
    pub user: Option<Uuid>,
    /// The permissions.
    pub scopes: BTreeSet<String>,
}

impl App {
    /// A registration as the portal makes it: nothing configured.
    pub(crate) fn new(directory: Uuid, display_name: &str, audience: Audience) -> Self {
        Self {
            client_id: crate::chance::guid(),
            object_id: crate::chance::guid(),
            directory,
            display_name: display_name.to_owned(),
            audience,
            redirect_uris: Vec::new(),
            secrets: Vec::new(),
            optional_claims: BTreeSet::new(),
            groups_claim: GroupsClaim::None,
            front_channel_logout_url: None,
            consents: Vec::new(),
            application_permissions: BTreeSet::new(),
            granted_permissions: BTreeMap::new(),
            assignment_required: false,
            assigned: BTreeSet::new(),
            id_tokens: false,
            service_principals: BTreeMap::from([(directory, crate::chance::guid())]),
        }
    }

    /// Whether a directory knows the application: it has its service principal, or somebody has consented
    /// to it.
    pub(crate) fn is_known_in(&self, directory: Uuid) -> bool {
        self.service_principals.contains_key(&directory)
            || self.granted_permissions.contains_key(&directory)
            || self.consents.iter().any(|consent| consent.directory == directory)
    }

    /// Whether an administrator has consented to these scopes for everybody in a directory.
    pub(crate) fn is_consented_for_all(&self, directory: Uuid, scopes: &[&str]) -> bool {
        let for_all = |consent: &&Consent| consent.directory == directory && consent.user.is_none();
        let granted: BTreeSet<&str> = self
            .consents
            .iter()
            .filter(for_all)
            .flat_map(|c| &c.scopes)
            .map(String::as_str)
            .collect();
        scopes.iter().all(|scope| granted.contains(scope))
    }

    /// Whether this person, or an administrator for everybody, has consented to all these scopes.
    pub(crate) fn has_consent(&self, user: &User, scopes: &BTreeSet<String>) -> bool {
        let of_user = |consent: &&Consent| {
            consent.directory == user.directory && consent.user.is_none_or(|id| id == user.id)
        };
        let granted: BTreeSet<&String> =
            self.consents.iter().filter(of_user).flat_map(|c| &c.scopes).collect();
        scopes.iter().all(|scope| granted.contains(scope))
    }
}
