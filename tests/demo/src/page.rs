//! A page of Cardea as a person uses it: by what can be read on it.

use url::Url;

use crate::trouble::Trouble;

/// How much of a page is shown when it is not the expected one.
const EXCERPT: usize = 400;

/// A page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Where the browser is being sent, if it leaves Cardea.
    pub(crate) leaves_to: Option<Url>,
    pub(crate) links: Vec<(String, String)>,
    pub(crate) forms: Vec<Form>,
    /// Controls outside of forms.
    pub(crate) loose: Vec<Control>,
}

/// A form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) posts: bool,
    pub(crate) controls: Vec<Control>,
}

/// A field or a button.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) kind: Kind,
    /// The text of its label, or of the button.
    pub(crate) label: String,
    /// Text and value of each choice.
    pub(crate) options: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Box or radio button, and whether it is ticked.
    Tick(bool),
    Select,
    Button,
}

impl Page {
    /// A page with nothing on it.
    pub(crate) fn empty(url: Url, status: u16) -> Self {
        Self {
            url,
            status,
            title: String::new(),
            text: String::new(),
            leaves_to: None,
            links: Vec::new(),
            forms: Vec::new(),
            loose: Vec::new(),
        }
    }

    /// The address behind a link, found by its text, or by how that begins.
    pub(crate) fn link(&self, text: &str) -> Result<&str, Trouble> {
        let exact = self.links.iter().find(|(label, _)| label == text);
        let found = exact.or_else(|| self.links.iter().find(|(label, _)| label.starts_with(text)));
        let found = found.map(|(_, href)| href.as_str());
        found.ok_or_else(|| self.not(format_args!("the link \"{text}\"")))
    }

    /// The form with a button of this text.
    pub(crate) fn form(&self, button: &str) -> Result<Form, Trouble> {
        let found = self.forms.iter().find(|form| form.button(button).is_some());
        found.cloned().ok_or_else(|| self.not(format_args!("the button \"{button}\"")))
    }

    /// The page, if it can be read on it.
    pub(crate) fn shows(self, text: &str) -> Result<Self, Trouble> {
        if self.status == 200 && self.text.contains(text) {
            return Ok(self);
        }
        Err(self.not(format_args!("\"{text}\"")))
    }

    /// The value of a read-only field, by its label or name.
    pub(crate) fn value(&self, field: &str) -> Result<&str, Trouble> {
        let controls = self.forms.iter().flat_map(|form| &form.controls).chain(&self.loose);
        let mut found = controls.filter(|control| control.is(field));
        let found = found.next().map(|control| control.value.as_str());
        found.ok_or_else(|| self.not(format_args!("the field \"{field}\"")))
    }

    /// This is not the expected page.
    pub(crate) fn not(&self, expected: impl std::fmt::Display) -> Trouble {
        let excerpt: String = self.text.chars().take(EXCERPT).collect();
        let away = self.leaves_to.as_ref().map(|url| format!(", leads to {url}"));
        Trouble::new(
            format_args!("{expected} on the page {}", self.url.path()),
            format_args!(
                "status {}{}: {} · {excerpt}",
                self.status,
                away.unwrap_or_default(),
                self.title
            ),
        )
    }
}

impl Form {
    /// A form without controls.
    pub(crate) fn new(action: String, method: &str) -> Self {
        Self { action, posts: method.eq_ignore_ascii_case("post"), controls: Vec::new() }
    }

    /// Types into a field, or chooses the option with this text, by label or name.
    pub(crate) fn fill(mut self, field: &str, text: &str) -> Result<Self, Trouble> {
        let missing = || Trouble::new(format_args!("the field \"{field}\""), "a form without it");
        let found = self.controls.iter_mut().find(|control| control.takes(field));
        let control = found.ok_or_else(missing)?;
        if control.kind == Kind::Select {
            let option = control.options.iter().find(|(shown, _)| shown == text);
            let (_, value) = option.ok_or_else(|| control.lacks(text))?;
            control.value = value.clone();
        } else {
            text.clone_into(&mut control.value);
        }
        Ok(self)
    }

    /// Ticks a box or a radio button, by label, or by name and value ("name=value").
    pub(crate) fn tick(mut self, label: &str) -> Result<Self, Trouble> {
        let is = |control: &Control| {
            matches!(control.kind, Kind::Tick(_))
                && (control.label.starts_with(label)
                    || format!("{}={}", control.name, control.value) == label)
        };
        let at = self.controls.iter().position(is);
        let missing = || Trouble::new(format_args!("the choice \"{label}\""), "a form without it");
        let name = at.and_then(|at| self.controls.get(at)).map(|control| control.name.clone());
        let (at, name) = at.zip(name).ok_or_else(missing)?;
        for (number, control) in self.controls.iter_mut().enumerate() {
            if matches!(control.kind, Kind::Tick(_)) && control.name == name {
                control.kind = Kind::Tick(number == at);
            }
        }
        Ok(self)
    }

    /// The value of a field, by its label or name.
    pub(crate) fn value(&self, field: &str) -> Option<&str> {
        let found = self.controls.iter().find(|control| control.is(field));
        found.map(|control| control.value.as_str())
    }

    /// What is sent when a button is pressed.
    pub(crate) fn fields(&self, button: &str) -> Vec<(String, String)> {
        let pressed = self.button(button).filter(|button| !button.name.is_empty());
        let sent = self.controls.iter().filter(|control| match control.kind {
            Kind::Text | Kind::Select => !control.name.is_empty(),
            Kind::Tick(on) => on,
            Kind::Button => false,
        });
        let sent = sent.chain(pressed);
        sent.map(|control| (control.name.clone(), control.value.clone())).collect()
    }

    fn button(&self, text: &str) -> Option<&Control> {
        let is = |control: &&Control| control.kind == Kind::Button && control.label == text;
        self.controls.iter().find(is)
    }
}

impl Control {
    /// A control without a label yet.
    pub(crate) fn new(kind: Kind, id: String, name: String, value: String) -> Self {
        // HTML's value of a box that has none.
        let bare = matches!(kind, Kind::Tick(_)) && value.is_empty();
        let value = if bare { "on".to_owned() } else { value };
        Self { id, name, value, kind, label: String::new(), options: Vec::new() }
    }

    fn is(&self, field: &str) -> bool {
        self.label == field || self.name == field || self.id == field
    }

    fn takes(&self, field: &str) -> bool {
        matches!(self.kind, Kind::Text | Kind::Select) && self.is(field)
    }

    fn lacks(&self, option: &str) -> Trouble {
        let options: Vec<&str> = self.options.iter().map(|(text, _)| text.as_str()).collect();
        Trouble::new(format_args!("the option \"{option}\""), options.join(", "))
    }
}
