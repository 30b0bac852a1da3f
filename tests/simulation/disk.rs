//! The disk that a state is on: it fails, and Cairn ends, where the script says so.

use std::io::{self, ErrorKind};
use std::path::Path;

use cairn::state::store::{Disk, LocalDisk, Tail};

use super::faults::Kind;
use super::world::Shared;

/// The disk as one process sees it.
#[derive(Debug, Clone)]
pub struct StoryDisk {
    pub shared: Shared,
    pub process: usize,
}

impl StoryDisk {
    /// What becomes of it. A process that is dead does nothing any more.
    fn fate(&self, what: &str, is_read: bool) -> io::Result<Option<Kind>> {
        let mut world = self.shared.lock();
        if world.is_dead(self.process) {
            return Err(dead());
        }
        let general = if is_read { "" } else { "write" };
        Ok(world.draw(self.process, what, general, |kind| kind.fits_file(is_read)))
    }

    fn read_fate(&self, what: &str) -> io::Result<()> {
        match self.fate(what, true)? {
            Some(_) => Err(broken()),
            None => Ok(()),
        }
    }

    /// Carries a write out, wholly, by half or not at all.
    fn write(
        &self,
        what: &str,
        whole: impl FnOnce() -> io::Result<()>,
        half: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let die = || {
            self.shared.lock().die(self.process, None);
            Err(dead())
        };
        match self.fate(what, false)? {
            Some(Kind::CrashBefore) => die(),
            Some(Kind::CrashTorn) => half().and_then(|()| die()),
            Some(Kind::CrashAfter) => whole().and_then(|()| die()),
            Some(Kind::Full) => half().and_then(|()| Err(ErrorKind::StorageFull.into())),
            Some(_) => Err(broken()),
            None => whole(),
        }
    }
}

fn dead() -> io::Error {
    io::Error::other("this process is dead")
}

fn broken() -> io::Error {
    io::Error::other("the disk does not answer")
}

fn named(verb: &str, path: &Path) -> String {
    format!("{verb} {}", path.file_name().unwrap_or_default().to_string_lossy())
}

impl Disk for StoryDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.read_fate(&named("read", path))?;
        LocalDisk.read(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = || {
            let beside = path.with_extension("torn");
            std::fs::write(beside, &bytes[..bytes.len() / 2])
        };
        self.write(&named("replace", path), || LocalDisk.replace(path, bytes), half)
    }

    fn keep(&self, path: &Path, name: &Path) -> io::Result<()> {
        self.write(&named("keep", path), || LocalDisk.keep(path, name), || Ok(()))
    }

    fn rename(&self, path: &Path, name: &Path) -> io::Result<()> {
        self.write(&named("rename", path), || LocalDisk.rename(path, name), || Ok(()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.write(&named("remove", path), || LocalDisk.remove(path), || Ok(()))
    }

    fn open(&self, path: &Path, length: u64) -> io::Result<Box<dyn Tail>> {
        let mut opened = None;
        let open = || {
            opened = Some(LocalDisk.open(path, length)?);
            Ok(())
        };
        self.write(&named("open", path), open, || Ok(()))?;
        let tail = opened.ok_or_else(dead)?;
        Ok(Box::new(StoryTail { disk: self.clone(), tail }))
    }
}

#[derive(Debug)]
struct StoryTail {
    disk: StoryDisk,
    tail: Box<dyn Tail>,
}

impl Tail for StoryTail {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let what = format!("append {}", event(bytes));
        let tail = std::cell::RefCell::new(&mut self.tail);
        let half = || tail.borrow_mut().append(&bytes[..bytes.len() / 2]);
        self.disk.write(&what, || tail.borrow_mut().append(bytes), half)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let tail = &mut self.tail;
        self.disk.write("cut journal", || tail.cut(length), || Ok(()))
    }
}

/// What the first record of some is about.
fn event(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let after = text.split_once("\"event\":\"").map_or("", |(_, after)| after);
    after.split('"').next().unwrap_or_default().to_owned()
}
