//! Permissions of Microsoft Graph: which there are, and which of them let a token read groups
//! (<https://learn.microsoft.com/graph/api/directoryobject-getmembergroups>, version of 2025).

use std::collections::BTreeSet;

use uuid::{Uuid, uuid};

/// Delegated permissions that a person may grant for themselves.
pub(crate) const DELEGATED_BY_USER: [&str; 4] = ["openid", "profile", "email", "User.Read"];
/// Delegated permissions that an administrator must grant.
pub(crate) const DELEGATED_BY_ADMINISTRATOR: [&str; 13] = [
    "Directory.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "User.Read.All",
    "User.ReadBasic.All",
    "AppRoleAssignment.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
    "UserAuthenticationMethod.ReadWrite.All",
];
/// Application permissions ("app roles"). All of them need an administrator.
pub(crate) const APPLICATION: [&str; 13] = DELEGATED_BY_ADMINISTRATOR;
/// The ids of the app roles, in that order
/// (<https://learn.microsoft.com/graph/permissions-reference>).
pub(crate) const APP_ROLES: [Uuid; 13] = [
    uuid!("7ab1d382-f21e-4acd-a863-ba3e13f7da61"),
    uuid!("5b567255-7703-4780-807c-7be8301ae99b"),
    uuid!("98830695-27a2-44f7-8c18-0c3ebc9698f6"),
    uuid!("df021288-bdef-4463-88db-98f22de89214"),
    uuid!("97235f07-e226-4f63-ace3-39588e11d3a1"),
    uuid!("06b708a9-e830-4db3-a914-8e69da51d44f"),
    uuid!("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"),
    uuid!("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
    uuid!("8e8e4742-1d95-4f68-9d56-6ee75648c72a"),
    uuid!("246dd0d5-5bd0-4def-940b-0421030a5b68"),
    uuid!("29c18626-4985-4dcd-85c0-193eef327366"),
    uuid!("01c0a623-fc9b-48e9-b794-0756f8e8f067"),
    uuid!("50483e42-d915-4231-9639-7fdb7fd190e5"),
];

/// Every app role: its name and its id.
pub(crate) fn app_roles() -> impl Iterator<Item = (&'static str, Uuid)> {
    APPLICATION.into_iter().zip(APP_ROLES)
}

/// One of these is needed for the groups ...
const GROUPS: [&str; 2] = ["Group.Read.All", "GroupMember.Read.All"];
/// ... and one of these for the person whose groups they are,
const USERS: [&str; 2] = ["User.Read.All", "User.ReadBasic.All"];
/// unless it is the person who is signed in, for whom this is enough;
const OWN: &str = "User.Read";
/// or this alone.
const DIRECTORY: &str = "Directory.Read.All";

/// The table "Group memberships for a user", which is the same for delegated and application permissions.
pub(crate) fn reads_groups_of_users(granted: &BTreeSet<String>) -> bool {
    let one_of = |names: &[&str]| names.iter().any(|name| granted.contains(*name));
    granted.contains(DIRECTORY) || (one_of(&GROUPS) && one_of(&USERS))
}

/// The table "Group memberships for the signed-in user"; delegated only.
pub(crate) fn reads_own_groups(granted: &BTreeSet<String>) -> bool {
    let groups = GROUPS.iter().any(|name| granted.contains(*name));
    (groups && granted.contains(OWN)) || reads_groups_of_users(granted)
}
