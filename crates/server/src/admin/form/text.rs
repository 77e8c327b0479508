//! What people type, and what they are told.

/// What a person typed or pasted, without what cannot be seen: control characters, blanks around
/// it, and the zero-width characters that come along from web pages.
pub(crate) fn clean(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_invisible(*c)).collect::<String>();
    seen.trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// A name for people.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    let text = clean(text);
    match text.chars().count() {
        0 => Err("Enter a name."),
        1..=80 => Ok(text),
        _ => Err("A name has at most 80 characters."),
    }
}

/// Yes or no, in the ways that forms and people write it; `default` when nothing is said.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn yes_or_no(text: &str, default: bool) -> Result<bool, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" => Ok(default),
        "yes" | "on" | "true" | "1" => Ok(true),
        "no" | "off" | "false" | "0" => Ok(false),
        _ => Err("Choose yes or no."),
    }
}

/// The word that [`yes_or_no`] reads.
pub(crate) fn word(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// An error text of another crate as a sentence.
pub(crate) fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_taken_out_of_what_was_pasted() {
        assert_eq!(clean("\u{feff} 904b\u{200b}c2ee\t\r\n"), "904bc2ee");
    }

    #[test]
    fn a_choice_that_was_not_made_is_the_default_and_nonsense_is_refused() {
        assert_eq!(yes_or_no("", true), Ok(true));
        assert_eq!(yes_or_no("ON", false), Ok(true));
        assert_eq!(yes_or_no("no", true), Ok(false));
        assert!(yes_or_no("maybe", true).is_err());
    }

    #[test]
    fn a_name_has_letters_to_see() {
        for bad in ["", " \u{200b}", &"x".repeat(81)] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert_eq!(name(" Azure "), Ok("Azure".to_owned()));
    }
}
