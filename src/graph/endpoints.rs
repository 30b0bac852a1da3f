//! VPC endpoints that AWS would refuse, or that lead nowhere: what their type does not take, private
//! names in a VPC that resolves none, and names of services that are probably misspelt.

use crate::ordered::IndexMap;

use super::known::Known;
use super::order::parent;
use super::{Graph, Node};
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::schema::{At, Segment};
use crate::value::Value;

/// A name, with `{region}` in it, and the types of endpoint that reach it, one service a line; made
/// by `scripts/endpoint_services.py`.
const SERVICES: &str = include_str!("../../data/endpoint-services.txt");
const REGION: &str = "{region}";
/// How the names of AWS's own services begin; those of others are `com.amazonaws.vpce.…`.
const OWN: [&str; 2] = ["com.amazonaws.", "aws."];
const OTHERS: &str = "com.amazonaws.vpce.";

pub const GATEWAY: &str = "Gateway";
pub const INTERFACE: &str = "Interface";
pub const LOAD_BALANCER: &str = "GatewayLoadBalancer";
/// Properties that only other types than the declared one take.
const MISPLACED: &[(&str, &[&str])] = &[
    (GATEWAY, &["SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"]),
    (INTERFACE, &["RouteTableIds"]),
    (LOAD_BALANCER, &["SecurityGroupIds", "PrivateDnsEnabled", "RouteTableIds", "PolicyDocument"]),
];

pub type Properties = IndexMap<String, Value>;

/// Checks what is known of every endpoint.
pub fn check(graph: &Graph, known: &Known, diagnostics: &mut Vec<Diagnostic>) {
    for node in graph.nodes.values().filter(|node| node.type_name == "AWS::EC2::VPCEndpoint") {
        let Some(properties) = known.sound(&node.id) else { continue };
        let Some(kind) = kind(properties) else { continue };
        let misplaced = misplaced(graph, node, properties, kind);
        let name = properties.get("ServiceName").and_then(Value::as_text);
        if let Some(name) = name.filter(|_| misplaced.is_empty()) {
            diagnostics.extend(mismatched(graph, node, name, kind));
        }
        diagnostics.extend(misplaced);
        if kind == INTERFACE && is(properties, "PrivateDnsEnabled", true) {
            diagnostics.extend(private_names(graph, known, node));
        }
        if let Some(name) = name {
            let elsewhere = properties.contains_key("ServiceRegion");
            diagnostics.extend(doubtful_service(graph, node, name, elsewhere));
        }
    }
}

/// The type of an endpoint, if it is known.
pub fn kind(properties: &Properties) -> Option<&str> {
    match properties.get("VpcEndpointType") {
        None => Some(GATEWAY),
        Some(Value::String(kind)) => Some(kind),
        Some(_) => None,
    }
}

fn misplaced(graph: &Graph, node: &Node, properties: &Properties, kind: &str) -> Vec<Diagnostic> {
    let excluded = MISPLACED.iter().filter(|(of, _)| *of == kind).flat_map(|(_, names)| *names);
    let find = |name: &&str| {
        let article = match kind {
            INTERFACE => "an interface",
            LOAD_BALANCER => "a gateway load balancer's",
            _ => "a gateway",
        };
        let hint = match (kind, properties.contains_key("VpcEndpointType")) {
            (LOAD_BALANCER, _) => {
                "it is what routes lead to: `VpcEndpointId` of an `AWS::EC2::Route`"
            }
            (INTERFACE, _) => "it is reached in its `SubnetIds`, not by routes",
            (_, true) => "it is reached by the routes of its `RouteTableIds`",
            (_, false) => {
                "say `VpcEndpointType: Interface`: an endpoint is a gateway unless it says"
            }
        };
        let message = format!("{article} endpoint takes no `{name}`");
        at(graph, node, name, At::Key, Severity::Error, message).hint(hint)
    };
    excluded.filter(|name| says_something(properties, name)).map(find).collect()
}

/// An empty list and a `false` ask for nothing.
fn says_something(properties: &Properties, name: &str) -> bool {
    match properties.get(name) {
        None => false,
        Some(Value::List(items)) => !items.is_empty(),
        Some(_) => !is(properties, name, false),
    }
}

fn private_names(graph: &Graph, known: &Known, node: &Node) -> Option<Diagnostic> {
    let vpc = parent(graph, &node.id, "VpcId")?;
    if graph.nodes.get(&vpc)?.type_name != "AWS::EC2::VPC" {
        return None;
    }
    let attributes = known.sound(&vpc)?;
    let missing = if is(attributes, "EnableDnsSupport", false) {
        "EnableDnsSupport"
    } else if !attributes.contains_key("EnableDnsHostnames")
        || is(attributes, "EnableDnsHostnames", false)
    {
        "EnableDnsHostnames"
    } else {
        return None;
    };
    let message = format!("private names need `{missing}` of the VPC `{vpc}`, which is off");
    let finding = at(graph, node, "PrivateDnsEnabled", At::Key, Severity::Error, message);
    Some(finding.hint(format!("give `{vpc}` `{missing}: true`")))
}

/// What the service is not reached by.
fn mismatched(graph: &Graph, node: &Node, name: &str, kind: &str) -> Option<Diagnostic> {
    let kinds = kinds_of(&general(name).0)?;
    let (what, other) = match kind {
        GATEWAY => ("gateway", INTERFACE),
        INTERFACE => ("interface", GATEWAY),
        LOAD_BALANCER => ("gateway load balancer", INTERFACE),
        _ => return None,
    };
    if kinds.split(' ').any(|one| one == kind) {
        return None;
    }
    let article = if other == INTERFACE { "an interface" } else { "a gateway" };
    let message = format!("`{name}` has no {what}: it is reached by {article} endpoint");
    let finding = at(graph, node, "ServiceName", At::Value, Severity::Error, message);
    Some(finding.hint(format!("say `VpcEndpointType: {other}`")))
}

/// The name of a service of AWS's that is not known, and near one that is, or in another region.
fn doubtful_service(graph: &Graph, node: &Node, name: &str, elsewhere: bool) -> Option<Diagnostic> {
    if name.starts_with(OTHERS) || !OWN.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    let (general, written) = general(name);
    let here = graph.inputs.region.as_str();
    let (message, meant) = if kinds_of(&general).is_none() {
        let near = match written {
            None => with_region(name),
            Some(_) => nearest(&general, services().map(|(known, _)| known))
                .filter(|near| is_slip(near, &general)),
        };
        (format!("no service `{name}` is known here"), near?)
    } else {
        let region = written.filter(|region| *region != here && !elsewhere)?;
        let message = format!("`{name}` is in {region}, and the endpoint would be in {here}");
        (message, general.as_str())
    };
    let hint = format!("did you mean `!Sub {}`?", meant.replace(REGION, "${AWS::Region}"));
    let finding = at(graph, node, "ServiceName", At::Value, Severity::Warning, message);
    Some(finding.hint(hint))
}

/// The name with the region it names, if any, as the list has it.
fn general(name: &str) -> (String, Option<&str>) {
    let region = name.split('.').find(|part| is_region(part));
    (region.map_or_else(|| name.to_owned(), |region| name.replace(region, REGION)), region)
}

fn services() -> impl Iterator<Item = (&'static str, &'static str)> {
    SERVICES.lines().filter_map(|line| line.split_once(' '))
}

fn kinds_of(general: &str) -> Option<&'static str> {
    services().find(|(name, _)| *name == general).map(|(_, kinds)| kinds)
}

/// The service that a name without a region means.
fn with_region(name: &str) -> Option<&'static str> {
    let bare = |known: &str| known.replacen(&format!("{REGION}."), "", 1) == name;
    services().map(|(known, _)| known).find(|known| bare(known))
}

/// Whether two names are so near that one is hardly another service: services come faster than
/// lists of them, and many have short names.
fn is_slip(known: &str, name: &str) -> bool {
    let own = |name: &str| name.rsplit_once("{region}.").map_or(0, |(_, own)| own.len());
    let most = if own(name) < 8 { 1 } else { 2 };
    strsim::damerau_levenshtein(known, name) <= most
}

/// `us-east-1`, `ap-southeast-2`, `us-gov-west-1`.
fn is_region(part: &str) -> bool {
    let words: Vec<&str> = part.split('-').collect();
    let is_number = |word: &&str| word.len() == 1 && word.bytes().all(|one| one.is_ascii_digit());
    words.len() >= 3
        && words[0].len() <= 4
        && words.last().is_some_and(is_number)
        && words[..words.len() - 1]
            .iter()
            .all(|word| word.bytes().all(|one| one.is_ascii_lowercase()))
}

fn at(
    graph: &Graph,
    node: &Node,
    property: &str,
    at: At,
    severity: Severity,
    message: String,
) -> Diagnostic {
    let span = graph.span_of(&node.id, &[Segment::Key(property.to_owned())], at);
    let finding = match severity {
        Severity::Error => Diagnostic::error(message),
        Severity::Warning => Diagnostic::warning(message),
    };
    finding.at(&graph.template.source, span)
}

fn is(properties: &Properties, name: &str, wanted: bool) -> bool {
    let text = properties.get(name).and_then(Value::as_text);
    text.is_some_and(|text| text.eq_ignore_ascii_case(if wanted { "true" } else { "false" }))
}
