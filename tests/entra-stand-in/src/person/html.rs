//! As much HTML as pages without scripts need to be used, read into a [`Page`].

use url::Url;

use super::page::{Control, Form, Kind, Page};
use super::tokens::{Attributes, Token, Tokens};

/// Reads a page that came from that address.
pub(super) fn parse(url: Url, status: u16, html: &str) -> Page {
    let mut reader = Reader::new(Page::empty(url, status));
    for token in Tokens(html) {
        match token {
            Token::Open(name, attributes) => reader.open(name, &attributes),
            Token::Close(name) => reader.close(name),
            Token::Text(text) => reader.text(&text),
        }
    }
    reader.finish()
}

/// Puts a page together. Texts go to everything that is open.
struct Reader {
    page: Page,
    title: Option<String>,
    form: Option<Form>,
    link: Option<(Url, String)>,
    button: Option<Control>,
    area: Option<Control>,
    option: Option<(Option<String>, bool, String)>,
    label: Option<(String, String)>,
    labels: Vec<(String, String)>,
    /// Tag, id and text of the outermost element that has an id and nothing else to be.
    element: Option<(String, String, String)>,
}

impl Reader {
    fn new(page: Page) -> Self {
        let (title, form, link, button) = (None, None, None, None);
        let (area, option, label, element, labels) = (None, None, None, None, Vec::new());
        Self { page, title, form, link, button, area, option, label, labels, element }
    }

    fn open(&mut self, tag: &str, attributes: &Attributes) {
        let get = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let has = |name: &str| attributes.contains_key(name);
        let control = |kind| {
            let (id, name, value) = (get("id"), get("name"), get("value"));
            Control { id, name, value, kind, ..Control::default() }
        };
        if !matches!(tag, "main" | "input" | "form") && self.element.is_none() && has("id") {
            self.element = Some((tag.to_owned(), get("id"), String::new()));
        }
        match tag {
            "main" => self.page.id = get("id"),
            "title" => self.title = Some(String::new()),
            "iframe" => self.page.frames.push(get("src")),
            "a" => {
                self.link = self.page.url.join(&get("href")).ok().map(|url| (url, String::new()));
            }
            "form" => self.form = self.new_form(&get("action"), &get("method")),
            "label" => self.label = Some((get("for"), String::new())),
            "button" => self.button = Some(control(Kind::Button)),
            "textarea" => self.area = Some(control(Kind::Text)),
            "select" => self.add(control(Kind::Select)),
            "option" => {
                let value = attributes.get("value").cloned();
                self.option = Some((value, has("selected"), String::new()));
            }
            "input" => {
                let mut control = control(match get("type").as_str() {
                    "checkbox" => Kind::Box(has("checked")),
                    "radio" => Kind::Radio(has("checked")),
                    _ => Kind::Text,
                });
                if control.kind != Kind::Text && !has("value") {
                    "on".clone_into(&mut control.value);
                }
                self.add(control);
            }
            _ => self.page.text.push(' '),
        }
    }

    fn new_form(&self, action: &str, method: &str) -> Option<Form> {
        let own = &self.page.url;
        let action = if action.is_empty() { Some(own.clone()) } else { own.join(action).ok() };
        let posts = method.eq_ignore_ascii_case("post");
        action.map(|action| Form { action, posts, controls: Vec::new() })
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
            self.element.as_mut().map(|element| &mut element.2),
            Some(&mut self.page.text),
        ];
        open.into_iter().flatten().for_each(|open| open.push_str(text));
    }

    fn close(&mut self, tag: &str) {
        if self.element.as_ref().is_some_and(|(open, _, _)| open == tag)
            && let Some((_, id, text)) = self.element.take()
        {
            self.page.elements.push((id, tidy(&text)));
        }
        match tag {
            "title" => self.page.title = tidy(&self.title.take().unwrap_or_default()),
            "a" => self.page.links.extend(self.link.take().map(|(url, text)| (tidy(&text), url))),
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

    fn add(&mut self, control: Control) {
        match &mut self.form {
            Some(form) => form.controls.push(control),
            None => self.page.loose.push(control),
        }
    }

    fn finish(mut self) -> Page {
        let page = &mut self.page;
        let controls = page.forms.iter_mut().flat_map(|form| &mut form.controls);
        for control in controls.chain(&mut page.loose).filter(|control| !control.id.is_empty()) {
            let label = self.labels.iter().find(|(id, _)| *id == control.id);
            if let Some((_, text)) = label {
                control.label.clone_from(text);
            }
        }
        page.text = tidy(&page.text);
        self.page
    }
}

/// Runs of white space are one blank.
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
    fn texts_links_and_the_title_are_read_and_scripts_are_not() {
        let page = page(
            "<!doctype html><title>A &#38; B</title><style>x{}</style><script>if (1<2) {}</script>\
             <main id=home><!-- <p>no</p> --><p>One\n two</p><a href='users?a=1&amp;b=2'>Users</a>\
             <span id=value>x &lt; y</span></main>",
        );
        assert_eq!((page.title.as_str(), page.id.as_str()), ("A & B", "home"));
        assert_eq!(page.text, "One two Users x < y");
        let target = page.link("Users").unwrap().as_str();
        assert_eq!(target, "http://localhost/admin/users?a=1&b=2");
        assert_eq!(page.element("value"), Some("x < y"));
        assert!(page.link("Clients").is_err() && page.value("Name").is_err());
    }

    #[test]
    fn a_form_sends_what_a_browser_would() {
        let page = page(
            "<form method=post action='/save'><input type=hidden name=token value=\"a>b\">\
             <label for=n>Name</label><input id=n name=name value=Ada>\
             <label>Force <input type=radio name=sync value=f></label>\
             <label><input type=radio name=sync value=i checked>Import</label>\
             <input type=checkbox name=on><label><input type=checkbox name=on value=2>Two</label>\
             <input id=u readonly value=uri>\
             <select name=kind><option value=a>One</option><option selected>Two</option></select>\
             <textarea name=more>x</textarea>\
             <button name=action value=fetch>Fetch</button><button name=action value=save>Add</button>\
             </form>",
        );
        let form = page.form("Add").unwrap();
        let sent = |form: &Form| {
            let fields = form.pressed("Add").unwrap().into_iter();
            fields.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(sent(&form), "token=a>b&name=Ada&sync=i&kind=Two&more=x&action=save");
        let form = form.fill("Name", "Eva").unwrap().choose("kind", "One").unwrap();
        let form = form.check("Force").unwrap().check("Two").unwrap().check("on=on").unwrap();
        let all = "token=a>b&name=Eva&sync=f&on=on&on=2&kind=a&more=x&action=save";
        assert_eq!(sent(&form), all);
        assert!(form.posts && form.action.as_str() == "http://localhost/save");
        assert_eq!(page.value("u").unwrap(), "uri");
        assert!(form.clone().fill("Nobody", "x").is_err() && page.form("Delete").is_err());
        assert!(form.choose("kind", "Three").is_err());
    }
}
