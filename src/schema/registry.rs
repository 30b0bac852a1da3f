//! The facts of every type there is, in an archive (`data/registry.zip`, made by
//! `scripts/registry_facts.py`) with one file for each service: of five megabytes only the services
//! that a template uses are unpacked, and of those only the types it uses are parsed. Where each is
//! offered is in an archive of its own (`data/regions.zip`), since every template asks for that.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};
use std::sync::{LazyLock, OnceLock};

use zip::ZipArchive;

use super::facts::{Line, lines};

const SERVICES: &[u8] = include_bytes!("../../data/registry.zip");
/// Of each region, a file with the types that are offered elsewhere and not there, in alphabetical
/// order.
const REGIONS: &[u8] = include_bytes!("../../data/regions.zip");
/// Every type, one a line, in alphabetical order.
const TYPES: &str = "types.txt";
const SOUND: &str = "the archive is part of the program, and a test reads all of it";

type Archive = ZipArchive<Cursor<&'static [u8]>>;

struct Registry {
    archive: Archive,
    services: Vec<Service>,
    types: Packed,
}

/// One file of the archive, unpacked once somebody has asked.
struct Packed {
    file: String,
    text: OnceLock<String>,
}

/// The file of a service, and its lines once somebody has asked.
struct Service {
    packed: Packed,
    lines: OnceLock<Vec<Line>>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let (archive, files) = opened(SERVICES);
    let services = files.into_iter().filter(|file| file != TYPES);
    let mut services: Vec<Service> = services
        .map(|file| Service { packed: Packed::new(&file), lines: OnceLock::new() })
        .collect();
    services.sort_by(|one, other| one.packed.file.cmp(&other.packed.file));
    Registry { archive, services, types: Packed::new(TYPES) }
});

/// The archive of the regions, and its files.
static ABSENCES: LazyLock<(Archive, Vec<Packed>)> = LazyLock::new(|| {
    let (archive, files) = opened(REGIONS);
    (archive, files.iter().map(|file| Packed::new(file)).collect())
});

/// An archive, and the names of its files.
fn opened(bytes: &'static [u8]) -> (Archive, Vec<String>) {
    let archive = Archive::new(Cursor::new(bytes)).expect(SOUND);
    let files = archive.file_names().flatten().map(Cow::into_owned).collect();
    (archive, files)
}

impl Packed {
    fn new(file: &str) -> Self {
        Self { file: file.to_owned(), text: OnceLock::new() }
    }

    fn text(&self, archive: &Archive) -> &str {
        self.text.get_or_init(|| unpack(archive, &self.file))
    }
}

/// The lines of the service that a type belongs to.
pub(super) fn service_of(type_name: &str) -> Option<&'static [Line]> {
    let registry = &*REGISTRY;
    let file = format!("{}.json", type_name.rsplit_once("::")?.0.replace("::", "-"));
    let services = &registry.services;
    let index = services.binary_search_by(|service| service.packed.file.cmp(&file)).ok()?;
    let Service { packed, lines: found } = &services[index];
    Some(found.get_or_init(|| lines(packed.text(&registry.archive))))
}

/// Every type, in alphabetical order.
pub(super) fn type_names() -> impl Iterator<Item = &'static str> {
    let registry = &*REGISTRY;
    registry.types.text(&registry.archive).lines()
}

/// Whether AWS does not offer a type in a region that it lists.
pub fn lacks(region: &str, type_name: &str) -> bool {
    let (archive, regions) = &*ABSENCES;
    let file = format!("{region}.txt");
    let absences = regions.iter().find(|packed| packed.file == file);
    absences.is_some_and(|packed| packed.text(archive).lines().any(|line| line == type_name))
}

fn unpack(archive: &Archive, file: &str) -> String {
    let mut text = String::new();
    // A clone shares what is read already; reading needs one of its own.
    archive.clone().by_name(file).expect(SOUND).read_to_string(&mut text).expect(SOUND);
    text
}

/// How many types the services have together.
#[cfg(test)]
pub(super) fn lines_count() -> usize {
    let services = REGISTRY.services.iter();
    services.map(|service| service.packed.text(&REGISTRY.archive).lines().count() - 2).sum()
}
