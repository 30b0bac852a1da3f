//! Where a story is sent that dice alone would hardly ever lead to: to every call and every write
//! that there is, with each kind of fault, one after the other; and to what only comes to pass when
//! something else has gone wrong before.
//!
//! Which calls there are is found out on some calm ways. What comes after a fault is found out by a
//! scout: the same way with that fault alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use serde_json::Value as Json;

use super::coverage;
use super::draw::mishap;
use super::faults::{self, Kind};
use super::meddle::DELETES;
use super::random::Random;
use super::script::{Chapter, Home, Mishap, Script, Storm, Then};
use super::versions::Points;
use super::{generate, run, scenario};

/// Made-up templates whose ways are looked at besides those of the others.
const FAMILIES: u64 = 24;
/// A call is met on so many ways at most, those first that cost least.
const WAYS: usize = 3;

/// A call is met on so many ways back at most.
const WAYS_BACK: usize = 1;

/// From some versions, one after the other, or nothing, to another, or nothing; or back from where a
/// deploy to another was cut off.
struct Way {
    home: Home,
    before: Vec<Json>,
    to: Option<Json>,
    /// The call before which Cairn died, on the way from which this is the way back.
    back_from: Option<&'static str>,
}

/// A call or a write, and the ways on which it comes to pass.
struct Place {
    on: String,
    ways: Vec<Arc<Road>>,
}

/// A way, and what comes to pass on it when nothing goes wrong.
struct Road {
    way: Way,
    points: Points,
}

static PLACES: LazyLock<Result<Vec<Place>, String>> = LazyLock::new(places);

impl Way {
    /// The story of this way; what goes wrong, goes wrong on it.
    fn script(&self, chance: u64, storms: Vec<Storm>) -> Script {
        let versions: Vec<Json> = self.before.iter().chain(&self.to).cloned().collect();
        let before = 0..self.before.len();
        let mut chapters: Vec<Chapter> = before.map(|it| Chapter::calm(Some(it))).collect();
        let target = self.to.as_ref().map(|_| self.before.len());
        if let Some(call) = self.back_from {
            let mishaps = vec![Mishap::once(call, 1, Kind::CrashBefore)];
            let storms = vec![Storm { mishaps, pause: 60 }];
            chapters.push(Chapter { storms, then: Then::Leave, ..Chapter::calm(target) });
        }
        let goes_back = self.back_from.is_some();
        chapters.push(Chapter { goes_back, storms, ..Chapter::calm(target) });
        if target.is_some() {
            chapters.push(Chapter::calm(None));
        }
        Script { about: String::new(), chance, home: self.home, versions, chapters }
    }

    /// The story of this way, on which, some of the time, somebody goes back after the storms.
    fn some_script(&self, chance: u64, storms: Vec<Storm>, random: &mut Random) -> Script {
        let script = self.script(chance, storms);
        let (last, to) = (self.chapter(), self.to.as_ref().map(|_| self.before.len()));
        match (random.between(0, 6), to) {
            _ if self.back_from.is_some() => script,
            (0, Some(to)) => {
                let way = Chapter { goes_back: true, ..Chapter::calm(Some(to)) };
                script.going_back(last, way)
            }
            (0, None) => script.going_back_from_nothing(Vec::new()),
            (1, Some(to)) if to > 0 => script.going_back(last, Chapter::calm(Some(to - 1))),
            _ => script,
        }
    }

    /// Which chapter is this way.
    fn chapter(&self) -> usize {
        self.before.len() + usize::from(self.back_from.is_some())
    }

    /// What comes to pass on it when nothing goes wrong, found out.
    fn points(&self) -> Result<Points, String> {
        let [points, _] = run::scout(&self.script(0, Vec::new()), self.chapter())?;
        Ok(points)
    }
}

/// The ways that are looked at.
fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    let mut go = |home, versions: &[Json], ways_of: &[(&[usize], Option<usize>)], back_from| {
        for (before, to) in ways_of {
            let needed = before.iter().chain(to).max().map_or(0, |last| last + 1);
            if needed <= versions.len() {
                let before = before.iter().map(|index| versions[*index].clone()).collect();
                let to = to.map(|index| versions[index].clone());
                ways.push(Way { home, before, to, back_from });
            }
        }
    };
    let few: [(&[usize], Option<usize>); 3] = [(&[], Some(0)), (&[0], Some(1)), (&[0], None)];
    let more: [(&[usize], Option<usize>); 9] = [
        (&[], Some(0)),
        (&[0], Some(1)),
        (&[0], Some(2)),
        (&[0], Some(3)),
        (&[1], Some(0)),
        (&[3], Some(0)),
        (&[1], None),
        (&[0], None),
        (&[0, 1], None),
    ];
    for family in 0..FAMILIES {
        go(Home::Directory, &generate::family(family), &few, None);
    }
    // With calls of which the first is made late, where something is updated and where it is replaced.
    for (versions, update, delete) in [
        (scenario::services(), "lambda:UpdateFunctionConfiguration", "ec2:DeleteSecurityGroup"),
        (scenario::personas(), "bedrock:UpdateAgent", "ec2:DeleteSecurityGroup"),
        (scenario::platforms(), "apigateway:UpdateStage", "iam:DeletePolicy"),
    ] {
        go(Home::Directory, versions, &more, None);
        go(Home::Directory, versions, &[(&[0], Some(1))], Some(update));
        go(Home::Directory, versions, &[(&[0], Some(2))], Some(delete));
    }
    go(Home::Bucket, &generate::family(0), &few, None);
    go(Home::Bucket, scenario::services(), &few, None);
    ways
}

/// Every call and every write of those ways, in an order that is always the same.
fn places() -> Result<Vec<Place>, String> {
    let ways = ways();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(way) = ways.get(index) else { return };
                    let points = way.points();
                    found.lock().expect("nothing panics with it").push((index, points));
                }
            });
        }
    });
    let mut roads = Vec::new();
    for (index, points) in found.into_inner().expect("every thread has ended") {
        let points: Points = points?;
        roads.push((points.values().sum::<u64>(), index, points));
    }
    roads.sort_by_key(|(calls, index, _)| (*calls, *index));
    let mut ways: Vec<Option<Way>> = ways.into_iter().map(Some).collect();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (_, index, points) in roads {
        let way = ways[index].take().expect("each comes once");
        let road = Arc::new(Road { way, points });
        for on in road.points.keys().filter(|on| *on != "plan") {
            let new = || Place { on: on.clone(), ways: Vec::new() };
            let place = places.entry(on.clone()).or_insert_with(new);
            let is_back = |road: &Road| road.way.back_from.is_some();
            let of_its_kind = place.ways.iter().filter(|it| is_back(it) == is_back(&road)).count();
            if of_its_kind < if is_back(&road) { WAYS_BACK } else { WAYS } {
                place.ways.push(Arc::clone(&road));
            }
        }
    }
    Ok(places.into_values().collect())
}

/// The story in which one fault meets one call: all of them, number by number. The first round has
/// a fault at each, the second a crash.
///
/// # Errors
///
/// When something goes wrong although nothing goes wrong.
pub fn aimed(number: u64, random: &mut Random) -> Result<Script, String> {
    let places = PLACES.as_ref().map_err(Clone::clone)?;
    let (round, index) = (number / places.len() as u64, number % places.len() as u64);
    let place = &places[usize::try_from(index).expect("an index")];
    let kinds = coverage::fitting(&place.on);
    let turn = usize::try_from(round).expect("few rounds") % kinds.len();
    let kind = kinds[if turn.is_multiple_of(2) { turn / 2 } else { kinds.len() - 1 - turn / 2 }];
    let Road { way, points } = &**random.pick(&place.ways);
    let meets = mishap(&place.on, random.between(1, points[&place.on] + 1), kind, random);
    let storms = vec![Storm { mishaps: vec![meets], pause: pause(random) }];
    Ok(way.some_script(random.next(), storms, random))
}

fn pause(random: &mut Random) -> u64 {
    random.between(1, 200)
}

/// The story in which a call that changes something never arrives, and of what is sent in its place
/// nobody hears what it did.
///
/// # Errors
///
/// When something goes wrong although nothing goes wrong.
pub fn again(number: u64, random: &mut Random) -> Result<Script, String> {
    let places = PLACES.as_ref().map_err(Clone::clone)?;
    let is_change = |on: &str| on.contains(':') && !faults::is_read(on);
    let changes: Vec<&Place> = places.iter().filter(|place| is_change(&place.on)).collect();
    let index = number.wrapping_mul(STRIDE) % changes.len() as u64;
    let place = changes[usize::try_from(index).expect("an index")];
    let Road { way, points } = &**random.pick(&place.ways);
    let nth = random.between(1, points[&place.on] + 1);
    let never = *random.pick(&[Kind::RequestLost, Kind::Failed]);
    let unheard = *random.pick(&[Kind::ReplyLost, Kind::FailedAfter, Kind::CrashAfter]);
    let mishaps =
        vec![Mishap::once(&place.on, nth, never), Mishap::once(&place.on, nth + 1, unheard)];
    let storms = vec![Storm { mishaps, pause: pause(random) }];
    Ok(way.some_script(random.next(), storms, random))
}

/// The story in which something goes wrong with what only comes to pass because something else went
/// wrong: in the same run, or in the one after it.
///
/// # Errors
///
/// When something goes wrong although nothing goes wrong.
pub fn reaction(number: u64, random: &mut Random) -> Result<Script, String> {
    let places = PLACES.as_ref().map_err(Clone::clone)?;
    // Another place than the story before, and all of them in the end.
    let index = number.wrapping_mul(STRIDE) % places.len() as u64;
    let place = &places[usize::try_from(index).expect("an index")];
    let Road { way, points: calm } = &**random.pick(&place.ways);
    let kind = cause_at(&place.on, random);
    let nth = random.between(1, calm[&place.on] + 1);
    let cause = mishap(&place.on, nth, kind, random);
    let storm = |mishaps, random: &mut Random| Storm { mishaps, pause: pause(random) };
    let chance = random.next();
    let script = way.script(chance, vec![storm(vec![cause.clone()], random)]);
    let [during, after] = run::scout(&script, way.chapter())?;
    let new = |points: &Points| -> Vec<(String, u64, u64)> {
        let before = |on: &String| calm.get(on).copied().unwrap_or(0);
        let more = points.iter().filter(|(on, times)| **times > before(on) && *on != "plan");
        more.map(|(on, times)| (on.clone(), before(on) + 1, *times)).collect()
    };
    // What never comes to pass in calm weather is what else is never met.
    let rare = |all: Vec<(String, u64, u64)>| -> Vec<(String, u64, u64)> {
        let is_rare = |(on, ..): &(String, u64, u64)| !places.iter().any(|place| place.on == *on);
        let found: Vec<_> = all.iter().filter(|one| is_rare(one)).cloned().collect();
        if found.is_empty() { all } else { found }
    };
    let (during, after) = (rare(new(&during)), rare(new(&after)));
    let at = |(on, first, last): &(String, u64, u64), random: &mut Random| -> Mishap {
        mishap(on, random.between(*first, last + 1), end_at(on, random), random)
    };
    let storms = match (during.is_empty(), after.is_empty()) {
        (true, true) => vec![storm(vec![cause], random)],
        (false, is_calm) if is_calm || random.chance(500) => {
            let second = at(random.pick(&during), random);
            vec![storm(vec![cause, second], random)]
        }
        _ => {
            let second = at(random.pick(&after), random);
            vec![storm(vec![cause], random), storm(vec![second], random)]
        }
    };
    Ok(way.script(chance, storms))
}

/// What only comes to pass because something else has gone wrong, and what that is.
struct Consequence {
    of: &'static str,
    kind: Kind,
    on: &'static str,
    /// In the run after it, which goes on with what is left.
    is_later: bool,
}

const fn soon(of: &'static str, kind: Kind, on: &'static str) -> Consequence {
    Consequence { of, kind, on, is_later: false }
}

const fn later(of: &'static str, kind: Kind, on: &'static str) -> Consequence {
    Consequence { of, kind, on, is_later: true }
}

impl Consequence {
    /// The ways on which it comes to pass.
    fn roads<'a>(&self, place: &'a Place) -> Result<Vec<&'a Arc<Road>>, String> {
        let mut roads = Vec::new();
        for road in &place.ways {
            let storm = Storm { mishaps: vec![Mishap::once(self.of, 1, self.kind)], pause: 5 };
            let script = road.way.script(0, vec![storm]);
            let [during, after] = run::scout(&script, road.way.chapter())?;
            let points = if self.is_later { after } else { during };
            if points.contains_key(self.on) {
                roads.push(road);
            }
        }
        match roads.is_empty() {
            true => Err(format!("{} never comes of {:?} at {}", self.on, self.kind, self.of)),
            false => Ok(roads),
        }
    }
}

const CONSEQUENCES: &[Consequence] = &[
    soon("apigateway:CreateApiKey", Kind::ReplyLost, "apigateway:GetApiKeys"),
    soon("apigateway:CreateRestApi", Kind::ReplyLost, "apigateway:GetRestApis"),
    soon("apigateway:CreateUsagePlan", Kind::ReplyLost, "apigateway:GetUsagePlans"),
    soon("bedrock:CreateAgent", Kind::ReplyLost, "bedrock:ListAgents"),
    soon("bedrock:CreateAgentAlias", Kind::ReplyLost, "bedrock:ListAgentAliases"),
    soon("ec2:CreateVpc", Kind::Denied, "append abandoned"),
    soon("ec2:CreateVpc", Kind::Denied, "append closed"),
    soon("ec2:DeleteVpc", Kind::Denied, "append failed"),
    // The policy is said not to be there, and then keeps the role.
    soon("iam:DeleteRolePolicy", Kind::Stale, "iam:ListRolePolicies"),
    soon("append created", Kind::Full, "cut journal"),
    // Whatever it is that somebody deletes: the next plan lets go of it.
    later("ec2:ModifyVpcEndpoint", Kind::Meddle(DELETES), "append forgotten"),
];

/// The story in which something goes wrong with one of the consequences: each with each kind, one
/// after the other.
///
/// # Errors
///
/// When something goes wrong although nothing goes wrong, or a consequence is none.
pub fn consequence(number: u64, random: &mut Random) -> Result<Script, String> {
    let places = PLACES.as_ref().map_err(Clone::clone)?;
    let pairs: Vec<(&Consequence, Kind)> = CONSEQUENCES
        .iter()
        .flat_map(|it| coverage::fitting(it.on).into_iter().map(move |kind| (it, kind)))
        .collect();
    let index = number % pairs.len() as u64;
    let (consequence, kind) = pairs[usize::try_from(index).expect("an index")];
    let Consequence { of, kind: cause, on, is_later } = consequence;
    let place = places.iter().find(|place| place.on == *of);
    let place = place.ok_or_else(|| format!("{of} is on no way"))?;
    let roads = consequence.roads(place)?;
    let Road { way, .. } = &***random.pick(&roads);
    let cause = match cause {
        Kind::Meddle(first) => Kind::Meddle(first + random.between(0, 1000)),
        cause => *cause,
    };
    let first = Mishap::once(of, 1, cause);
    let second = mishap(on, 1, kind, random);
    let storm = |mishaps, pause| Storm { mishaps, pause };
    let storms = match is_later {
        true => vec![storm(vec![first], pause(random)), storm(vec![second], pause(random))],
        false => vec![storm(vec![first, second], pause(random))],
    };
    Ok(way.script(random.next(), storms))
}

/// Mostly what leaves it uncertain what was done: that is what has to be found out then.
fn cause_at(on: &str, random: &mut Random) -> Kind {
    let unsure = |kind: &Kind| {
        matches!(kind, Kind::ReplyLost | Kind::TimedOut | Kind::FailedAfter | Kind::CrashAfter)
    };
    some_kind(on, unsure, 600, random)
}

/// A crash more often than there are kinds of it.
fn end_at(on: &str, random: &mut Random) -> Kind {
    some_kind(on, |kind| kind.name().starts_with("crash"), 400, random)
}

/// One of the kinds that fit, so many times of a thousand one that is preferred.
fn some_kind(
    on: &str,
    is_preferred: impl Fn(&Kind) -> bool,
    permille: u64,
    random: &mut Random,
) -> Kind {
    let (preferred, others): (Vec<_>, Vec<_>) =
        coverage::fitting(on).into_iter().partition(is_preferred);
    match (preferred.is_empty(), others.is_empty()) {
        (false, is_only) if is_only || random.chance(permille) => *random.pick(&preferred),
        _ => *random.pick(&others),
    }
}

/// A prime that no number of places is a multiple of.
const STRIDE: u64 = 7_919;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consequence_comes_to_pass() {
        let places = PLACES.as_ref().expect("the ways are calm");
        for consequence in CONSEQUENCES {
            let Consequence { of, on, .. } = consequence;
            let is_deploy = |road: &Arc<Road>| road.way.back_from.is_none();
            let is_calm = |place: &Place| place.on == *on && place.ways.iter().any(is_deploy);
            assert!(!places.iter().any(is_calm), "{on} needs nothing at {of}");
            let place = places.iter().find(|place| place.on == *of).expect("it is on a way");
            consequence.roads(place).expect("it comes to pass");
        }
    }
}
