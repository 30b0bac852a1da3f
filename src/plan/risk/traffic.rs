//! What may reach what: the rules of security groups, and routes.

use std::net::Ipv4Addr;

use ipnet::IpNet;
use serde_json::{Value as Json, json};

use super::{Risk, Subject, at, quoted, text, text_at};

pub fn of(subject: &Subject<'_>) -> Vec<Risk> {
    match subject.type_name {
        "AWS::EC2::SecurityGroup" => {
            let mut risks = of_group(subject, Direction::In, "SecurityGroupIngress");
            risks.extend(of_group(subject, Direction::Out, "SecurityGroupEgress"));
            risks
        }
        "AWS::EC2::SecurityGroupIngress" => of_rule(subject, Direction::In),
        "AWS::EC2::SecurityGroupEgress" => of_rule(subject, Direction::Out),
        "AWS::EC2::Route" => of_route(subject).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// One rule: what, and from or to where.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    direction: Direction,
    /// `tcp`; `all` is every protocol.
    protocol: String,
    /// From and to, or the ICMP type and code; `None` is every one, a text that is no number is
    /// not known yet.
    ports: [Option<String>; 2],
    peer: Peer,
}

#[derive(Debug, Clone, PartialEq)]
enum Peer {
    Addresses(IpNet),
    /// A group, a list of prefixes, or what is not known yet.
    Named(String),
}

const PEERS: [&str; 8] = [
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "DestinationSecurityGroupId",
    "SourcePrefixListId",
    "DestinationPrefixListId",
    "SourceSecurityGroupOwnerId",
];

impl Rule {
    fn of(direction: Direction, json: &Json) -> Self {
        if let Json::String(whole) = json {
            let peer = Peer::Named(whole.clone());
            return Self { direction, protocol: "all".to_owned(), ports: [None, None], peer };
        }
        let protocol = text_at(json, "IpProtocol").unwrap_or_default().to_lowercase();
        let protocol = match protocol.as_str() {
            "-1" => "all",
            "1" => "icmp",
            "6" => "tcp",
            "17" => "udp",
            "58" => "icmpv6",
            other => other,
        };
        let port = |key| text_at(json, key).filter(|port| port != "-1" && protocol != "all");
        let peer = PEERS.iter().find_map(|key| Some((*key, text_at(json, key)?)));
        let peer = match peer {
            Some((_, text)) => match text.parse::<IpNet>() {
                Ok(network) => Peer::Addresses(network.trunc()),
                Err(_) => Peer::Named(text),
            },
            None => Peer::Named("no source".to_owned()),
        };
        Self {
            direction,
            protocol: protocol.to_owned(),
            ports: [port("FromPort"), port("ToPort")],
            peer,
        }
    }

    fn covers_ports(&self, other: &Self) -> bool {
        if self.protocol == "all" {
            return true;
        }
        let is_range = !self.protocol.starts_with("icmp");
        let number = |port: &Option<String>| port.as_ref()?.parse::<i64>().ok();
        let [from, to] = &self.ports;
        let [other_from, other_to] = &other.ports;
        let fits = |own: &Option<String>, others: &Option<String>, is_low: bool| {
            own.is_none()
                || own == others
                || is_range
                    && match (number(own), number(others)) {
                        (Some(own), Some(other)) if is_low => own <= other,
                        (Some(own), Some(other)) => own >= other,
                        _ => false,
                    }
        };
        self.protocol == other.protocol && fits(from, other_from, true) && fits(to, other_to, false)
    }

    /// What templates write for a group that lets out nothing: without any rule of its own it would
    /// have AWS's, which lets out everything. A VPC carries no broadcasts.
    fn reaches_nobody(&self) -> bool {
        let Peer::Addresses(IpNet::V4(network)) = self.peer else { return false };
        let is_broadcast = network.addr() == Ipv4Addr::BROADCAST && network.prefix_len() == 32;
        self.direction == Direction::Out && is_broadcast
    }

    fn told(&self) -> String {
        let verb = match self.direction {
            Direction::In => "lets in",
            Direction::Out => "lets out",
        };
        format!("{verb} {}", self.told_briefly())
    }

    fn told_briefly(&self) -> String {
        let ports = match &self.ports {
            [Some(from), Some(to)] if self.protocol.starts_with("icmp") => {
                format!(" type {from}, code {to}")
            }
            [Some(from), Some(to)] if from == to => format!(" {from}"),
            [Some(from), Some(to)] => format!(" {from}-{to}"),
            [Some(from), None] if self.protocol.starts_with("icmp") => format!(" type {from}"),
            [Some(from), None] => format!(" {from} and above"),
            [None, Some(to)] => format!(" up to {to}"),
            [None, None] => String::new(),
        };
        let protocol = match self.protocol.as_str() {
            "all" => "everything",
            other => other,
        };
        let preposition = match self.direction {
            Direction::In => "from",
            Direction::Out => "to",
        };
        format!("{protocol}{ports} {preposition} {}", peer(&self.peer))
    }
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Addresses(network) => addresses(*network),
        Peer::Named(name) => quoted(name),
    }
}

fn addresses(network: IpNet) -> String {
    match (network.prefix_len(), network) {
        (0, IpNet::V4(_)) => format!("`{network}` (every IPv4 address)"),
        (0, IpNet::V6(_)) => format!("`{network}` (every IPv6 address)"),
        _ => format!("`{network}`"),
    }
}

/// Whether rules that were there let through all that another does.
fn are_covering(rules: &[Rule], rule: &Rule) -> bool {
    let alike =
        rules.iter().filter(|old| old.direction == rule.direction && old.covers_ports(rule));
    match &rule.peer {
        Peer::Named(_) => alike.into_iter().any(|old| old.peer == rule.peer),
        Peer::Addresses(network) => {
            let old: Vec<IpNet> = alike
                .filter_map(|old| match &old.peer {
                    Peer::Addresses(network) => Some(*network),
                    Peer::Named(_) => None,
                })
                .collect();
            IpNet::aggregate(&old).iter().any(|old| old.contains(network))
        }
    }
}

fn of_group(subject: &Subject<'_>, direction: Direction, property: &str) -> Vec<Risk> {
    let rules = |json: &Json| -> Vec<Rule> {
        match at(json, property) {
            Some(Json::Array(items)) => items.iter().map(|it| Rule::of(direction, it)).collect(),
            Some(other) => vec![Rule::of(direction, other)],
            // A group without any such rule has AWS's own, which allows everything.
            None if direction == Direction::Out && json.is_object() => {
                vec![Rule::of(direction, &json!({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}))]
            }
            None => Vec::new(),
        }
    };
    compare(subject, &rules(&subject.before), &rules(&subject.after))
}

fn of_rule(subject: &Subject<'_>, direction: Direction) -> Vec<Risk> {
    if subject.after.is_null() {
        return Vec::new();
    }
    // A rule that moves opens another group.
    let is_moved = !subject.moved("GroupId").0.is_empty();
    let before: Vec<Rule> = match subject.before.is_null() || is_moved {
        true => Vec::new(),
        false => vec![Rule::of(direction, &subject.before)],
    };
    compare(subject, &before, &[Rule::of(direction, &subject.after)])
}

fn compare(subject: &Subject<'_>, before: &[Rule], after: &[Rule]) -> Vec<Risk> {
    let new = after.iter().filter(|rule| !rule.reaches_nobody() && !are_covering(before, rule));
    let gone: Vec<&Rule> = before.iter().filter(|rule| !after.contains(rule)).collect();
    new.map(|rule| {
        let was = gone.iter().find(|old| old.peer == rule.peer).or_else(|| {
            gone.iter().find(|old| old.protocol == rule.protocol && old.ports == rule.ports)
        });
        let was = was.map(|old| old.told_briefly());
        subject.broadening(rule.told(), was, rule.told_briefly())
    })
    .collect()
}

const DESTINATIONS: [&str; 3] =
    ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];

/// The target of a route is the property that says neither the table nor the destination.
fn target(route: &Json) -> Option<String> {
    let entries = route.as_object()?.iter();
    let mut targets = entries.filter(|(key, value)| {
        *key != "RouteTableId" && !DESTINATIONS.contains(&key.as_str()) && !value.is_null()
    });
    targets.next().map(|(_, value)| text(value))
}

fn of_route(subject: &Subject<'_>) -> Option<Risk> {
    let told = |route: &Json| {
        let destination = DESTINATIONS.iter().find_map(|key| text_at(route, key))?;
        let told = destination.parse::<IpNet>().map_or_else(|_| quoted(&destination), addresses);
        Some(format!("{told} to {}", quoted(&target(route)?)))
    };
    let after = told(&subject.after)?;
    let before = told(&subject.before);
    if before.as_ref() == Some(&after) && subject.moved("RouteTableId").0.is_empty() {
        return None;
    }
    Some(subject.broadening(format!("routes {after}"), before, after))
}
