//! HTML in pieces: tags with their attributes, and texts.

use std::collections::BTreeMap;

pub(super) type Attributes = BTreeMap<String, String>;

pub(super) enum Token<'a> {
    Open(&'a str, Attributes),
    Close(&'a str),
    Text(String),
}

/// The pieces of what is left of a page.
pub(super) struct Tokens<'a>(pub(super) &'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        next_token(&mut self.0)
    }
}

/// The next token; comments and the contents of scripts and styles are none.
fn next_token<'a>(rest: &mut &'a str) -> Option<Token<'a>> {
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
