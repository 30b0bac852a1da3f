//! Where everything is. Who calls stands left of who is called, in columns with channels between
//! them; lines run in channels and above everything, so that none crosses a text.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::short;
use super::scene::{Card, Item, Scene, Shelf, Site};
use super::text::width;

pub const PAD: usize = 14;
pub const ROW: usize = 19;
/// Of a card without rows: a name and a type.
const HEAD: usize = 48;
/// Where lines meet a card, below its top.
pub const PORT: usize = 36;
/// The words beside a subnet.
pub const LABELS: usize = 186;
/// Above the subnets of a VPC.
pub const VPC_HEAD: usize = 52;
const BAND_PAD: usize = 14;
const GAP: usize = 18;
const MARGIN: usize = 20;
const CHANNEL: usize = 44;
const TRACK: usize = 12;
const CHIP_HEIGHT: usize = 42;
const CHIP_GAP: usize = 10;
/// How wide a picture of quiet things may get.
const SHELF_WIDTH: usize = 1_080;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// A picture with places.
#[derive(Debug, Default)]
pub struct Layout {
    pub width: usize,
    pub height: usize,
    /// Of each card; one whose subnets are apart has several.
    pub cards: Vec<Vec<Rect>>,
    pub vpcs: Vec<Rect>,
    pub bands: Vec<Vec<Rect>>,
    /// The anonymous callers, one for each lane that has some.
    pub callers: Vec<Rect>,
    /// Corners of lines, each with the mark of what it is about.
    pub lines: Vec<Vec<(usize, usize)>>,
    pub shelves: Vec<(Rect, Vec<Rect>)>,
}

impl Rect {
    pub fn right(&self) -> usize {
        self.x + self.width
    }

    pub fn bottom(&self) -> usize {
        self.y + self.height
    }
}

/// Who stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Caller,
    Card(usize),
}

/// What is drawn side by side, its lines among itself.
struct Lane {
    /// Left of the networks, in them, and right of them.
    columns: Vec<Vec<Who>>,
    networks: std::ops::Range<usize>,
    vpcs: Vec<usize>,
    edges: BTreeSet<(Who, Who)>,
}

pub fn layout(scene: &Scene) -> Layout {
    let mut layout = Layout {
        cards: vec![Vec::new(); scene.cards.len()],
        vpcs: vec![Rect::default(); scene.vpcs.len()],
        bands: scene.vpcs.iter().map(|vpc| vec![Rect::default(); vpc.bands.len()]).collect(),
        ..Layout::default()
    };
    let mut y = MARGIN;
    for lane in lanes(scene) {
        y = Placing {
            scene,
            lane: &lane,
            widths: column_widths(scene, &lane),
            layout: &mut layout,
        }
        .place(y)
            + MARGIN;
    }
    let room = layout.width.max(SHELF_WIDTH);
    y = place_shelves(scene, room, y, &mut layout);
    layout.width += MARGIN;
    layout.height = y;
    layout
}

/// Each column is as wide as the longest name in it needs, within reason.
fn column_widths(scene: &Scene, lane: &Lane) -> Vec<usize> {
    let is_border = |card: &&Card| matches!(card.site, Site::Border { .. });
    let border = scene.cards.iter().filter(is_border).map(card_width).max().unwrap_or_default();
    let needs = |who: &Who| match who {
        Who::Caller => 108,
        Who::Card(card) => card_width(&scene.cards[*card]),
    };
    let columns = lane.columns.iter().enumerate();
    columns
        .map(|(column, all)| {
            let widest = all.iter().map(needs).max().unwrap_or_default();
            if lane.networks.contains(&column) { widest.max(border).max(NARROWEST) } else { widest }
        })
        .collect()
}

const NARROWEST: usize = 150;
const WIDEST: usize = 288;

fn card_width(card: &Card) -> usize {
    let row = |item: &Item| {
        let note = if item.note.is_empty() { 0 } else { width(&item.note, 11, false) + 14 };
        width(&item.title, 12, false) + note + 44
    };
    let head = width(&card.item.title, 13, true) + 46;
    let below = width(&below(card), 11, false) + 26;
    let groups = card.groups.iter().map(|group| width(group, 11, false) + 2 * PAD + 18);
    let widths = card.rows.iter().map(row).chain(groups).chain([head, below]);
    widths.max().unwrap_or_default().clamp(NARROWEST, WIDEST)
}

/// What stands below a card's name.
pub fn below(card: &Card) -> String {
    match (short(&card.item.type_name), card.item.note.as_str()) {
        (kind, "") => kind.to_owned(),
        // A service's name is longer than what it belongs to.
        (kind, note) if kind.ends_with("VPCEndpoint") => note.to_owned(),
        (kind, note) => format!("{kind} · {note}"),
    }
}

pub fn card_height(card: &Card) -> usize {
    HEAD + (card.rows.len() + card.groups.len()) * ROW
        + if card.rows.is_empty() && card.groups.is_empty() { 4 } else { 10 }
}

/// The lane of the networks first, then what has nothing to do with them.
fn lanes(scene: &Scene) -> Vec<Lane> {
    let edges = forward(scene);
    let inside: BTreeSet<usize> = (0..scene.cards.len())
        .filter(|card| matches!(scene.cards[*card].site, Site::Inside { .. }))
        .collect();
    let left = reach(&inside, &edges, |(from, to)| (to, from));
    // And whatever else they have to do with.
    let right: BTreeSet<usize> = connected(&inside, scene).difference(&left).copied().collect();
    let mut lanes = Vec::new();
    if !scene.vpcs.is_empty() {
        lanes.push(network_lane(scene, &edges, &left, &inside, &right));
    }
    let mut rest: BTreeSet<usize> = (0..scene.cards.len())
        .filter(|card| {
            scene.cards[*card].site == Site::Outside
                && !left.contains(card)
                && !right.contains(card)
        })
        .collect();
    while let Some(first) = rest.first().copied() {
        let mut component = connected(&BTreeSet::from([first]), scene);
        component.insert(first);
        rest.retain(|card| !component.contains(card));
        lanes.push(plain_lane(scene, &edges, &component));
    }
    lanes
}

/// What is connected with some cards, in whatever direction, without them.
fn connected(start: &BTreeSet<usize>, scene: &Scene) -> BTreeSet<usize> {
    let back = scene.edges.iter().map(|(from, to)| (*to, *from));
    let both = scene.edges.iter().copied().chain(back).collect();
    reach(start, &both, |edge| edge)
}

/// The edges without those that lead back.
fn forward(scene: &Scene) -> BTreeSet<(usize, usize)> {
    let targets = |card: usize| scene.edges.range((card, 0)..(card + 1, 0)).map(|(_, to)| *to);
    let mut edges = BTreeSet::new();
    let mut is_open = vec![false; scene.cards.len()];
    let mut is_done = vec![false; scene.cards.len()];
    // What nobody calls is begun with.
    let called: BTreeSet<usize> = scene.edges.iter().map(|(_, to)| *to).collect();
    let mut order: Vec<usize> = (0..scene.cards.len()).collect();
    order.sort_by_key(|card| called.contains(card));
    for first in order {
        let mut path = vec![(first, targets(first).collect::<Vec<_>>())];
        if is_done[first] {
            continue;
        }
        is_open[first] = true;
        while let Some((here, left)) = path.last_mut() {
            let here = *here;
            let Some(next) = left.pop() else {
                is_open[here] = false;
                is_done[here] = true;
                path.pop();
                continue;
            };
            if is_open[next] {
                continue;
            }
            edges.insert((here, next));
            if !is_done[next] {
                is_open[next] = true;
                path.push((next, targets(next).collect()));
            }
        }
    }
    edges
}

/// What is reached from some cards, without them.
fn reach(
    start: &BTreeSet<usize>,
    edges: &BTreeSet<(usize, usize)>,
    turned: impl Fn((usize, usize)) -> (usize, usize),
) -> BTreeSet<usize> {
    let mut found = start.clone();
    loop {
        let next: Vec<usize> = edges
            .iter()
            .map(|edge| turned(*edge))
            .filter(|(from, to)| found.contains(from) && !found.contains(to))
            .map(|(_, to)| to)
            .collect();
        if next.is_empty() {
            return found.difference(start).copied().collect();
        }
        found.extend(next);
    }
}

/// The longest way to each card from those that none of them calls.
fn ranks(cards: &BTreeSet<usize>, edges: &BTreeSet<(usize, usize)>) -> BTreeMap<usize, usize> {
    let mut ranks: BTreeMap<usize, usize> = cards.iter().map(|card| (*card, 0)).collect();
    for _ in 0..cards.len() {
        let mut is_settled = true;
        for (from, to) in edges {
            if let (Some(from), Some(to)) = (ranks.get(from).copied(), ranks.get_mut(to))
                && *to <= from
            {
                *to = from + 1;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    ranks
}

fn network_lane(
    scene: &Scene,
    edges: &BTreeSet<(usize, usize)>,
    left: &BTreeSet<usize>,
    inside: &BTreeSet<usize>,
    right: &BTreeSet<usize>,
) -> Lane {
    // Left of a network, what calls stands as near to it as it can.
    let turned: BTreeSet<(usize, usize)> = edges.iter().map(|(from, to)| (*to, *from)).collect();
    let mut columns: Vec<Vec<Who>> = by_rank(&ranks(left, &turned));
    columns.reverse();
    let members: BTreeSet<usize> = left.iter().chain(inside).chain(right).copied().collect();
    let has_callers = members.iter().any(|card| scene.entries.contains(card));
    if has_callers {
        columns.insert(0, vec![Who::Caller]);
    }
    let start = columns.len();
    columns.extend(packed(scene, &ranks(inside, edges)));
    // A network without anything in it takes a column as well.
    if columns.len() == start {
        columns.push(Vec::new());
    }
    let networks = start..columns.len();
    columns.extend(by_rank(&ranks(right, edges)));
    let vpcs = (0..scene.vpcs.len()).collect();
    Lane { edges: drawn(scene, &members), columns, networks, vpcs }
}

fn plain_lane(scene: &Scene, edges: &BTreeSet<(usize, usize)>, members: &BTreeSet<usize>) -> Lane {
    let mut columns = by_rank(&ranks(members, edges));
    if members.iter().any(|card| scene.entries.contains(card)) {
        columns.insert(0, vec![Who::Caller]);
    }
    Lane { edges: drawn(scene, members), columns, networks: 0..0, vpcs: Vec::new() }
}

fn drawn(scene: &Scene, members: &BTreeSet<usize>) -> BTreeSet<(Who, Who)> {
    let edges = scene.edges.iter().filter(|(from, _)| members.contains(from));
    let called = scene.entries.iter().filter(|card| members.contains(card));
    edges
        .map(|(from, to)| (Who::Card(*from), Who::Card(*to)))
        .chain(called.map(|card| (Who::Caller, Who::Card(*card))))
        .collect()
}

fn by_rank(ranks: &BTreeMap<usize, usize>) -> Vec<Vec<Who>> {
    let mut columns = vec![Vec::new(); ranks.values().max().map_or(0, |most| most + 1)];
    for (card, rank) in ranks {
        columns[*rank].push(Who::Card(*card));
    }
    columns
}

/// How much of a column is taken, by VPC and subnet.
type Used = BTreeMap<(usize, usize), usize>;

/// How many cards of one subnet stand above each other.
const STACK: usize = 3;

/// The cards of the networks in columns, those of one rank in as few as have room for them.
fn packed(scene: &Scene, ranks: &BTreeMap<usize, usize>) -> Vec<Vec<Who>> {
    let mut columns = Vec::new();
    for rank in 0..ranks.values().max().map_or(0, |most| most + 1) {
        let mut here: Vec<(Vec<Who>, Used)> = Vec::new();
        for (card, _) in ranks.iter().filter(|(_, of)| **of == rank) {
            let Site::Inside { vpc, bands } = &scene.cards[*card].site else { continue };
            // One over several subnets has them for itself.
            let (takes, limit) = if bands.len() > 1 { (STACK, STACK) } else { (1, STACK) };
            let has_room = |used: &Used| {
                let of = |band: &usize| used.get(&(*vpc, *band)).copied().unwrap_or_default();
                bands.iter().all(|band| of(band) + takes <= limit)
            };
            let at = match here.iter().position(|(_, used)| has_room(used)) {
                Some(at) => at,
                None => {
                    here.push((Vec::new(), BTreeMap::new()));
                    here.len() - 1
                }
            };
            here[at].0.push(Who::Card(*card));
            for band in bands {
                *here[at].1.entry((*vpc, *band)).or_default() += takes;
            }
        }
        columns.extend(here.into_iter().map(|(column, _)| column));
    }
    columns
}

/// Positions that follow each other.
pub fn runs(bands: &BTreeSet<usize>) -> Vec<std::ops::RangeInclusive<usize>> {
    let mut runs: Vec<std::ops::RangeInclusive<usize>> = Vec::new();
    for band in bands {
        match runs.last_mut() {
            Some(run) if run.end() + 1 == *band => *run = *run.start()..=*band,
            _ => runs.push(*band..=*band),
        }
    }
    runs
}

struct Placing<'a> {
    scene: &'a Scene,
    lane: &'a Lane,
    /// Of the columns.
    widths: Vec<usize>,
    layout: &'a mut Layout,
}

/// The lines that run in a channel and above: each by where it comes from or goes to.
struct Tracks {
    channels: Vec<BTreeSet<Track>>,
    above: BTreeSet<Track>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Track {
    From(Who),
    To(Who),
}

impl Placing<'_> {
    /// Places a lane below a line; what comes out is where it ends.
    fn place(&mut self, top: usize) -> usize {
        let columns = self.lane.columns.len();
        let column_of: BTreeMap<Who, usize> = self
            .lane
            .columns
            .iter()
            .enumerate()
            .flat_map(|(column, all)| all.iter().map(move |who| (*who, column)))
            .collect();
        let tracks = self.tracks(&column_of);
        let mut xs = Vec::new();
        let mut x = MARGIN;
        for column in 0..columns {
            let is_first = column == 0 && tracks.channels[0].is_empty();
            if !is_first {
                x += channel_width(&tracks.channels[column]);
            }
            if column == self.lane.networks.start && !self.lane.networks.is_empty() {
                x += PAD + LABELS;
            }
            xs.push(x);
            x += self.widths[column];
            if column + 1 == self.lane.networks.end {
                x += PAD + 6;
            }
        }
        let last = &tracks.channels[columns];
        let right = if last.is_empty() { x } else { x + channel_width(last) };
        let above = tracks.above.len() * TRACK + if tracks.above.is_empty() { 0 } else { 10 };
        let bottom = self.place_cards(&xs, top + above);
        self.draw_lines(&xs, &column_of, &tracks, top);
        let widest = self.lane.vpcs.iter().map(|vpc| self.layout.vpcs[*vpc].right()).max();
        self.layout.width = self.layout.width.max(right).max(widest.unwrap_or_default());
        bottom
    }

    fn tracks(&self, column_of: &BTreeMap<Who, usize>) -> Tracks {
        let columns = self.lane.columns.len();
        let mut tracks =
            Tracks { channels: vec![BTreeSet::new(); columns + 1], above: BTreeSet::new() };
        for (from, to) in &self.lane.edges {
            let (start, end) = (column_of[from], column_of[to]);
            tracks.channels[start + 1].insert(Track::From(*from));
            if start + 1 != end {
                tracks.above.insert(Track::From(*from));
                tracks.channels[end].insert(Track::To(*to));
            }
        }
        tracks
    }

    fn place_cards(&mut self, xs: &[usize], top: usize) -> usize {
        let networks_bottom = self.place_networks(xs, top);
        let height = |who: &Who| match who {
            Who::Caller => HEAD + 4,
            Who::Card(card) => card_height(&self.scene.cards[*card]),
        };
        let outside = |column: usize| !self.lane.networks.contains(&column);
        let total = |column: &[Who]| {
            column.iter().map(|who| height(who) + GAP).sum::<usize>().saturating_sub(GAP)
        };
        let heights: Vec<usize> = self.lane.columns.iter().map(|column| total(column)).collect();
        let tallest = (0..heights.len()).filter(|column| outside(*column)).map(|one| heights[one]);
        let block = tallest.max().unwrap_or_default().max(networks_bottom.saturating_sub(top));
        // From the networks outwards: what has a neighbour stands level with it.
        let left = (0..self.lane.networks.start).rev();
        for column in left.chain(self.lane.networks.end..heights.len()) {
            let mut y = top + (block - heights[column]) / 2;
            // What a line comes to from one place only stands level with where it comes from.
            if let [only] = self.lane.columns[column].as_slice()
                && let Some(level) = self.level(*only)
            {
                y = level.clamp(top, top + block - heights[column]);
            }
            for who in &self.lane.columns[column] {
                let rect =
                    Rect { x: xs[column], y, width: self.widths[column], height: height(who) };
                y = rect.bottom() + GAP;
                match who {
                    Who::Caller => self.layout.callers.push(rect),
                    Who::Card(card) => self.layout.cards[*card] = vec![rect],
                }
            }
        }
        top + block
    }

    /// The top of what a card calls or is called by, if that has its place.
    fn level(&self, who: Who) -> Option<usize> {
        let around = self.lane.edges.iter().filter_map(|(from, to)| match () {
            () if *from == who => Some(to),
            () if *to == who => Some(from),
            () => None,
        });
        let tops = around.filter_map(|other| match other {
            Who::Caller => self.layout.callers.last().map(|rect| rect.y),
            Who::Card(card) => self.layout.cards[*card].first().map(|rect| rect.y),
        });
        tops.min()
    }

    /// Whether a line leaves the last column.
    fn leads_back(&self) -> bool {
        let last = self.lane.columns.last();
        last.is_some_and(|last| self.lane.edges.iter().any(|(from, _)| last.contains(from)))
    }

    /// The networks, one below the other, all on the same columns.
    fn place_networks(&mut self, xs: &[usize], top: usize) -> usize {
        let mut y = top;
        if self.lane.networks.is_empty() {
            return y;
        }
        let columns = &xs[self.lane.networks.clone()];
        let left = columns[0] - LABELS - PAD;
        let widest =
            self.widths[self.lane.networks.clone()].iter().copied().max().unwrap_or_default();
        // What belongs to a network and is in no subnet stands below, on columns that go on.
        let on_border = |vpc: usize| -> Vec<usize> {
            let is_here = |card: &Card| card.site == Site::Border { vpc };
            (0..self.scene.cards.len()).filter(|card| is_here(&self.scene.cards[*card])).collect()
        };
        let mut places: Vec<(usize, usize)> =
            columns.iter().copied().zip(self.widths[self.lane.networks.clone()].to_vec()).collect();
        // Beyond the last column lines may run, unless nothing is there.
        let is_last = self.lane.networks.end == xs.len() && !self.leads_back();
        let most = self.lane.vpcs.iter().map(|vpc| on_border(*vpc).len()).max().unwrap_or_default();
        while is_last && places.len() < most.min(3) {
            let (x, width) = places[places.len() - 1];
            places.push((x + width + GAP, widest));
        }
        let right = places.last().map_or(left, |(x, width)| x + width) + PAD;
        for vpc in self.lane.vpcs.clone() {
            let start = y;
            y = self.place_bands(vpc, xs, y + VPC_HEAD, left, right);
            let border = on_border(vpc);
            let mut start_of_row = y + 4;
            for row in border.chunks(places.len()) {
                let tallest = row.iter().map(|card| card_height(&self.scene.cards[*card])).max();
                for (card, (x, width)) in row.iter().zip(&places) {
                    let height = card_height(&self.scene.cards[*card]);
                    let rect = Rect { x: *x, y: start_of_row, width: *width, height };
                    self.layout.cards[*card] = vec![rect];
                }
                start_of_row += tallest.unwrap_or_default() + GAP;
            }
            y = if border.is_empty() { y + 4 } else { start_of_row };
            self.layout.vpcs[vpc] =
                Rect { x: left, y: start, width: right - left, height: y - start };
            y += GAP;
        }
        y - GAP
    }

    /// The subnets of one network and what stands in them.
    fn place_bands(
        &mut self,
        vpc: usize,
        xs: &[usize],
        top: usize,
        left: usize,
        right: usize,
    ) -> usize {
        let count = self.scene.vpcs[vpc].bands.len();
        let mut heights = vec![58; count];
        let mut here: Vec<(usize, usize, BTreeSet<usize>)> = Vec::new();
        for column in self.lane.networks.clone() {
            let mut stacked = vec![BAND_PAD; count];
            for who in &self.lane.columns[column] {
                let Who::Card(card) = who else { continue };
                let Site::Inside { vpc: of, bands } = &self.scene.cards[*card].site else {
                    continue;
                };
                if *of != vpc {
                    continue;
                }
                here.push((*card, column, bands.clone()));
                let needs = card_height(&self.scene.cards[*card]) + BAND_PAD;
                for run in runs(bands) {
                    if run.start() == run.end() {
                        stacked[*run.start()] += needs;
                        heights[*run.start()] = heights[*run.start()].max(stacked[*run.start()]);
                    }
                }
            }
        }
        for (card, _, bands) in &here {
            for run in runs(bands).into_iter().filter(|run| run.start() != run.end()) {
                let needs = card_height(&self.scene.cards[*card]) + 2 * BAND_PAD;
                let gaps = (run.end() - run.start()) * 8;
                let has = run.clone().map(|band| heights[band]).sum::<usize>() + gaps;
                heights[*run.end()] += needs.saturating_sub(has);
            }
        }
        let mut y = top;
        for (band, height) in heights.iter().enumerate() {
            let (x, width) = (left + 10, right - left - 20);
            self.layout.bands[vpc][band] = Rect { x, y, width, height: *height };
            y += height + 8;
        }
        let mut cursors: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (card, column, bands) in here {
            for run in runs(&bands) {
                let (first, last) =
                    (self.layout.bands[vpc][*run.start()], self.layout.bands[vpc][*run.end()]);
                let cursor = cursors.entry((column, *run.start())).or_insert(first.y + BAND_PAD);
                let height = match run.start() == run.end() {
                    true => card_height(&self.scene.cards[card]),
                    false => last.bottom() - BAND_PAD - *cursor,
                };
                let rect = Rect { x: xs[column], y: *cursor, width: self.widths[column], height };
                *cursor = rect.bottom() + BAND_PAD;
                self.layout.cards[card].push(rect);
            }
        }
        y
    }

    fn draw_lines(
        &mut self,
        xs: &[usize],
        column_of: &BTreeMap<Who, usize>,
        tracks: &Tracks,
        top: usize,
    ) {
        let rect = |who: &Who| match who {
            Who::Caller => self.layout.callers.last().copied(),
            Who::Card(card) => self.layout.cards[*card].first().copied(),
        };
        // Where a channel's tracks are: within the networks only the space between cards.
        let x_of = |channel: usize, track: Track| {
            let all = &tracks.channels[channel];
            let place = all.iter().position(|one| *one == track).unwrap_or_default() + 1;
            let end = match xs.get(channel) {
                Some(x)
                    if channel == self.lane.networks.start && !self.lane.networks.is_empty() =>
                {
                    x - LABELS - PAD
                }
                Some(x) => *x,
                None => {
                    xs[xs.len() - 1]
                        + self.widths[xs.len() - 1]
                        + channel_width(all)
                        + if self.lane.networks.end == xs.len() { PAD + 6 } else { 0 }
                }
            };
            // The arrow's head has room behind the last track.
            end - channel_width(all) + 6 + place * (channel_width(all) - 20) / (all.len() + 1)
        };
        let mut lines = Vec::new();
        for (from, to) in &self.lane.edges {
            let (Some(start), Some(end)) = (rect(from), rect(to)) else { continue };
            let (a, b) = ((start.right(), start.y + PORT), (end.x, end.y + PORT));
            let out = x_of(column_of[from] + 1, Track::From(*from));
            if column_of[from] + 1 == column_of[to] {
                lines.push(vec![a, (out, a.1), (out, b.1), b]);
                continue;
            }
            let place = tracks.above.iter().position(|one| *one == Track::From(*from));
            let y = top + 4 + place.unwrap_or_default() * TRACK;
            let into = x_of(column_of[to], Track::To(*to));
            lines.push(vec![a, (out, a.1), (out, y), (into, y), (into, b.1), b]);
        }
        self.layout.lines.extend(lines);
    }
}

fn channel_width(tracks: &BTreeSet<Track>) -> usize {
    CHANNEL.max(20 + (tracks.len() + 1) * TRACK)
}

/// Shelves side by side where they have room.
fn place_shelves(scene: &Scene, room: usize, top: usize, layout: &mut Layout) -> usize {
    let chip = 200;
    let fits = ((room - MARGIN + CHIP_GAP) / (chip + CHIP_GAP)).max(1);
    let (mut x, mut y, mut tallest) = (MARGIN, top, 0);
    let mut right = layout.width;
    for Shelf { items, .. } in &scene.shelves {
        let across = items.len().min(if items.len() <= 4 { 2 } else { fits });
        let width = across * (chip + CHIP_GAP) - CHIP_GAP;
        if x > MARGIN && x + width > room {
            x = MARGIN;
            y += tallest + MARGIN;
            tallest = 0;
        }
        let chips: Vec<Rect> = (0..items.len())
            .map(|index| Rect {
                x: x + index % across * (chip + CHIP_GAP),
                y: y + 26 + index / across * (CHIP_HEIGHT + CHIP_GAP),
                width: chip,
                height: CHIP_HEIGHT,
            })
            .collect();
        let bottom = chips.last().map_or(y, Rect::bottom);
        tallest = tallest.max(bottom - y);
        right = right.max(x + width);
        layout.shelves.push((Rect { x, y, width, height: bottom - y }, chips));
        x += width + 2 * MARGIN;
    }
    layout.width = right;
    match scene.shelves.is_empty() {
        true => top,
        false => y + tallest + MARGIN,
    }
}
