//! Sets of small numbers, a bit for each.

/// A set of the numbers below a length that every party to an operation agrees on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Bits(Vec<u64>);

impl Bits {
    /// None of the numbers below `len`.
    pub(in crate::engine) fn none(len: u32) -> Self {
        Bits(vec![0; words(len)])
    }

    /// All of the numbers below `len`.
    pub(in crate::engine) fn all(len: u32) -> Self {
        let mut bits = Bits(vec![u64::MAX; words(len)]);
        bits.cut(len);
        bits
    }

    /// A copy of stored words.
    pub(in crate::engine) fn of_words(words: &[u64]) -> Self {
        Bits(words.to_vec())
    }

    /// The words, lowest numbers first.
    pub(in crate::engine) fn words(&self) -> &[u64] {
        &self.0
    }

    /// Words as they are.
    pub(in crate::engine) fn of_vec(words: Vec<u64>) -> Self {
        Bits(words)
    }

    /// The words alone.
    pub(in crate::engine) fn into_words(self) -> Vec<u64> {
        self.0
    }

    /// Adds a number; one that is too large is left out.
    #[inline]
    pub(in crate::engine) fn set(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Removes a number.
    #[inline]
    pub(in crate::engine) fn clear(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Whether it holds a number.
    #[inline]
    pub(in crate::engine) fn has(&self, number: u32) -> bool {
        has(&self.0, number)
    }

    /// How many numbers it holds.
    pub(in crate::engine) fn count(&self) -> u64 {
        count(&self.0)
    }

    /// Keeps what stands in both.
    pub(in crate::engine) fn and(&mut self, other: &[u64]) {
        for (word, other) in self.0.iter_mut().zip(other) {
            *word &= other;
        }
    }

    /// Adds what stands in the other.
    pub(in crate::engine) fn or(&mut self, other: &[u64]) {
        for (word, other) in self.0.iter_mut().zip(other) {
            *word |= other;
        }
    }

    /// Removes what stands in the other.
    pub(in crate::engine) fn and_not(&mut self, other: &[u64]) {
        for (word, other) in self.0.iter_mut().zip(other) {
            *word &= !other;
        }
    }

    /// Turns it into the set of those numbers below `len` that it did not hold.
    pub(in crate::engine) fn not(&mut self, len: u32) {
        for word in &mut self.0 {
            *word = !*word;
        }
        self.cut(len);
    }

    /// The numbers, ascending.
    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        iter(&self.0)
    }

    fn cut(&mut self, len: u32) {
        if !len.is_multiple_of(64)
            && let Some(last) = self.0.last_mut()
        {
            *last &= (1 << (len % 64)) - 1;
        }
    }
}

/// The words that numbers below `len` need.
pub(in crate::engine) fn words(len: u32) -> usize {
    (len as usize).div_ceil(64)
}

/// Whether words hold a number.
#[inline]
pub(in crate::engine) fn has(words: &[u64], number: u32) -> bool {
    words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
}

/// How many numbers words hold.
pub(in crate::engine) fn count(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// The numbers that words hold, ascending.
pub(in crate::engine) fn iter(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    words.iter().zip(0u32..).flat_map(|(word, index)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                index * 64 + bit
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sets() {
        let mut odd = Bits::none(131);
        (1..131).step_by(2).for_each(|number| odd.set(number));
        let mut low = Bits::all(131);
        (64..131).for_each(|number| low.clear(number));
        let mut both = odd.clone();
        both.and(low.words());
        assert_eq!(both.iter().collect::<Vec<_>>(), (1..64).step_by(2).collect::<Vec<_>>());
        odd.not(131);
        assert_eq!(odd.count(), 66);
        assert!(odd.has(130) && !odd.has(129) && !odd.has(131));
        odd.and_not(low.words());
        assert_eq!(odd.iter().next(), Some(64));
        both.or(odd.words());
        assert_eq!(both.count(), 32 + 34);
    }
}
