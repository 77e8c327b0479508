//! The slug of a new tenant: taken as typed, or made of its name.

use ids::Slug;

use crate::admin::form::clean;

/// The longest slug.
const LONGEST: usize = 63;

/// What is no tenant's slug: words of our own addresses, and names that a host of ours may have. A
/// tenant's pages are under `/realms/`, where none of them stands today; a tenant is for good, and
/// what is to come must not meet one there, nor people take one for the product itself.
const RESERVED: [&str; 14] = [
    "account", "admin", "agent", "agents", "api", "broker", "health", "help", "login", "metrics",
    "new", "realms", "static", "www",
];

/// The slug that a form asks for.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn slug(typed: &str, name: &str) -> Result<Slug, String> {
    let typed = clean(typed);
    let text = if typed.is_empty() { suggestion(name) } else { typed };
    let rule = "Use 2 to 63 letters from a to z, digits and hyphens.";
    let slug = Slug::try_from(text).map_err(|_| rule.to_owned())?;
    if RESERVED.contains(&slug.as_str()) {
        return Err(format!("“{slug}” is a word of Cardea's own addresses; choose another."));
    }
    Ok(slug)
}

/// A slug made of a name: `Spital Zürich` becomes `spital-zuerich`.
pub(super) fn suggestion(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.to_lowercase().chars().filter(|letter| !is_mark(*letter)) {
        push_plain(letter, &mut plain);
    }
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(LONGEST).collect();
    slug.trim_end_matches('-').to_owned()
}

/// Accents that stand behind their letter, and apostrophes: they part no words.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\'' | '’')
}

/// Appends a letter in letters from a to z, where there is a usual way to write it so: `ä`, `ö` and
/// `ü` as in German, the others without their marks.
fn push_plain(letter: char, text: &mut String) {
    match letter {
        'ä' | 'æ' => text.push_str("ae"),
        'ö' | 'œ' | 'ø' => text.push_str("oe"),
        'ü' => text.push_str("ue"),
        'ß' => text.push_str("ss"),
        'þ' => text.push_str("th"),
        'ĳ' => text.push_str("ij"),
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => text.push('a'),
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => text.push('c'),
        'ð' | 'ď' | 'đ' => text.push('d'),
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => text.push('e'),
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => text.push('g'),
        'ĥ' | 'ħ' => text.push('h'),
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => text.push('i'),
        'ĵ' => text.push('j'),
        'ķ' => text.push('k'),
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => text.push('l'),
        'ñ' | 'ń' | 'ņ' | 'ň' => text.push('n'),
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' => text.push('o'),
        'ŕ' | 'ŗ' | 'ř' => text.push('r'),
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => text.push('s'),
        'ţ' | 'ť' | 'ŧ' | 'ț' => text.push('t'),
        'ù' | 'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => text.push('u'),
        'ŵ' => text.push('w'),
        'ý' | 'ÿ' | 'ŷ' => text.push('y'),
        'ź' | 'ż' | 'ž' => text.push('z'),
        other => text.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_suggested_from_the_name_in_letters_from_a_to_z() {
        for (name, slug) in [
            ("Acme Hospital", "acme-hospital"),
            (" Spital St. Gallen (Süd) ", "spital-st-gallen-sued"),
            ("Birch Hospital ZÜRICH", "birch-hospital-zuerich"),
            ("Hôpital de l’Île, Genève", "hopital-de-lile-geneve"),
            ("Szpital w Łodzi", "szpital-w-lodzi"),
            ("Århus Straße", "arhus-strasse"),
            // Letters with their accents behind them, as some systems write them.
            ("Gene\u{300}ve", "geneve"),
            ("病院", ""),
        ] {
            assert_eq!(suggestion(name), slug, "{name}");
        }
        let cut = suggestion(&format!("{} end", "x".repeat(62)));
        assert_eq!(cut, "x".repeat(62));
    }

    #[test]
    fn a_word_of_our_own_addresses_is_no_slug_typed_or_suggested() {
        for word in RESERVED {
            assert!(slug(&word.to_uppercase(), "Acme").is_err(), "{word}");
            assert!(slug("", word).is_err(), "{word}");
        }
        assert!(slug("admin-2", "Acme").is_ok());
    }
}
