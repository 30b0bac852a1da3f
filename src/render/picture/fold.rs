//! Fewer things to look at: what is alike becomes one, with its number. What a plan changes is
//! never folded with what stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::ordered::IndexMap;

use super::scene::{Band, Card, Item, Scene, Site};

/// How much of everything is drawn one by one.
const ROWS: usize = 8;
const SHELF: usize = 12;
const BANDS: usize = 8;
const CARDS: usize = 24;
/// More than this are folded whatever they do.
const MOST_CARDS: usize = 40;
const BORDER: usize = 9;
/// Of the same subnets: each takes a column of its own.
const SIDE_BY_SIDE: usize = 5;
/// In all networks together.
const ABREAST: usize = 9;
/// Two are not worth folding.
const FEWEST: usize = 3;

impl Scene {
    #[must_use]
    pub fn folded(mut self) -> Self {
        self.fold_bands();
        self.fold_cards();
        for card in &mut self.cards {
            card.rows = fold(std::mem::take(&mut card.rows), ROWS);
            let more = card.groups.len().saturating_sub(2);
            card.groups.truncate(2);
            if more > 0 {
                card.groups.push(format!("{more} more"));
            }
        }
        for shelf in &mut self.shelves {
            shelf.items = fold(std::mem::take(&mut shelf.items), SHELF);
        }
        self
    }

    /// Subnets in which the same stands, zone by zone; then whatever zone.
    fn fold_bands(&mut self) {
        for vpc in 0..self.vpcs.len() {
            for attempt in 0..3 {
                let bands = &self.vpcs[vpc].bands;
                if bands.len() <= BANDS {
                    break;
                }
                let mut classes: IndexMap<_, Vec<usize>> = IndexMap::default();
                for (index, band) in bands.iter().enumerate() {
                    let zone = if attempt == 1 { "" } else { band.zone.as_str() };
                    let within: Vec<usize> = match attempt {
                        2 => Vec::new(),
                        _ => self.within(vpc, index),
                    };
                    let mark = if attempt == 2 { None } else { band.item.mark };
                    classes.entry((zone.to_owned(), within, mark)).or_default().push(index);
                }
                let classes: Vec<Vec<usize>> = classes.into_values().collect();
                self.merge_bands(vpc, &classes);
            }
        }
    }

    /// The kinds of cards that stand in a subnet.
    fn within(&self, vpc: usize, band: usize) -> Vec<usize> {
        let stands = |card: &Card| {
            matches!(&card.site, Site::Inside { vpc: of, bands }
                if *of == vpc && bands.contains(&band))
        };
        let cards = self.cards.iter().enumerate().filter(|(_, card)| stands(card));
        cards.map(|(index, _)| index).collect()
    }

    fn merge_bands(&mut self, vpc: usize, classes: &[Vec<usize>]) {
        let mut places = BTreeMap::new();
        let mut merged = Vec::new();
        for class in classes {
            let members: Vec<&Band> =
                class.iter().map(|band| &self.vpcs[vpc].bands[*band]).collect();
            let items: Vec<&Item> = members.iter().map(|band| &band.item).collect();
            let mut item = Item::folded(&items);
            if items.iter().any(|one| one.mark != item.mark) {
                item.mark = None;
            }
            let zones: BTreeSet<&str> = members.iter().map(|band| band.zone.as_str()).collect();
            let zone = match zones.len() {
                1 => members[0].zone.clone(),
                many => format!("{many} zones"),
            };
            class.iter().for_each(|band| {
                places.insert(*band, merged.len());
            });
            merged.push(Band { item, zone });
        }
        self.vpcs[vpc].bands = merged;
        for card in &mut self.cards {
            if let Site::Inside { vpc: of, bands } = &mut card.site
                && *of == vpc
            {
                *bands = bands.iter().map(|band| places[band]).collect();
            }
        }
    }

    fn fold_cards(&mut self) {
        let classes = self.alike(4);
        let is_crowded = self.cards.len() > CARDS;
        self.merge(&classes, |class, site, all| {
            let is_row = matches!(site, Site::Inside { .. }) && class > SIDE_BY_SIDE;
            let is_border = matches!(site, Site::Border { .. }) && all > BORDER;
            class >= FEWEST && (is_crowded || is_row || is_border)
        });
        if self.cards.len() > MOST_CARDS {
            let classes = self.alike(0);
            self.merge(&classes, |class, _, _| class > 1);
        }
        let is_inside = |card: &&Card| matches!(card.site, Site::Inside { .. });
        if self.cards.len() > MOST_CARDS || self.cards.iter().filter(is_inside).count() > ABREAST {
            self.spread();
            let classes = self.alike(0);
            self.merge(&classes, |class, _, _| class > 1);
        }
    }

    /// Lets cards of one type and mark stand in all the subnets that any of them stands in.
    fn spread(&mut self) {
        let mut all: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for card in &self.cards {
            if let Site::Inside { vpc, bands } = &card.site {
                let key = (card.item.type_name.clone(), card.item.mark, *vpc);
                all.entry(key).or_default().extend(bands);
            }
        }
        for card in &mut self.cards {
            if let Site::Inside { vpc, bands } = &mut card.site {
                let key = (card.item.type_name.clone(), card.item.mark, *vpc);
                bands.clone_from(&all[&key]);
            }
        }
    }

    /// The class of each card: of one type, at one site, with one mark; and then, as often as is
    /// said, with neighbours of the same classes.
    fn alike(&self, rounds: usize) -> Vec<usize> {
        let mut numbers = BTreeMap::new();
        let mut classes: Vec<usize> = self
            .cards
            .iter()
            .map(|card| {
                let key = (card.item.type_name.clone(), card.item.mark, card.site.clone());
                let next = numbers.len();
                *numbers.entry(key).or_insert(next)
            })
            .collect();
        for _ in 0..rounds {
            let mut around: Vec<[BTreeSet<usize>; 2]> = vec![Default::default(); classes.len()];
            for (from, to) in &self.edges {
                around[*from][0].insert(classes[*to]);
                around[*to][1].insert(classes[*from]);
            }
            let mut numbers = BTreeMap::new();
            classes = classes
                .iter()
                .zip(around)
                .map(|(class, around)| {
                    let next = numbers.len();
                    *numbers.entry((*class, around)).or_insert(next)
                })
                .collect();
        }
        classes
    }

    /// Makes one card of each class that is to be folded: told its size, its site, and how many
    /// cards there are at that site.
    fn merge(&mut self, classes: &[usize], folds: impl Fn(usize, &Site, usize) -> bool) {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (card, class) in classes.iter().enumerate() {
            members.entry(*class).or_default().push(card);
        }
        let mut at_site: BTreeMap<Site, usize> = BTreeMap::new();
        for card in &self.cards {
            *at_site.entry(card.site.clone()).or_default() += 1;
        }
        let mut places = vec![0; self.cards.len()];
        let mut merged: Vec<Card> = Vec::new();
        for (card, class) in classes.iter().enumerate() {
            let class = &members[class];
            let site = &self.cards[card].site;
            if !folds(class.len(), site, at_site[site]) {
                places[card] = merged.len();
                merged.push(self.cards[card].clone());
            } else if class[0] == card {
                class.iter().for_each(|member| places[*member] = merged.len());
                let items: Vec<&Item> =
                    class.iter().map(|member| &self.cards[*member].item).collect();
                let rows = class.iter().flat_map(|member| self.cards[*member].rows.iter().cloned());
                let groups: BTreeSet<String> =
                    class.iter().flat_map(|member| self.cards[*member].groups.clone()).collect();
                merged.push(Card {
                    item: Item::folded(&items),
                    rows: by_type(rows.collect()),
                    groups: groups.into_iter().collect(),
                    site: site.clone(),
                });
            }
        }
        self.cards = merged;
        let mut edges = BTreeSet::new();
        for (from, to) in self.edges.iter().map(|(from, to)| (places[*from], places[*to])) {
            if from != to && !edges.contains(&(to, from)) {
                edges.insert((from, to));
            }
        }
        self.edges = edges;
        self.entries = self.entries.iter().map(|card| places[*card]).collect();
    }
}

/// Those of one type and mark as one.
fn by_type(items: Vec<Item>) -> Vec<Item> {
    let mut groups: IndexMap<_, Vec<Item>> = IndexMap::default();
    for item in items {
        groups.entry((item.type_name.clone(), item.mark)).or_default().push(item);
    }
    groups
        .into_values()
        .flat_map(|group| match group.len() {
            0..FEWEST => group,
            _ => vec![Item::folded(&group.iter().collect::<Vec<_>>())],
        })
        .collect()
}

fn fold(items: Vec<Item>, most: usize) -> Vec<Item> {
    if items.len() <= most {
        return items;
    }
    let mut items = by_type(items);
    if items.len() <= most {
        return items;
    }
    let rest = items.split_off((most / 2).max(1));
    let mut by_mark: BTreeMap<_, Vec<&Item>> = BTreeMap::new();
    for item in &rest {
        by_mark.entry(item.mark).or_default().push(item);
    }
    let others = by_mark.into_values().map(|group| {
        let folded = Item::folded(&group);
        let title = match group.len() {
            1 => folded.title.clone(),
            _ => format!("{} others", folded.ids.len()),
        };
        Item { title, ..folded }
    });
    items.extend(others);
    items
}
