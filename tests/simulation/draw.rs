//! A script from a seed.

use super::coverage;
use super::faults::{Kind, OF_CALLS, OF_WRITES};
use super::random::Random;
use super::script::{Chapter, Home, Mishap, Script, Storm, Then};
use super::versions::{Points, Version};
use super::{generate, scenario, steer};

/// So many seeds share so many made-up templates: what a calm deploy of one leaves is found out once.
const SEEDS: u64 = 2_000;
const FAMILIES: u64 = 120;

/// # Errors
///
/// What is wrong with a template, or goes wrong with it in calm weather.
pub fn script(seed: u64) -> Result<Script, String> {
    let mut random = Random::new(seed);
    match seed % 8 {
        1 | 5 => return steer::aimed(seed / 4, &mut random),
        3 => return steer::reaction(seed / 8, &mut random),
        7 if seed % 16 == 7 => return steer::again(seed / 16, &mut random),
        7 => return steer::consequence(seed / 16, &mut random),
        _ => {}
    }
    let versions = match random.between(0, 20) {
        0 => scenario::services().to_vec(),
        1 => scenario::personas().to_vec(),
        2 => scenario::platforms().to_vec(),
        _ => generate::family(seed / SEEDS * FAMILIES + seed % FAMILIES),
    };
    let home = if random.chance(200) { Home::Bucket } else { Home::Directory };
    let count = versions.len() as u64;
    let some = |random: &mut Random| usize::try_from(random.between(0, count)).expect("few");
    let mut chapters: Vec<Chapter> =
        (0..random.between(1, 3)).map(|_| Chapter::calm(Some(some(&mut random)))).collect();
    chapters.push(Chapter::calm(None));
    let total = chapters.len() as u64;
    for _ in 0..random.between(1, 4) {
        let which = usize::try_from(random.between(0, total)).expect("few");
        let target = chapters[which].target;
        let version = |index: usize| Version::of(&versions[index]);
        let before = chapters[..which].iter().rev().find_map(|chapter| chapter.target);
        let before = before.map(version).transpose()?;
        let after = target.map(version).transpose()?;
        let points = match (&before, &after) {
            (None, Some(after)) => after.calm()?.points.clone(),
            (Some(before), after) => before.way_to(after.as_ref())?.as_ref().clone(),
            (None, None) => continue,
        };
        chapters[which].storms.push(Place { points, home, count }.storm(&mut random));
        if target.is_some() && random.chance(300) {
            chapters[which].then = Then::Leave;
        }
    }
    let script = Script { about: String::new(), chance: seed, home, versions, chapters };
    let way_storms = |random: &mut Random| match random.chance(500) {
        true => {
            let points = Points::from([("call".to_owned(), 40), ("write".to_owned(), 20)]);
            vec![Place { points, home, count }.storm(random)]
        }
        false => Vec::new(),
    };
    let is_left = |chapter: &Chapter| !chapter.storms.is_empty() && chapter.target.is_some();
    let is_stopped = script.chapters.last().is_some_and(|last| !last.storms.is_empty());
    match script.chapters.iter().position(is_left) {
        Some(left) if random.chance(300) => {
            let target = script.chapters[left].target;
            let storms = way_storms(&mut random);
            let way = Chapter { goes_back: true, storms, ..Chapter::calm(target) };
            Ok(script.going_back(left, way))
        }
        _ if is_stopped && random.chance(300) => {
            Ok(script.going_back_from_nothing(way_storms(&mut random)))
        }
        _ => Ok(script),
    }
}

/// Where something goes wrong.
struct Place {
    /// What comes to pass when nothing goes wrong.
    points: Points,
    home: Home,
    count: u64,
}

impl Place {
    fn storm(&self, random: &mut Random) -> Storm {
        let mishaps = match random.between(0, 10) {
            // Wild weather.
            0 => {
                let kind = *random.pick(&OF_CALLS);
                let kinds = if random.chance(400) { vec![kind] } else { OF_CALLS.to_vec() };
                (0..random.between(4, 20))
                    .map(|_| Mishap::once("call", random.between(1, 60), *random.pick(&kinds)))
                    .collect()
            }
            1..4 => (0..random.between(2, 4)).map(|_| self.mishap(random)).collect(),
            _ => vec![self.mishap(random)],
        };
        Storm { mishaps, pause: random.between(1, 200) }
    }

    fn mishap(&self, random: &mut Random) -> Mishap {
        match random.between(0, 20) {
            0 => Mishap::once("time", random.between(0, 120_000), Kind::CrashBefore),
            1..4 => {
                let kind = self.doing_of_others(random);
                match random.between(0, 20) {
                    0..5 => Mishap::once("plan", 1, kind),
                    5 => Mishap::once("plan", 1, Kind::CrashBefore),
                    _ => Mishap::once("call", random.between(1, 40), kind),
                }
            }
            4 => Mishap::once("write", random.between(1, 20), *random.pick(&OF_WRITES)),
            _ => self.aimed(random),
        }
    }

    fn doing_of_others(&self, random: &mut Random) -> Kind {
        match random.between(0, 8) {
            0 | 1 => Kind::Meddle(random.between(0, 1000)),
            4 | 6 => Kind::Interrupted,
            7 => Kind::Asleep(random.between(5, 200)),
            2 | 5 if self.home == Home::Bucket => Kind::Stolen,
            2 => Kind::Cut(random.between(5, 300)),
            _ if random.chance(200) => Kind::Other(None),
            _ => Kind::Other(Some(usize::try_from(random.between(0, self.count)).expect("few"))),
        }
    }

    /// At something that comes to pass when nothing goes wrong, or may.
    fn aimed(&self, random: &mut Random) -> Mishap {
        let is_there = |on: &str| on.contains(':') || self.home == Home::Directory;
        let points: Vec<(&String, &u64)> =
            self.points.iter().filter(|(on, _)| is_there(on) && *on != "plan").collect();
        let (on, nth) = match self.home {
            Home::Bucket if random.chance(400) => {
                ((*random.pick(S3)).to_owned(), random.between(1, 6))
            }
            _ if points.is_empty() => ("call".to_owned(), 1),
            _ => {
                let (on, times) = random.pick(&points);
                ((*on).clone(), random.between(1, **times + 1))
            }
        };
        let kinds = coverage::fitting(&on);
        // Few calls can be given up: where one can, it mostly is.
        let kind = match kinds.contains(&Kind::GivenUp) && random.chance(600) {
            true => Kind::GivenUp,
            false => *random.pick(&kinds),
        };
        mishap(&on, nth, kind, random)
    }
}

/// Something that goes wrong, as often as such things do.
pub fn mishap(on: &str, nth: u64, kind: Kind, random: &mut Random) -> Mishap {
    let times = match kind {
        Kind::Denied if random.chance(500) => 1_000,
        // Whoever waits for its end waits for ever.
        Kind::Throttled if random.chance(200) => 100_000,
        Kind::Throttled | Kind::Failed | Kind::RequestLost | Kind::Broken | Kind::Full => {
            random.between(1, 6)
        }
        Kind::Slow | Kind::Stale => random.between(1, 4),
        _ => 1,
    };
    Mishap { on: on.to_owned(), nth, times, kind }
}

/// What is done with a state in a bucket.
const S3: &[&str] = &[
    "s3:GetObject lock",
    "s3:GetObject state",
    "s3:GetObject journal",
    "s3:PutObject lock",
    "s3:PutObject state",
    "s3:PutObject journal",
    "s3:DeleteObject state",
    "s3:DeleteObject journal",
    "s3:ListObjectsV2",
];
