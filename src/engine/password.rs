//! Passwords (RFC 7643 sections 4.1.1 and 9.2): prepared, hashed with argon2id, verified; never told.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::PrecisFastInvocation;

use crate::{Error, ErrorKind, Result};

/// Bytes that one hash needs: argon2's recommended 19 MiB.
const HASH_BYTES: usize = 19 << 20;
/// Bytes of a password at most: stops one that costs more to prepare than to hash.
const MAX_PASSWORD_BYTES: usize = 4_096;
/// KiB that an imported hash may need: stops one that makes a single verification take all memory.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// Passes over that memory at most: stops one that keeps a processor busy for minutes with every verification.
const MAX_PASSES: u32 = 16;
/// Lanes at most: stops one that would take many processors, were lanes computed side by side.
const MAX_LANES: u32 = 16;
/// What the password of nobody is verified against. It costs what a hash of this store costs, and matches nothing.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords within a bound of memory. Who comes first is served first: one that needs much memory waits for it,
/// and others cannot keep it waiting.
pub(super) struct Hasher {
    queue: Mutex<Queue>,
    changed: Condvar,
    most: usize,
}

struct Queue {
    /// Bytes that nobody uses.
    free: usize,
    /// The number of the next who comes.
    next: u64,
    /// The number of the next who is served.
    turn: u64,
}

/// Memory in use, until it is dropped.
struct Share<'a> {
    hasher: &'a Hasher,
    bytes: usize,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.hasher.queue.lock().unwrap_or_else(PoisonError::into_inner).free += self.bytes;
        self.hasher.changed.notify_all();
    }
}

impl Hasher {
    pub(super) fn new(memory_bytes: usize) -> Self {
        let most = memory_bytes.max(HASH_BYTES);
        Hasher { queue: Mutex::new(Queue { free: most, next: 0, turn: 0 }), changed: Condvar::new(), most }
    }

    /// Works with so much memory; with more than there is, alone.
    fn with_memory<T>(&self, bytes: usize, work: impl FnOnce() -> T) -> T {
        let bytes = bytes.min(self.most);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = queue.next;
        queue.next += 1;
        let waits = |queue: &mut Queue| queue.turn != mine || queue.free < bytes;
        let mut queue = self.changed.wait_while(queue, waits).unwrap_or_else(PoisonError::into_inner);
        queue.free -= bytes;
        queue.turn += 1;
        drop(queue);
        self.changed.notify_all();
        let _share = Share { hasher: self, bytes };
        work()
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// `InvalidValue` when the password is empty, too long, or has characters that PRECIS does not allow.
    pub(super) fn hash(&self, password: &str) -> Result<String> {
        let prepared = prepare(password)?;
        let hash = self.with_memory(HASH_BYTES, || Argon2::default().hash_password(prepared.as_bytes()));
        hash.map(|hash| hash.to_string())
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the password could not be hashed: {error}")))
    }

    /// Whether a password is the one that was hashed. One that could not have been hashed is not, and neither is any
    /// where there is no hash: that takes as long as a wrong password does, so that time does not tell who is there.
    pub(super) fn verify(&self, password: &str, hash: Option<&str>) -> bool {
        let Ok(prepared) = prepare(password) else { return false };
        let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
        let Ok(params) = Params::try_from(&parsed) else { return false };
        let bytes = (params.m_cost() as usize).saturating_mul(1_024);
        let matches = || Argon2::default().verify_password(prepared.as_bytes(), &parsed).is_ok();
        self.with_memory(bytes, matches) && hash.is_some()
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

/// Bytes of the shortest salt that argon2 takes.
const MIN_SALT_BYTES: usize = 8;

/// Whether the password of an imported row is a hash that this store can verify: argon2 in PHC form, as in
/// `$argon2id$v=19$…`. Otherwise it is in clear.
///
/// # Errors
/// `InvalidValue` for a hash of another kind: hashed again as if it were in clear, it would lock its user out. Also for
/// one that costs too much to verify.
pub(super) fn is_hash(text: &str) -> Result<bool> {
    let invalid = |detail: &str| Error::new(ErrorKind::InvalidValue, detail).on("password");
    let hash = PasswordHash::new(text).ok().filter(|hash| hash.salt.is_some() && hash.hash.is_some());
    let is_crypt = text.len() >= CRYPT_BYTES && CRYPT_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    let is_argon2 = text.starts_with("$argon2");
    let Some(hash) = hash else {
        return match is_argon2 || is_crypt {
            false => Ok(false),
            true if is_argon2 => Err(invalid("the password looks like an argon2 hash, and is none in PHC form")),
            true => Err(invalid(FOREIGN_HASH)),
        };
    };
    if !is_argon2 {
        return Err(invalid(FOREIGN_HASH));
    }
    let is_known = Algorithm::try_from(hash.algorithm.as_str()).is_ok()
        && hash.version.is_none_or(|version| Version::try_from(version).is_ok())
        && hash.salt.is_some_and(|salt| salt.len() >= MIN_SALT_BYTES);
    let Some(params) = Params::try_from(&hash).ok().filter(|_| is_known) else {
        return Err(invalid(
            "the password is an argon2 hash with a variant, version, salt or parameters that do not exist",
        ));
    };
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES {
        let detail = format!(
            "the password's hash costs too much to verify: at most m={MAX_MEMORY_KIB} (KiB), t={MAX_PASSES}, \
             p={MAX_LANES} are taken"
        );
        return Err(invalid(&detail));
    }
    Ok(true)
}

const FOREIGN_HASH: &str = "the password is a hash that cannot be verified here: only argon2 in PHC form can; import the \
                            user without a password, or with one in clear";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_verify_and_nothing_else_does() {
        let hasher = Hasher::new(0);
        let hash = hasher.hash("t1meMa$heen").unwrap();
        assert!(hash.starts_with("$argon2id$") && is_hash(&hash).unwrap());
        assert!(hasher.verify("t1meMa$heen", Some(&hash)));
        assert!(!hasher.verify("t1meMa$heem", Some(&hash)) && !hasher.verify("", Some(&hash)));
        assert!(!hasher.verify("x", Some("clear")) && !hasher.verify("x", None));
        assert!(is_hash(NOBODY).unwrap(), "so that it is computed, and not refused at once");
        assert_eq!(hasher.hash("").unwrap_err().attribute(), Some("password"));
        assert!(!is_hash("$wordfish").unwrap() && !is_hash("$2b$ is how it begins").unwrap());
        for foreign in [
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$dGhlIGhhc2ggb2YgYSBwYXNzd29yZCwgMzIgYnk",
        ] {
            assert_eq!(is_hash(foreign).unwrap_err().kind(), ErrorKind::InvalidValue);
        }
    }

    #[test]
    fn hashes_that_cost_too_much_are_refused() {
        let tail = "$bm9ib2R5IGF0IGFsbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let refused = |head: &str| is_hash(&format!("{head}{tail}")).unwrap_err();
        assert!(is_hash(&format!("$argon2i$v=19$m=1048576,t=16,p=16{tail}")).unwrap());
        for parameters in ["m=1048577,t=1,p=1", "m=4294967295,t=4294967295,p=1", "m=65536,t=17,p=1", "m=65536,t=1,p=17"]
        {
            let error = refused(&format!("$argon2id$v=19${parameters}"));
            assert!(error.detail().contains("at most m=1048576"), "{parameters}: {error}");
        }
        for head in ["$argon2x$v=19$m=65536,t=1,p=1", "$argon2id$v=20$m=65536,t=1,p=1", "$argon2id$v=19$m=x,t=1,p=1"] {
            assert_eq!(refused(head).attribute(), Some("password"));
        }
    }
}
