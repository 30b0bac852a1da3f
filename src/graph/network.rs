//! Address blocks that AWS would refuse: subnets outside their VPC, or over one another.

use ipnet::IpNet;

use super::order::parent;
use super::{Graph, Nothing};
use crate::diagnostic::Diagnostic;
use crate::schema::{At, Segment};
use crate::value::{LogicalId, Value};

struct Block {
    id: LogicalId,
    vpc: LogicalId,
    network: IpNet,
}

/// Compares the blocks that are known.
pub fn check(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    let mut subnets: Vec<Block> = Vec::new();
    for node in graph.nodes.values().filter(|node| node.type_name == "AWS::EC2::Subnet") {
        let Some(vpc) = parent(graph, &node.id, "VpcId") else { continue };
        let Some(network) = block(graph, &node.id) else { continue };
        subnets.push(Block { id: node.id.clone(), vpc, network });
    }
    for (index, subnet) in subnets.iter().enumerate() {
        let place = graph.span_of(&subnet.id, &[Segment::Key("CidrBlock".to_owned())], At::Value);
        if let Some(outer) = block(graph, &subnet.vpc)
            && !outer.contains(&subnet.network)
        {
            diagnostics.push(
                Diagnostic::error(format!(
                    "subnet `{}` ({}) is outside its VPC `{}` ({outer})",
                    subnet.id, subnet.network, subnet.vpc
                ))
                .at(&graph.template.source, place)
                .hint(format!("choose a block within {outer}")),
            );
        }
        for other in &subnets[..index] {
            let overlap = other.vpc == subnet.vpc
                && (other.network.contains(&subnet.network)
                    || subnet.network.contains(&other.network));
            if overlap {
                diagnostics.push(
                    Diagnostic::error(format!(
                        "subnet `{}` ({}) overlaps subnet `{}` ({})",
                        subnet.id, subnet.network, other.id, other.network
                    ))
                    .at(&graph.template.source, place)
                    .hint("two subnets of one VPC cannot share addresses"),
                );
            }
        }
    }
}

fn block(graph: &Graph, id: &LogicalId) -> Option<IpNet> {
    let Ok(Value::Map(properties)) = graph.properties(id, &Nothing) else { return None };
    let network: IpNet = properties.get("CidrBlock")?.as_text()?.parse().ok()?;
    Some(network.trunc())
}
