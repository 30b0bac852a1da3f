//! What is in a picture, before anybody knows where: cards with what belongs to them, the networks
//! they stand in, who calls whom, and what nobody needs to look at.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{self, Kind, note, short};
use crate::plan::Action;
use crate::sketch::{Part, Sketch};
use crate::value::LogicalId;

/// What a plan does to resources.
pub type Marks = BTreeMap<LogicalId, Action>;

/// What a reader can point at: a resource, or several that are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Nobody's, where something is drawn that the stack does not have.
    pub ids: Vec<LogicalId>,
    pub title: String,
    pub note: String,
    pub type_name: String,
    pub mark: Option<Action>,
}

#[derive(Debug, Clone)]
pub struct Card {
    pub item: Item,
    /// What is a part of it: the methods of an API, the rules of a group.
    pub rows: Vec<Item>,
    /// The security groups it is in.
    pub groups: Vec<String>,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    Outside,
    /// In subnets of a VPC, by their positions.
    Inside {
        vpc: usize,
        bands: BTreeSet<usize>,
    },
    /// In a VPC and in no subnet.
    Border {
        vpc: usize,
    },
}

#[derive(Debug, Clone)]
pub struct Vpc {
    pub item: Item,
    /// Its ways out, in words.
    pub ways: &'static str,
    pub bands: Vec<Band>,
}

/// A subnet, or several that are alike.
#[derive(Debug, Clone)]
pub struct Band {
    pub item: Item,
    pub zone: String,
}

/// What is not drawn with lines, by what it is about.
#[derive(Debug, Clone)]
pub struct Shelf {
    pub title: String,
    pub items: Vec<Item>,
}

#[derive(Debug, Clone, Default)]
pub struct Scene {
    pub cards: Vec<Card>,
    pub vpcs: Vec<Vpc>,
    /// Who calls whom, by positions of cards.
    pub edges: BTreeSet<(usize, usize)>,
    /// Those that anybody may call.
    pub entries: BTreeSet<usize>,
    pub shelves: Vec<Shelf>,
}

impl Item {
    pub fn of(part: &Part, marks: &Marks) -> Self {
        Self {
            ids: vec![part.id.clone()],
            title: part.id.as_str().to_owned(),
            note: note(part),
            type_name: part.type_name.as_str().to_owned(),
            mark: marks.get(&part.id).copied(),
        }
    }

    /// Several as one.
    pub fn folded(items: &[&Self]) -> Self {
        let first = items.first().copied().cloned().unwrap_or_default();
        match items {
            [] | [_] => first,
            many => Self {
                ids: many.iter().flat_map(|item| item.ids.iter().cloned()).collect(),
                title: String::new(),
                note: String::new(),
                ..first
            }
            .counted(),
        }
    }

    fn counted(self) -> Self {
        Self { title: format!("{} × {}", self.ids.len(), short(&self.type_name)), ..self }
    }
}

/// A sketch with what is looked up in it all the time.
struct Plane<'s> {
    parts: &'s [Part],
    places: BTreeMap<&'s LogicalId, usize>,
    kinds: Vec<Kind>,
    /// The part that each is drawn with; itself if none.
    roots: Vec<usize>,
    /// The subnets each stands in.
    subnets: Vec<BTreeSet<usize>>,
}

impl Scene {
    pub fn of(sketch: &Sketch, marks: &Marks) -> Self {
        let plane = Plane::of(sketch);
        let mut scene = Self::default();
        let (vpcs, bands) = scene.add_vpcs(&plane, marks);
        let cards = scene.add_cards(&plane, marks, &vpcs, &bands);
        scene.add_edges(&plane, &cards);
        scene.add_shelves(&plane, marks, &cards);
        scene.tell_ways();
        scene
    }

    /// The networks and their subnets; what comes out is where each part is among them.
    fn add_vpcs(
        &mut self,
        plane: &Plane<'_>,
        marks: &Marks,
    ) -> (BTreeMap<usize, usize>, BTreeMap<usize, (usize, usize)>) {
        let mut vpcs = BTreeMap::new();
        for (index, part) in plane.of_kind(Kind::Vpc) {
            vpcs.insert(index, self.vpcs.len());
            self.vpcs.push(Vpc { item: Item::of(part, marks), ways: "", bands: Vec::new() });
        }
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, _) in plane.of_kind(Kind::Subnet) {
            let home = plane.vpc_of(index).and_then(|vpc| vpcs.get(&vpc).copied());
            // Those of a network that another stack has are in a box of their own.
            let home = home.unwrap_or_else(|| *vpcs.entry(usize::MAX).or_insert(self.vpcs.len()));
            if home == self.vpcs.len() {
                let item = Item { title: "VPC of another stack".to_owned(), ..Item::default() };
                self.vpcs.push(Vpc { item, ways: "", bands: Vec::new() });
            }
            members.entry(home).or_default().push(index);
        }
        let mut bands = BTreeMap::new();
        for (vpc, mut subnets) in members {
            let say = |index: usize, name: &str| {
                plane.parts[index].says.get(name).cloned().unwrap_or_default()
            };
            let block = |index| say(index, "CidrBlock").parse::<ipnet::IpNet>().ok();
            subnets.sort_by_cached_key(|index| {
                (say(*index, "AvailabilityZone"), block(*index), *index)
            });
            for index in subnets {
                bands.insert(index, (vpc, self.vpcs[vpc].bands.len()));
                let item = Item::of(&plane.parts[index], marks);
                self.vpcs[vpc]
                    .bands
                    .push(Band { item, zone: kind::zone(&say(index, "AvailabilityZone")) });
            }
        }
        (vpcs, bands)
    }

    /// A card for each part that is drawn and is a part of no other; what comes out is which card
    /// each part is on.
    fn add_cards(
        &mut self,
        plane: &Plane<'_>,
        marks: &Marks,
        vpcs: &BTreeMap<usize, usize>,
        bands: &BTreeMap<usize, (usize, usize)>,
    ) -> BTreeMap<usize, usize> {
        let mut cards = BTreeMap::new();
        for (index, part) in plane.parts.iter().enumerate() {
            if plane.roots[index] != index
                || !matches!(plane.kinds[index], Kind::Actor | Kind::Border)
            {
                continue;
            }
            let places: Vec<(usize, usize)> = plane.subnets[index]
                .iter()
                .filter_map(|subnet| bands.get(subnet).copied())
                .collect();
            let border = || {
                let members = plane.members(index);
                let found = members.into_iter().find_map(|member| plane.vpc_of(member))?;
                vpcs.get(&found).copied()
            };
            let site = match (places.first(), border()) {
                (Some((vpc, _)), _) => Site::Inside {
                    vpc: *vpc,
                    bands: places
                        .iter()
                        .filter(|(of, _)| of == vpc)
                        .map(|(_, band)| *band)
                        .collect(),
                },
                (None, Some(vpc)) => Site::Border { vpc },
                // Without a network it is as quiet as what is never drawn.
                (None, None) if plane.kinds[index] == Kind::Border => continue,
                (None, None) => Site::Outside,
            };
            let members = plane.members(index);
            for member in &members {
                cards.insert(*member, self.cards.len());
            }
            if members.iter().any(|member| kind::is_entry(&plane.parts[*member]))
                && !matches!(site, Site::Border { .. })
            {
                self.entries.insert(self.cards.len());
            }
            let rows = members.iter().filter(|member| **member != index);
            self.cards.push(Card {
                item: Item::of(part, marks),
                rows: rows.map(|row| Item::of(&plane.parts[*row], marks)).collect(),
                groups: plane.groups(index),
                site,
            });
        }
        cards
    }

    fn add_edges(&mut self, plane: &Plane<'_>, cards: &BTreeMap<usize, usize>) {
        let mut edges = BTreeSet::new();
        let mut add = |from: usize, to: usize| {
            if from != to && !edges.contains(&(to, from)) {
                edges.insert((from, to));
            }
        };
        for (index, part) in plane.parts.iter().enumerate() {
            let Some(card) = cards.get(&index).copied() else { continue };
            for link in part.links.iter().filter(|link| !link.path.is_empty()) {
                let Some(other) = plane.place(&link.to) else { continue };
                match cards.get(&other).copied() {
                    Some(other) if kind::is_caller(&link.path) => add(other, card),
                    Some(other) => add(card, other),
                    // What its role may call, it is taken to call.
                    None if link.path.ends_with("Role") || link.path.ends_with("RoleArn") => {
                        for target in plane.granted(other) {
                            cards.get(&target).into_iter().for_each(|target| add(card, *target));
                        }
                    }
                    None => {}
                }
            }
        }
        edges.retain(|(from, to)| {
            [from, to].iter().all(|card| !matches!(self.cards[**card].site, Site::Border { .. }))
        });
        self.edges = edges;
        self.lead_through_endpoints(plane, cards);
    }

    /// A call out of a network that has an endpoint for the service goes through it.
    fn lead_through_endpoints(&mut self, plane: &Plane<'_>, cards: &BTreeMap<usize, usize>) {
        for (index, part) in plane.parts.iter().enumerate() {
            let Some(endpoint) = cards.get(&index).copied() else { continue };
            let Site::Inside { vpc, .. } = self.cards[endpoint].site.clone() else { continue };
            if part.type_name.as_str() != "AWS::EC2::VPCEndpoint" {
                continue;
            }
            let service = part.says.get("ServiceName").cloned().unwrap_or_default();
            let named: Vec<usize> = self
                .edges
                .iter()
                .filter(|(from, _)| *from == endpoint)
                .map(|(_, to)| *to)
                .collect();
            let through: Vec<(usize, usize)> = self
                .edges
                .iter()
                .filter(|(from, to)| {
                    let is_within = matches!(&self.cards[*from].site, Site::Inside { vpc: of, .. } if *of == vpc);
                    let target = &self.cards[*to];
                    *from != endpoint
                        && is_within
                        && target.site == Site::Outside
                        && (named.contains(to)
                            || kind::is_served_by(&target.item.type_name, &service))
                })
                .copied()
                .collect();
            for (from, to) in through {
                self.edges.remove(&(from, to));
                self.edges.insert((from, endpoint));
                self.edges.insert((endpoint, to));
            }
        }
    }

    /// What has no card, and the cards that nothing is drawn to or from.
    fn add_shelves(&mut self, plane: &Plane<'_>, marks: &Marks, cards: &BTreeMap<usize, usize>) {
        let is_alone = |card: usize| {
            self.cards[card].site == Site::Outside
                && !self.entries.contains(&card)
                && !self.edges.iter().any(|(from, to)| *from == card || *to == card)
        };
        let mut shelves: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        for (index, part) in plane.parts.iter().enumerate() {
            let is_drawn = match plane.kinds[index] {
                Kind::Vpc | Kind::Subnet => true,
                _ => cards.get(&index).is_some_and(|card| !is_alone(*card)),
            };
            if !is_drawn {
                let title = shelf(part.type_name.as_str());
                shelves.entry(title).or_default().push(Item::of(part, marks));
            }
        }
        let kept: Vec<usize> = (0..self.cards.len()).filter(|card| !is_alone(*card)).collect();
        self.keep(&kept);
        self.shelves = shelves
            .into_iter()
            .map(|(title, mut items)| {
                items.sort_by(|left, right| {
                    (&left.type_name, &left.title).cmp(&(&right.type_name, &right.title))
                });
                Shelf { title, items }
            })
            .collect();
    }

    /// Leaves out all cards but these.
    fn keep(&mut self, kept: &[usize]) {
        let places: BTreeMap<usize, usize> =
            kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        self.cards = kept.iter().map(|card| self.cards[*card].clone()).collect();
        self.edges = self
            .edges
            .iter()
            .filter_map(|(from, to)| Some((*places.get(from)?, *places.get(to)?)))
            .collect();
        self.entries = self.entries.iter().filter_map(|card| places.get(card).copied()).collect();
    }

    /// Says of each network how what is in it gets out.
    fn tell_ways(&mut self) {
        for index in 0..self.vpcs.len() {
            let has = |name: &str| {
                self.cards.iter().any(|card| {
                    let is_here = match card.site {
                        Site::Inside { vpc, .. } | Site::Border { vpc } => vpc == index,
                        Site::Outside => false,
                    };
                    is_here && card.item.type_name.ends_with(name)
                })
            };
            let others =
                ["VPNGateway", "VPCPeeringConnection", "Attachment", "EgressOnlyInternetGateway"];
            self.vpcs[index].ways = match (has("::InternetGateway"), has("::NatGateway")) {
                _ if self.vpcs[index].item.ids.is_empty() => "",
                (true, true) => "internet gateway, NAT gateway",
                (true, false) => "internet gateway",
                (false, _) if others.into_iter().any(has) => "no internet gateway",
                (false, _) => "no way to the internet",
            };
        }
    }
}

/// What a resource that is not drawn is found under.
fn shelf(type_name: &str) -> String {
    let (service, _) = kind::parts(type_name);
    match service {
        "IAM" | "KMS" | "SecretsManager" | "CertificateManager" => "Identity and keys".to_owned(),
        "Logs" | "CloudWatch" | "CloudTrail" | "XRay" | "Synthetics" => {
            "Logs and alarms".to_owned()
        }
        "" => "Others".to_owned(),
        other => other.to_owned(),
    }
}

impl<'s> Plane<'s> {
    fn of(sketch: &'s Sketch) -> Self {
        let parts = sketch.parts.as_slice();
        let mut plane = Self {
            parts,
            places: parts.iter().enumerate().map(|(index, part)| (&part.id, index)).collect(),
            kinds: parts.iter().map(|part| kind::kind(part.type_name.as_str())).collect(),
            roots: (0..parts.len()).collect(),
            subnets: Vec::new(),
        };
        plane.subnets = (0..parts.len()).map(|index| plane.subnets_of(index)).collect();
        let owners: Vec<Option<usize>> = (0..parts.len()).map(|index| plane.owner(index)).collect();
        for index in 0..parts.len() {
            let (mut root, mut seen) = (index, BTreeSet::from([index]));
            while let Some(next) = owners[root]
                && seen.insert(next)
            {
                root = next;
            }
            // In a circle nobody is the owner.
            plane.roots[index] = if owners[root].is_some() { index } else { root };
        }
        plane
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (usize, &Part)> {
        self.parts.iter().enumerate().filter(move |(index, _)| self.kinds[*index] == kind)
    }

    fn place(&self, id: &LogicalId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The part a resource is drawn with.
    fn owner(&self, index: usize) -> Option<usize> {
        let part = &self.parts[index];
        let is_drawn = |kind| matches!(kind, Kind::Actor | Kind::Border);
        if !is_drawn(self.kinds[index]) || !self.subnets[index].is_empty() {
            return None;
        }
        let referrer = || {
            self.parts.iter().position(|other| {
                kind::is_owned_by_referrer(part.type_name.as_str(), other.type_name.as_str())
                    && other.links.iter().any(|link| link.to == part.id)
            })
        };
        let type_of = |link: &crate::sketch::Link| {
            self.place(&link.to).map(|other| self.parts[other].type_name.as_str())
        };
        let owner = referrer().or_else(|| self.place(&kind::owner(part, &type_of)?.to))?;
        is_drawn(self.kinds[owner]).then_some(owner)
    }

    /// What is drawn with a part, itself first.
    fn members(&self, root: usize) -> Vec<usize> {
        let others =
            (0..self.parts.len()).filter(|index| *index != root && self.roots[*index] == root);
        std::iter::once(root).chain(others).collect()
    }

    fn linked(&self, index: usize, kind: Kind) -> impl Iterator<Item = usize> {
        let places = self.parts[index].links.iter().filter_map(|link| self.place(&link.to));
        places.filter(move |place| self.kinds[*place] == kind)
    }

    fn vpc_of(&self, index: usize) -> Option<usize> {
        self.linked(index, Kind::Vpc).next()
    }

    /// Named by itself, or by a group of subnets that it names.
    fn subnets_of(&self, index: usize) -> BTreeSet<usize> {
        if self.kinds[index] != Kind::Actor {
            return BTreeSet::new();
        }
        let (_, name) = kind::parts(self.parts[index].type_name.as_str());
        if kind::is_part_of_subnets(name) {
            return BTreeSet::new();
        }
        let groups = self
            .linked(index, Kind::Quiet)
            .filter(|other| self.parts[*other].type_name.as_str().ends_with("SubnetGroup"));
        let through = groups.flat_map(|group| self.linked(group, Kind::Subnet));
        self.linked(index, Kind::Subnet).chain(through).collect()
    }

    /// The names of the security groups a part is in.
    fn groups(&self, index: usize) -> Vec<String> {
        let groups: BTreeSet<usize> = self
            .linked(index, Kind::Border)
            .filter(|other| self.parts[*other].type_name.as_str() == "AWS::EC2::SecurityGroup")
            .collect();
        if self.kinds[index] != Kind::Actor {
            return Vec::new();
        }
        groups.into_iter().map(|group| self.parts[group].id.as_str().to_owned()).collect()
    }

    /// What a role lets its holder reach: what its own policies name, and those that name it.
    fn granted(&self, role: usize) -> Vec<usize> {
        let (_, name) = kind::parts(self.parts[role].type_name.as_str());
        if name != "Role" {
            return Vec::new();
        }
        let id = &self.parts[role].id;
        let policies = self.parts.iter().enumerate().filter(|(_, part)| {
            part.type_name.as_str().starts_with("AWS::IAM::")
                && part.links.iter().any(|link| link.to == *id)
        });
        let holders = std::iter::once(role).chain(policies.map(|(index, _)| index));
        let links = holders.flat_map(|index| &self.parts[index].links);
        let named = links.filter(|link| link.path.ends_with("Resource"));
        named.filter_map(|link| self.place(&link.to)).collect()
    }
}
