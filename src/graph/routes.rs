//! Routes that AWS would refuse: of the endpoints of a VPC only that of a gateway load balancer is
//! something that packets are routed to.

use super::endpoints::{GATEWAY, INTERFACE, LOAD_BALANCER, kind};
use super::known::Known;
use super::order::parent;
use super::{Graph, Node};
use crate::diagnostic::Diagnostic;
use crate::schema::{At, Segment};

/// The properties that may name an endpoint. AWS takes one for a gateway, and tells it as one.
const TARGETS: [&str; 2] = ["VpcEndpointId", "GatewayId"];

/// Looks at every route whose endpoint the template declares.
pub fn check(graph: &Graph, known: &Known, diagnostics: &mut Vec<Diagnostic>) {
    for node in graph.nodes.values().filter(|node| node.type_name == "AWS::EC2::Route") {
        let found = TARGETS.iter().find_map(|property| leads_nowhere(graph, known, node, property));
        diagnostics.extend(found);
    }
}

fn leads_nowhere(graph: &Graph, known: &Known, node: &Node, property: &str) -> Option<Diagnostic> {
    let endpoint = graph.nodes.get(&parent(graph, &node.id, property)?)?;
    if endpoint.type_name != "AWS::EC2::VPCEndpoint" {
        return None;
    }
    let hint = match kind(known.sound(&endpoint.id)?)? {
        LOAD_BALANCER => return None,
        GATEWAY => format!(
            "take the route out, and name its table in `RouteTableIds` of `{}`: AWS makes the routes to a gateway endpoint",
            endpoint.id
        ),
        INTERFACE => format!(
            "take the route out: `{}` is reached by its names and addresses in its subnets",
            endpoint.id
        ),
        _ => "take the route out".to_owned(),
    };
    let message = format!(
        "no route can lead to `{}`: of endpoints, AWS routes to those of gateway load balancers only",
        endpoint.id
    );
    let path = [Segment::Key(property.to_owned())];
    let span = graph.span_of(&node.id, &path, At::Value);
    Some(Diagnostic::error(message).at(&graph.template.source, span).hint(hint))
}
