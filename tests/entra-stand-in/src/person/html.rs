//! As much HTML as the stand-in's own pages have, read into a [`Page`].

use axum::http::Method;
use url::Url;

use super::page::{Control, Form, Kind, Page};

/// Reads a page that came from that address.
pub(super) fn parse(url: Url, status: u16, html: &str) -> Page {
    let mut reader = Reader::new(Page::empty(url, status));
    for event in events(html) {
        reader.read(event);
    }
    reader.finish()
}

enum Event {
    Open(String, Vec<(String, String)>),
    Close(String),
    Text(String),
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
    fn new(page: Page) -> Self {
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
