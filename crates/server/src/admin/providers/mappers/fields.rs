//! The form of a mapper.

use identity::mapping::{ClaimPath, UsernameTemplate};
use identity::{Mapper, MapperKind, SyncOverride};
use ids::MapperId;
use serde::Deserialize;

use crate::admin::form::{Choice, Control, Field, Group, Problems, clean, name, sentence};

/// The form as it came.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    name: String,
    sync: String,
    r#type: String,
    claim: String,
    attribute: String,
    template: String,
    value: String,
}

/// The word of the form, as [`Form::mapper`] reads it.
fn sync_word(sync: SyncOverride) -> &'static str {
    match sync {
        SyncOverride::Import => "IMPORT",
        SyncOverride::Force => "FORCE",
        SyncOverride::Inherit => "INHERIT",
    }
}

impl Form {
    /// What a new mapper begins with.
    pub(crate) fn fresh() -> Self {
        Self { sync: "INHERIT".into(), r#type: "attribute-importer".into(), ..Self::default() }
    }

    /// A mapper as it is stored.
    pub(crate) fn of(mapper: &Mapper) -> Self {
        let sync = sync_word(mapper.sync).to_owned();
        let form = Self { name: mapper.name.clone(), sync, ..Self::default() };
        match mapper.kind.clone() {
            MapperKind::AttributeImporter { claim, attribute } => {
                Self { r#type: "attribute-importer".into(), claim, attribute, ..form }
            }
            MapperKind::UsernameTemplate { template } => {
                Self { r#type: "username-template".into(), template, ..form }
            }
            MapperKind::HardcodedAttribute { attribute, value } => {
                Self { r#type: "hardcoded-attribute".into(), attribute, value, ..form }
            }
            MapperKind::Onboarding => Self { r#type: "onboarding".into(), ..form },
        }
    }

    /// The mapper to be stored.
    ///
    /// # Errors
    ///
    /// What is wrong, by field.
    pub(crate) fn mapper(&self, id: MapperId) -> Result<Mapper, Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", name(&self.name));
        let sync = match self.sync.trim().to_ascii_uppercase().as_str() {
            "IMPORT" => Some(SyncOverride::Import),
            "FORCE" => Some(SyncOverride::Force),
            "INHERIT" | "" => Some(SyncOverride::Inherit),
            _ => None,
        };
        if sync.is_none() {
            problems.add("sync", "Choose Import, Force or Inherit.");
        }
        let kind = self.kind(&mut problems);
        match (sync, kind) {
            (Some(sync), Some(kind)) => problems.or(Mapper { id, name, sync, kind }),
            _ => Err(problems),
        }
    }

    /// Fields that belong to another type are left alone: one can change one's mind.
    fn kind(&self, problems: &mut Problems) -> Option<MapperKind> {
        let word = self.r#type.trim().to_ascii_lowercase().replace([' ', '_'], "-");
        Some(match word.trim_end_matches("-importer") {
            "attribute" => MapperKind::AttributeImporter {
                claim: problems.take("claim", claim(&self.claim)),
                attribute: problems.take("attribute", attribute(&self.attribute)),
            },
            "username-template" => MapperKind::UsernameTemplate {
                template: problems.take("template", template(&self.template)),
            },
            "hardcoded-attribute" => MapperKind::HardcodedAttribute {
                attribute: problems.take("attribute", attribute(&self.attribute)),
                value: problems.take("value", value(&self.value)),
            },
            "onboarding" => MapperKind::Onboarding,
            _ => {
                problems.add("type", "Choose one of the types.");
                return None;
            }
        })
    }

    /// The fields.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let types = vec![
            Choice::of("attribute-importer", "Attribute Importer"),
            Choice::of("username-template", "Username Template Importer"),
            Choice::of("hardcoded-attribute", "Hardcoded Attribute"),
            Choice::of("onboarding", "Onboarding"),
        ];
        let syncs = vec![
            Choice::of("IMPORT", "Import"),
            Choice::of("FORCE", "Force"),
            Choice::of("INHERIT", "Inherit"),
        ];
        let first = vec![
            Field::new("name", "Name", &self.name).required(),
            Field::new("sync", "Sync Mode Override", &self.sync)
                .control(Control::Select(syncs))
                .help(
                    "Import writes once, when the person is created. Force writes at every \
                     sign-in. Inherit does as the provider's settings say.",
                ),
            Field::new("type", "Mapper Type", &self.r#type).control(Control::Select(types)),
            Field::new("claim", "Claim", &self.claim).help(
                "Attribute Importer: a claim of the ID token, such as groups or upn. A dot goes \
                 inside, \\. is a dot, [0] is the first of a list.",
            ),
            Field::new("attribute", "User Attribute Name", &self.attribute).help(
                "Attribute Importer and Hardcoded Attribute: what the person keeps it under. \
                 email, firstName and lastName are the person's own fields.",
            ),
        ];
        let other = vec![
            Field::new("template", "Template", &self.template).help(
                "Username Template Importer: such as ${CLAIM.preferred_username} or ${CLAIM.upn | \
                 localpart}.",
            ),
            Field::new("value", "Attribute Value", &self.value)
                .help("Hardcoded Attribute: the same for everybody."),
        ];
        let title = "For the other mapper types";
        vec![Group { title: "", fields: first }, Group { title, fields: other }]
    }
}

fn claim(text: &str) -> Result<String, String> {
    let text = clean(text);
    if text.is_empty() {
        return Err("Enter the name of a claim.".into());
    }
    if text.chars().count() > 200 {
        return Err("This is too long for a claim.".into());
    }
    ClaimPath::parse(&text).map_err(|error| sentence(&error))?;
    Ok(text)
}

fn attribute(text: &str) -> Result<String, &'static str> {
    let text = clean(text);
    match text.chars().count() {
        0 => Err("Enter the name of an attribute."),
        1..=80 => Ok(text),
        _ => Err("An attribute has at most 80 characters."),
    }
}

fn template(text: &str) -> Result<String, String> {
    let text = clean(text);
    if text.is_empty() {
        return Err("Enter a template.".into());
    }
    UsernameTemplate::parse(&text).map_err(|error| sentence(&error))?;
    Ok(text)
}

fn value(text: &str) -> Result<String, &'static str> {
    let text = clean(text);
    if text.is_empty() { Err("Enter a value.") } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_word_and_by_the_name_in_the_guide() {
        for (word, bad) in [
            ("attribute-importer", vec!["claim", "attribute"]),
            ("Attribute Importer", vec!["claim", "attribute"]),
            ("username-template", vec!["template"]),
            ("Username Template Importer", vec!["template"]),
            ("hardcoded-attribute", vec!["attribute", "value"]),
            ("Hardcoded Attribute", vec!["attribute", "value"]),
            ("onboarding", vec![]),
            ("magic", vec!["type"]),
            ("", vec!["type"]),
        ] {
            let form = Form { name: "n".into(), r#type: word.into(), ..Form::default() };
            let found = form.mapper(MapperId(uuid::Uuid::nil()));
            let fields = found.err().map(|problems| problems.fields()).unwrap_or_default();
            assert_eq!(fields, bad, "{word}");
        }
    }

    #[test]
    fn a_stored_mapper_comes_back_from_its_form_as_it_was() {
        let kinds = [
            MapperKind::AttributeImporter { claim: "upn".into(), attribute: "email".into() },
            MapperKind::UsernameTemplate { template: "${CLAIM.upn}".into() },
            MapperKind::HardcodedAttribute { attribute: "a".into(), value: "b".into() },
            MapperKind::Onboarding,
        ];
        for kind in kinds {
            let id = MapperId(uuid::Uuid::nil());
            let mapper = Mapper { id, name: "n".into(), sync: SyncOverride::Force, kind };
            assert_eq!(Form::of(&mapper).mapper(id).ok(), Some(mapper));
        }
    }
}
