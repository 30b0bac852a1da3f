//! The facts of every type there is, in an archive (`data/registry.zip`, made by
//! `scripts/registry_facts.py`) with one file for each service: of five megabytes only the services
//! that a template uses are unpacked, and of those only the types it uses are parsed.

use std::io::{Cursor, Read as _};
use std::sync::{LazyLock, OnceLock};

use zip::ZipArchive;

use super::facts::{Line, lines};

const ARCHIVE: &[u8] = include_bytes!("../../data/registry.zip");
/// Every type, one a line, in alphabetical order.
const TYPES: &str = "types.txt";
/// The types that are not offered everywhere, one a line, each with the regions that lack it.
const REGIONS: &str = "regions.txt";
const SOUND: &str = "the archive is part of the program, and a test reads all of it";

type Archive = ZipArchive<Cursor<&'static [u8]>>;

struct Registry {
    archive: Archive,
    services: Vec<Service>,
    types: OnceLock<String>,
    regions: OnceLock<String>,
}

/// One file of the archive, and its lines once somebody has asked.
struct Service {
    file: String,
    text: OnceLock<String>,
    lines: OnceLock<Vec<Line>>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let archive = Archive::new(Cursor::new(ARCHIVE)).expect(SOUND);
    let mut services: Vec<_> = archive
        .file_names()
        .flatten()
        .filter(|file| *file != TYPES && *file != REGIONS)
        .map(|file| Service {
            file: file.into_owned(),
            text: OnceLock::new(),
            lines: OnceLock::new(),
        })
        .collect();
    services.sort_by(|one, other| one.file.cmp(&other.file));
    Registry { archive, services, types: OnceLock::new(), regions: OnceLock::new() }
});

/// The lines of the service that a type belongs to.
pub(super) fn service_of(type_name: &str) -> Option<&'static [Line]> {
    let registry = &*REGISTRY;
    let file = format!("{}.json", type_name.rsplit_once("::")?.0.replace("::", "-"));
    let index = registry.services.binary_search_by(|service| service.file.cmp(&file)).ok()?;
    let service = &registry.services[index];
    let text = service.text.get_or_init(|| unpack(&registry.archive, &service.file));
    Some(service.lines.get_or_init(|| lines(text)))
}

/// Every type, in alphabetical order.
pub(super) fn type_names() -> impl Iterator<Item = &'static str> {
    let registry = &*REGISTRY;
    registry.types.get_or_init(|| unpack(&registry.archive, TYPES)).lines()
}

/// Whether AWS does not offer a type in a region that it lists.
pub fn lacks(region: &str, type_name: &str) -> bool {
    let registry = &*REGISTRY;
    let text = registry.regions.get_or_init(|| unpack(&registry.archive, REGIONS));
    let line = text.lines().find_map(|line| line.strip_prefix(type_name)?.strip_prefix(' '));
    line.is_some_and(|regions| regions.split(' ').any(|one| one == region))
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
    services.map(|service| unpack(&REGISTRY.archive, &service.file).lines().count() - 2).sum()
}
