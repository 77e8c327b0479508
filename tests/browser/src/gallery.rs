//! Which pictures there are: every page of the server, in the states that are worth one.

/// A sample that is worth a picture.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    /// Name of the sample, or address of a page of a real console under its tenant's.
    pub of: &'static str,
    /// What the picture is called.
    pub picture: &'static str,
    /// Whether there is one of a phone too: of what people see every day.
    pub phone: bool,
}

const fn shot(of: &'static str, picture: &'static str) -> Shot {
    Shot { of, picture, phone: false }
}

const fn with_phone(of: &'static str, picture: &'static str) -> Shot {
    Shot { of, picture, phone: true }
}

/// Pictures of samples.
pub const SAMPLES: &[Shot] = &[
    with_phone("login-card-first", "login"),
    shot("login-more-ways", "login-more-ways"),
    shot("login-session-over", "login-session-over"),
    shot("login-card-removed", "login-card-removed"),
    with_phone("card-choose", "card"),
    shot("card-choose-linux", "card-linux"),
    shot("card-browser", "card-browser"),
    with_phone("card-agent-claimed", "card-agent"),
    shot("card-set-up-computer", "card-set-up"),
    shot("pair-confirm", "pair"),
    shot("pair-elsewhere", "pair-elsewhere"),
    shot("return-sending", "return-sending"),
    shot("return-done", "return"),
    shot("return-elsewhere", "return-elsewhere"),
    shot("return-over", "return-over"),
    shot("card-for-entra", "card-for-entra"),
    shot("entra-proved", "entra-proved"),
    shot("entra-no-card", "entra-no-card"),
    shot("entra-idle-here", "entra-idle"),
    with_phone("login-for-application", "login-for-application"),
    shot("login-other-account", "login-other-account"),
    shot("card-for-application", "card-for-application"),
    shot("card-go-on", "card-go-on"),
    shot("return-done-application", "return-application"),
    shot("application-sending", "application-sending"),
    shot("application-no-tap", "application-no-tap"),
    shot("application-other-card", "application-other-card"),
    shot("application-somebody-else", "application-somebody-else"),
    shot("application-not-signed-in", "application-not-signed-in"),
    shot("logout-asked", "logout"),
    shot("error-application-address", "error-application-address"),
    shot("error-application-unknown", "error-application-unknown"),
    shot("card-remove", "card-remove"),
    shot("card-confirm", "card-confirm"),
    shot("card-over", "card-over"),
    shot("card-failed-no-credential", "card-refused"),
    with_phone("enrol-card", "enrol"),
    shot("enrol-code", "enrol-code"),
    shot("enrol-code-refused", "enrol-code-refused"),
    with_phone("account-one-card", "account"),
    shot("account-two-cards", "account-two-cards"),
    shot("account-certificate", "account-certificate"),
    with_phone("signed-out-provider", "signed-out"),
    shot("invite-empty", "invite"),
    shot("error-expired", "error-expired"),
    shot("error-last-card", "error-last-card"),
    with_phone("error-provider", "error-provider"),
    shot("error-unreachable", "error-unreachable"),
    shot("error-not-found", "error-not-found"),
    shot("aadsts-empty", "aadsts"),
    shot("aadsts-known", "aadsts-answer"),
    shot("components-console", "components"),
    shot("console-step-up-asked", "console-step-up"),
    shot("console-step-up-asked-with-secret", "console-step-up-secret"),
    shot("console-provider-confirm-first", "console-confirm-first"),
    shot("console-delete-provider", "console-delete"),
    shot("console-question-revoke", "console-question"),
    shot("console-code-issued", "console-code"),
    shot("console-result-missing", "console-result"),
    shot("console-result-failed", "console-result-failed"),
    shot("console-test-over-again", "console-test-over"),
    shot("console-smart-cards-some", "console-smart-cards-some"),
    shot("console-external-mfa-some", "console-external-mfa-some"),
    shot("console-clients-some", "console-clients-some"),
    shot("console-clients-secret", "console-client-secret"),
    shot("console-clients-settings-wrong", "console-client-settings"),
];

/// Pictures of a real console: pages under its tenant's.
pub const CONSOLE: &[Shot] = &[
    shot("", "console-overview"),
    shot("providers", "console-providers"),
    shot("providers/new?template=oidc", "console-new-provider"),
    shot("providers/azure", "console-provider"),
    shot("providers/azure/mappers", "console-mappers"),
    shot("providers/azure/mappers/new", "console-mapper"),
    shot("providers/azure/test", "console-test"),
    shot("clients", "console-clients"),
    shot("clients/new", "console-client-presets"),
    shot("clients/new?preset=grafana", "console-new-client"),
    shot("users", "console-users"),
    shot("settings", "console-settings"),
    shot("smart-cards", "console-smart-cards"),
    shot("external-mfa", "console-external-mfa"),
    shot("audit", "console-audit"),
];

/// Pictures of a real console, of which somebody has to find the page first.
pub const HOME: Shot = shot("", "console-home");
/// A person in the console.
pub const USER: Shot = shot("", "console-user");
/// The console while a provider sends no groups.
pub const GROUPS: Shot = shot("", "console-groups");
/// That provider.
pub const GROUPS_PROVIDER: Shot = shot("providers/azure", "console-groups-provider");

impl Shot {
    /// Width of the window in CSS pixels, and what is added to the picture's name.
    pub fn widths(self) -> impl Iterator<Item = (u32, &'static str)> {
        let phone = self.phone.then_some((390, "-phone"));
        std::iter::once((1280, "")).chain(phone)
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = Shot> {
    let found = [HOME, USER, GROUPS, GROUPS_PROVIDER];
    SAMPLES.iter().chain(CONSOLE).copied().chain(found)
}
