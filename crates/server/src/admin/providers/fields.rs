//! The form of a provider: what comes in, and what is shown.

use identity::{GroupsSent, Provider, ProviderEndpoints, SyncMode};
use ids::Alias;
use secrets::Secret;
use serde::{Deserialize, Deserializer};

use crate::admin::form::{Choice, Control, Field, Group, clean, word};
use crate::http::page::day;

/// The form as it came. What stands in the endpoint fields is shown again and never believed:
/// endpoints are always those that the discovery document names.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) alias: String,
    pub(crate) display_name: String,
    pub(crate) discovery: String,
    pub(crate) issuer: String,
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) jwks: String,
    pub(crate) userinfo: String,
    pub(crate) end_session: String,
    pub(crate) client_id: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) client_secret: Option<Secret>,
    pub(crate) client_secret_expires: String,
    pub(crate) sync_mode: String,
    pub(crate) groups_sent: String,
    pub(crate) enabled: String,
    pub(crate) hidden: String,
}

fn secret<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Secret>, D::Error> {
    let text = clean(&String::deserialize(input)?);
    Ok((!text.is_empty()).then(|| Secret::from(text)))
}

impl Form {
    /// What a new provider begins with.
    pub(crate) fn fresh(display_name: &str) -> Self {
        Self {
            alias: "azure".into(),
            display_name: display_name.into(),
            sync_mode: "IMPORT".into(),
            groups_sent: "unknown".into(),
            enabled: word(true).into(),
            hidden: word(false).into(),
            ..Self::default()
        }
    }

    /// A provider as it is stored; never its secret.
    pub(crate) fn of(provider: &Provider) -> Self {
        let mut form = Self {
            alias: provider.alias.to_string(),
            display_name: provider.display_name.clone(),
            client_id: provider.client_id.clone(),
            client_secret_expires: provider.client_secret_expires_at.map(day).unwrap_or_default(),
            sync_mode: sync_word(provider.sync_mode).into(),
            groups_sent: groups_word(provider.groups_sent).into(),
            enabled: word(provider.enabled).into(),
            hidden: word(provider.hidden).into(),
            ..Self::default()
        };
        form.fill(&provider.endpoints);
        form
    }

    /// Fills in what was found.
    pub(crate) fn fill(&mut self, endpoints: &ProviderEndpoints) {
        let e = endpoints.clone();
        self.discovery = e.discovery;
        self.issuer = e.issuer;
        self.authorization = e.authorization;
        self.token = e.token;
        self.jwks = e.jwks;
        self.userinfo = e.userinfo.unwrap_or_default();
        self.end_session = e.end_session.unwrap_or_default();
    }

    /// Empties what is filled in: it belonged to another address.
    pub(crate) fn empty(&mut self) {
        let discovery = std::mem::take(&mut self.discovery);
        self.fill(&ProviderEndpoints {
            discovery,
            issuer: String::new(),
            authorization: String::new(),
            token: String::new(),
            jwks: String::new(),
            userinfo: None,
            end_session: None,
        });
    }
}

/// Where a form belongs.
pub(crate) struct Around<'a> {
    /// The redirect URI, with `*` in place of the alias.
    pub(crate) redirect: String,
    /// The provider, when it is stored already.
    pub(crate) stored: Option<&'a Provider>,
}

/// The fields of a form.
pub(crate) fn groups(form: &Form, around: &Around<'_>) -> Vec<Group> {
    vec![
        Group { title: "", fields: address(form, around) },
        Group { title: "What the provider says", fields: endpoints(form) },
        Group { title: "Our registration there", fields: registration(form, around) },
        Group { title: "How it takes part", fields: part(form) },
    ]
}

fn address(form: &Form, around: &Around<'_>) -> Vec<Field> {
    let shown = Alias::try_from(clean(&form.alias)).map_or_else(
        |_| around.redirect.replace('*', "alias"),
        |alias| around.redirect.replace('*', alias.as_str()),
    );
    let alias = Field::new("alias", "Alias", &form.alias);
    let (alias, pattern) = if around.stored.is_some() {
        let help = "Fixed: the provider has it in its redirect URI.";
        (alias.control(Control::ReadOnly).help(help), None)
    } else {
        let help = "Part of the redirect URI: choose it first, it is fixed once saved.";
        (alias.help(help).required(), Some(around.redirect.clone()))
    };
    vec![
        Field::new("redirect_uri", "Redirect URI", shown).control(Control::Copy { pattern }).help(
            "In Azure: the app registration → Overview → Add a Redirect URI → Web. It must be \
             entered exactly like this.",
        ),
        alias,
        Field::new("display_name", "Display Name", &form.display_name)
            .help("The login page says “Sign in with …”.")
            .required(),
        Field::new("discovery", "Discovery Endpoint", &form.discovery)
            .control(Control::Fetch)
            .help(
                "In Azure: the app registration → Endpoints → OpenID Connect metadata document. A \
                 directory's ID or domain will do as well. It must be an https address on the \
                 internet; one inside of your network works once whoever runs this server has \
                 named it in the configuration file, as a cloud of its own.",
            ),
    ]
}

fn endpoints(form: &Form) -> Vec<Field> {
    let line =
        |name, label, value: &String| Field::new(name, label, value).control(Control::ReadOnly);
    vec![
        line("issuer", "Issuer", &form.issuer),
        line("authorization", "Authorization URL", &form.authorization),
        line("token", "Token URL", &form.token),
        line("jwks", "JWKS URL", &form.jwks),
        line("userinfo", "User Info URL", &form.userinfo),
        line("end_session", "Logout URL", &form.end_session),
    ]
}

fn registration(form: &Form, around: &Around<'_>) -> Vec<Field> {
    let has_secret = around.stored.is_some_and(|provider| provider.client_secret.is_some());
    let kept = if has_secret { "Kept as it is; paste another to replace it" } else { "" };
    vec![
        Field::new("client_id", "Client ID", &form.client_id)
            .help("In Azure: Overview → Application (client) ID.")
            .required(),
        Field::new("client_secret", "Client Secret", kept).control(Control::Secret).help(
            "In Azure: Certificates & secrets, the column Value, which is shown only once. It is \
             kept sealed and never shown again.",
        ),
        Field::new("client_secret_expires", "Secret expires", &form.client_secret_expires)
            .control(Control::Date)
            .help("You are reminded from 30 days before. Without a date no reminder comes."),
    ]
}

/// The word of the form, as `settings` reads it.
fn sync_word(mode: SyncMode) -> &'static str {
    match mode {
        SyncMode::Import => "IMPORT",
        SyncMode::Force => "FORCE",
    }
}

/// The word of the form, as `settings` reads it.
fn groups_word(sent: GroupsSent) -> &'static str {
    match sent {
        GroupsSent::Unknown => "unknown",
        GroupsSent::Yes => "yes",
        GroupsSent::No => "no",
    }
}

fn part(form: &Form) -> Vec<Field> {
    let yes_or_no = || vec![Choice::of("yes", "Yes"), Choice::of("no", "No")];
    let sync_modes = vec![
        Choice { value: "IMPORT", words: "Import", help: "Once, when the person is created." },
        Choice { value: "FORCE", words: "Force", help: "At every sign-in." },
    ];
    let groups_sent = vec![
        Choice::of("unknown", "Not known yet: it is noticed when the first ones come"),
        Choice::of("yes", "Yes: no groups claim means that the person is in no group"),
        Choice::of("no", "No: what is stored stays"),
    ];
    vec![
        Field::new("sync_mode", "Sync Mode", &form.sync_mode)
            .control(Control::Choice(sync_modes))
            .help("For mappers whose override is Inherit."),
        Field::new("groups_sent", "Groups are sent", &form.groups_sent)
            .control(Control::Select(groups_sent)),
        Field::new("enabled", "Enabled", &form.enabled).control(Control::Choice(yes_or_no())),
        Field::new("hidden", "Hide on login page", &form.hidden)
            .control(Control::Choice(yes_or_no())),
    ]
}
