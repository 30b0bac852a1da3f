//! Rules of security groups, for the three types that declare them.
//!
//! What a rule lets through, its [`Key`], is what it is known by: a group has no two with one key,
//! and all but the description is fixed. Templates and AWS spell a key in many ways (`6` for `tcp`,
//! ports where they mean nothing, several sources in one permission), so everything is brought to
//! one spelling here. That spelling is also what is sent, one rule in each permission.

mod calls;
mod standalone;

pub use calls::{
    Change, GROUP_BATCH, authorize, converge, described, groups, list, marked, names, referring,
};
pub use standalone::{Standalone, create, delete, find, marks, read, update};

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, SecurityGroupRule,
    SecurityGroupRuleRequest, Tag, UserIdGroupPair,
};
use ipnet::{Ipv4Net, Ipv6Net};

/// The properties that make a rule what it is. A group has no two that are the same in them.
pub const INGRESS_KEY: &[&str] = &[
    "GroupId",
    "GroupName",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
    "CidrIpv6",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
];
pub const EGRESS_KEY: &[&str] = &[
    "GroupId",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
    "CidrIpv6",
    "DestinationPrefixListId",
    "DestinationSecurityGroupId",
];
/// All ports, all ICMP types or all ICMP codes.
const ALL: i32 = -1;
/// The protocol number that stands for every protocol.
const ALL_PROTOCOLS: &str = "-1";

/// Group ids by the names that rules use instead of them.
pub type Names = BTreeMap<String, String>;

/// Which way the traffic of a rule goes, seen from its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    /// The rules a group has for this direction.
    pub fn live(self, group: &SecurityGroup) -> Vec<Rule> {
        let permissions = match self {
            Self::Ingress => group.ip_permissions(),
            Self::Egress => group.ip_permissions_egress(),
        };
        permissions.iter().flat_map(of_permission).collect()
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// What a rule lets through, in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// A name where AWS has one, else a number.
    protocol: String,
    /// Ports, or ICMP type and code; neither for other protocols.
    from_port: Option<i32>,
    to_port: Option<i32>,
    peer: Peer,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    Ipv4(String),
    Ipv6(String),
    PrefixList(String),
    Group(String),
    /// A group of the default VPC that cannot be found.
    GroupName(String),
    /// Nobody is named: AWS says what is wrong with that.
    Missing,
}

impl Key {
    /// Whether it lets this group through.
    pub fn names(&self, group_id: &str) -> bool {
        matches!(&self.peer, Peer::Group(id) if id == group_id)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4(text)
            | Self::Ipv6(text)
            | Self::PrefixList(text)
            | Self::Group(text)
            | Self::GroupName(text) => text,
            Self::Missing => "nobody",
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |port: Option<i32>| port.unwrap_or(ALL);
        let (from, to) = (port(self.from_port), port(self.to_port));
        write!(f, "{}|{from}|{to}|{}", self.protocol, self.peer)
    }
}

/// A rule, declared or live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub key: Key,
    pub description: Option<String>,
    /// The account of a group that is not ours. No part of the key: group ids are unique.
    owner: Option<String>,
}

/// A rule with the id AWS gave it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: String,
    pub direction: Direction,
    pub rule: Rule,
    pub tags: Vec<Tag>,
}

/// A rule as a template or an answer of AWS words it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    pub protocol: Option<&'a str>,
    pub from_port: Option<i32>,
    pub to_port: Option<i32>,
    pub cidr_ip: Option<&'a str>,
    pub cidr_ipv6: Option<&'a str>,
    pub prefix_list_id: Option<&'a str>,
    pub group_id: Option<&'a str>,
    pub group_name: Option<&'a str>,
    pub group_owner: Option<&'a str>,
    pub description: Option<&'a str>,
}

/// A rule in the shape one of the types gives it.
pub trait Declared: Clone + PartialEq + Send + Sync {
    fn terms(&self) -> Terms<'_>;
    fn description(&mut self) -> &mut Option<String>;
}

impl Terms<'_> {
    /// The rules these terms make: one, or one for each peer if they name several.
    pub fn rules(&self, names: &Names) -> Vec<Rule> {
        self.peers(names).into_iter().map(|peer| self.with(peer)).collect()
    }

    /// The rule these terms make when they name no more than one peer.
    pub fn rule(&self, names: &Names) -> Rule {
        self.with(self.peers(names).swap_remove(0))
    }

    /// At least one.
    fn peers(&self, names: &Names) -> Vec<Peer> {
        let group = |name: &str| match names.get(name) {
            Some(id) => Peer::Group(id.clone()),
            None => Peer::GroupName(name.to_owned()),
        };
        let peers: Vec<Peer> = [
            self.cidr_ip.map(|cidr| Peer::Ipv4(ipv4(cidr))),
            self.cidr_ipv6.map(|cidr| Peer::Ipv6(ipv6(cidr))),
            self.prefix_list_id.map(|id| Peer::PrefixList(id.to_owned())),
            self.group_id.map(|id| Peer::Group(id.to_owned())),
            self.group_name.map(group),
        ]
        .into_iter()
        .flatten()
        .collect();
        if peers.is_empty() { vec![Peer::Missing] } else { peers }
    }

    fn with(&self, peer: Peer) -> Rule {
        let protocol = protocol(self.protocol.unwrap_or_default());
        let (from_port, to_port) = match protocol.as_str() {
            "tcp" | "udp" => (self.from_port, self.to_port),
            "icmp" | "icmpv6" => {
                (Some(self.from_port.unwrap_or(ALL)), Some(self.to_port.unwrap_or(ALL)))
            }
            _ => (None, None),
        };
        Rule {
            key: Key { protocol, from_port, to_port, peer },
            description: self.description.filter(|text| !text.is_empty()).map(str::to_owned),
            owner: self.group_owner.map(str::to_owned),
        }
    }
}

impl Rule {
    /// What AWS gives every new group: everything may go out, by IPv4 or by IPv6.
    pub fn all_out_ipv4() -> Self {
        let terms = Terms { protocol: Some(ALL_PROTOCOLS), ..Terms::default() };
        terms.with(Peer::Ipv4("0.0.0.0/0".to_owned()))
    }

    pub fn all_out_ipv6() -> Self {
        let terms = Terms { protocol: Some(ALL_PROTOCOLS), ..Terms::default() };
        terms.with(Peer::Ipv6("::/0".to_owned()))
    }

    fn permission(&self) -> IpPermission {
        let permission = IpPermission::builder()
            .ip_protocol(&self.key.protocol)
            .set_from_port(self.key.from_port)
            .set_to_port(self.key.to_port);
        let description = self.description.clone();
        let pair = || {
            UserIdGroupPair::builder()
                .set_user_id(self.owner.clone())
                .set_description(description.clone())
        };
        match &self.key.peer {
            Peer::Ipv4(cidr) => permission
                .ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(description).build()),
            Peer::Ipv6(cidr) => permission.ipv6_ranges(
                Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build(),
            ),
            Peer::PrefixList(id) => permission.prefix_list_ids(
                PrefixListId::builder().prefix_list_id(id).set_description(description).build(),
            ),
            Peer::Group(id) => permission.user_id_group_pairs(pair().group_id(id).build()),
            Peer::GroupName(name) => {
                permission.user_id_group_pairs(pair().group_name(name).build())
            }
            Peer::Missing => permission,
        }
        .build()
    }

    /// The whole rule again, for a change of its description. Here AWS wants ports for every
    /// protocol, and an empty description is none.
    fn request(&self) -> SecurityGroupRuleRequest {
        let request = SecurityGroupRuleRequest::builder()
            .ip_protocol(&self.key.protocol)
            .from_port(self.key.from_port.unwrap_or(ALL))
            .to_port(self.key.to_port.unwrap_or(ALL))
            .description(self.description.as_deref().unwrap_or_default());
        match &self.key.peer {
            Peer::Ipv4(cidr) => request.cidr_ipv4(cidr),
            Peer::Ipv6(cidr) => request.cidr_ipv6(cidr),
            Peer::PrefixList(id) => request.prefix_list_id(id),
            Peer::Group(id) => request.referenced_group_id(id),
            Peer::GroupName(_) | Peer::Missing => request,
        }
        .build()
    }
}

impl Listed {
    fn of(rule: SecurityGroupRule) -> Option<Self> {
        let group = rule.referenced_group_info();
        let terms = Terms {
            protocol: rule.ip_protocol(),
            from_port: rule.from_port(),
            to_port: rule.to_port(),
            cidr_ip: rule.cidr_ipv4(),
            cidr_ipv6: rule.cidr_ipv6(),
            prefix_list_id: rule.prefix_list_id(),
            group_id: group.and_then(|group| group.group_id()),
            description: rule.description(),
            ..Terms::default()
        };
        Some(Self {
            direction: if rule.is_egress()? { Direction::Egress } else { Direction::Ingress },
            rule: terms.rule(&Names::new()),
            id: rule.security_group_rule_id?,
            tags: rule.tags.unwrap_or_default(),
        })
    }
}

/// Those of the declared rules that are live, as they are declared, with the descriptions they have
/// now. Live rules that nobody declared here belong to others and are not told.
pub fn present<D: Declared>(declared: &[D], live: &[Rule], names: &Names) -> Vec<D> {
    let wanted = distinct(declared, names);
    let as_live = |one: &D| {
        let mut seen = one.clone();
        for rule in one.terms().rules(names) {
            let live = live.iter().find(|live| live.key == rule.key)?;
            let wanted = wanted.iter().find(|wanted| wanted.key == rule.key)?;
            if live.description != wanted.description {
                seen.description().clone_from(&live.description);
            }
        }
        Some(seen)
    };
    declared.iter().filter_map(as_live).collect()
}

/// The rules that declarations make. Of those with one key the first counts.
pub fn distinct<D: Declared>(declared: &[D], names: &Names) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for rule in declared.iter().flat_map(|one| one.terms().rules(names)) {
        if !rules.iter().any(|earlier| earlier.key == rule.key) {
            rules.push(rule);
        }
    }
    rules
}

fn of_permission(permission: &IpPermission) -> Vec<Rule> {
    let terms = Terms {
        protocol: permission.ip_protocol(),
        from_port: permission.from_port(),
        to_port: permission.to_port(),
        ..Terms::default()
    };
    let ipv4 = permission.ip_ranges().iter().map(|range| Terms {
        cidr_ip: range.cidr_ip(),
        description: range.description(),
        ..terms
    });
    let ipv6 = permission.ipv6_ranges().iter().map(|range| Terms {
        cidr_ipv6: range.cidr_ipv6(),
        description: range.description(),
        ..terms
    });
    let prefix_lists = permission.prefix_list_ids().iter().map(|list| Terms {
        prefix_list_id: list.prefix_list_id(),
        description: list.description(),
        ..terms
    });
    let groups = permission.user_id_group_pairs().iter().map(|pair| Terms {
        group_id: pair.group_id(),
        description: pair.description(),
        ..terms
    });
    let all = ipv4.chain(ipv6).chain(prefix_lists).chain(groups);
    all.map(|terms| terms.rule(&Names::new())).collect()
}

fn protocol(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    match text.as_str() {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        "all" => ALL_PROTOCOLS,
        other => other,
    }
    .to_owned()
}

/// Without host bits; what is no CIDR block is left for AWS to refuse.
fn ipv4(cidr: &str) -> String {
    cidr.parse::<Ipv4Net>().map_or_else(|_| cidr.to_owned(), |net| net.trunc().to_string())
}

fn ipv6(cidr: &str) -> String {
    cidr.parse::<Ipv6Net>().map_or_else(|_| cidr.to_owned(), |net| net.trunc().to_string())
}
