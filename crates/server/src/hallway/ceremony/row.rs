//! What the row of a new card says besides its credential.

use ids::UserId;
use login::Task;
use store::Rows;

use crate::http::problem::Problem;

/// What a new card is called: as the person says, or by its number.
pub(super) async fn new_label(
    rows: &mut Rows,
    person: UserId,
    given: Option<&str>,
) -> Result<String, Problem> {
    let number = rows.credentials(person).await?.len().saturating_add(1);
    Ok(given.and_then(label_text).unwrap_or_else(|| format!("Card {number}")))
}

/// A name that a person gives to a card: 1 to 60 characters without control characters.
pub(crate) fn label_text(text: &str) -> Option<String> {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    (!clean.is_empty()).then_some(clean)
}

/// Who lets a card be enrolled, as its row says.
pub(super) fn permit_name(task: Task) -> String {
    let Task::Enrol(permit) = task else { return String::new() };
    let name = serde_json::to_value(permit);
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
