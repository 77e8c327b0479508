use ids::MapperId;

use super::Import;
use super::attributes::missing;
use super::fields::{Draft, tidy};
use super::path::ClaimPath;
use super::report::{Outcome, SkipReason};
use super::values::Values;
use crate::{Mapper, MapperKind, SyncOverride};

/// The mappers that the template "Microsoft Entra ID" begins with: the three of the set-up guide
/// and the onboarding one. `new_id` draws an id for each.
pub fn entra_template_mappers(mut new_id: impl FnMut() -> MapperId) -> Vec<Mapper> {
    let importers = [
        ("azure-group-mapper", "groups", "group"),
        ("Azure Username", "upn", "email"),
        ("Azure Sub Importer", "sub", "sub"),
    ];
    let importers = importers.map(|(name, claim, attribute)| Mapper {
        id: new_id(),
        name: name.to_owned(),
        sync: SyncOverride::Force,
        kind: MapperKind::AttributeImporter {
            claim: claim.to_owned(),
            attribute: attribute.to_owned(),
        },
    });
    let onboarding = onboarding_mapper_only(new_id());
    importers.into_iter().chain(onboarding).collect()
}

/// The mappers that "OpenID Connect v1.0" begins with: onboarding alone.
pub fn onboarding_mapper_only(id: MapperId) -> Vec<Mapper> {
    let name = "Cardea Onboarding".to_owned();
    vec![Mapper { id, name, sync: SyncOverride::Force, kind: MapperKind::Onboarding }]
}

/// How a username is built: text with `${CLAIM.path}`, `${ALIAS}`, and after a bar `lowercase`,
/// `uppercase` or `localpart` (Keycloak's notation), such as `${CLAIM.upn | localpart}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsernameTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Filled(Source, Option<Transform>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Alias,
    Claim(ClaimPath, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transform {
    LocalPart,
    Lowercase,
    Uppercase,
}

/// The text is not a username template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("a ${{ in the template is not closed")]
    NotClosed,
    /// Neither `ALIAS` nor `CLAIM.` and a claim path.
    #[error("a template takes ${{ALIAS}} and ${{CLAIM.name}}, nothing else")]
    UnknownSource,
    /// Not one of the three words after the bar.
    #[error("after the bar stands lowercase, uppercase or localpart")]
    UnknownTransform,
    /// It would give everybody the same name.
    #[error("the template takes no claim, so that everybody would get the same name")]
    NoClaim,
}

impl UsernameTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// See [`TemplateError`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, behind) = after.split_once('}').ok_or(TemplateError::NotClosed)?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(read_piece(inside)?);
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let claim = |piece: &Piece| matches!(piece, Piece::Filled(Source::Claim(..), _));
        if pieces.iter().any(claim) { Ok(Self(pieces)) } else { Err(TemplateError::NoClaim) }
    }

    /// The claims that it takes, as they are written in it.
    pub(super) fn claims(&self) -> Vec<(String, ClaimPath)> {
        let claim = |piece: &Piece| match piece {
            Piece::Filled(Source::Claim(path, name), _) => Some((name.clone(), path.clone())),
            Piece::Filled(Source::Alias, _) | Piece::Text(_) => None,
        };
        self.0.iter().filter_map(claim).collect()
    }

    /// The name, or what is missing for it.
    fn fill(&self, import: &Import<'_>) -> Result<String, Outcome> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Filled(source, transform) => {
                let value = source.value(import)?;
                Ok(transform.map_or_else(|| value.clone(), |transform| transform.apply(&value)))
            }
        });
        pieces.collect()
    }
}

impl Source {
    fn value(&self, import: &Import<'_>) -> Result<String, Outcome> {
        let (path, name) = match self {
            Self::Alias => return Ok(import.provider.alias.to_string()),
            Self::Claim(path, name) => (path, name),
        };
        match Values::of(path.find(import.claims)) {
            Values::These(values) => Ok(values.into_iter().next().unwrap_or_default()),
            Values::Absent => Err(missing(import, path, name)),
            Values::Empty => Err(Outcome::Skipped { reason: SkipReason::NeverCleared }),
        }
    }
}

impl Transform {
    fn apply(self, value: &str) -> String {
        match self {
            Self::LocalPart => value.split('@').next().unwrap_or_default().to_owned(),
            Self::Lowercase => value.to_lowercase(),
            Self::Uppercase => value.to_uppercase(),
        }
    }
}

fn read_piece(inside: &str) -> Result<Piece, TemplateError> {
    let (source, transform) = match inside.split_once('|') {
        Some((source, transform)) => (source.trim(), Some(transform.trim())),
        None => (inside.trim(), None),
    };
    let transform = match transform {
        None => None,
        Some("localpart") => Some(Transform::LocalPart),
        Some("lowercase") => Some(Transform::Lowercase),
        Some("uppercase") => Some(Transform::Uppercase),
        Some(_) => return Err(TemplateError::UnknownTransform),
    };
    if source == "ALIAS" {
        return Ok(Piece::Filled(Source::Alias, transform));
    }
    let claim = source.strip_prefix("CLAIM.").ok_or(TemplateError::UnknownSource)?;
    let path = ClaimPath::parse(claim).map_err(|_| TemplateError::UnknownSource)?;
    Ok(Piece::Filled(Source::Claim(path, claim.to_owned()), transform))
}

/// "Username Template Importer".
pub(super) fn import_username(
    import: &Import<'_>,
    template: &str,
    draft: &mut Draft<'_>,
) -> Outcome {
    let Ok(template) = UsernameTemplate::parse(template) else {
        return Outcome::Skipped { reason: SkipReason::BadTemplate };
    };
    match template.fill(import).map(|name| tidy(&name)) {
        Err(outcome) => outcome,
        Ok(name) if name.is_empty() => Outcome::Skipped { reason: SkipReason::NeverCleared },
        Ok(name) => {
            draft.username = Some(name.clone());
            Outcome::Applied { values: vec![name] }
        }
    }
}
