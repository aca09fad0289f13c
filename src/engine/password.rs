//! Passwords (RFC 7643 sections 4.1.1 and 9.2): prepared, hashed with argon2id, verified; never told.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::PrecisFastInvocation;

use crate::{Error, ErrorKind, Result};

/// Bytes that one hash needs: argon2's recommended 19 MiB.
const HASH_BYTES: usize = 19 << 20;
/// Bytes of a password at most: stops one that costs more to prepare than to hash.
const MAX_PASSWORD_BYTES: usize = 4_096;

/// Hashes passwords, a bounded number at one time.
pub(super) struct Hasher {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Hasher {
    pub(super) fn new(memory_bytes: usize) -> Self {
        Hasher { free: Mutex::new((memory_bytes / HASH_BYTES).max(1)), freed: Condvar::new() }
    }

    fn with_slot<T>(&self, work: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        drop(free);
        let done = work();
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.freed.notify_one();
        done
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// `InvalidValue` when the password is empty, too long, or has characters that PRECIS does not allow.
    pub(super) fn hash(&self, password: &str) -> Result<String> {
        let prepared = prepare(password)?;
        let hash = self.with_slot(|| Argon2::default().hash_password(prepared.as_bytes()));
        hash.map(|hash| hash.to_string())
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the password could not be hashed: {error}")))
    }

    /// Whether a password is the one that was hashed. One that could not have been hashed is not.
    pub(super) fn verify(&self, password: &str, hash: &str) -> bool {
        let (Ok(prepared), Ok(hash)) = (prepare(password), PasswordHash::new(hash)) else { return false };
        self.with_slot(|| Argon2::default().verify_password(prepared.as_bytes(), &hash).is_ok())
    }
}

fn prepare(password: &str) -> Result<String> {
    let invalid = |detail: &str| Error::new(ErrorKind::InvalidValue, detail).on("password");
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(invalid("the password is longer than 4,096 bytes"));
    }
    OpaqueString::enforce(password)
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| invalid("the password is empty or has control characters (RFC 8265 section 4)"))
}

/// Whether a password can be hashed: what is left of [`Hasher::hash`] then is slow, but does not fail.
///
/// # Errors
/// `InvalidValue`.
pub(super) fn check(password: &str) -> Result<()> {
    prepare(password).map(drop)
}

/// What other systems' hashes begin with (crypt(5)).
const CRYPT_PREFIXES: &[&str] = &["$1$", "$2a$", "$2b$", "$2x$", "$2y$", "$5$", "$6$", "$7$", "$y$", "$apr1$"];
/// Bytes of the shortest of those hashes.
const CRYPT_BYTES: usize = 34;

/// Whether the password of an imported row is a hash that this store can verify: argon2 in PHC form, as in
/// `$argon2id$v=19$…`. Otherwise it is in clear.
///
/// # Errors
/// `InvalidValue` for a hash of another kind. Hashed again as if it were in clear, it would lock its user out.
pub(super) fn is_hash(text: &str) -> Result<bool> {
    let hash = PasswordHash::new(text).ok().filter(|hash| hash.salt.is_some() && hash.hash.is_some());
    let is_crypt = text.len() >= CRYPT_BYTES && CRYPT_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    match hash {
        Some(hash) if hash.algorithm.as_str().starts_with("argon2") => Ok(true),
        None if !is_crypt => Ok(false),
        _ => {
            let detail = "the password is a hash that cannot be verified here: only argon2 in PHC form can";
            Err(Error::new(ErrorKind::InvalidValue, detail).on("password"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_verify_and_nothing_else_does() {
        let hasher = Hasher::new(0);
        let hash = hasher.hash("t1meMa$heen").unwrap();
        assert!(hash.starts_with("$argon2id$") && is_hash(&hash).unwrap());
        assert!(hasher.verify("t1meMa$heen", &hash));
        assert!(!hasher.verify("t1meMa$heem", &hash) && !hasher.verify("", &hash) && !hasher.verify("x", "clear"));
        assert_eq!(hasher.hash("").unwrap_err().attribute(), Some("password"));
        assert!(!is_hash("$wordfish").unwrap() && !is_hash("$2b$ is how it begins").unwrap());
        for foreign in [
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$dGhlIGhhc2ggb2YgYSBwYXNzd29yZCwgMzIgYnk",
        ] {
            assert_eq!(is_hash(foreign).unwrap_err().kind(), ErrorKind::InvalidValue);
        }
    }
}
