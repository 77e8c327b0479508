//! Scenes: what stands on the stage, and what may happen.

use identity::{CardFirst, FirstCard, ProviderKind, TenantPolicy};
use ids::UserId;

use super::moves::Move::{self, Callback, Choose, SignIn, Start, Wait};
use super::moves::Place;
use super::world::{ACME, ADA, Hint, MALLORY, Who};

/// A bounded part of the world.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what may happen, one by one")]
pub(super) struct Scene {
    pub(super) policy: TenantPolicy,
    /// How many cards Ada has; Mallory has one in each tenant.
    pub(super) adas_cards: usize,
    /// Whether Mallory is away.
    pub(super) alone: bool,
    /// Whether Ada's account is linked to the upstream.
    pub(super) ada_is_linked: bool,
    /// Logins that Ada's browser and Mallory's may start.
    pub(super) logins: [usize; 2],
    /// Challenges that a login may be given.
    pub(super) challenges: usize,
    /// Whether they come by upstream sign-in at all.
    pub(super) upstream: bool,
    /// Whether a second tenant and a second provider are about.
    pub(super) elsewhere: bool,
    /// Whether Ada has an account and a card in the second tenant too.
    pub(super) ada_is_elsewhere: bool,
    /// What kind of provider it is.
    pub(super) kind: ProviderKind,
    /// Whether the provider asks for a card when there is none.
    pub(super) onboards: bool,
    /// Mallory holds Ada's session at the upstream, but not what it takes to sign in anew.
    pub(super) stolen_session: bool,
    /// Mallory holds Ada's card, but not its PIN.
    pub(super) stolen_card: bool,
    /// Whether answers may come by the agents.
    pub(super) agents: bool,
    /// In whose login Ada's browser and Mallory's were paired with their agents, where a pairing
    /// begins logins.
    pub(super) pairings: [Option<UserId>; 2],
    /// Whether pages open agents by a link, which may come from another page.
    pub(super) links: bool,
    /// Whether all cards are X.509 cards.
    pub(super) certificates: bool,
    /// The hints that Entra gives, all of which Mallory has, and how many Ada's browser and Mallory's
    /// may post. He makes hers post any.
    pub(super) hints: &'static [Hint],
    pub(super) posts: [usize; 2],
    /// Whether hints come to other doors too; and whether browsers come to the EAM door without one.
    pub(super) hints_anywhere: bool,
    pub(super) starts_at_eam: bool,
    /// Whether what was proved to Entra may spare a second tap.
    pub(super) one_tap: bool,
    /// What has happened already.
    pub(super) prologue: &'static [Move],
    /// One-time codes that an administrator issues, to Ada and to Mallory.
    pub(super) codes: [usize; 2],
    /// Whether Mallory hears the codes that are issued to Ada.
    pub(super) overheard_code: bool,
    /// Whether there is an invitation, which Ada holds.
    pub(super) invitation: bool,
    /// Whether people who signed in change their cards.
    pub(super) changes: bool,
    /// Whether what they do instead takes a fresh proof of who they are; they may sign out.
    pub(super) confirms: bool,
    /// Whether answers come that do not verify; and whether so many have, that one more ends it.
    pub(super) refusals: bool,
    pub(super) refused_often: bool,
    /// Whether an administrator makes the policy strict, or gives the provider other settings.
    pub(super) tightens: bool,
    pub(super) resettles: bool,
    /// How often time passes: a challenge's life, and a login's.
    pub(super) waits: [usize; 2],
    /// Whether an administrator may revoke Ada's card, and may disable her.
    pub(super) revokes: bool,
    pub(super) disables: bool,
    /// Steps that may be read and not committed at the same time; 0: each commits at once.
    pub(super) in_flight: usize,
}

impl Scene {
    /// Both sign in with upstream and card.
    pub(super) fn sign_in() -> Self {
        Self {
            policy: TenantPolicy {
                first_card: FirstCard::AdministratorCode,
                card_first: CardFirst::Off,
                ..TenantPolicy::default()
            },
            adas_cards: 1,
            alone: false,
            ada_is_linked: true,
            logins: [1, 1],
            challenges: 1,
            upstream: true,
            elsewhere: false,
            ada_is_elsewhere: false,
            kind: ProviderKind::Entra,
            onboards: true,
            stolen_session: true,
            stolen_card: false,
            agents: false,
            pairings: [None, None],
            links: false,
            certificates: false,
            hints: &[],
            posts: [0, 0],
            hints_anywhere: false,
            starts_at_eam: false,
            one_tap: false,
            prologue: &[],
            codes: [0, 0],
            overheard_code: false,
            invitation: false,
            changes: false,
            confirms: false,
            refusals: false,
            refused_often: false,
            tightens: false,
            resettles: false,
            waits: [0, 0],
            revokes: false,
            disables: false,
            in_flight: 0,
        }
    }

    /// The same across tenants and providers.
    pub(super) fn elsewhere() -> Self {
        Self { elsewhere: true, stolen_session: false, ..Self::sign_in() }
    }

    /// The answers come through the agents.
    pub(super) fn agents() -> Self {
        Self { agents: true, ..Self::sign_in() }
    }

    /// Agents are opened by links, and their answers wait for the browser. Mallory sends his to Ada.
    pub(super) fn links() -> Self {
        Self { links: true, ..Self::sign_in() }
    }

    /// Mallory alone has begun, and Ada follows his link.
    pub(super) fn relayed_link() -> Self {
        Self { logins: [0, 1], ..Self::links() }
    }

    /// The same, and he asks for a second one.
    pub(super) fn two_links() -> Self {
        Self { challenges: 2, ..Self::relayed_link() }
    }

    /// As with agents, with certificates, which a browser cannot answer for.
    pub(super) fn certificates() -> Self {
        Self { certificates: true, ..Self::agents() }
    }

    /// Time passes, and cards and people lose their rights.
    pub(super) fn time() -> Self {
        let scene = Self::sign_in();
        Self {
            challenges: 2,
            waits: [1, 1],
            revokes: true,
            disables: true,
            logins: [1, 0],
            ..scene
        }
    }

    /// Ada's first card, by a fresh sign-in.
    pub(super) fn first_card() -> Self {
        let scene = Self::sign_in();
        let policy =
            TenantPolicy { first_card: FirstCard::FreshEntraSignIn, ..scene.policy.clone() };
        Self { policy, adas_cards: 0, ..scene }
    }

    /// Ada's first card, by a code.
    pub(super) fn code() -> Self {
        Self { adas_cards: 0, codes: [1, 1], ..Self::sign_in() }
    }

    /// A new administrator's first card, by an invitation.
    pub(super) fn invitation() -> Self {
        let scene = Self::sign_in();
        Self {
            adas_cards: 0,
            invitation: true,
            upstream: false,
            stolen_session: false,
            logins: [2, 1],
            in_flight: 2,
            ..scene
        }
    }

    /// "Use your card".
    pub(super) fn card_first() -> Self {
        let scene = Self::sign_in();
        let policy = TenantPolicy { card_first: CardFirst::On, ..scene.policy.clone() };
        Self {
            policy,
            upstream: false,
            stolen_session: false,
            stolen_card: true,
            logins: [1, 2],
            in_flight: 2,
            ..scene
        }
    }

    /// People who signed in add and remove cards.
    pub(super) fn changes() -> Self {
        let scene = Self::card_first();
        Self { changes: true, challenges: 2, in_flight: 0, ..scene }
    }

    /// The provider asks for no card where there is none.
    pub(super) fn no_onboarding() -> Self {
        Self { onboards: false, ..Self::first_card() }
    }

    /// Ada in two logins, with a code for each.
    pub(super) fn two_first_cards() -> Self {
        Self { logins: [2, 0], codes: [2, 0], ..Self::code() }
    }

    /// Ada in two logins, with one code.
    pub(super) fn one_code_for_two() -> Self {
        Self { logins: [2, 0], codes: [1, 0], ..Self::code() }
    }

    /// Two fresh sign-ins, whose steps are read before any of them is committed; and a card that
    /// is revoked again.
    pub(super) fn first_cards_at_one_time() -> Self {
        Self { logins: [2, 0], in_flight: 2, revokes: true, ..Self::first_card() }
    }

    /// Signing in while the server stops here and there, and rights are lost meanwhile.
    pub(super) fn sign_in_at_one_time() -> Self {
        Self { in_flight: 2, ..Self::time() }
    }

    /// "Use your card" while time passes and the card is revoked.
    pub(super) fn card_first_in_time() -> Self {
        Self { logins: [1, 1], revokes: true, waits: [1, 0], in_flight: 1, ..Self::card_first() }
    }

    /// "Use your card" where the tenant does not want it.
    pub(super) fn no_card_first() -> Self {
        let mut scene = Self::card_first();
        scene.policy.card_first = CardFirst::Off;
        scene
    }

    /// A person whom nobody has linked.
    pub(super) fn not_linked() -> Self {
        Self { ada_is_linked: false, ..Self::card_first() }
    }

    /// Ada changes her cards, and an administrator revokes one.
    pub(super) fn changes_and_revocation() -> Self {
        Self { adas_cards: 2, alone: true, logins: [2, 0], revokes: true, ..Self::changes() }
    }

    /// Everybody everywhere: both people in both tenants, by page and by agent, with a server that
    /// stops here and there.
    pub(super) fn everywhere() -> Self {
        Self {
            elsewhere: true,
            ada_is_elsewhere: true,
            agents: true,
            in_flight: 1,
            ..Self::sign_in()
        }
    }

    /// Mallory alone, with an account in each tenant and at each provider.
    pub(super) fn mallory_elsewhere() -> Self {
        Self { logins: [0, 1], ..Self::elsewhere() }
    }

    /// "Use your card", by people of two tenants.
    pub(super) fn card_first_elsewhere() -> Self {
        Self { elsewhere: true, logins: [1, 1], in_flight: 0, ..Self::card_first() }
    }

    /// "Use your card", where agents are about.
    pub(super) fn card_first_by_agent() -> Self {
        Self { agents: true, logins: [1, 0], in_flight: 0, ..Self::card_first() }
    }

    /// "Use your card" until an administrator forbids it.
    pub(super) fn card_first_until() -> Self {
        Self { tightens: true, logins: [1, 0], in_flight: 0, ..Self::card_first() }
    }

    /// "Use your card" at the agents. Ada has signed in at both computers, and Mallory sits at one.
    pub(super) fn paired() -> Self {
        Self {
            pairings: [Some(ADA), Some(ADA)],
            agents: true,
            logins: [1, 1],
            in_flight: 0,
            ..Self::card_first()
        }
    }

    /// The same while Ada alone loses her rights.
    pub(super) fn paired_in_time() -> Self {
        Self {
            alone: true,
            logins: [1, 0],
            adas_cards: 2,
            revokes: true,
            disables: true,
            tightens: true,
            in_flight: 1,
            ..Self::paired()
        }
    }

    /// Ada alone, until an administrator forbids it.
    pub(super) fn paired_until() -> Self {
        Self { tightens: true, alone: true, logins: [1, 0], ..Self::paired() }
    }

    /// The tenant does not want it.
    pub(super) fn paired_off() -> Self {
        let mut scene = Self { tightens: false, ..Self::paired_until() };
        scene.policy.card_first = CardFirst::Off;
        scene
    }

    /// Nobody has linked Ada.
    pub(super) fn paired_not_linked() -> Self {
        Self { ada_is_linked: false, tightens: false, ..Self::paired_until() }
    }

    /// Ada has no card.
    pub(super) fn paired_without_card() -> Self {
        Self { adas_cards: 0, tightens: false, ..Self::paired_until() }
    }

    /// Ada's first card by a fresh sign-in, until an administrator forbids it.
    pub(super) fn first_card_until() -> Self {
        Self { tightens: true, alone: true, logins: [1, 0], ..Self::first_card() }
    }

    /// Ada's first card, by a sign-in at a provider that is not Entra.
    pub(super) fn first_card_not_by_entra() -> Self {
        Self { kind: ProviderKind::Oidc, alone: true, logins: [1, 0], ..Self::first_card() }
    }

    /// Ada's first card, and after it was revoked another one.
    pub(super) fn first_card_again() -> Self {
        Self { revokes: true, alone: true, logins: [2, 0], ..Self::first_card() }
    }

    /// The provider's settings change while people sign in.
    pub(super) fn settings_change() -> Self {
        Self { resettles: true, logins: [1, 0], ..Self::sign_in() }
    }

    /// An invitation that a person holds who has a card.
    pub(super) fn invited_with_card() -> Self {
        Self { adas_cards: 1, logins: [1, 0], alone: true, in_flight: 0, ..Self::invitation() }
    }

    /// An invitation, and time passes.
    pub(super) fn invitation_in_time() -> Self {
        Self { adas_cards: 0, waits: [1, 0], ..Self::invited_with_card() }
    }

    /// A code, and time passes.
    pub(super) fn code_in_time() -> Self {
        let scene = Self::code();
        Self { codes: [1, 0], logins: [1, 0], alone: true, waits: [1, 0], ..scene }
    }

    /// A code that Mallory hears.
    pub(super) fn overheard_code() -> Self {
        let scene = Self::code();
        Self { codes: [1, 0], overheard_code: true, stolen_session: false, ..scene }
    }

    /// Ada's first card by a fresh sign-in, where agents are about.
    pub(super) fn first_card_by_agent() -> Self {
        Self { agents: true, stolen_session: false, ..Self::first_card() }
    }

    /// Ada has two cards, and one is revoked.
    pub(super) fn two_cards() -> Self {
        let scene = Self::sign_in();
        Self { adas_cards: 2, revokes: true, alone: true, logins: [1, 0], ..scene }
    }

    /// A person who is signed in confirms who they are.
    pub(super) fn confirms() -> Self {
        Self { confirms: true, alone: true, logins: [2, 0], ..Self::changes() }
    }

    /// Answers come that do not verify.
    pub(super) fn refusals() -> Self {
        Self { refusals: true, challenges: 2, logins: [1, 0], ..Self::sign_in() }
    }

    /// So many have come that the next one ends the login.
    pub(super) fn given_up() -> Self {
        Self { refused_often: true, alone: true, ..Self::refusals() }
    }

    /// Ada is signed in, and her only card is revoked.
    pub(super) fn changes_without_card() -> Self {
        Self { adas_cards: 1, ..Self::changes_and_revocation() }
    }

    /// Ada is disabled while she signs in.
    pub(super) fn disabled_at_one_time() -> Self {
        let scene = Self::sign_in();
        Self { disables: true, alone: true, logins: [1, 0], in_flight: 1, ..scene }
    }

    /// Entra asks for external MFA, of both. Both post both hints.
    pub(super) fn hints() -> Self {
        let scene = Self::sign_in();
        Self {
            hints: BOTH,
            posts: [2, 2],
            upstream: false,
            stolen_session: false,
            logins: [0, 0],
            ..scene
        }
    }

    /// The same with a server that stops here and there, and a hint that is posted once more.
    pub(super) fn hints_at_one_time() -> Self {
        Self { posts: [1, 1], in_flight: 2, ..Self::hints() }
    }

    /// Of Ada alone, while time passes and she loses her rights.
    pub(super) fn hints_in_time() -> Self {
        Self {
            hints: HERS,
            posts: [1, 0],
            alone: true,
            challenges: 2,
            waits: [2, 1],
            revokes: true,
            disables: true,
            ..Self::hints()
        }
    }

    /// The answers come through the agents.
    pub(super) fn hints_by_agent() -> Self {
        Self { agents: true, posts: [1, 1], ..Self::hints() }
    }

    /// Ada has no card, and perhaps a code.
    pub(super) fn hint_and_code() -> Self {
        Self { adas_cards: 0, codes: [1, 1], posts: [1, 1], ..Self::hints() }
    }

    /// The same where a fresh sign-in alone enrols.
    pub(super) fn hint_and_no_sign_in() -> Self {
        let scene = Self::hint_and_code();
        let first_card = FirstCard::FreshEntraSignIn;
        let policy = TenantPolicy { first_card, ..scene.policy.clone() };
        Self { policy, alone: true, hints: HERS, posts: [1, 0], codes: [1, 0], ..scene }
    }

    /// A hint comes to the account page.
    pub(super) fn hint_anywhere() -> Self {
        Self { hints_anywhere: true, alone: true, logins: [1, 0], posts: [0, 0], ..Self::hints() }
    }

    /// "Use your card" at the EAM door.
    pub(super) fn eam_without_hint() -> Self {
        Self { starts_at_eam: true, logins: [1, 0], in_flight: 0, ..Self::card_first() }
    }

    /// Ada was sent to Entra, and so was Mallory, who answers there as Ada. Entra asks for external
    /// MFA.
    pub(super) fn one_tap() -> Self {
        Self {
            one_tap: true,
            prologue: BOTH_VOUCHED,
            waits: [1, 0],
            posts: [1, 1],
            hints: BOTH,
            ..Self::hints()
        }
    }

    /// Ada alone, from Entra's page on, while time passes and she loses her rights.
    pub(super) fn one_tap_in_time() -> Self {
        Self {
            prologue: AT_ENTRA,
            upstream: true,
            alone: true,
            adas_cards: 2,
            waits: [2, 0],
            posts: [1, 0],
            hints: HERS,
            revokes: true,
            disables: true,
            tightens: true,
            ..Self::one_tap()
        }
    }

    /// The same, and nothing happens to her.
    fn one_tap_without_trouble() -> Self {
        Self {
            revokes: false,
            disables: false,
            tightens: false,
            waits: [1, 0],
            adas_cards: 1,
            ..Self::one_tap_in_time()
        }
    }

    /// The same, and time passes.
    pub(super) fn one_tap_late() -> Self {
        Self { waits: [2, 0], ..Self::one_tap_without_trouble() }
    }

    /// The same, and one of her cards is revoked.
    pub(super) fn one_tap_revoked() -> Self {
        Self { revokes: true, adas_cards: 2, ..Self::one_tap_without_trouble() }
    }

    /// The same, and she is disabled.
    pub(super) fn one_tap_disabled() -> Self {
        Self { disables: true, ..Self::one_tap_without_trouble() }
    }

    /// Ada proves before, or as she begins.
    pub(super) fn one_tap_before() -> Self {
        let scene = Self::one_tap_without_trouble();
        Self { prologue: &[], upstream: true, logins: [1, 0], waits: [0, 0], ..scene }
    }

    /// The tenant wants a tap of each login's own.
    pub(super) fn one_tap_off() -> Self {
        let scene = Self::one_tap_without_trouble();
        let policy = TenantPolicy { one_tap: false, ..scene.policy.clone() };
        Self { policy, ..scene }
    }

    /// The provider is not Entra, and names accounts as Entra does.
    pub(super) fn one_tap_not_by_entra() -> Self {
        Self { kind: ProviderKind::Oidc, ..Self::one_tap_without_trouble() }
    }

    /// Entra asks for another account of Ada's than the one with which she signs in.
    pub(super) fn one_tap_two_accounts() -> Self {
        Self { hints: &[Hint { person: ADA, account: 1 }], ..Self::one_tap_without_trouble() }
    }

    /// Ada in two logins.
    pub(super) fn one_tap_for_two() -> Self {
        Self { prologue: HER_TWO, upstream: false, ..Self::one_tap_without_trouble() }
    }

    /// Entra asks Ada twice.
    pub(super) fn two_taps_for_one() -> Self {
        let scene = Self::one_tap_for_two();
        Self { prologue: HER_ONE, hints: HERS_TWICE, posts: [2, 0], ..scene }
    }
}

const HER: Hint = Hint { person: ADA, account: 0 };
const HERS: &[Hint] = &[HER];
const HERS_TWICE: &[Hint] = &[HER, HER];
const BOTH: &[Hint] = &[HER, Hint { person: MALLORY, account: 0 }];

/// Ada is at Entra's page, and two minutes have passed.
#[rustfmt::skip]
const AT_ENTRA: &[Move] = &[
    Start { by: Who::Ada, tenant: ACME }, Choose { cookie: 0, place: Place::Entra },
    SignIn { cookie: 1, place: Place::Entra, person: ADA, fresh: false }, Wait { which: 0 },
];

/// Entra has vouched for Ada in both browsers.
#[rustfmt::skip]
const BOTH_VOUCHED: &[Move] = &[
    Start { by: Who::Ada, tenant: ACME }, Choose { cookie: 0, place: Place::Entra },
    SignIn { cookie: 1, place: Place::Entra, person: ADA, fresh: false },
    Callback { cookie: 1, state: 0, code: 0 },
    Start { by: Who::Mallory, tenant: ACME }, Choose { cookie: 2, place: Place::Entra },
    SignIn { cookie: 3, place: Place::Entra, person: ADA, fresh: false },
    Callback { cookie: 3, state: 1, code: 1 }, Wait { which: 0 },
];

/// Entra has vouched for Ada.
#[rustfmt::skip]
const HER_ONE: &[Move] = &[
    Start { by: Who::Ada, tenant: ACME }, Choose { cookie: 0, place: Place::Entra },
    SignIn { cookie: 1, place: Place::Entra, person: ADA, fresh: false },
    Callback { cookie: 1, state: 0, code: 0 }, Wait { which: 0 },
];

/// Entra has vouched for Ada in two logins of her browser.
#[rustfmt::skip]
const HER_TWO: &[Move] = &[
    Start { by: Who::Ada, tenant: ACME }, Choose { cookie: 0, place: Place::Entra },
    SignIn { cookie: 1, place: Place::Entra, person: ADA, fresh: false },
    Callback { cookie: 1, state: 0, code: 0 },
    Start { by: Who::Ada, tenant: ACME }, Choose { cookie: 2, place: Place::Entra },
    SignIn { cookie: 3, place: Place::Entra, person: ADA, fresh: false },
    Callback { cookie: 3, state: 1, code: 1 }, Wait { which: 0 },
];
