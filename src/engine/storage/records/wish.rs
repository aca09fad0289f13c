//! The bytes of what tells of deleted resources: that they had an externalId, and that they are being forgotten.

use super::{Put, Take, damaged};
use crate::Result;

/// A resource that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Gone {
    pub(in crate::engine) row: u64,
    pub(in crate::engine) id: String,
}

impl Gone {
    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let Gone { row, id } = self;
        Put::new().byte(1).number(*row).bytes(id.as_bytes()).0
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut take = Take(bytes);
            (take.byte()? == 1).then_some(())?;
            let gone = Gone { row: take.number()?, id: take.text()? };
            take.end(gone)
        };
        read().ok_or_else(|| damaged("note of a deleted resource"))
    }
}

/// An erasure that is under way, under its tenant and its own entry's sequence. It holds what it is to remove, and so is
/// left out of the file that ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct WishRecord {
    pub(in crate::engine) kind: u16,
    /// What the keys of the deleted resources began with: by it the same wish is known.
    pub(in crate::engine) key: Vec<u8>,
    /// Each with the sequence of its deletion.
    pub(in crate::engine) gone: Vec<(u64, Gone)>,
    /// What they were called where they wrote themselves.
    pub(in crate::engine) actors: Vec<String>,
}

impl WishRecord {
    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let WishRecord { kind, key, gone, actors } = self;
        let mut put = Put::new().byte(1).number(u64::from(*kind)).bytes(key).number(gone.len() as u64);
        for (sequence, gone) in gone {
            put = put.number(*sequence).bytes(&gone.encode());
        }
        put = put.number(actors.len() as u64);
        actors.iter().fold(put, |put, actor| put.bytes(actor.as_bytes())).0
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut take = Take(bytes);
            (take.byte()? == 1).then_some(())?;
            let kind = u16::try_from(take.number()?).ok()?;
            let key = take.bytes()?.to_vec();
            let gone = (0..take.number()?).map(|_| Some((take.number()?, Gone::decode(take.bytes()?).ok()?)));
            let gone = gone.collect::<Option<Vec<_>>>()?;
            let actors = (0..take.number()?).map(|_| take.text()).collect::<Option<Vec<_>>>()?;
            take.end(WishRecord { kind, key, gone, actors })
        };
        read().ok_or_else(|| damaged("erasure"))
    }

    /// The last deletion of these resources.
    pub(in crate::engine) fn through(&self) -> u64 {
        self.gone.iter().map(|(sequence, _)| *sequence).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let gone = Gone { row: 7, id: "a".into() };
        let wish = WishRecord { kind: 1, key: vec![1, 2], gone: vec![(9, gone.clone())], actors: vec!["a".into()] };
        assert_eq!(WishRecord::decode(&wish.encode()).unwrap(), wish);
        assert_eq!(Gone::decode(&gone.encode()).unwrap(), gone);
        assert!(WishRecord::decode(&wish.encode()[1..]).is_err() && Gone::decode(&[1]).is_err());
        assert_eq!(wish.through(), 9);
    }
}
