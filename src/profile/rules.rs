//! The rules of a profile: what attributes are derived from others.

use super::overlay::entries;
use crate::message::Part;
use crate::model::Input;
use crate::{ErrorKind, Result};

/// The names of a rule, of whichever kind.
const NAMES: &[&str] =
    &["resourceType", "set", "from", "join", "separator", "mirror", "in", "where", "value", "with", "follows", "inUse"];

/// A rule of a resource type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// The name of the resource type.
    pub(crate) resource_type: String,
    pub(crate) kind: RuleKind,
    /// Where it stands in the document, for errors.
    pub(crate) place: String,
}

/// What a rule says. Paths are as they are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RuleKind {
    /// An attribute has the first value that one of several has.
    First { set: String, from: Vec<String> },
    /// An attribute has the values of several, one behind the other.
    Join { set: String, join: Vec<String>, separator: String },
    /// An attribute and an element of a multi-valued one say the same.
    Mirror {
        mirror: String,
        list: String,
        /// What tells the element: sub-attributes with their values.
        tells: Vec<(String, Input)>,
        /// The sub-attribute that has the value.
        value: String,
        /// What else an element has that the rule makes.
        with: Vec<(String, Input)>,
    },
    /// A switch follows another one: it is off where that one is, and comes on with it unless a write says otherwise.
    Follow { set: String, follows: String },
    /// A resource is not deleted while others name it.
    InUse { by: String, attribute: String },
}

/// Reads the member `rules`.
pub(super) fn read(part: &mut Part) -> Result<Vec<Rule>> {
    let place = part.path("rules");
    part.take_objects("rules")?.enumerate().map(|(index, part)| one(part?, format!("{place}[{index}]"))).collect()
}

fn one(mut part: Part, place: String) -> Result<Rule> {
    let resource_type = part.need_string("resourceType")?;
    let kind = if let Some(set) = part.take_string("set")? {
        let (from, join) = (part.take_strings("from")?, part.take_strings("join")?);
        match (from.is_empty(), join.is_empty(), part.take_string("follows")?) {
            (true, true, Some(follows)) => RuleKind::Follow { set, follows },
            (false, true, None) => RuleKind::First { set, from },
            (true, false, None) => {
                let separator = part.take_string("separator")?.unwrap_or_else(|| " ".to_owned());
                RuleKind::Join { set, join, separator }
            }
            _ => return Err(part.error(ErrorKind::InvalidValue, "set", "needs one of from, join and follows")),
        }
    } else if let Some(mirror) = part.take_string("mirror")? {
        RuleKind::Mirror {
            mirror,
            list: part.need_string("in")?,
            tells: entries(part.take_any("where"), &part.path("where"))?,
            value: part.need_string("value")?,
            with: entries(part.take_any("with"), &part.path("with"))?,
        }
    } else if let Some(mut used) = part.take_object("inUse")? {
        let kind = RuleKind::InUse { by: used.need_string("by")?, attribute: used.need_string("attribute")? };
        used.finish(&["by", "attribute"])?;
        kind
    } else {
        let detail = "is missing: a rule has set, mirror or inUse";
        return Err(part.error(ErrorKind::InvalidSyntax, "set", detail));
    };
    part.finish(NAMES)?;
    Ok(Rule { resource_type, kind, place })
}

#[cfg(test)]
mod tests {
    use crate::ErrorKind;
    use crate::profile::Profile;

    #[test]
    fn errors_name_the_rule() {
        let cases = [
            (r#"{"set": "title", "from": ["nickName"]}"#, ErrorKind::InvalidSyntax, "rules[0].resourceType"),
            (r#"{"resourceType": "User"}"#, ErrorKind::InvalidSyntax, "rules[0].set"),
            (r#"{"resourceType": "User", "set": "title"}"#, ErrorKind::InvalidValue, "rules[0].set"),
            (
                r#"{"resourceType": "User", "set": "title", "from": ["a"], "join": ["b"]}"#,
                ErrorKind::InvalidValue,
                "rules[0].set",
            ),
            (
                r#"{"resourceType": "User", "set": "title", "from": ["a"], "follows": "active"}"#,
                ErrorKind::InvalidValue,
                "rules[0].set",
            ),
            (
                r#"{"resourceType": "User", "mirror": "name.givenName", "where": {"type": "x"}, "value": "value"}"#,
                ErrorKind::InvalidSyntax,
                "rules[0].in",
            ),
            (
                r#"{"resourceType": "User", "mirror": "title", "in": "emails", "where": [], "value": "value"}"#,
                ErrorKind::InvalidSyntax,
                "rules[0].where",
            ),
            (
                r#"{"resourceType": "Group", "inUse": {"by": "User"}}"#,
                ErrorKind::InvalidSyntax,
                "rules[0].inUse.attribute",
            ),
            (r#"{"resourceType": "User", "agree": ["active"]}"#, ErrorKind::InvalidSyntax, "rules[0].set"),
            (
                r#"{"resourceType": "User", "set": "title", "from": ["a"], "form": []}"#,
                ErrorKind::InvalidSyntax,
                "rules[0].form",
            ),
        ];
        let stray =
            r#"{"name": "a", "rules": [{"resourceType": "User", "set": "title", "from": ["a"], "separator": ""}]}"#;
        let error = stray.parse::<Profile>().unwrap_err();
        assert!(error.detail().ends_with("rules[0].separator has no place beside the rest of it"), "{error}");
        for (rule, kind, place) in cases {
            let document = format!(r#"{{"name": "a", "rules": [{rule}]}}"#);
            let error = document.parse::<Profile>().unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (kind, Some(place)), "{rule}: {error}");
        }
    }
}
