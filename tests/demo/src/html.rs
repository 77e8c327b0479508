//! As much HTML as pages without scripts need to be used: texts, links, forms, and their labels.

use std::collections::BTreeMap;

use crate::page::{Control, Form, Kind, Page};

type Attributes = BTreeMap<String, String>;

enum Token<'a> {
    Open(&'a str, Attributes),
    Close(&'a str),
    Text(String),
}

/// Reads a page.
pub(crate) fn parse(url: url::Url, status: u16, html: &str) -> Page {
    let mut reader = Reader::new(Page::empty(url, status));
    let mut rest = html;
    while let Some(token) = next(&mut rest) {
        reader.read(token);
    }
    reader.finish()
}

/// The next token; comments and the contents of scripts and styles are none.
fn next<'a>(rest: &mut &'a str) -> Option<Token<'a>> {
    loop {
        if rest.is_empty() {
            return None;
        }
        if let Some(comment) = rest.strip_prefix("<!--") {
            *rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            *rest = after;
            return Some(Token::Text(unescape(text)));
        };
        let end = end_of_tag(tag);
        let (inside, after) = tag.split_at_checked(end).unwrap_or((tag, ""));
        *rest = after.strip_prefix('>').unwrap_or(after);
        if let Some(name) = inside.strip_prefix('/') {
            return Some(Token::Close(name.trim()));
        }
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        if matches!(name, "script" | "style") {
            *rest = skip_raw(rest, name);
            continue;
        }
        return Some(Token::Open(name.trim_end_matches('/'), read_attributes(attributes)));
    }
}

/// Where a tag ends; a `>` inside quotes does not end it.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    tag.len()
}

fn skip_raw<'a>(rest: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}>");
    rest.split_once(end.as_str()).map_or("", |(_, after)| after)
}

fn read_attributes(mut text: &str) -> Attributes {
    let mut attributes = Attributes::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = text.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(text.len());
        let (name, after) = text.split_at_checked(end).unwrap_or((text, ""));
        if name.is_empty() {
            return attributes;
        }
        let (value, after) = match after.strip_prefix('=') {
            Some(after) => read_value(after),
            None => ("", after),
        };
        attributes.insert(name.to_owned(), unescape(value));
        text = after;
    }
}

fn read_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unescape(text: &str) -> String {
    // The ampersand last, or `&#38;lt;` would become `<`.
    const ENTITIES: [(&str, &str); 12] = [
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
        ("&middot;", "·"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    ENTITIES.into_iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// Puts a page together. Texts go to everything that is open.
struct Reader {
    page: Page,
    form: Option<Form>,
    link: Option<(String, String)>,
    button: Option<Control>,
    option: Option<(Option<String>, bool, String)>,
    label: Option<(String, String)>,
    area: Option<Control>,
    title: Option<String>,
    labels: Vec<(String, String)>,
}

impl Reader {
    fn new(page: Page) -> Self {
        let labels = Vec::new();
        let (form, link, button, option, label, area, title) =
            (None, None, None, None, None, None, None);
        Self { page, form, link, button, option, label, area, title, labels }
    }

    fn read(&mut self, token: Token<'_>) {
        match token {
            Token::Open(name, attributes) => self.open(name, &attributes),
            Token::Close(name) => self.close(name),
            Token::Text(text) => self.text(&text),
        }
    }

    fn open(&mut self, name: &str, attributes: &Attributes) {
        let get = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let control = |kind| Control::new(kind, get("id"), get("name"), get("value"));
        match name {
            "title" => self.title = Some(String::new()),
            "a" => self.link = Some((get("href"), String::new())),
            "form" => self.form = Some(Form::new(get("action"), &get("method"))),
            "label" => self.label = Some((get("for"), String::new())),
            "button" => self.button = Some(control(Kind::Button)),
            "textarea" => self.area = Some(control(Kind::Text)),
            "select" => self.add(control(Kind::Select)),
            "option" => {
                let selected = attributes.contains_key("selected");
                self.option = Some((attributes.get("value").cloned(), selected, String::new()));
            }
            "input" => {
                let kind = match attributes.get("type").map(String::as_str) {
                    Some("checkbox" | "radio") => Kind::Tick(attributes.contains_key("checked")),
                    _ => Kind::Text,
                };
                self.add(control(kind));
            }
            _ => self.page.text.push(' '),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(title) = &mut self.title {
            title.push_str(text);
            return;
        }
        let open = [
            self.link.as_mut().map(|link| &mut link.1),
            self.button.as_mut().map(|button| &mut button.label),
            self.option.as_mut().map(|option| &mut option.2),
            self.label.as_mut().map(|label| &mut label.1),
            self.area.as_mut().map(|area| &mut area.value),
            Some(&mut self.page.text),
        ];
        open.into_iter().flatten().for_each(|open| open.push_str(text));
    }

    fn close(&mut self, name: &str) {
        match name {
            "title" => self.page.title = tidy(&self.title.take().unwrap_or_default()),
            "a" => {
                let link = self.link.take();
                self.page.links.extend(link.map(|(href, text)| (tidy(&text), href)));
            }
            "form" => self.page.forms.extend(self.form.take()),
            "label" => self.close_label(),
            "button" => {
                if let Some(button) = self.button.take() {
                    let label = tidy(&button.label);
                    self.add(Control { label, ..button });
                }
            }
            "textarea" => {
                if let Some(area) = self.area.take() {
                    self.add(area);
                }
            }
            "option" => self.close_option(),
            _ => self.page.text.push(' '),
        }
    }

    /// A label names its control, or stands around it.
    fn close_label(&mut self) {
        let Some((id, text)) = self.label.take() else { return };
        let text = tidy(&text);
        let inside = self.form.as_mut().and_then(|form| form.controls.last_mut());
        match inside.filter(|_| id.is_empty()) {
            Some(control) => control.label = text,
            None => self.labels.push((id, text)),
        }
    }

    fn close_option(&mut self) {
        let select = self.form.as_mut().and_then(|form| form.controls.last_mut());
        let (Some(select), Some((value, selected, text))) = (select, self.option.take()) else {
            return;
        };
        let text = tidy(&text);
        let value = value.unwrap_or_else(|| text.clone());
        if selected || select.options.is_empty() {
            select.value.clone_from(&value);
        }
        select.options.push((text, value));
    }

    /// A control outside of forms does nothing without a script.
    fn add(&mut self, control: Control) {
        match &mut self.form {
            Some(form) => form.controls.push(control),
            None => self.page.loose.push(control),
        }
    }

    fn finish(mut self) -> Page {
        let labels: BTreeMap<String, String> = self.labels.into_iter().collect();
        for control in self.page.forms.iter_mut().flat_map(|form| &mut form.controls) {
            if let Some(label) = labels.get(&control.id) {
                control.label.clone_from(label);
            }
        }
        self.page.text = tidy(&self.page.text);
        self.page
    }
}

/// One blank between words.
fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(html: &str) -> Page {
        parse("http://localhost/admin/".parse().unwrap(), 200, html)
    }

    #[test]
    fn a_page_is_what_can_be_read_on_it() {
        let page = page(
            "<!doctype html><title>A &#38; B</title><style>x{}</style><script>if (1<2) {}</script>\
             <h1>Users</h1><p>one<!-- <a href='/no'>no</a> --> &lt;two&gt;</p>\
             <a href=\"/admin/?a=1&amp;b=2\"><b>All</b> tenants</a>",
        );
        assert_eq!(
            (page.title.as_str(), page.text.as_str()),
            ("A & B", "Users one <two> All tenants")
        );
        assert_eq!(page.links, [("All tenants".to_owned(), "/admin/?a=1&b=2".to_owned())]);
    }

    #[test]
    fn a_form_sends_what_a_browser_would() {
        let page = page(
            "<form method=post action='/save'><input type=hidden name=token value=\"a>b\">\
             <label for=n>Name</label><input id=n name=name value=Ada>\
             <label>Force <input type=radio name=sync value=f></label>\
             <label><input type=radio name=sync value=i checked>Import</label>\
             <input type=checkbox name=on><input id=u readonly value=uri>\
             <select name=kind><option value=a>One</option><option selected>Two</option></select>\
             <textarea name=more>x</textarea>\
             <button name=action value=fetch>Fetch</button><button name=action value=save>Add</button>\
             </form>",
        );
        let form = page.form("Add").unwrap();
        let sent = |form: &Form| {
            let fields = form.fields("Add").into_iter();
            fields.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(sent(&form), "token=a>b&name=Ada&sync=i&kind=Two&more=x&action=save");
        let form = form.fill("Name", "Eva").unwrap().fill("kind", "One").unwrap();
        let form = form.tick("Force").unwrap();
        assert_eq!(sent(&form), "token=a>b&name=Eva&sync=f&kind=a&more=x&action=save");
        assert!(form.posts && form.action == "/save");
        assert_eq!(page.value("u").unwrap(), "uri");
        assert!(form.clone().fill("Nobody", "x").is_err() && page.form("Delete").is_err());
        assert!(form.fill("kind", "Three").is_err());
    }
}
