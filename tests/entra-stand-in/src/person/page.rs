//! A page as a person uses it: texts, links, and forms whose controls are found by their labels.

use url::Url;

use super::browser::BrowserError;
use super::html;

/// A page, as somebody who reads it sees it.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The status it came with.
    pub status: u16,
    /// The `id` of its `main` element.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Everything that can be read on it.
    pub text: String,
    /// Where the browser is being sent, if it leaves the site.
    pub leaves_to: Option<Url>,
    /// The addresses of its iframes.
    pub frames: Vec<String>,
    /// Text and target of each link.
    pub links: Vec<(String, Url)>,
    pub(super) forms: Vec<Form>,
    /// Controls outside of forms.
    pub(super) loose: Vec<Control>,
    pub(super) elements: Vec<(String, String)>,
}

/// A form with its controls.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it is sent.
    pub action: Url,
    /// Whether it is sent as a POST.
    pub posts: bool,
    pub(super) controls: Vec<Control>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) kind: Kind,
    /// The text of its label, or of the button.
    pub(super) label: String,
    /// Text and value of each choice.
    pub(super) options: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Text,
    /// Box, and whether it is ticked.
    Box(bool),
    /// Radio button, and whether it is the chosen one.
    Radio(bool),
    Select,
    Button,
}

impl Page {
    /// Reads a page that came from that address.
    pub fn read(url: Url, status: u16, html: &str) -> Self {
        html::parse(url, status, html)
    }

    /// What is seen at an address that sends the browser to another site.
    pub fn leaving(url: Url, to: Url) -> Self {
        Self { leaves_to: Some(to), ..Self::empty(url, 302) }
    }

    pub(super) fn empty(url: Url, status: u16) -> Self {
        let [id, title, text] = [const { String::new() }; 3];
        let (frames, links, forms) = (Vec::new(), Vec::new(), Vec::new());
        let (loose, elements, leaves_to) = (Vec::new(), Vec::new(), None);
        Self { url, status, id, title, text, leaves_to, frames, links, forms, loose, elements }
    }

    /// The form that has that button.
    ///
    /// # Errors
    /// When there is none.
    pub fn form(&self, button: &str) -> Result<Form, BrowserError> {
        let found = self.forms.iter().find(|form| form.button(button).is_some()).cloned();
        found.ok_or_else(|| self.lacks("button", button))
    }

    /// The texts of all buttons.
    pub fn buttons(&self) -> impl Iterator<Item = &str> {
        let controls = self.forms.iter().flat_map(|form| &form.controls).chain(&self.loose);
        controls
            .filter(|control| control.kind == Kind::Button)
            .map(|control| control.label.as_str())
    }

    /// The target of the link with that text, or else of one whose text begins so.
    ///
    /// # Errors
    /// When there is none.
    pub fn link(&self, text: &str) -> Result<&Url, BrowserError> {
        let exact = self.links.iter().find(|(label, _)| label == text);
        let found = exact.or_else(|| self.links.iter().find(|(label, _)| label.starts_with(text)));
        found.map(|(_, url)| url).ok_or_else(|| self.lacks("link", text))
    }

    /// The value of a field, in a form or not, by its label, name or id.
    ///
    /// # Errors
    /// When there is none.
    pub fn value(&self, field: &str) -> Result<&str, BrowserError> {
        let mut controls = self.forms.iter().flat_map(|form| &form.controls).chain(&self.loose);
        let found = controls.find(|control| control.is(field));
        found.map(|control| control.value.as_str()).ok_or_else(|| self.lacks("field", field))
    }

    /// The text of the element with that `id`.
    pub fn element(&self, id: &str) -> Option<&str> {
        self.elements.iter().find(|(found, _)| found == id).map(|(_, text)| text.as_str())
    }

    fn lacks(&self, kind: &str, text: &str) -> BrowserError {
        BrowserError::NotFound {
            what: format!("{kind} \"{text}\""),
            page: format!("{} (status {}): {}", self.url, self.status, self.text),
        }
    }
}

impl Form {
    /// Types into the field of that label, name or id.
    ///
    /// # Errors
    /// When there is none.
    pub fn fill(mut self, field: &str, value: &str) -> Result<Self, BrowserError> {
        let is = |control: &&mut Control| control.kind == Kind::Text && control.is(field);
        let control = self.controls.iter_mut().find(is).ok_or_else(|| missing(field))?;
        value.clone_into(&mut control.value);
        Ok(self)
    }

    /// Ticks the box, or chooses the radio button, whose label begins so; or which has that name
    /// and value ("name=value").
    ///
    /// # Errors
    /// When there is none.
    pub fn check(mut self, label: &str) -> Result<Self, BrowserError> {
        let is = |control: &Control| {
            control.label.starts_with(label)
                || format!("{}={}", control.name, control.value) == label
        };
        let ticks = |control: &&mut Control| {
            matches!(control.kind, Kind::Box(_) | Kind::Radio(_)) && is(control)
        };
        let control = self.controls.iter_mut().find(ticks).ok_or_else(|| missing(label))?;
        if control.kind == Kind::Box(false) {
            control.kind = Kind::Box(true);
        }
        let (name, value) = (control.name.clone(), control.value.clone());
        for control in self.controls.iter_mut().filter(|control| control.name == name) {
            if matches!(control.kind, Kind::Radio(_)) {
                control.kind = Kind::Radio(control.value == value);
            }
        }
        Ok(self)
    }

    /// Chooses an option of the list of that label, name or id.
    ///
    /// # Errors
    /// When there is no such list or option.
    pub fn choose(mut self, list: &str, option: &str) -> Result<Self, BrowserError> {
        let is = |control: &&mut Control| control.kind == Kind::Select && control.is(list);
        let control = self.controls.iter_mut().find(is).ok_or_else(|| missing(list))?;
        let found = control.options.iter().find(|(text, _)| text == option);
        control.value = found.map(|(_, value)| value.clone()).ok_or_else(|| missing(option))?;
        Ok(self)
    }

    /// What would be sent, without a button.
    pub fn fields(&self) -> Vec<(String, String)> {
        let sent = |control: &&Control| match control.kind {
            Kind::Text | Kind::Select => !control.name.is_empty(),
            Kind::Box(on) | Kind::Radio(on) => on,
            Kind::Button => false,
        };
        self.controls
            .iter()
            .filter(sent)
            .map(|control| (control.name.clone(), control.value.clone()))
            .collect()
    }

    /// What is sent when that button is pressed.
    ///
    /// # Errors
    /// When there is no such button.
    pub fn pressed(&self, button: &str) -> Result<Vec<(String, String)>, BrowserError> {
        let button = self.button(button).ok_or_else(|| missing(button))?;
        let mut fields = self.fields();
        if !button.name.is_empty() {
            fields.push((button.name.clone(), button.value.clone()));
        }
        Ok(fields)
    }

    fn button(&self, text: &str) -> Option<&Control> {
        let is = |control: &&Control| control.kind == Kind::Button && control.label == text;
        self.controls.iter().find(is)
    }
}

impl Control {
    fn is(&self, field: &str) -> bool {
        self.label == field || self.name == field || self.id == field
    }
}

fn missing(text: &str) -> BrowserError {
    BrowserError::NotFound { what: format!("\"{text}\""), page: "with this form".to_owned() }
}
