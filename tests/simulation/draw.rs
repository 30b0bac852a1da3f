//! A script from a seed.

use std::collections::BTreeMap;

use super::faults::{self, Kind, OF_CALLS, OF_WRITES};
use super::random::Random;
use super::script::{Chapter, Home, Mishap, Script, Storm, Then};
use super::versions::Version;
use super::{generate, scenario};

/// So many seeds share so many made-up templates: what a calm deploy of one leaves is found out once.
const SEEDS: u64 = 2_000;
const FAMILIES: u64 = 120;

/// Calls that only an update makes.
const UPDATES: &[&str] = &[
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcEndpoint",
    "ec2:ReplaceRouteTableAssociation",
    "ec2:ModifySecurityGroupRules",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    "iam:UpdateRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "logs:PutRetentionPolicy",
    "logs:DeleteRetentionPolicy",
    "logs:TagResource",
    "logs:UntagResource",
    "append update_begun",
    "append updated",
    "append failed",
    "append abandoned",
    "append imports",
    "cut journal",
];

/// # Errors
///
/// What is wrong with a template, or goes wrong with it in calm weather.
pub fn script(seed: u64) -> Result<Script, String> {
    let mut random = Random::new(seed);
    let versions = match seed % 20 {
        7 => scenario::services().to_vec(),
        _ => generate::family(seed / SEEDS * FAMILIES + seed % FAMILIES),
    };
    let home = if random.chance(80) { Home::Bucket } else { Home::Directory };
    let count = versions.len() as u64;
    let some = |random: &mut Random| usize::try_from(random.between(0, count)).expect("few");
    let mut chapters: Vec<Chapter> = (0..random.between(1, 3))
        .map(|_| Chapter { target: Some(some(&mut random)), storms: Vec::new(), then: Then::Calm })
        .collect();
    chapters.push(Chapter { target: None, storms: Vec::new(), then: Then::Calm });
    let mut last = 0;
    let total = chapters.len() as u64;
    for _ in 0..random.between(1, 4) {
        let which = usize::try_from(random.between(0, total)).expect("few");
        let before = chapters[..which].iter().rev().find_map(|chapter| chapter.target);
        last = chapters[which].target.or(before).unwrap_or(last);
        let is_teardown = chapters[which].target.is_none();
        let version = Version::of(&versions[last])?;
        let calm = version.calm()?;
        let calm = if is_teardown { &calm.teardown } else { &calm.deploy };
        let place = Place { calm, home, is_teardown, is_first: before.is_none(), count };
        let storm = place.storm(&mut random);
        chapters[which].storms.push(storm);
        if !is_teardown && random.chance(200) {
            chapters[which].then = Then::Leave;
        }
    }
    Ok(Script { about: String::new(), chance: seed, home, versions, chapters })
}

/// Where something goes wrong.
struct Place<'a> {
    /// What comes to pass when nothing goes wrong.
    calm: &'a BTreeMap<String, u64>,
    home: Home,
    is_teardown: bool,
    /// Whether nothing was there before.
    is_first: bool,
    count: u64,
}

impl Place<'_> {
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
        Storm { mishaps, pause: random.between(5, 200) }
    }

    fn mishap(&self, random: &mut Random) -> Mishap {
        match random.between(0, 20) {
            0 => Mishap::once("time", random.between(0, 120_000), Kind::CrashBefore),
            1..4 => {
                let kind = self.doing_of_others(random);
                match random.chance(300) {
                    true => Mishap::once("plan", 1, kind),
                    false => Mishap::once("call", random.between(1, 40), kind),
                }
            }
            4 => Mishap::once("write", random.between(1, 20), *random.pick(&OF_WRITES)),
            _ => self.aimed(random),
        }
    }

    fn doing_of_others(&self, random: &mut Random) -> Kind {
        match random.between(0, 4) {
            0 | 1 => Kind::Meddle(random.between(0, 1000)),
            2 if self.home == Home::Bucket => Kind::Stolen,
            2 => Kind::Cut(random.between(5, 300)),
            _ if random.chance(200) => Kind::Other(None),
            _ => Kind::Other(Some(usize::try_from(random.between(0, self.count)).expect("few"))),
        }
    }

    /// At something that comes to pass when nothing goes wrong, or may.
    fn aimed(&self, random: &mut Random) -> Mishap {
        let labels: Vec<(&String, &u64)> = self
            .calm
            .iter()
            .filter(|(label, _)| label.contains(':') || self.home == Home::Directory)
            .collect();
        let s3 = self.home == Home::Bucket && random.chance(300);
        let (on, nth) = match () {
            () if s3 => ((*random.pick(S3)).to_owned(), random.between(1, 6)),
            () if !self.is_teardown && !self.is_first && random.chance(400) => {
                ((*random.pick(UPDATES)).to_owned(), random.between(1, 3))
            }
            () => {
                let (label, count) = random.pick(&labels);
                ((*label).clone(), random.between(1, **count + 1))
            }
        };
        let kind = kind(&on, random);
        let times = match kind {
            Kind::Denied if random.chance(500) => 1_000,
            Kind::Throttled | Kind::Failed | Kind::RequestLost | Kind::Broken | Kind::Full => {
                random.between(1, 6)
            }
            Kind::Slow | Kind::Stale => random.between(1, 4),
            _ => 1,
        };
        Mishap { on, nth, times, kind }
    }
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

fn kind(on: &str, random: &mut Random) -> Kind {
    let is_call = on.contains(':');
    let fitting: Vec<Kind> = match is_call {
        true => {
            let is_read = faults::is_read(on);
            let is_s3 = on.starts_with("s3:");
            let fits = |kind: &&Kind| kind.fits_call(is_read) && !(is_s3 && **kind == Kind::Stale);
            OF_CALLS.iter().filter(fits).copied().collect()
        }
        false => {
            let is_read = on.starts_with("read ");
            OF_WRITES.iter().filter(|kind| kind.fits_file(is_read)).copied().collect()
        }
    };
    *random.pick(&fitting)
}
