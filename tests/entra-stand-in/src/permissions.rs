//! Permissions of Microsoft Graph: which there are, and which of them let a token read groups
//! (<https://learn.microsoft.com/graph/api/directoryobject-getmembergroups>, version of 2025).

use std::collections::BTreeSet;

/// Delegated permissions that a person may grant for themselves.
pub(crate) const DELEGATED_BY_USER: [&str; 4] = ["openid", "profile", "email", "User.Read"];
/// Delegated permissions that an administrator must grant.
pub(crate) const DELEGATED_BY_ADMINISTRATOR: [&str; 5] = [
    "Directory.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "User.Read.All",
    "User.ReadBasic.All",
];
/// Application permissions ("app roles"). All of them need an administrator.
pub(crate) const APPLICATION: [&str; 5] = DELEGATED_BY_ADMINISTRATOR;

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
