//! What Entra says to people when it refuses: numbers (`AADSTSnnnn`), the ids that its support
//! asks for, and a table of causes and remedies.
//!
//! Microsoft changes numbers and texts without notice, so they are for people to read. One alone
//! decides something, and only what page is shown: 65004 says that the person chose "Cancel", as
//! `access_denied` without a number does.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>

mod report;
mod table;

pub use report::Report;
pub use table::{By, Entry, TABLE};

/// The entry for a number.
pub fn lookup(code: u32) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.codes.contains(&code))
}

/// Finds the number in what a person pasted: `AADSTS50011: The redirect URI …`, `50011`, or a link
/// to Entra's own error page.
pub fn parse(pasted: &str) -> Option<u32> {
    let pasted = pasted.trim();
    bare_number(pasted).or_else(|| after(pasted, "aadsts")).or_else(|| after(pasted, "error?code="))
}

fn bare_number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The number that follows the first `mark` that is followed by one.
fn after(text: &str, mark: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    text.split(mark).skip(1).find_map(leading_number)
}

fn leading_number(text: &str) -> Option<u32> {
    let text = text.trim_start_matches([' ', ':', '-']);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests;
