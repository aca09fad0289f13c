//! What may not stand in a URL (RFC 7644 section 7.5.2). Which attributes are meant, the tenant's profile knows.

use crate::engine::Tenant;
use crate::filter::parse_with;
use crate::message::SearchRequest;
use crate::model::TypeModel;
use crate::{Error, ErrorKind, Result};

/// Refuses a search by GET that names what the tenant's profile calls sensitive.
///
/// # Errors
/// `Sensitive`; `UnknownType`.
pub(super) fn refuse_sensitive(tenant: &Tenant, search: &SearchRequest, endpoint: Option<&str>) -> Result<()> {
    let profile = tenant.profile()?;
    if profile.sensitive().is_empty() {
        return Ok(());
    }
    let registry = tenant.registry()?;
    let types: Vec<&TypeModel> = match endpoint {
        Some(endpoint) => vec![registry.resource_type(endpoint)?],
        None => registry.types().iter().map(|model| &**model).collect(),
    };
    // What cannot be parsed is told by the search.
    let options = profile.dialect().bind;
    let filter = search.filter.as_ref().and_then(|text| parse_with(text, options).ok());
    let in_filter = filter.and_then(|filter| profile.sensitive_in_filter(&filter, &types)).map(|path| (path, "filter"));
    let in_order = || Some((profile.sensitive_in_order(search.sort_by.as_deref()?, &types)?, "sortBy"));
    let Some((path, place)) = in_filter.or_else(in_order) else { return Ok(()) };
    let target = endpoint.unwrap_or_default();
    let detail =
        format!("{path} is sensitive and must not stand in a URL: send the search by POST to {target}/.search");
    Err(Error::new(ErrorKind::Sensitive, detail).on(place))
}
