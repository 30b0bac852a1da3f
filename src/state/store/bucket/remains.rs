//! What lies in the bucket of a state's, as it lies there; and who holds it.

use super::super::examine::{Counted, Part, Piece, Remains};
use super::super::lease::{Claim, Standing};
use super::super::{Held, StoreError};
use super::journal::{epoch_of, number_of, parsed};
use super::{Bucket, LOCK, Lease, PREVIOUS, SNAPSHOT};

impl Bucket {
    pub(in crate::state::store) async fn remains(&self) -> Result<Remains, StoreError> {
        let claim = self.claim().await?;
        let is_chained = claim.as_ref().is_none_or(Claim::is_chained);
        let begin = claim.as_ref().map_or(0, |claim| claim.journal);
        let mut pieces = Vec::new();
        for name in self.objects("journal/").await? {
            let number = number_of(&name);
            let Some(rank) = number.map(|it| (1, it)).or(epoch_of(&name).map(|it| (0, it))) else {
                continue;
            };
            let is_current = match number {
                Some(number) => is_chained && number >= begin,
                None => !is_chained && rank.1 == begin,
            };
            let Some(object) = self.read(&name).await? else { continue };
            let part = if is_current { Part::Current } else { Part::Previous };
            let place = format!("{}/{name}", self.place());
            // Who made it is of no interest here; one that does not say it is damaged.
            let lines = number.and_then(|_| parsed(&object.bytes)).map(|link| link.lines);
            let bytes = lines.map_or(object.bytes, String::into_bytes);
            pieces.push(Piece { place, part, rank, bytes });
        }
        pieces.sort_by_key(|piece| piece.rank);
        let bytes = |object: Option<super::Object>| object.map(|object| object.bytes);
        let snapshot = bytes(self.read(SNAPSHOT).await?);
        // Where there is no state any more, the lock still says what once was.
        let is_kept = snapshot.is_some() || !pieces.is_empty();
        Ok(Remains {
            snapshot,
            previous: bytes(self.read(PREVIOUS).await?),
            pieces,
            counted: claim.filter(|_| is_kept).map(|claim| match is_chained {
                true => Counted::AtLeast(claim.serial),
                false => Counted::Exactly(claim.serial),
            }),
            stray: Vec::new(),
        })
    }

    /// Copies an object, if it is there, to where nobody reads it; says where.
    pub async fn keep_copy(&self, name: &str, beside: &str) -> Result<String, StoreError> {
        let kept = format!("{beside}/{name}");
        if self.read(name).await?.is_some() {
            self.copy(name, &kept).await?;
        }
        Ok(format!("{}/{kept}", self.place()))
    }

    /// Moves all that is kept of the state to where nobody reads it; says what it was. The snapshot
    /// goes first: without what follows it, it could be taken for all there is.
    pub async fn put_all_away(
        &self,
        lease: &Lease,
        beside: &str,
    ) -> Result<Vec<String>, StoreError> {
        lease.ensure().await?;
        let journal = self.objects("journal/").await?;
        let mut kept = Vec::new();
        self.put_away(SNAPSHOT, beside, &mut kept).await?;
        // Of what is added from here on nothing is to come before what others still send.
        lease.has_reached(0);
        lease.restart_chain().await?;
        for name in journal.iter().map(String::as_str).chain([PREVIOUS]) {
            self.put_away(name, beside, &mut kept).await?;
        }
        // Code is bound to the lineage of what goes. It need not be text.
        for name in self.code_names().await? {
            let Some(bytes) = self.code(&name).await? else { continue };
            let copy = format!("{beside}/code/{name}");
            self.write(&copy, &bytes).await?;
            self.forget_code(&name).await?;
            kept.push(format!("{}/{copy}", self.place()));
        }
        Ok(kept)
    }

    async fn put_away(
        &self,
        name: &str,
        beside: &str,
        kept: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        if self.read(name).await?.is_some() {
            kept.push(self.keep_copy(name, beside).await?);
            self.remove(name).await?;
        }
        Ok(())
    }

    /// Who holds the lock, if anybody does.
    pub async fn holder(&self) -> Result<Option<Held>, StoreError> {
        let Some(object) = self.read(LOCK).await? else { return Ok(None) };
        let Some(claim) = self.claim().await? else { return Ok(None) };
        Ok((claim.standing == Standing::Held)
            .then_some(Held { holder: Some(claim.holder), heard: Some(object.age) }))
    }
}
