//! A page as a person uses it: texts, links, and forms whose controls are found by their labels.

use axum::http::Method;
use url::Url;

use super::browser::BrowserError;

/// A page, as somebody who reads it sees it.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The status it came with.
    pub status: u16,
    /// The `id` of its `main` element.
    pub id: String,
    /// Everything that can be read on it.
    pub text: String,
    /// Where the browser is being sent, if it leaves the site.
    pub leaves_to: Option<Url>,
    /// The addresses of its iframes.
    pub frames: Vec<String>,
    pub(super) forms: Vec<Form>,
    pub(super) links: Vec<(String, Url)>,
    pub(super) elements: Vec<(String, String)>,
}

/// A form with its controls.
#[derive(Clone, Debug)]
pub struct Form {
    pub(super) action: Url,
    pub(super) method: Method,
    pub(super) controls: Vec<Control>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) kind: Kind,
    /// Ticked; of buttons: never, until pressed.
    pub(super) on: bool,
    /// The text of its label, or of the button.
    pub(super) label: String,
    pub(super) options: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Text,
    Tick,
    Select,
    Button,
}

impl Page {
    pub(super) fn leaving(url: Url, to: Url) -> Self {
        Self { leaves_to: Some(to), ..Self::empty(url, 302) }
    }

    pub(super) fn empty(url: Url, status: u16) -> Self {
        let text = String::new();
        let (frames, forms, links, elements) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            url,
            status,
            id: String::new(),
            text,
            leaves_to: None,
            frames,
            forms,
            links,
            elements,
        }
    }

    /// The form that has that button.
    ///
    /// # Errors
    /// When there is none.
    pub fn form(&self, button: &str) -> Result<Form, BrowserError> {
        let found = self.forms.iter().find(|form| form.button(button).is_ok()).cloned();
        found.ok_or_else(|| self.lacks("button", button))
    }

    /// The texts of all buttons.
    pub fn buttons(&self) -> impl Iterator<Item = &str> {
        let controls = self.forms.iter().flat_map(|form| &form.controls);
        controls
            .filter(|control| control.kind == Kind::Button)
            .map(|control| control.label.as_str())
    }

    /// The target of the link with that text.
    ///
    /// # Errors
    /// When there is none.
    pub fn link(&self, text: &str) -> Result<&Url, BrowserError> {
        let found = self.links.iter().find(|(label, _)| label == text);
        found.map(|(_, url)| url).ok_or_else(|| self.lacks("link", text))
    }

    /// The text of the element with that `id`.
    pub fn element(&self, id: &str) -> Option<&str> {
        self.elements.iter().find(|(found, _)| found == id).map(|(_, text)| text.as_str())
    }

    fn lacks(&self, kind: &str, text: &str) -> BrowserError {
        BrowserError::NotFound {
            what: format!("{kind} \"{text}\""),
            page: format!("{}: {}", self.url, self.text),
        }
    }
}

impl Form {
    /// Types into the field of that label.
    ///
    /// # Errors
    /// When there is none.
    pub fn fill(mut self, label: &str, value: &str) -> Result<Self, BrowserError> {
        let control = self.control(label, Kind::Text)?;
        value.clone_into(&mut control.value);
        Ok(self)
    }

    /// Ticks the box, or chooses the radio button, of that label.
    ///
    /// # Errors
    /// When there is none.
    pub fn check(mut self, label: &str) -> Result<Self, BrowserError> {
        self.control(label, Kind::Tick)?.on = true;
        Ok(self)
    }

    /// Chooses an option of the list of that label.
    ///
    /// # Errors
    /// When there is no such list or option.
    pub fn choose(mut self, label: &str, option: &str) -> Result<Self, BrowserError> {
        let control = self.control(label, Kind::Select)?;
        let value =
            control.options.iter().find(|(text, _)| text == option).map(|(_, value)| value.clone());
        control.value = value.ok_or_else(|| missing(option))?;
        Ok(self)
    }

    /// What would be sent, without a button.
    pub fn fields(&self) -> Vec<(String, String)> {
        let sent = |control: &&Control| match control.kind {
            Kind::Text | Kind::Select => !control.name.is_empty(),
            Kind::Tick => control.on,
            Kind::Button => false,
        };
        self.controls
            .iter()
            .filter(sent)
            .map(|control| (control.name.clone(), control.value.clone()))
            .collect()
    }

    /// What a button adds to the fields.
    pub(super) fn button(&self, text: &str) -> Result<Option<(String, String)>, BrowserError> {
        let is = |control: &&Control| control.kind == Kind::Button && control.label == text;
        let button = self.controls.iter().find(is).ok_or_else(|| missing(text))?;
        Ok((!button.name.is_empty()).then(|| (button.name.clone(), button.value.clone())))
    }

    fn control(&mut self, label: &str, kind: Kind) -> Result<&mut Control, BrowserError> {
        let radio_name = self
            .controls
            .iter()
            .find(|c| c.label == label && c.kind == kind)
            .map(|c| c.name.clone());
        if kind == Kind::Tick {
            // Of radio buttons of one name only one is chosen; boxes have names of their own or keep theirs.
            let group = |c: &&mut Control| {
                c.kind == Kind::Tick
                    && Some(&c.name) == radio_name.as_ref()
                    && c.id.starts_with("radio-")
            };
            self.controls.iter_mut().filter(group).for_each(|control| control.on = false);
        }
        self.controls
            .iter_mut()
            .find(|c| c.label == label && c.kind == kind)
            .ok_or_else(|| missing(label))
    }
}

fn missing(text: &str) -> BrowserError {
    BrowserError::NotFound { what: format!("\"{text}\""), page: "with this form".to_owned() }
}
