//! Subnets that AWS would refuse: outside their VPC, over one another, or in another region's zone.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::Graph;
use super::known::Known;
use super::order::parent;
use crate::diagnostic::{Diagnostic, Span};
use crate::schema::{At, Segment};
use crate::value::LogicalId;

struct Block {
    id: LogicalId,
    /// Among all resources.
    position: usize,
    network: IpNet,
}

/// Compares the blocks that are known.
pub fn check(graph: &Graph, known: &Known, diagnostics: &mut Vec<Diagnostic>) {
    let mut vpcs: BTreeMap<LogicalId, Vec<Block>> = BTreeMap::new();
    for (position, node) in graph.nodes.values().enumerate() {
        if node.type_name != "AWS::EC2::Subnet" {
            continue;
        }
        diagnostics.extend(is_elsewhere(graph, known, &node.id));
        let Some(vpc) = parent(graph, &node.id, "VpcId") else { continue };
        let Some(network) = block(known, &node.id) else { continue };
        vpcs.entry(vpc).or_default().push(Block { id: node.id.clone(), position, network });
    }
    for (vpc, mut subnets) in vpcs {
        if let Some(outer) = block(known, &vpc) {
            let outside = subnets.iter().filter(|subnet| !outer.contains(&subnet.network));
            diagnostics.extend(outside.map(|subnet| is_outside(graph, subnet, &vpc, outer)));
        }
        // Two blocks are apart, or one is in the other. In this order a block comes behind those it
        // is in, and what is between is in them too.
        subnets.sort_by_key(|subnet| (subnet.network, subnet.position));
        let mut around: Vec<&Block> = Vec::new();
        for subnet in &subnets {
            while around.pop_if(|outer| !outer.network.contains(&subnet.network)).is_some() {}
            diagnostics.extend(around.last().map(|outer| overlaps(graph, subnet, outer)));
            around.push(subnet);
        }
    }
}

/// A template is for any region: only where the account was asked is it known which is meant.
fn is_elsewhere(graph: &Graph, known: &Known, id: &LogicalId) -> Option<Diagnostic> {
    graph.inputs.exports.as_ref()?;
    let region = &graph.inputs.region;
    let zone = known.sound(id)?.get("AvailabilityZone")?.as_text()?;
    if zone.starts_with(region.as_str()) {
        return None;
    }
    let place = graph.span_of(id, &[Segment::Key("AvailabilityZone".to_owned())], At::Value);
    let finding = Diagnostic::error(format!("`{zone}` is no zone of {region}"));
    let hint = "`!Select [0, !GetAZs \"\"]` is one of the region that a stack is deployed to";
    Some(finding.at(&graph.template.source, place).hint(hint))
}

fn is_outside(graph: &Graph, subnet: &Block, vpc: &LogicalId, outer: IpNet) -> Diagnostic {
    Diagnostic::error(format!(
        "subnet `{}` ({}) is outside its VPC `{vpc}` ({outer})",
        subnet.id, subnet.network
    ))
    .at(&graph.template.source, place(graph, subnet))
    .hint(format!("choose a block within {outer}"))
}

/// Said of the one that is written later.
fn overlaps(graph: &Graph, one: &Block, other: &Block) -> Diagnostic {
    let (first, second) = if one.position < other.position { (one, other) } else { (other, one) };
    Diagnostic::error(format!(
        "subnet `{}` ({}) overlaps subnet `{}` ({})",
        second.id, second.network, first.id, first.network
    ))
    .at(&graph.template.source, place(graph, second))
    .hint("two subnets of one VPC cannot share addresses")
}

fn place(graph: &Graph, subnet: &Block) -> Span {
    graph.span_of(&subnet.id, &[Segment::Key("CidrBlock".to_owned())], At::Value)
}

fn block(known: &Known, id: &LogicalId) -> Option<IpNet> {
    let network: IpNet = known.sound(id)?.get("CidrBlock")?.as_text()?.parse().ok()?;
    Some(network.trunc())
}
