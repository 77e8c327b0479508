use ids::MapperId;

/// What a mapper did, for the page on which an administrator tests a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapperReport {
    /// Which mapper.
    pub mapper: MapperId,
    /// Its name.
    pub name: String,
    /// What it did.
    pub outcome: Outcome,
}

/// What a mapper did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It wrote these values.
    Applied {
        /// The values.
        values: Vec<String>,
    },
    /// It wrote these groups, which Graph named because the token had no room for them.
    AppliedFromGraph {
        /// Their object ids.
        values: Vec<String>,
    },
    /// It removed the values: the claim is there and empty, or groups are sent and none came.
    Cleared,
    /// Groups were too many to be sent: what is stored stays, and counts as out of date.
    KeptOnOverage,
    /// Groups are sent and none came, but so many people came without that an administrator is
    /// asked first: what is stored stays, and counts as out of date.
    KeptWhileAsked,
    /// The address is somebody else's: the old one stays.
    KeptOnConflict {
        /// The address that came.
        value: String,
    },
    /// The claim did not come: what is stored stays.
    Missing {
        /// The claim.
        claim: String,
        /// Where to click in Azure so that it comes.
        hint: Option<String>,
    },
    /// It asks for a card when there is none.
    Onboards,
    /// It wrote nothing.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
}

/// Why a mapper wrote nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The person exists, and it writes only when one is created.
    OnlyAtCreation,
    /// The field is never cleared, and what came is empty.
    NeverCleared,
    /// What came is no e-mail address.
    NotAnAddress,
    /// The claim path cannot be read.
    BadPath,
    /// The template cannot be read.
    BadTemplate,
}

impl SkipReason {
    /// The reason in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::OnlyAtCreation => "writes only when the person is created (Import)",
            Self::NeverCleared => "the claim is empty, and this field is never emptied",
            Self::NotAnAddress => "the claim is not an e-mail address",
            Self::BadPath => "the claim path cannot be read",
            Self::BadTemplate => "the template cannot be read",
        }
    }
}

/// Where an Entra administrator makes a claim come.
pub fn azure_path(claim: &str) -> String {
    let blade = "App registrations → your app →";
    match claim {
        "groups" => format!(
            "{blade} Token configuration → Add groups claim → Security groups (or: Groups assigned to the application)"
        ),
        "roles" => format!(
            "{blade} App roles → Create app role; then Enterprise applications → the app → Users and groups"
        ),
        "email" | "upn" | "given_name" | "family_name" | "auth_time" | "sid" | "login_hint" => {
            format!("{blade} Token configuration → Add optional claim → ID → {claim}")
        }
        "name" | "preferred_username" | "oid" | "tid" => {
            format!("{blade} API permissions: the delegated permission profile of Microsoft Graph")
        }
        other => format!(
            "{blade} Token configuration → Add optional claim → ID; {other} may need a claims mapping policy"
        ),
    }
}
