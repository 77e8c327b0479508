//! How the form looks.

use openid_provider::ClientSettings;
use openid_provider::client::ClientKind;

use super::super::Registered;
use super::{FRESH, Form, KEYS, NOTHING, SECRET, SESSION, WITHIN, may_keep_a_secret};
use crate::admin::form::{Choice, Control, Field, FormPage, Group, Head, Headline, Link};
use crate::pages::ConsoleFrame;

/// The page of the form.
pub(in super::super) fn form_page(
    console: ConsoleFrame,
    head: Head,
    form: &Form,
    at: &Registered,
    base: &str,
) -> FormPage {
    FormPage {
        console,
        head,
        intro: "",
        groups: groups(form, &at.settings),
        action: format!("{base}/settings"),
        submit: "Save",
        cancel: Some(base.to_owned()),
        delete: Some(Link::new(format!("{base}/remove"), "Remove…")),
        headline: Headline::NotSaved,
    }
}

/// What this kind of application has.
fn groups(form: &Form, settings: &ClientSettings) -> Vec<Group> {
    let mut groups = vec![Group { title: "Application", fields: application(form) }];
    if settings.signs_people_in() {
        groups.push(Group { title: "Addresses", fields: addresses(form) });
        groups.push(Group { title: "Who may sign in, and how", fields: people(form) });
    }
    groups.push(Group { title: "What it gets", fields: tokens(form, settings) });
    if may_keep_a_secret(settings) {
        let fields = proof(form, settings);
        groups.push(Group { title: "How it proves that it is itself", fields });
    }
    groups
}

fn field(form: &Form, name: &'static str, label: &'static str) -> Field {
    Field::new(name, label, form.said(name).unwrap_or_default())
}

fn application(form: &Form) -> Vec<Field> {
    vec![
        field(form, "name", "Name").help("People read it when they sign in.").required(),
        field(form, "home_uri", "Home URL")
            .help("Where people find it, such as https://app.example.com/. May be empty."),
    ]
}

fn addresses(form: &Form) -> Vec<Field> {
    let choice = |value, words, help| Choice { value, words, help };
    vec![
        field(form, "redirect_uris", "Redirect URIs")
            .control(Control::Area)
            .help(
                "Where answers may go, one on each line, to the letter as the application sends them.",
            )
            .required(),
        field(form, "post_logout_redirect_uris", "Post-logout URIs")
            .control(Control::Area)
            .help("Where a browser may go after signing out, one on each line. May be empty."),
        field(form, "backchannel_logout_uri", "Back-channel logout URL").help(
            "Where the server itself tells the application that a session has ended, however it ended. \
             May be empty: then people stay signed in there until the application asks again.",
        ),
        field(form, "backchannel_logout_session_required", "What it is told")
            .control(Control::Choice(vec![
                choice("yes", "Which session has ended", "It signs out that session alone."),
                choice(
                    "no",
                    "Only whose session",
                    "For an application that does not know sid: it signs the person out everywhere.",
                ),
            ])),
    ]
}

fn people(form: &Form) -> Vec<Field> {
    let choice = |value, words, help| Choice { value, words, help };
    vec![
        field(form, "allowed_groups", "Allowed groups").control(Control::Area).help(
            "One on each line, as they stand in a person's attribute group: from Entra these are \
             object IDs, no names. Who is in none of them does not get in. Empty lets everybody in who \
             has a card here.",
        ),
        field(form, "card", "Card").control(Control::Choice(vec![
            choice(SESSION, "As their session", "Who is signed in already is not asked again."),
            choice(
                WITHIN,
                "Not older than so many minutes",
                "Who used it longer ago taps it once more.",
            ),
            choice(
                FRESH,
                "At each sign-in",
                "One tap each time, also for who is signed in already.",
            ),
        ])),
        field(form, "card_minutes", "Minutes")
            .control(Control::Number { min: 1, max: 525_600 })
            .help("For the second choice."),
        field(form, "attested_only", "Attested cards only").control(Control::Choice(vec![
            Choice::of("no", "No"),
            choice(
                "yes",
                "Yes",
                "Only cards and keys of which their maker has shown that they are hardware.",
            ),
        ])),
    ]
}

fn tokens(form: &Form, settings: &ClientSettings) -> Vec<Field> {
    let alg = field(form, "signing_alg", "Signatures")
        .control(Control::Select(vec![
            Choice::of("RS256", "RS256 (RSA)"),
            Choice::of("ES256", "ES256 (elliptic curve)"),
        ]))
        .help("RS256, which every application knows, unless its documentation asks for ES256.");
    if !settings.signs_people_in() {
        return vec![alg];
    }
    vec![
        field(form, "mappers", "Claims").control(Control::Area).help(
            "Which attributes of people it is told, one on each line: attribute = claim. With [] behind \
             the claim it is always a list: group = groups[]",
        ),
        field(form, "offline_access", "Refresh tokens").control(Control::Choice(vec![
            Choice::of("no", "No"),
            Choice {
                value: "yes",
                words: "Yes",
                help: "If it asks for offline_access: then it acts for people for up to 30 days, also \
                       after their session.",
            },
        ])),
        alg,
    ]
}

fn proof(form: &Form, settings: &ClientSettings) -> Vec<Field> {
    let mut ways = vec![
        Choice::of(SECRET, "Client secret"),
        Choice::of(KEYS, "Its own key (private_key_jwt)"),
    ];
    if settings.kind == ClientKind::Web {
        ways.push(Choice {
            value: NOTHING,
            words: "Not at all",
            help: "Only for an application that cannot keep a secret. It must do PKCE.",
        });
    }
    let mut fields = vec![
        field(form, "authentication", "Proof").control(Control::Choice(ways)),
        field(form, "jwks", "Public keys (JWKS)").control(Control::Area).help(
            "For the second choice: the key set as JSON, {\"keys\": […]}, public keys alone.",
        ),
    ];
    if settings.kind == ClientKind::Web {
        fields.push(field(form, "without_pkce", "PKCE").control(Control::Choice(vec![
            Choice::of("no", "Required (S256)"),
            Choice {
                value: "yes",
                words: "Not required",
                help: "Only for an application that does not know PKCE. Warning: a code that somebody \
                       gets hold of on its way is then protected by the secret alone.",
            },
        ])));
    }
    fields
}
