//! The two directories that exist from the start, each with the same cast.

use uuid::{Uuid, uuid};

use crate::chance;
use crate::model::{Directory, Group, GroupKind, PASSWORD, User, UserConsent};

/// The directory (tenant) ID of Acme.
pub const ACME: Uuid = uuid!("5f1d2c7e-90b4-4c63-9d0e-7a3b1c5e8f24");
/// The directory (tenant) ID of Birch.
pub const BIRCH: Uuid = uuid!("c0a86d35-2e47-4b19-8f6a-d94e0b7c1a52");

/// How many groups the member of many is in: just too many for a token.
pub const MANY_GROUPS: usize = 201;

/// Both directories with everyone in them.
pub(crate) fn directories() -> (Vec<Directory>, Vec<User>) {
    let acme = directory(ACME, "acme.example", "Acme");
    let birch = directory(BIRCH, "birch.example", "Birch");
    let mut users = [cast(&acme), cast(&birch)].concat();
    let of = |name: &str, users: &[User]| {
        users.iter().find(|user| user.user_principal_name == name).cloned()
    };
    let guests: Vec<User> =
        [(of("mia@birch.example", &users), &acme), (of("mia@acme.example", &users), &birch)]
            .into_iter()
            .filter_map(|(home, directory)| Some(guest(&home?, directory)))
            .collect();
    users.extend(guests);
    (vec![acme, birch], users)
}

fn directory(id: Uuid, domain: &str, display_name: &str) -> Directory {
    let named =
        |name: &str, kind| Group { id: chance::guid(), display_name: name.to_owned(), kind };
    let first = [
        named("Engineering", GroupKind::Security),
        named("Badge holders", GroupKind::Security),
        named("Newsletter", GroupKind::Distribution),
        named("Global Administrator", GroupKind::Role),
    ];
    let many =
        (1..=MANY_GROUPS).map(|number| named(&format!("Project {number:03}"), GroupKind::Security));
    let groups = first.into_iter().chain(many).collect();
    Directory {
        id,
        domain: domain.to_owned(),
        display_name: display_name.to_owned(),
        user_consent: UserConsent::Allowed,
        groups,
    }
}

fn cast(directory: &Directory) -> Vec<User> {
    let groups = |wanted: &dyn Fn(&str) -> bool| -> Vec<Uuid> {
        directory
            .groups
            .iter()
            .filter(|group| wanted(&group.display_name))
            .map(|group| group.id)
            .collect()
    };
    let administrator = User {
        global_administrator: true,
        groups: groups(&|name| ["Engineering", "Global Administrator"].contains(&name)),
        ..user(directory, "Ada", "Admin", "ada")
    };
    let member = User {
        mail: Some(format!("mia.member@{}", directory.domain)),
        groups: groups(&|name| ["Engineering", "Badge holders", "Newsletter"].contains(&name)),
        ..user(directory, "Mia", "Member", "mia")
    };
    let many = User {
        groups: groups(&|name| name.starts_with("Project")),
        ..user(directory, "Max", "Many", "max")
    };
    let disabled = User { enabled: false, ..user(directory, "Dora", "Disabled", "dora") };
    let unassigned = user(directory, "Una", "Unassigned", "una");
    vec![administrator, member, many, disabled, unassigned]
}

/// An ordinary member of a directory.
pub(crate) fn user(
    directory: &Directory,
    given_name: &str,
    family_name: &str,
    alias: &str,
) -> User {
    User {
        id: chance::guid(),
        directory: directory.id,
        display_name: format!("{given_name} {family_name}"),
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        user_principal_name: format!("{alias}@{}", directory.domain),
        mail: None,
        password: PASSWORD.to_owned(),
        guest_of: None,
        enabled: true,
        global_administrator: false,
        verification_required: true,
        groups: Vec::new(),
    }
}

/// The entry that a directory has for a person of another one.
pub(crate) fn guest(home: &User, directory: &Directory) -> User {
    let external = home.user_principal_name.replace('@', "_");
    User {
        id: chance::guid(),
        directory: directory.id,
        user_principal_name: format!("{external}#EXT#@{}", directory.domain),
        mail: Some(home.user_principal_name.clone()),
        guest_of: Some(home.id),
        groups: Vec::new(),
        ..home.clone()
    }
}
