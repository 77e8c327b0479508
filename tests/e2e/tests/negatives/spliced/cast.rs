//! Who signs in, how, and where.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use e2e::{Answer, Card, Dump, Way, World};
use entra_stand_in::{NewUser, Person};

use super::sign_in::SignIn;
use super::step::{ALONE, DESK, PAGE, Step};
use crate::support::ACME;

/// Somebody, as pages name them.
#[derive(Clone, PartialEq)]
pub(super) struct Who {
    pub(super) username: String,
    name: String,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// At the provider, and with a card in the page.
    Known,
    /// At the provider, and with a first card that is enrolled in the page.
    New,
    /// With a card alone.
    Alone,
    /// At the provider, and with a card at an agent that is paired on the way.
    Desk,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Known, Self::New, Self::Alone, Self::Desk];

    pub(super) fn steps(self) -> &'static [Step] {
        match self {
            Self::Known | Self::New => PAGE,
            Self::Alone => ALONE,
            Self::Desk => DESK,
        }
    }
}

/// One of the two sides: a tenant, and somebody there whose card is enrolled.
struct Side {
    way: Way,
    who: Who,
    card: Rc<RefCell<Card>>,
}

/// A world with two sides.
pub(super) struct Cast {
    pub(super) world: World,
    sides: [Side; 2],
    newcomers: Cell<u64>,
}

impl Who {
    /// The page or problem says nothing of this person.
    #[track_caller]
    pub(super) fn assert_not_named(&self, what: &str, answer: &Answer) {
        let alias = self.username.split('@').next().unwrap();
        for said in [&self.username, &self.name, &format!("{alias}.")] {
            assert!(!answer.body.contains(said), "{what} names {said}: {answer:?}");
        }
    }

    /// This person's id, as rows quote it.
    pub(super) fn id(&self, dump: &Dump) -> Option<String> {
        let quoted = format!("'{}'", self.username);
        let mut people = dump.rows("person").into_iter();
        people.find(|row| row["username"] == quoted).map(|row| row["person_id"].clone())
    }
}

/// A card that does not count its answers: one person has several logins under way here, and an
/// answer that was made before another one counts too.
fn card(seed: u64) -> Card {
    Card(Card::new(seed).0.without_counter())
}

impl Side {
    async fn new(world: &World, way: Way, name: &str, alias: &str, seed: u64) -> Self {
        let username = format!("{alias}@{}.example", way.tenant);
        let mut card = card(seed);
        way.sign_in(&mut world.browser(), &mut Person::new(&username), &mut card).await;
        let who = Who { username, name: name.to_owned() };
        Self { way, who, card: Rc::new(RefCell::new(card)) }
    }
}

impl Cast {
    /// Mia at acme on one side, and Ada in this tenant on the other.
    pub(super) async fn new(other: Way) -> Self {
        let world = World::start().await.with_birch().await;
        let sides = [
            Side::new(&world, ACME, "Mia Member", "mia", 1).await,
            Side::new(&world, other, "Ada Admin", "ada", 2).await,
        ];
        Self { world, sides, newcomers: Cell::new(0) }
    }

    /// Mia at acme, with two browsers and two agents.
    pub(super) async fn alone() -> Self {
        let Self { world, sides: [Side { way, who, card }, _], newcomers } = Self::new(ACME).await;
        let sides = [0, 1].map(|_| Side { way, who: who.clone(), card: Rc::clone(&card) });
        Self { world, sides, newcomers }
    }

    /// A login that begins. Newcomers are somebody new each time.
    pub(super) fn sign_in(&self, side: usize, kind: Kind) -> SignIn {
        let Side { way, who, card } = &self.sides[side];
        let (who, card) = match kind {
            Kind::New => self.newcomer(*way),
            _ => (who.clone(), Rc::clone(card)),
        };
        SignIn::new(&self.world, *way, who, card, kind.steps())
    }

    /// Forgets the logins that are over: what there is to look at stays small.
    pub(super) async fn tidy_up(&self) {
        let tables = [
            "login",
            "session",
            "proof",
            "pairing",
            "ticket",
            "device",
            "device_directory",
            "agent_code",
            "consumed",
            "audit",
        ];
        let forget = tables.map(|table| format!("DELETE FROM {table}"));
        self.world.sql(&forget.join("; ")).await;
    }

    fn newcomer(&self, way: Way) -> (Who, Rc<RefCell<Card>>) {
        let number = self.newcomers.get() + 1;
        self.newcomers.set(number);
        let directory =
            if way.tenant == "acme" { entra_stand_in::ACME } else { entra_stand_in::BIRCH };
        let new = NewUser {
            given_name: format!("Nora{number}"),
            family_name: "Newcomer".into(),
            alias: format!("nora{number}"),
        };
        let user = self.world.stand_in.add_user(directory, &new).unwrap();
        let who = Who { username: user.user_principal_name, name: user.display_name };
        (who, Rc::new(RefCell::new(card(100 + number))))
    }
}
