//! Scenes: what stands on the stage, and what may happen.

use identity::{CardFirst, FirstCard, ProviderKind, TenantPolicy};

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
    /// Whether pages open agents by a link, which may come from another page.
    pub(super) links: bool,
    /// Whether all cards are X.509 cards.
    pub(super) certificates: bool,
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
            links: false,
            certificates: false,
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
}
