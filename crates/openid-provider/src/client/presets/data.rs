use super::{AnswerKind, Ask, Preset, Setting, SettingValue};
use crate::client::{ClientAuthentication, ClientKind, ClientSettings};

/// All presets, in the order in which they are offered.
pub const PRESETS: &[Preset] =
    &[GENERIC_WEB, SINGLE_PAGE, NATIVE, SERVICE, SYNCRO, KEYCLOAK, OAUTH2_PROXY, GRAFANA];

const REDIRECT_URIS: Ask = Ask {
    name: "redirect_uris",
    label: "Redirect URIs of the application, one on each line",
    example: "https://app.example.com/oauth/callback",
    answer: AnswerKind::Addresses,
    optional: false,
};
const LOGOUT_URIS: Ask = Ask {
    name: "logout_uris",
    label: "Where the browser may go after signing out, one on each line",
    example: "https://app.example.com/",
    answer: AnswerKind::Addresses,
    optional: true,
};

const fn setting(name: &'static str, value: SettingValue) -> Setting {
    Setting { name, value }
}

const GENERIC_WEB: Preset = Preset {
    name: "generic-web",
    title: "Web application",
    description: "Runs on a server and can keep a secret.",
    client_id: None,
    asks: &[REDIRECT_URIS, LOGOUT_URIS],
    settings: &[
        setting("Client ID", SettingValue::ClientId),
        setting("Client secret", SettingValue::ClientSecret),
        setting("Discovery URL", SettingValue::Discovery),
        setting("Issuer", SettingValue::Issuer),
    ],
    register: |settings| settings,
    redirect_uris: &["{redirect_uris}"],
    post_logout_redirect_uris: &["{logout_uris}"],
    backchannel_logout_uri: None,
};

const SINGLE_PAGE: Preset = Preset {
    name: "single-page",
    title: "Single-page application",
    description: "Runs in the browser; it has no secret and uses PKCE.",
    settings: &[
        setting("Client ID", SettingValue::ClientId),
        setting("Discovery URL", SettingValue::Discovery),
        setting("Issuer (authority)", SettingValue::Issuer),
    ],
    register: |settings| ClientSettings {
        kind: ClientKind::SinglePage,
        authentication: ClientAuthentication::None,
        ..settings
    },
    ..GENERIC_WEB
};

const NATIVE: Preset = Preset {
    name: "native",
    title: "Native application",
    description: "Runs on a computer or a phone; it has no secret and uses PKCE.",
    asks: &[
        Ask {
            label: "Redirect URIs, one on each line; the port of a loopback address is free",
            example: "http://127.0.0.1/callback",
            ..REDIRECT_URIS
        },
        LOGOUT_URIS,
    ],
    register: |settings| ClientSettings {
        kind: ClientKind::Native,
        authentication: ClientAuthentication::None,
        offline_access: true,
        ..settings
    },
    ..SINGLE_PAGE
};

const SERVICE: Preset = Preset {
    name: "service",
    title: "Service account",
    description: "A machine that acts for itself (client credentials); nobody signs in to it.",
    asks: &[],
    settings: &[
        setting("Client ID", SettingValue::ClientId),
        setting("Client secret", SettingValue::ClientSecret),
        setting("Token URL", SettingValue::Token),
    ],
    register: |settings| ClientSettings {
        kind: ClientKind::Service,
        mappers: Vec::new(),
        ..settings
    },
    redirect_uris: &[],
    post_logout_redirect_uris: &[],
    ..GENERIC_WEB
};

/// Nothing that its maker writes says that it uses PKCE, so it is excused, and shown as such.
const SYNCRO: Preset = Preset {
    name: "syncro",
    title: "Syncro",
    description: "Syncro's single sign-on by OpenID Connect; people are matched by their e-mail address.",
    client_id: Some("syncro"),
    asks: &[
        Ask {
            label: "Callback URL, as Syncro shows it",
            example: "https://acme.syncromsp.com/users/auth/openid_connect/callback",
            ..REDIRECT_URIS
        },
        Ask {
            label: "Logout URL, as Syncro shows it",
            example: "https://acme.syncromsp.com/users/sign_out",
            ..LOGOUT_URIS
        },
    ],
    settings: &[
        setting("Client ID", SettingValue::ClientId),
        setting("Client secret", SettingValue::ClientSecret),
        setting("Discovery document", SettingValue::Discovery),
    ],
    register: |settings| ClientSettings { without_pkce: true, ..settings },
    ..GENERIC_WEB
};

/// Keycloak's "OpenID Connect v1.0" identity provider. Its own "Backchannel logout" would end the session
/// here by a call of its server, without the browser whose session it is.
const KEYCLOAK: Preset = Preset {
    name: "keycloak",
    title: "Keycloak",
    description: "Keycloak as the application: Cardea is an identity provider of one of its realms.",
    asks: &[
        Ask {
            name: "host",
            label: "Host of Keycloak",
            example: "keycloak.example.com",
            answer: AnswerKind::Host,
            optional: false,
        },
        Ask {
            name: "realm",
            label: "Realm in Keycloak",
            example: "acme",
            answer: AnswerKind::Word,
            optional: false,
        },
        Ask {
            name: "alias",
            label: "Alias of the identity provider in Keycloak",
            example: "cardea",
            answer: AnswerKind::Word,
            optional: false,
        },
    ],
    settings: &[
        setting("Discovery endpoint", SettingValue::Discovery),
        setting("Client authentication", SettingValue::Fixed("Client secret sent as post")),
        setting("Client ID", SettingValue::ClientId),
        setting("Client Secret", SettingValue::ClientSecret),
        setting("Use PKCE", SettingValue::Fixed("On")),
        setting("PKCE Method", SettingValue::Fixed("S256")),
        setting("Scopes", SettingValue::Fixed("openid profile email")),
        setting("Validate Signatures", SettingValue::Fixed("On")),
        setting("Backchannel logout", SettingValue::Fixed("Off")),
    ],
    redirect_uris: &["https://{host}/realms/{realm}/broker/{alias}/endpoint"],
    post_logout_redirect_uris: &[
        "https://{host}/realms/{realm}/broker/{alias}/endpoint/logout_response",
    ],
    backchannel_logout_uri: Some(
        "https://{host}/realms/{realm}/protocol/openid-connect/logout/backchannel-logout",
    ),
    ..GENERIC_WEB
};

/// It refuses addresses that are said to be unverified, and an import verifies none; who may sign in is
/// decided here, by the allowed groups. By itself it signs out of itself alone: its sign-out leads on where
/// a link of the application says, to hosts that are on its list.
const OAUTH2_PROXY: Preset = Preset {
    name: "oauth2-proxy",
    title: "oauth2-proxy",
    description: "Stands before a web application that knows no OpenID Connect.",
    asks: &[Ask {
        name: "host",
        label: "Host of oauth2-proxy, as browsers see it",
        example: "app.example.com",
        answer: AnswerKind::Host,
        optional: false,
    }],
    settings: &[
        setting("--provider", SettingValue::Fixed("oidc")),
        setting("--oidc-issuer-url", SettingValue::Issuer),
        setting("--client-id", SettingValue::ClientId),
        setting("--client-secret", SettingValue::ClientSecret),
        setting("--redirect-url", SettingValue::RedirectUri),
        setting("--scope", SettingValue::Fixed("openid email profile")),
        setting("--code-challenge-method", SettingValue::Fixed("S256")),
        setting("--oidc-groups-claim", SettingValue::Fixed("groups")),
        setting("--email-domain", SettingValue::Fixed("*")),
        setting("--insecure-oidc-allow-unverified-email", SettingValue::Fixed("true")),
        setting("--whitelist-domain", SettingValue::Host),
        setting("Sign-out link", SettingValue::SignOutBy("/oauth2/sign_out?rd=")),
    ],
    redirect_uris: &["https://{host}/oauth2/callback"],
    post_logout_redirect_uris: &["https://{host}/"],
    ..GENERIC_WEB
};

/// Without refresh tokens it would sign people out when the access token ends, in the middle of their work.
/// To the sign-out it adds the ID token by itself.
const GRAFANA: Preset = Preset {
    name: "grafana",
    title: "Grafana",
    description: "Grafana's generic OAuth sign-in.",
    asks: &[Ask {
        name: "host",
        label: "Host of Grafana, with the path below which it runs, if any",
        example: "grafana.example.com",
        answer: AnswerKind::Host,
        optional: false,
    }],
    settings: &[
        setting("[auth.generic_oauth] enabled", SettingValue::Fixed("true")),
        setting("[auth.generic_oauth] name", SettingValue::Fixed("Cardea")),
        setting("[auth.generic_oauth] client_id", SettingValue::ClientId),
        setting("[auth.generic_oauth] client_secret", SettingValue::ClientSecret),
        setting(
            "[auth.generic_oauth] scopes",
            SettingValue::Fixed("openid profile email offline_access"),
        ),
        setting("[auth.generic_oauth] use_refresh_token", SettingValue::Fixed("true")),
        setting("[auth.generic_oauth] auth_url", SettingValue::Authorization),
        setting("[auth.generic_oauth] token_url", SettingValue::Token),
        setting("[auth.generic_oauth] api_url", SettingValue::Userinfo),
        setting("[auth.generic_oauth] use_pkce", SettingValue::Fixed("true")),
        setting(
            "[auth.generic_oauth] login_attribute_path",
            SettingValue::Fixed("preferred_username"),
        ),
        setting("[auth.generic_oauth] name_attribute_path", SettingValue::Fixed("name")),
        setting("[auth.generic_oauth] email_attribute_path", SettingValue::Fixed("email")),
        setting("[auth.generic_oauth] groups_attribute_path", SettingValue::Fixed("groups")),
        setting("[auth.generic_oauth] signout_redirect_url", SettingValue::SignOut),
    ],
    register: |settings| ClientSettings { offline_access: true, ..settings },
    redirect_uris: &["https://{host}/login/generic_oauth"],
    post_logout_redirect_uris: &["https://{host}/login"],
    ..GENERIC_WEB
};
