//! Tracks for what happens at once: as few as there must be, none with two at the same time.

#[derive(Default)]
pub struct Lanes {
    taken: Vec<Vec<(u64, u64)>>,
}

impl Lanes {
    /// The number of a track that has room, from 1, and whether it is a new one. What began first
    /// may be placed last.
    pub fn place(&mut self, from: u64, to: u64) -> (usize, bool) {
        let is_free = |lane: &Vec<(u64, u64)>| {
            // The latest stand last, and are the ones in the way.
            lane.iter().rev().all(|(began, ended)| *ended <= from || to <= *began)
        };
        let found = self.taken.iter().position(is_free);
        let index = found.unwrap_or(self.taken.len());
        if found.is_none() {
            self.taken.push(Vec::new());
        }
        self.taken[index].push((from, to));
        (index + 1, found.is_none())
    }
}
