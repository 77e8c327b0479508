//! The form of a connection.

use std::collections::BTreeSet;

use identity::Moment;
use serde::Deserialize;
use store::EamConnection;

use crate::admin::form::{
    Choice, Control, Field, FormPage, Group, Head, Headline, Link, Problems, clean, word, yes_or_no,
};
use crate::pages::ConsoleFrame;

/// The most directories of a connection.
const MOST_DIRECTORIES: usize = 50;

/// The form as it came.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    pub(super) app_id: String,
    pub(super) client_id: String,
    pub(super) directories: String,
    pub(super) cloud: String,
    pub(super) enabled: String,
}

/// Whether the form makes a connection or changes one.
pub(super) enum Of<'a> {
    New,
    /// The client id is in requests of Entra and does not change.
    Known(&'a EamConnection),
}

/// What stands around the fields.
pub(super) struct Around<'a> {
    /// Authorities and names of the clouds to choose from.
    pub(super) clouds: &'a [(String, String)],
    /// What Azure must be told.
    pub(super) told: Vec<Field>,
    /// Address of the list.
    pub(super) base: &'a str,
}

impl Form {
    pub(super) fn of(connection: &EamConnection) -> Self {
        Self {
            app_id: connection.app_id.clone(),
            client_id: connection.client_id.clone(),
            directories: connection.directories.join("\n"),
            cloud: connection.authority.clone(),
            enabled: word(connection.enabled).into(),
        }
    }

    /// The connection that is to be written.
    pub(super) fn connection(
        &self,
        of: &Of<'_>,
        clouds: &[(String, String)],
        now: Moment,
    ) -> Result<EamConnection, Problems> {
        let mut problems = Problems::default();
        let app_id = problems.take("app_id", guid(&self.app_id));
        let client_id = match (of, clean(&self.client_id).as_str()) {
            (Of::Known(was), _) => was.client_id.clone(),
            (Of::New, "") => app_id.clone(),
            (Of::New, text) => problems.take("client_id", guid(text)),
        };
        let directories = problems.take("directories", directories(&self.directories));
        let enabled = problems.take("enabled", yes_or_no(&self.enabled, true));
        let authority = match clean(&self.cloud).as_str() {
            "" => clouds.first(),
            chosen => clouds.iter().find(|(authority, _)| authority == chosen),
        };
        let authority = authority.map(|(authority, _)| authority.clone());
        let authority = problems.take("cloud", authority.ok_or("Choose one of these clouds."));
        let created_at = match of {
            Of::New => now,
            Of::Known(was) => was.created_at,
        };
        problems.or(EamConnection {
            client_id,
            app_id,
            authority,
            directories,
            enabled,
            created_at,
        })
    }
}

fn guid(text: &str) -> Result<String, &'static str> {
    let text = clean(text);
    if text.is_empty() {
        return Err("Paste the Application (client) ID from the app registration's Overview.");
    }
    ids::guid::parse(&text)
        .ok_or("This is no ID as Azure writes it: 8-4-4-4-12 digits and letters from a to f.")
}

fn directories(text: &str) -> Result<Vec<String>, String> {
    let words = text.split([' ', ',', ';', '\r', '\n', '\t']).map(clean);
    let ids = words.filter(|word| !word.is_empty()).map(|word| {
        let id = ids::guid::parse(&word);
        id.ok_or_else(|| {
            format!(
                "“{word}” is no directory ID. In Azure: Microsoft Entra ID → Overview → Tenant ID."
            )
        })
    });
    let ids: BTreeSet<String> = ids.collect::<Result<_, _>>()?;
    match ids.len() {
        0 => Err("Name the directory that may ask, by its Tenant ID.".into()),
        1..=MOST_DIRECTORIES => Ok(ids.into_iter().collect()),
        _ => Err(format!("At most {MOST_DIRECTORIES} directories share a connection.")),
    }
}

/// The page of the form.
pub(super) fn form_page(
    console: ConsoleFrame,
    head: Head,
    form: &Form,
    of: &Of<'_>,
    around: Around<'_>,
) -> FormPage {
    let Around { clouds, told, base } = around;
    let (action, delete) = match of {
        Of::New => (format!("{base}/new"), None),
        Of::Known(was) => {
            let page = format!("{base}/{}", was.client_id);
            let delete = Link::new(format!("{page}/delete"), "Delete…");
            (page, Some(delete))
        }
    };
    FormPage {
        console,
        head,
        intro: "",
        groups: vec![
            Group { title: "Azure's side", fields: told },
            Group { title: "This side", fields: fields(form, of, clouds) },
        ],
        action,
        submit: if matches!(of, Of::New) { "Add" } else { "Save" },
        cancel: Some(base.to_owned()),
        delete,
        headline: Headline::NotSaved,
    }
}

fn fields(form: &Form, of: &Of<'_>, clouds: &[(String, String)]) -> Vec<Field> {
    let client_id = Field::new("client_id", "Client ID", &form.client_id);
    let client_id = match of {
        Of::New => client_id.help(
            "What Entra calls Cardea when it asks. Leave it empty: then it is the same as the App ID, \
             which is the simplest.",
        ),
        Of::Known(_) => client_id
            .control(Control::Copy { pattern: None })
            .help("The Client ID of the external method in Azure. Fixed: Entra's requests name it."),
    };
    vec![
        Field::new("app_id", "App ID", &form.app_id)
            .help("App registrations → your app → Overview → Application (client) ID.")
            .required(),
        client_id,
        Field::new("directories", "Directories", &form.directories)
            .control(Control::Area)
            .help(
                "The Tenant IDs of the directories that may ask, one on each line. Everybody else's \
                 requests are refused.",
            )
            .required(),
        Field::new("cloud", "Cloud", &form.cloud).control(Control::Named(clouds.to_vec())),
        Field::new("enabled", "Enabled", &form.enabled)
            .control(Control::Choice(vec![
                Choice::of("yes", "Yes"),
                Choice {
                    value: "no",
                    words: "No",
                    help: "Entra's requests are refused on a page of ours. The keys stay published.",
                },
            ])),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11";
    const DIRECTORY: &str = "904bc2ee-0000-4000-8000-00000000acee";

    fn clouds() -> Vec<(String, String)> {
        ["https://a.example", "https://b.example"].map(|at| (at.to_owned(), at.to_owned())).to_vec()
    }

    fn form() -> Form {
        Form { app_id: APP.into(), directories: DIRECTORY.into(), ..Form::default() }
    }

    fn read(form: &Form) -> Result<EamConnection, Vec<&'static str>> {
        let connection = form.connection(&Of::New, &clouds(), Moment(7));
        connection.map_err(|problems| problems.fields())
    }

    #[test]
    fn what_is_left_out_is_the_simplest() {
        let connection = read(&form()).unwrap();
        assert_eq!((connection.client_id.as_str(), connection.enabled), (APP, true));
        assert_eq!(connection.authority, "https://a.example");
    }

    #[test]
    fn ids_are_written_as_entra_sends_them_and_each_directory_once() {
        let upper = DIRECTORY.to_uppercase();
        let directories = format!("\u{200b}{upper}\r\n{DIRECTORY}, {APP}");
        let form = Form { app_id: APP.to_uppercase(), directories, ..form() };
        let connection = read(&form).unwrap();
        assert_eq!(connection.app_id, APP);
        assert_eq!(connection.directories, [APP, DIRECTORY]);
    }

    #[test]
    fn a_connection_comes_back_from_its_form_and_keeps_its_client_id() {
        let was = EamConnection {
            client_id: DIRECTORY.into(),
            app_id: APP.into(),
            authority: "https://b.example".into(),
            directories: vec![DIRECTORY.into()],
            enabled: false,
            created_at: Moment(3),
        };
        let form = Form { client_id: APP.into(), ..Form::of(&was) };
        let back = form.connection(&Of::Known(&was), &clouds(), Moment(7));
        assert_eq!(back.ok(), Some(was));
    }

    #[test]
    fn values_that_make_no_sense_are_refused_by_field() {
        let guids: Vec<String> =
            (0..=MOST_DIRECTORIES).map(|n| format!("904bc2ee-0000-4000-8000-{n:012}")).collect();
        for (form, field) in [
            (Form { app_id: String::new(), ..form() }, "app_id"),
            (Form { app_id: "contoso".into(), ..form() }, "app_id"),
            (Form { client_id: "../settings".into(), ..form() }, "client_id"),
            (Form { directories: " ".into(), ..form() }, "directories"),
            (Form { directories: "contoso.com".into(), ..form() }, "directories"),
            (Form { directories: guids.join("\n"), ..form() }, "directories"),
            (Form { cloud: "https://evil.test".into(), ..form() }, "cloud"),
            (Form { enabled: "maybe".into(), ..form() }, "enabled"),
        ] {
            assert_eq!(read(&form).err(), Some(vec![field]));
        }
    }
}
