//! A page with a form of one sheet, below the list of authorities.

use axum::response::Response;

use super::head_below;
use crate::admin::form::{Field, FormPage, Group, Head, Headline, Problems};
use crate::admin::place::Place;
use crate::app::App;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section};

/// What stands on such a page.
pub(super) struct Sheet {
    pub(super) title: &'static str,
    /// Where it is, and where its form goes, below the list.
    pub(super) path: &'static str,
    pub(super) submit: &'static str,
    pub(super) fields: Vec<Field>,
}

impl Sheet {
    /// The page, with what is wrong with the form as it came.
    ///
    /// # Errors
    ///
    /// [`Problem`] when the store fails.
    pub(super) async fn answer(
        self,
        app: &App,
        place: &Place,
        problems: Problems,
    ) -> Result<Response, Problem> {
        let console = place.console(app, Section::SmartCards).await?;
        let head = head_below(place, self.title);
        Ok(self.page(console, head, &place.url("smart-cards")).answer(problems))
    }

    /// The page in a frame, below the list at `base`.
    pub(super) fn page(self, console: ConsoleFrame, head: Head, base: &str) -> FormPage {
        FormPage {
            console,
            head,
            intro: "",
            groups: vec![Group { title: "", fields: self.fields }],
            action: format!("{base}/{}", self.path),
            submit: self.submit,
            cancel: Some(base.to_owned()),
            delete: None,
            headline: Headline::NotSaved,
        }
    }
}
