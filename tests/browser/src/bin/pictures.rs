//! Takes pictures of every page, light and dark: `pictures FOLDER`. What people see every day comes
//! as on a phone too.
//!
//! What people see comes from the samples of the pages; the console is a real one, with a tenant,
//! a provider and people who have signed in.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on stdout")]
#![expect(clippy::expect_used, reason = "a picture that is missing is a failure")]

use std::path::{Path, PathBuf};

use browser::gallery::{self, Shot};
use browser::{Chrome, Samples, Scheme, smaller};
use e2e::{Card, World};
use entra_stand_in::{ACME, GroupsClaim, Person};

#[tokio::main]
async fn main() {
    let folder =
        std::env::args().nth(1).map_or_else(|| PathBuf::from("docs/pictures"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder for the pictures");
    let chrome = Chrome::start().await;
    let samples = Samples::serve().await;
    for shot in gallery::SAMPLES {
        let (names, sample) = (samples.names(), shot.of);
        assert!(names.iter().any(|known| known == sample), "no sample {sample}");
        // The page of a pairing is opened with its token.
        let token = if sample.starts_with("pair-") { "#token" } else { "" };
        shoot(&chrome, &(samples.url(sample) + token), &folder, *shot).await;
    }
    console(&chrome, &folder).await;
    println!("pictures are in {}", folder.display());
}

/// A page in its widths and in both schemes.
async fn shoot(chrome: &Chrome, url: &str, folder: &Path, shot: Shot) {
    let name = shot.picture;
    for (width, narrow) in shot.widths() {
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
    shoot(chrome, &home, folder, gallery::HOME).await;
    let acme = format!("{home}tenants/acme/");
    for shot in gallery::CONSOLE {
        shoot(chrome, &format!("{acme}{}", shot.of), folder, *shot).await;
    }
    chrome.open(&format!("{acme}users")).await;
    chrome.press("Mia Member").await;
    chrome.see("Last sign-ins").await;
    shoot(chrome, &chrome.url().await, folder, gallery::USER).await;
    without_groups(&world).await;
    for shot in [gallery::GROUPS, gallery::GROUPS_PROVIDER] {
        shoot(chrome, &format!("{acme}{}", shot.of), folder, shot).await;
    }
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
