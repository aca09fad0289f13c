//! Keys of values that are encrypted at rest.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb_store;
use super::verbs::Verb;
use crate::engine::{ValueKey, ValueKeySource};
use crate::{Error, ErrorKind, Result};

/// The keys that a host gives. They are read by hand: an error must tell no part of a key, and it goes to the log.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct GivenKeys(Vec<ValueKey>);

impl TryFrom<Value> for GivenKeys {
    type Error = String;

    fn try_from(given: Value) -> std::result::Result<Self, String> {
        let Value::Array(keys) = given else { return Err("valueKeys must be an array".to_owned()) };
        let keys = keys.into_iter().enumerate().map(|(index, key)| {
            let Value::Object(key) = key else { return Err(format!("valueKeys[{index}] must be an object")) };
            read(key).map_err(|problem| format!("valueKeys[{index}]: {problem}"))
        });
        keys.collect::<std::result::Result<_, _>>().map(GivenKeys)
    }
}

fn read(mut given: Map<String, Value>) -> std::result::Result<ValueKey, String> {
    let mut text = |name: &str| match given.remove(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(format!("{name} must be given, as text")),
    };
    let (id, key) = (text("id"), text("key"));
    if let Some(name) = given.keys().next() {
        return Err(format!("unknown field `{name}`, expected `id` or `key`"));
    }
    let key = STANDARD.decode(key?.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    Ok(ValueKey { id: id?, key: key.ok_or("key is no base64 of 32 bytes")? })
}

/// Where the keys of a store come from.
///
/// # Errors
/// `InvalidArgument` where both ways are named.
pub(super) fn source(keys: Option<GivenKeys>, file: Option<PathBuf>) -> Result<Option<ValueKeySource>> {
    match (keys, file) {
        (Some(_), Some(_)) => {
            let detail = "options: valueKeys and valueKeysFile are two ways for one thing: leave one of them out";
            Err(Error::new(ErrorKind::InvalidArgument, detail))
        }
        (Some(GivenKeys(keys)), None) => Ok(Some(ValueKeySource::Keys(keys))),
        (None, file) => Ok(file.map(ValueKeySource::File)),
    }
}

/// Reads the keys of encrypted values again, those of valueKeysFile, and seals everything by the first of them that is sealed by
/// another: an object with rewritten, how many resources were sealed again. Afterwards only older backups need the others.
/// Others read and write meanwhile. What an error cuts short goes on by the same call. SCIMDB_INVALID_ARGUMENT where the store
/// was opened without keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_value_keys_rotate(
    db: *const scimdb_store,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe { answer(db, out, err, |store| store.call(Verb::ValueKeysRotate)) }
}
