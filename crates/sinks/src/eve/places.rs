//! Texts that are remembered, in bounded memory.

use crate::json::Json;

/// Values with what they are told by, each at the place that a hash of that tells: a later one takes the place of an
/// earlier one.
#[derive(Debug)]
pub(super) struct Places<K, V, const N: usize> {
    /// `N` of them, or none yet.
    places: Vec<Option<(K, V)>>,
}

impl<K, V, const N: usize> Default for Places<K, V, N> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<K, V, const N: usize> Places<K, V, N> {
    #[inline]
    pub(super) fn at(&mut self, hash: u64) -> &mut Option<(K, V)> {
        if self.places.is_empty() {
            self.places.resize_with(N, || None);
        }
        // Multiplying carries what all bits tell to the highest ones.
        const { assert!(N.is_power_of_two()) };
        let place = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - N.ilog2());
        #[allow(clippy::cast_possible_truncation)] // below N
        let place = place as usize;
        &mut self.places[place]
    }
}

impl<K: PartialEq + Clone, const N: usize> Places<K, Parted, N> {
    /// The text of a key, as these write it.
    #[inline]
    pub(super) fn parted(
        &mut self,
        hash: u64,
        key: &K,
        before: impl FnOnce(&mut Json<'_>),
        behind: impl FnOnce(&mut Json<'_>),
    ) -> &Parted {
        let (known, text) = self.at(hash).get_or_insert_with(|| (key.clone(), Parted::default()));
        if known != key || text.bytes.is_empty() {
            text.write(before, behind);
            known.clone_from(key);
        }
        text
    }
}

impl<K: PartialEq + Clone, const N: usize> Places<K, Vec<u8>, N> {
    /// The text of a key, as `write` writes it.
    #[inline]
    pub(super) fn text(&mut self, hash: u64, key: &K, write: impl FnOnce(&mut Json<'_>)) -> &[u8] {
        self.text_of(hash, |known| known == key, || key.clone(), write)
    }

    /// The text of the key that `is_known` recognises, as `write` writes it.
    #[inline]
    pub(super) fn text_of(
        &mut self,
        hash: u64,
        is_known: impl FnOnce(&K) -> bool,
        key: impl FnOnce() -> K,
        write: impl FnOnce(&mut Json<'_>),
    ) -> &[u8] {
        let place = self.at(hash);
        if !place.as_ref().is_some_and(|(known, _)| is_known(known)) {
            let mut text = place.take().map_or_else(|| Vec::with_capacity(USUAL_BYTES), |(_, text)| text);
            text.clear();
            write(&mut Json::resume(&mut text));
            *place = Some((key(), text));
        }
        place.as_ref().map_or(&[], |(_, text)| text)
    }
}

/// What lines have in common before and behind something that they have not.
#[derive(Debug, Default)]
pub(super) struct Parted {
    bytes: Vec<u8>,
    /// Where the first part ends.
    split: usize,
}

impl Parted {
    pub(super) fn before(&self) -> &[u8] {
        self.bytes.get(..self.split).unwrap_or_default()
    }

    pub(super) fn behind(&self) -> &[u8] {
        self.bytes.get(self.split..).unwrap_or_default()
    }

    #[cold]
    fn write(&mut self, before: impl FnOnce(&mut Json<'_>), behind: impl FnOnce(&mut Json<'_>)) {
        self.bytes.clear();
        before(&mut Json::resume(&mut self.bytes));
        self.split = self.bytes.len();
        behind(&mut Json::resume(&mut self.bytes));
    }
}

/// Room for most members that are remembered.
const USUAL_BYTES: usize = 256;
