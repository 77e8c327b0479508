//! The tabs of the list of people.

use serde::Deserialize;
use store::PeopleOnly;

/// The tabs, in their order.
pub(super) const TABS: [Filter; 4] =
    [Filter::Completed, Filter::NoCard, Filter::SyncConflict, Filter::All];

/// Which people a tab shows.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Filter {
    /// People who completed a sign-in.
    #[default]
    Completed,
    /// Azure only, no card yet.
    NoCard,
    /// A value that came belongs to somebody else.
    SyncConflict,
    All,
}

impl Filter {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NoCard => "no-card",
            Self::SyncConflict => "sync-conflict",
            Self::All => "all",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Completed => "Completed a sign-in",
            Self::NoCard => "Azure only, no card yet",
            Self::SyncConflict => "Sync conflict",
            Self::All => "All",
        }
    }

    /// Who is under the tab, where its name leaves that open.
    pub(super) fn definition(self) -> &'static str {
        match self {
            Self::NoCard => {
                "People who signed in at a Microsoft Entra provider of this tenant, are enabled, \
                 and never had a card. Who had one that was revoked is under Completed a sign-in."
            }
            Self::SyncConflict => {
                "People for whom a value came that belongs to somebody else here, and who kept \
                 their old one. Their page shows which."
            }
            Self::Completed | Self::All => "",
        }
    }

    pub(super) fn only(self) -> PeopleOnly {
        match self {
            Self::Completed => PeopleOnly::Completed,
            Self::NoCard => PeopleOnly::EntraOnlyNoCard,
            Self::SyncConflict => PeopleOnly::SyncConflict,
            Self::All => PeopleOnly::All,
        }
    }
}
