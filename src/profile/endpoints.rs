//! Endpoints that a tenant has beside those of RFC 7644: only where its profile names them.

use super::Profile;
use crate::message::Part;
use crate::{Error, ErrorKind, Result};

/// The endpoints that a profile may name, without their dot.
const KNOWN: &[&str] = &["import", "forget"];

/// Reads the list, in lower case; empty where there is none.
pub(super) fn read(part: &mut Part) -> Result<Vec<String>> {
    let mut endpoints = part.take_strings("endpoints")?;
    for (index, name) in endpoints.iter_mut().enumerate() {
        name.make_ascii_lowercase();
        if !KNOWN.contains(&name.as_str()) {
            let path = format!("{}[{index}]", part.path("endpoints"));
            let detail = format!("{path} is one of {}", KNOWN.join(", "));
            return Err(Error::new(ErrorKind::InvalidValue, detail).on(path));
        }
    }
    Ok(endpoints)
}

impl Profile {
    /// Whether resource types have an endpoint beside those of RFC 7644: `import` is `/Users/.import`, `forget` is
    /// `/Users/.forget`.
    pub fn has_endpoint(&self, name: &str) -> bool {
        self.endpoints.iter().any(|known| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_there_where_they_are_named() {
        let profile: Profile = r#"{"name": "a", "endpoints": ["Forget"]}"#.parse().unwrap();
        assert!(profile.has_endpoint("forget") && !profile.has_endpoint("import"));
        assert!(!Profile::default().has_endpoint("forget"));
        let error = r#"{"name": "a", "endpoints": ["import", "export"]}"#.parse::<Profile>().unwrap_err();
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("endpoints[1]")));
    }
}
