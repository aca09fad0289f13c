//! Whether what a profile says of an attribute fits the attribute, and the rest of what it says: a constraint that nothing
//! can meet, or that nobody looks at, is a mistake of who wrote it.

use super::Profile;
use super::overlay::Overlay;
use crate::Result;
use crate::model::{AttributeId, AttributeType, Constraint, Constraints, Definition, Target, TypeModel, common};

impl Profile {
    /// Sees that what is said of an attribute can be kept to: with all that was said of it before, by the profile that is
    /// extended as well.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub(super) fn check_fit(
        &self,
        overlay: &Overlay,
        model: &TypeModel,
        target: Target,
        constraint: &Constraint,
    ) -> Result<()> {
        let Some(definition) = model.definition(target.leaf()) else { return Ok(()) };
        let is_text = matches!(definition.attribute.attribute_type, AttributeType::String | AttributeType::Reference);
        let is_multi = definition.attribute.multi_valued;
        let is_members = model.members().is_some_and(|members| members.attribute == target.leaf());
        let wants = [
            (overlay.min_length.is_some(), is_text, "minLength is for strings"),
            (overlay.max_length.is_some(), is_text, "maxLength is for strings"),
            (overlay.pattern.is_some(), is_text, "pattern is for strings"),
            (!overlay.values.is_empty(), is_text, "values are for strings"),
            (overlay.known.is_some(), is_text, "known is for strings: name the one that has the id"),
            (overlay.max_values.is_some(), is_multi, "maxValues is for attributes that are multi-valued"),
            (overlay.show_empty == Some(true), is_multi, "showEmpty is for attributes that are multi-valued"),
            (
                overlay.joined == Some(true),
                is_multi && !definition.children.is_empty(),
                "joined is for attributes that are multi-valued and complex",
            ),
            (!overlay.types.is_empty(), is_members, "types are for members"),
            (
                overlay.since.is_some(),
                self.api_version(None).is_some(),
                "since is for profiles that have apiVersions with a default",
            ),
        ];
        if let Some((_, _, detail)) = wants.iter().find(|(is_said, fits, _)| *is_said && !fits) {
            return Err(overlay.error(detail));
        }
        if constraint.max_length.zip(constraint.min_length).is_some_and(|(most, least)| most < least) {
            return Err(overlay.error("minLength is more than maxLength"));
        }
        for (name, value) in [("default", &constraint.default), ("defaultOnReplace", &constraint.default_on_replace)] {
            let text = value.as_ref().and_then(|value| value.as_str());
            if let Some(Err(error)) = text.map(|text| constraint.check_text(definition, text)) {
                return Err(overlay.error(&format!("{name} is no value that there may be: {}", error.detail())));
            }
        }
        Ok(())
    }

    /// Sees that a name which answers show is that of no other attribute beside it.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub(super) fn check_name(
        overlay: &Overlay,
        model: &TypeModel,
        target: Target,
        constraints: &Constraints,
    ) -> Result<()> {
        let (Some(name), Some(definition)) = (&overlay.answered_as, model.definition(target.leaf())) else {
            return Ok(());
        };
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !is_name {
            return Err(overlay.error("answeredAs is a letter, then letters, digits, - and _"));
        }
        let is_named = |other: &Definition| {
            let told = constraints.get(&other.id).and_then(|constraint| constraint.answered_as.as_deref());
            other.id != definition.id
                && [Some(other.attribute.name.as_str()), told]
                    .into_iter()
                    .flatten()
                    .any(|it| it.eq_ignore_ascii_case(name))
        };
        let beside = beside(model, definition);
        match beside.into_iter().find(|other| is_named(other)) {
            Some(other) => Err(overlay.error(&format!("answeredAs is the name of {} already", other.path))),
            None => Ok(()),
        }
    }
}

/// The attributes that stand in one object with another, and it.
fn beside<'m>(model: &'m TypeModel, definition: &Definition) -> Vec<&'m Definition> {
    let known = |id: &AttributeId| model.definition(*id);
    if let Some(parent) = definition.parent.and_then(|id| model.definition(id)) {
        return parent.children.iter().filter_map(known).collect();
    }
    match model.extensions().iter().find(|extension| extension.attributes.contains(&definition.id)) {
        Some(extension) => extension.attributes.iter().filter_map(known).collect(),
        None => {
            let common = [common::SCHEMAS, common::ID, common::EXTERNAL_ID, common::META];
            common.iter().chain(model.core_attributes()).filter_map(known).collect()
        }
    }
}
