//! As much HTML as the stand-in's own pages have: headings, links, forms with labels.

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
    forms: Vec<Form>,
    links: Vec<(String, Url)>,
    elements: Vec<(String, String)>,
}

/// A form with its controls.
#[derive(Clone, Debug)]
pub struct Form {
    pub(super) action: Url,
    pub(super) method: Method,
    controls: Vec<Control>,
}

#[derive(Clone, Debug, Default)]
struct Control {
    id: String,
    name: String,
    value: String,
    kind: Kind,
    /// Ticked; of buttons: never, until pressed.
    on: bool,
    /// The text of its label, or of the button.
    label: String,
    options: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    Tick,
    Select,
    Button,
}

enum Event {
    Open(String, Vec<(String, String)>),
    Close(String),
    Text(String),
}

impl Page {
    pub(super) fn leaving(url: Url, to: Url) -> Self {
        Self { leaves_to: Some(to), ..Self::empty(url, 302) }
    }

    fn empty(url: Url, status: u16) -> Self {
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

    pub(super) fn parse(url: Url, status: u16, html: &str) -> Self {
        let mut reader = Reader { page: Self::empty(url, status), ..Reader::default_at() };
        for event in events(html) {
            reader.read(event);
        }
        reader.finish()
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

/// Puts a page together from its tags and texts.
struct Reader {
    page: Page,
    form: Option<Form>,
    link: Option<(Url, String)>,
    button: Option<Control>,
    option: Option<(Option<String>, bool, String)>,
    label: Option<(String, String)>,
    labels: Vec<(String, String)>,
    element: Option<(String, String, String)>,
    skip: bool,
}

impl Reader {
    fn default_at() -> Self {
        #[expect(clippy::expect_used, reason = "a constant")]
        let nowhere = Url::parse("about:blank").expect("an address");
        let page = Page::empty(nowhere, 0);
        let (form, link, button, option, label, element) = (None, None, None, None, None, None);
        Self { page, form, link, button, option, label, labels: Vec::new(), element, skip: false }
    }

    fn read(&mut self, event: Event) {
        match event {
            Event::Open(tag, attributes) => self.open(&tag, &attributes),
            Event::Close(tag) => self.close(&tag),
            Event::Text(text) if !self.skip => self.text(&text),
            Event::Text(_) => {}
        }
    }

    fn open(&mut self, tag: &str, attributes: &[(String, String)]) {
        let has = |name: &str| attributes.iter().any(|(n, _)| n == name);
        let get = |name: &str| {
            attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
        };
        let control = |kind, on| Control {
            id: get("id"),
            name: get("name"),
            value: get("value"),
            kind,
            on,
            ..Control::default()
        };
        if tag != "main" && tag != "input" && tag != "form" && self.element.is_none() && has("id") {
            self.element = Some((tag.to_owned(), get("id"), String::new()));
        }
        match tag {
            "main" => self.page.id = get("id"),
            "iframe" => self.page.frames.push(get("src")),
            "script" | "style" | "title" => self.skip = true,
            "a" => {
                self.link = self.page.url.join(&get("href")).ok().map(|url| (url, String::new()));
            }
            "form" => {
                let method = if get("method") == "post" { Method::POST } else { Method::GET };
                let action = if get("action").is_empty() {
                    Ok(self.page.url.clone())
                } else {
                    self.page.url.join(&get("action"))
                };
                self.form = action.ok().map(|action| Form { action, method, controls: Vec::new() });
            }
            "label" => self.label = Some((get("for"), String::new())),
            "button" => self.button = Some(control(Kind::Button, false)),
            "option" => {
                self.option =
                    Some((has("value").then(|| get("value")), has("selected"), String::new()));
            }
            "input" | "select" => {
                let tick = ["checkbox", "radio"].contains(&get("type").as_str());
                let kind = if tag == "select" {
                    Kind::Select
                } else if tick {
                    Kind::Tick
                } else {
                    Kind::Text
                };
                if let Some(form) = &mut self.form {
                    form.controls.push(control(kind, has("checked")));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let parts = [
            self.link.as_mut().map(|link| &mut link.1),
            self.button.as_mut().map(|button| &mut button.label),
            self.option.as_mut().map(|option| &mut option.2),
            self.label.as_mut().map(|label| &mut label.1),
            self.element.as_mut().map(|element| &mut element.2),
            Some(&mut self.page.text),
        ];
        parts.into_iter().flatten().for_each(|part| part.push_str(text));
    }

    fn close(&mut self, tag: &str) {
        if self.element.as_ref().is_some_and(|(open, _, _)| open == tag)
            && let Some((_, id, text)) = self.element.take()
        {
            self.page.elements.push((id, tidy(&text)));
        }
        match tag {
            "script" | "style" | "title" => self.skip = false,
            "a" => self.page.links.extend(self.link.take().map(|(url, text)| (tidy(&text), url))),
            "form" => self.page.forms.extend(self.form.take()),
            "label" => self.labels.extend(self.label.take().map(|(id, text)| (id, tidy(&text)))),
            "button" => {
                if let (Some(form), Some(button)) = (&mut self.form, self.button.take()) {
                    form.controls.push(Control { label: tidy(&button.label), ..button });
                }
            }
            "option" => {
                let select = self.form.as_mut().and_then(|form| form.controls.last_mut());
                if let (Some(select), Some((value, selected, text))) = (select, self.option.take())
                {
                    let text = tidy(&text);
                    let value = value.unwrap_or_else(|| text.clone());
                    if selected || select.options.is_empty() {
                        select.value.clone_from(&value);
                    }
                    select.options.push((text, value));
                }
            }
            _ => self.page.text.push(' '),
        }
    }

    fn finish(mut self) -> Page {
        for control in self.page.forms.iter_mut().flat_map(|form| &mut form.controls) {
            if let Some((_, text)) =
                self.labels.iter().find(|(id, _)| *id == control.id && !id.is_empty())
            {
                control.label.clone_from(text);
            }
        }
        self.page.text = tidy(&self.page.text);
        self.page
    }
}

/// Runs of white space are one blank.
fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits HTML into tags and texts. Attribute values are in double quotes, as our templates have them.
fn events(html: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut rest = html;
    while let Some((text, tail)) = rest.split_once('<') {
        events.push(Event::Text(unescape(text)));
        let Some((tag, tail)) = tail.split_once('>') else { break };
        rest = tail;
        match tag.strip_prefix('/') {
            Some(name) => events.push(Event::Close(name.trim().to_owned())),
            None => events.push(open_tag(tag)),
        }
    }
    events.push(Event::Text(unescape(rest)));
    events
}

fn open_tag(tag: &str) -> Event {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (attribute, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if attribute.is_empty() {
            break;
        }
        let quoted = tail.strip_prefix("=\"").and_then(|value| value.split_once('"'));
        attributes.push((attribute.to_owned(), unescape(quoted.map_or("", |(value, _)| value))));
        rest = quoted.map_or(tail, |(_, tail)| tail);
    }
    Event::Open(name.to_owned(), attributes)
}

fn unescape(text: &str) -> String {
    // The ampersand last, or `&#38;lt;` would become `<`.
    let entities = [
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    entities.into_iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
