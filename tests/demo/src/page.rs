//! What a page of Cardea is expected to show.

use entra_stand_in::Page;

use crate::trouble::Trouble;

/// How much of a page is shown when it is not the expected one.
const EXCERPT: usize = 400;

/// A page that is read for what it should say.
pub(crate) trait Expect: Sized {
    /// The page, if it can be read on it.
    fn shows(self, text: &str) -> Result<Self, Trouble>;

    /// This is not the expected page.
    fn not(&self, expected: impl std::fmt::Display) -> Trouble;
}

impl Expect for Page {
    fn shows(self, text: &str) -> Result<Self, Trouble> {
        if self.status == 200 && self.text.contains(text) {
            return Ok(self);
        }
        Err(self.not(format_args!("\"{text}\"")))
    }

    fn not(&self, expected: impl std::fmt::Display) -> Trouble {
        let excerpt: String = self.text.chars().take(EXCERPT).collect();
        let away = self.leaves_to.as_ref().map(|url| format!(", leads to {url}"));
        let away = away.unwrap_or_default();
        Trouble::new(
            format_args!("{expected} on the page {}", self.url.path()),
            format_args!("status {}{away}: {} · {excerpt}", self.status, self.title),
        )
    }
}
