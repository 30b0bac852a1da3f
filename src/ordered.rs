//! Maps in the order in which things were written.

/// Its hashes are much cheaper than the standard library's, which were a twelfth of what a plan of a large template took,
/// and no less random.
pub type IndexMap<K, V> = indexmap::IndexMap<K, V, foldhash::fast::RandomState>;
