//! Mappers: what of a provider's claims a person keeps.

pub(crate) mod delete;
pub(crate) mod edit;
pub(super) mod fields;
pub(crate) mod list;
pub(crate) mod new;

use identity::MapperKind;

/// The name of a mapper's type, as the guide has it.
fn type_name(kind: &MapperKind) -> &'static str {
    match kind {
        MapperKind::AttributeImporter { .. } => "Attribute Importer",
        MapperKind::UsernameTemplate { .. } => "Username Template Importer",
        MapperKind::HardcodedAttribute { .. } => "Hardcoded Attribute",
        MapperKind::Onboarding => "Onboarding",
    }
}
