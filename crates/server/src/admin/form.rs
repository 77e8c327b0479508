//! Forms of the console as data: one template draws them all.

mod text;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

pub(crate) use self::text::{clean, name, sentence, word, yes_or_no};
use crate::admin::step_up::page_of;
use crate::http::page::Html;
use crate::pages::{ConsoleFrame, Tone};

/// What a form has in it.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) help: String,
    pub(crate) problem: Option<String>,
    pub(crate) control: Control,
    pub(crate) required: bool,
}

/// How a field is entered.
pub(crate) enum Control {
    /// Any text.
    Text,
    /// A text of several lines.
    Area,
    /// A text that is never shown again.
    Secret,
    /// A day.
    Date,
    /// A whole number.
    Number { min: u32, max: u32 },
    /// What the server found out.
    ReadOnly,
    /// A text to copy. With a pattern, whose `*` is the alias, it follows what is typed there.
    Copy { pattern: Option<String> },
    /// An address with a button that asks what is there.
    Fetch,
    /// One of a few, all of them shown with what they mean.
    Choice(Vec<Choice>),
    /// One of several.
    Select(Vec<Choice>),
    /// One of several that the configuration names: values and words.
    Named(Vec<(String, String)>),
}

/// Something to choose.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) words: &'static str,
    pub(crate) help: &'static str,
}

impl Choice {
    pub(crate) fn of(value: &'static str, words: &'static str) -> Self {
        Self { value, words, help: "" }
    }
}

impl Field {
    pub(crate) fn new(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            label,
            value: value.into(),
            help: String::new(),
            problem: None,
            control: Control::Text,
            required: false,
        }
    }

    pub(crate) fn control(self, control: Control) -> Self {
        Self { control, ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The ids of what describes the control.
    pub(crate) fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if self.problem.is_some() {
            ids.push(format!("{}-problem", self.name));
        }
        if !self.help.is_empty() {
            ids.push(format!("{}-help", self.name));
        }
        ids.join(" ")
    }
}

/// What is wrong with a form, by field.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<(&'static str, String)>);

impl Problems {
    pub(crate) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push((field, text.into()));
    }

    pub(crate) fn of(field: &'static str, text: impl Into<String>) -> Self {
        Self(vec![(field, text.into())])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the value, or notes what is wrong and takes the default.
    pub(crate) fn take<T: Default>(
        &mut self,
        field: &'static str,
        value: Result<T, impl Into<String>>,
    ) -> T {
        value.unwrap_or_else(|text| {
            self.add(field, text);
            T::default()
        })
    }

    /// The fields that it is about.
    #[cfg(test)]
    pub(crate) fn fields(&self) -> Vec<&'static str> {
        self.0.iter().map(|(field, _)| *field).collect()
    }

    /// Ends the check of a form.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Marks the fields that it is about.
    pub(crate) fn mark<'a>(self, fields: impl Iterator<Item = &'a mut Field>) {
        for field in fields {
            let of_this = self.0.iter().find(|(name, _)| *name == field.name);
            field.problem = of_this.map(|(_, text)| text.clone());
        }
    }
}

/// Fields that belong together.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// Something that a page says at its head.
pub(crate) struct Message {
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
}

impl Message {
    /// Good news in one line.
    pub(crate) fn good(title: &str) -> Self {
        Self { tone: Tone::Good, title: title.into(), lines: Vec::new() }
    }
}

/// A link with words.
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) words: String,
    /// Of tabs: whether it is the open one. Of buttons: whether it is what one does here.
    pub(crate) current: bool,
}

impl Link {
    pub(crate) fn new(href: impl Into<String>, words: impl Into<String>) -> Self {
        Self { href: href.into(), words: words.into(), current: false }
    }

    pub(crate) fn current(self, current: bool) -> Self {
        Self { current, ..self }
    }
}

/// The head of a page: where it is, what it is called, what can be done.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) title: String,
    pub(crate) crumbs: Vec<Link>,
    pub(crate) badges: Vec<(Tone, &'static str)>,
    pub(crate) buttons: Vec<Link>,
    pub(crate) tabs: Vec<Link>,
    pub(crate) messages: Vec<Message>,
}

/// What has become of a form whose fields need a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Headline {
    /// It was to be saved.
    #[default]
    NotSaved,
    /// It was a question to the provider, and nothing was to be saved.
    NotFetched,
    /// It is saved, and what it names did not come.
    SavedNotFetched,
}

impl Headline {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NotSaved => "Not saved",
            Self::NotFetched => "Nothing was fetched",
            Self::SavedNotFetched => "Saved, but the list was not taken",
        }
    }
}

/// A page with a form.
#[derive(Template)]
#[template(path = "console/form.html")]
pub(crate) struct FormPage {
    pub(crate) console: ConsoleFrame,
    pub(crate) head: Head,
    pub(crate) intro: &'static str,
    pub(crate) groups: Vec<Group>,
    pub(crate) action: String,
    pub(crate) submit: &'static str,
    pub(crate) cancel: Option<String>,
    pub(crate) delete: Option<Link>,
    /// What is said where fields need a look.
    pub(crate) headline: Headline,
}

impl FormPage {
    /// Where the page is shown without having been sent.
    pub(crate) fn shown_at(&self) -> String {
        page_of(&self.action)
    }

    /// The fields that need a look.
    pub(crate) fn bad(&self) -> Vec<&Field> {
        bad(self.groups.iter().flat_map(|group| &group.fields))
    }

    /// The answer: the page, and 422 when something is wrong with what was sent.
    pub(crate) fn answer(self, problems: Problems) -> Response {
        let status =
            if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        (status, Html(self.with(problems))).into_response()
    }

    /// The page with what is wrong with its fields.
    pub(crate) fn with(mut self, problems: Problems) -> Self {
        problems.mark(self.groups.iter_mut().flat_map(|group| group.fields.iter_mut()));
        self
    }
}

/// The fields that need a look.
pub(crate) fn bad<'a>(fields: impl Iterator<Item = &'a Field>) -> Vec<&'a Field> {
    fields.filter(|field| field.problem.is_some()).collect()
}
