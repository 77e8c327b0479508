//! Takes pictures of every page, light and dark, wide and narrow: `pictures FOLDER`.
//!
//! What people see comes from the samples of the pages; the console is a real one, with a tenant,
//! a provider and people who have signed in.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on stdout")]
#![expect(clippy::expect_used, reason = "a picture that is missing is a failure")]

use std::path::{Path, PathBuf};

use browser::{Chrome, Samples, Scheme, smaller};
use e2e::{Card, World};
use entra_stand_in::{ACME, GroupsClaim, Person};

/// Samples that are worth a picture, and what the picture is called.
const SAMPLES: [(&str, &str); 35] = [
    ("login-card-first", "login"),
    ("login-more-ways", "login-more-ways"),
    ("login-expired", "login-expired"),
    ("login-card-removed", "login-card-removed"),
    ("card-choose", "card"),
    ("card-choose-linux", "card-linux"),
    ("card-browser", "card-browser"),
    ("card-agent-claimed", "card-agent"),
    ("card-set-up-computer", "card-set-up"),
    ("pair-confirm", "pair"),
    ("card-remove", "card-remove"),
    ("card-confirm", "card-confirm"),
    ("card-over", "card-over"),
    ("card-failed-no-credential", "card-refused"),
    ("enrol-card", "enrol"),
    ("enrol-code", "enrol-code"),
    ("enrol-code-refused", "enrol-code-refused"),
    ("account-one-card", "account"),
    ("account-two-cards", "account-two-cards"),
    ("signed-out-provider", "signed-out"),
    ("invite-empty", "invite"),
    ("error-expired", "error-expired"),
    ("error-last-card", "error-last-card"),
    ("error-provider", "error-provider"),
    ("error-unreachable", "error-unreachable"),
    ("error-not-found", "error-not-found"),
    ("aadsts-empty", "aadsts"),
    ("aadsts-known", "aadsts-answer"),
    ("components-console", "components"),
    ("console-step-up-asked", "console-step-up"),
    ("console-step-up-asked-with-secret", "console-step-up-secret"),
    ("console-provider-confirm-first", "console-confirm-first"),
    ("console-result-missing", "console-result"),
    ("console-result-failed", "console-result-failed"),
    ("console-test-over-again", "console-test-over"),
];

/// Pages of the console under the tenant's, and what their picture is called.
const CONSOLE: [(&str, &str); 11] = [
    ("", "console-overview"),
    ("providers", "console-providers"),
    ("providers/new?template=oidc", "console-new-provider"),
    ("providers/azure", "console-provider"),
    ("providers/azure/mappers", "console-mappers"),
    ("providers/azure/mappers/new", "console-new-mapper"),
    ("providers/azure/test", "console-test"),
    ("clients", "console-clients"),
    ("users", "console-users"),
    ("settings", "console-settings"),
    ("audit", "console-audit"),
];

/// Widths of the window in CSS pixels, and what is added to a picture's name.
const WIDTHS: [(u32, &str); 2] = [(1280, ""), (390, "-phone")];

#[tokio::main]
async fn main() {
    let folder =
        std::env::args().nth(1).map_or_else(|| PathBuf::from("docs/pictures"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder for the pictures");
    let chrome = Chrome::start().await;
    let samples = Samples::serve().await;
    for (sample, name) in SAMPLES {
        assert!(samples.names().iter().any(|known| known == sample), "no sample {sample}");
        shoot(&chrome, &samples.url(sample), &folder, name).await;
    }
    console(&chrome, &folder).await;
    println!("pictures are in {}", folder.display());
}

/// A page in both widths and schemes.
async fn shoot(chrome: &Chrome, url: &str, folder: &Path, name: &str) {
    for (width, narrow) in WIDTHS {
        for scheme in [Scheme::Light, Scheme::Dark] {
            chrome.look(width, scheme).await;
            chrome.open(url).await;
            let file = folder.join(format!("{name}{narrow}-{}.png", scheme.name()));
            std::fs::write(&file, smaller(&chrome.picture().await)).expect("a file");
        }
    }
}

/// A console with something in it.
async fn console(chrome: &Chrome, folder: &Path) {
    let world = World::start().await;
    for (seed, name) in [(1, "mia@acme.example"), (2, "max@acme.example")] {
        let signed_in =
            world.sign_in(&mut world.browser(), &mut Person::new(name), &mut Card::new(seed)).await;
        signed_in.expect("somebody who has signed in");
    }
    let no_card = world.entra_leg(&mut world.browser(), &mut Person::new("ada@acme.example")).await;
    no_card.expect("somebody without a card");
    let _key = chrome.plug_in_key().await;
    become_administrator(chrome, &world).await;
    let home = format!("{}/admin/", world.origin);
    shoot(chrome, &home, folder, "console-home").await;
    for (path, name) in CONSOLE {
        shoot(chrome, &format!("{home}tenants/acme/{path}"), folder, name).await;
    }
    chrome.open(&format!("{home}tenants/acme/users")).await;
    chrome.press("Mia Member").await;
    chrome.see("Last sign-ins").await;
    shoot(chrome, &chrome.url().await, folder, "console-user").await;
    without_groups(&world).await;
    shoot(chrome, &format!("{home}tenants/acme/"), folder, "console-groups").await;
    shoot(
        chrome,
        &format!("{home}tenants/acme/providers/azure"),
        folder,
        "console-groups-provider",
    )
    .await;
}

/// Azure stops sending groups: three people who had some come without.
async fn without_groups(world: &World) {
    let directory = world.stand_in.directories().into_iter().find(|known| known.id == ACME);
    let group = directory.and_then(|known| known.groups.first().cloned()).expect("a group");
    for groups in [GroupsClaim::SecurityGroup, GroupsClaim::None] {
        world.stand_in.set_groups_claim(world.azure.client_id, groups).expect("the app");
        for name in ["ada", "mia", "una"] {
            let name = format!("{name}@acme.example");
            let user = world.stand_in.user(&name).expect("somebody");
            world.stand_in.update_user(user.id, |user| user.groups = vec![group.id]).expect("them");
            let came = world.entra_leg(&mut world.browser(), &mut Person::new(&name)).await;
            came.expect("somebody who has come");
        }
    }
}

async fn become_administrator(chrome: &Chrome, world: &World) {
    chrome.open(&server::invite(&world.config).await.expect("an invitation")).await;
    chrome.fill("Your name", "Olivia Bauer").await;
    chrome.press("Go on").await;
    chrome.press("Card or key").await;
    chrome.see("Choose a tenant").await;
}
