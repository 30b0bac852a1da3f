use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::scene::{Item, Site};
use super::{Marks, Scene, describe, scene, svg};
use crate::plan::Action;
use crate::sketch::Sketch;
use crate::value::LogicalId;

/// Resources, one a line: `Id Service::Type path>Other path>Other`.
fn sketch(text: &str) -> Sketch {
    let parts: Vec<Json> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(part).collect();
    serde_json::from_value(Json::Array(parts)).expect("a sketch")
}

fn part(line: &str) -> Json {
    let mut words = line.split_whitespace();
    let (id, kind) = (words.next().expect("an id"), words.next().expect("a type"));
    let links: Vec<Json> = words
        .filter_map(|word| word.split_once('>'))
        .map(|(path, to)| json!({"to": to, "path": path}))
        .collect();
    json!({"id": id, "type_name": format!("AWS::{kind}"), "links": links})
}

fn drawn(text: &str) -> Scene {
    scene(&sketch(text), &Marks::new())
}

/// Who calls whom, and what is on which card.
fn told(scene: &Scene) -> Vec<String> {
    let name = |card: usize| {
        let card = &scene.cards[card];
        let rows: Vec<&str> = card.rows.iter().map(|row| row.title.as_str()).collect();
        match rows.is_empty() {
            true => card.item.title.clone(),
            false => format!("{}({})", card.item.title, rows.join(" ")),
        }
    };
    scene.edges.iter().map(|(from, to)| format!("{} -> {}", name(*from), name(*to))).collect()
}

/// As people draw them: whoever begins stands left.
#[test]
fn calls_lead_from_who_calls_to_who_is_called() {
    let cases: [(&str, &[&str]); 7] = [
        (
            "Topic SNS::Topic
             Function Lambda::Function
             Subscription SNS::Subscription TopicArn>Topic Endpoint>Function
             May Lambda::Permission FunctionName>Function SourceArn>Topic",
            &["Topic(Subscription) -> Function(May)"],
        ),
        (
            "Queue SQS::Queue
             Function Lambda::Function
             Mapping Lambda::EventSourceMapping EventSourceArn>Queue FunctionName>Function",
            &["Queue -> Function(Mapping)"],
        ),
        (
            "Function Lambda::Function
             Daily Events::Rule Targets.Arn>Function",
            &["Daily -> Function"],
        ),
        (
            "Balancer ElasticLoadBalancingV2::LoadBalancer
             Group ElasticLoadBalancingV2::TargetGroup
             Listener ElasticLoadBalancingV2::Listener LoadBalancerArn>Balancer DefaultActions.TargetGroupArn>Group
             Service ECS::Service LoadBalancers.TargetGroupArn>Group TaskDefinition>Task
             Task ECS::TaskDefinition",
            &["Balancer(Group Listener) -> Service"],
        ),
        (
            "Table DynamoDB::Table
             Role IAM::Role
             May IAM::Policy Roles>Role PolicyDocument.Statement.Resource>Table
             Function Lambda::Function Role>Role",
            &["Function -> Table"],
        ),
        (
            "Agent Bedrock::Agent
             Alias Bedrock::AgentAlias AgentId>Agent
             Vpc EC2::VPC
             One EC2::Subnet VpcId>Vpc
             Function Lambda::Function VpcConfig.SubnetIds>One Environment.ID>Alias
             Endpoint EC2::VPCEndpoint VpcId>Vpc SubnetIds>One PolicyDocument.Statement.Resource>Alias",
            &["Function -> Endpoint", "Endpoint -> Agent(Alias)"],
        ),
        // In a circle both are drawn, and the line once.
        (
            "One StepFunctions::StateMachine Definition>Two
             Two StepFunctions::StateMachine Definition>One",
            &["One -> Two"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(told(&drawn(text)), expected, "{text}");
    }
}

const NETWORK: &str = "
    Vpc EC2::VPC
    One EC2::Subnet VpcId>Vpc
    Two EC2::Subnet VpcId>Vpc
    Three EC2::Subnet VpcId>Vpc
    Other EC2::VPC
    Far EC2::Subnet VpcId>Other
    Foreign EC2::Subnet
    Gateway EC2::InternetGateway
    Attached EC2::VPCGatewayAttachment VpcId>Vpc InternetGatewayId>Gateway
    Group EC2::SecurityGroup VpcId>Vpc
    Rule EC2::SecurityGroupIngress GroupId>Group SourceSecurityGroupId>Group
    Table EC2::RouteTable VpcId>Other
    Subnets RDS::DBSubnetGroup SubnetIds>One SubnetIds>Three
    Base RDS::DBInstance DBSubnetGroupName>Subnets VPCSecurityGroups>Group
    Function Lambda::Function VpcConfig.SubnetIds>One VpcConfig.SubnetIds>Two VpcConfig.SecurityGroupIds>Group Environment>Base
    Elsewhere Lambda::Function VpcConfig.SubnetIds>Foreign
    Key KMS::Key
";

#[test]
fn a_network_has_in_it_what_stands_in_it() {
    let scene = drawn(NETWORK);
    let site = |title: &str| {
        let card = scene.cards.iter().find(|card| card.item.title == title).expect("a card");
        (card.site.clone(), card.groups.clone())
    };
    let inside =
        |vpc, bands: &[usize]| Site::Inside { vpc, bands: bands.iter().copied().collect() };
    let group = vec!["Group".to_owned()];
    assert_eq!(site("Function"), (inside(0, &[0, 1]), group.clone()));
    assert_eq!(site("Base"), (inside(0, &[0, 2]), group));
    assert_eq!(site("Gateway").0, Site::Border { vpc: 0 });
    assert_eq!(site("Table").0, Site::Border { vpc: 1 });
    assert_eq!(site("Elsewhere").0, inside(2, &[0]));
    let ways: Vec<&str> = scene.vpcs.iter().map(|vpc| vpc.ways).collect();
    assert_eq!(ways, ["internet gateway", "no way to the internet", ""]);
    assert_eq!(scene.vpcs[2].item.title, "VPC of another stack");
    let text = svg(&scene, "network");
    assert!(text.contains("here as well"), "it stands in two subnets that are apart");
    assert!(describe(&scene).contains("Function calls Base"), "{}", describe(&scene));
}

fn items(scene: &Scene) -> Vec<&Item> {
    let cards = scene.cards.iter().flat_map(|card| std::iter::once(&card.item).chain(&card.rows));
    let vpcs = scene
        .vpcs
        .iter()
        .flat_map(|vpc| std::iter::once(&vpc.item).chain(vpc.bands.iter().map(|band| &band.item)));
    cards.chain(vpcs).chain(scene.shelves.iter().flat_map(|shelf| &shelf.items)).collect()
}

fn ids(scene: &Scene) -> Vec<&LogicalId> {
    let mut ids: Vec<&LogicalId> = items(scene).into_iter().flat_map(|item| &item.ids).collect();
    ids.sort_unstable();
    ids
}

/// A thousand resources: of many types, in many subnets, each with what belongs to it.
fn large(count: usize) -> String {
    let mut text = "Vpc EC2::VPC\n".to_owned();
    for number in 0..count / 10 {
        let subnet = number % 30;
        if number < 30 {
            text.push_str(&format!("Subnet{number} EC2::Subnet VpcId>Vpc\n"));
        }
        text.push_str(&format!(
            "Function{number} Lambda::Function VpcConfig.SubnetIds>Subnet{subnet} Role>Role{number} Environment>Queue{number}\n\
             Role{number} IAM::Role Policies.Statement.Resource>Table{}\n\
             Queue{number} SQS::Queue\nTable{number} DynamoDB::Table\nLogs{number} Logs::LogGroup\n\
             Group{number} EC2::SecurityGroup VpcId>Vpc\nAlarm{number} CloudWatch::Alarm D>Function{number}\n\
             Api{number} ApiGateway::RestApi\nMethod{number} ApiGateway::Method RestApiId>Api{number} Uri>Function{number}\n",
            number / 2
        ));
    }
    text
}

#[test]
fn a_large_stack_is_folded_and_nothing_is_left_out() {
    for count in [40, 200, 500, 1_000, 5_000] {
        let sketch = sketch(&large(count));
        let scene = scene(&sketch, &Marks::new());
        let mut all: Vec<&LogicalId> = sketch.parts.iter().map(|part| &part.id).collect();
        all.sort_unstable();
        assert_eq!(ids(&scene), all, "{count}: each is there once");
        assert!(items(&scene).len() <= 130, "{count}: {}", items(&scene).len());
        let text = svg(&scene, "large");
        assert!(text.len() < 120_000, "{count}: {}", text.len());
        assert_eq!(text, svg(&super::scene(&sketch, &Marks::new()), "large"), "always the same");
    }
}

/// What changes is never hidden behind what stays.
#[test]
fn what_is_folded_has_one_mark() {
    let sketch = sketch(&large(500));
    let action = |index: usize| match index % 97 {
        0 => Action::Replace,
        1 => Action::Delete,
        _ => Action::Keep,
    };
    let marks: Marks =
        sketch.parts.iter().enumerate().map(|(at, part)| (part.id.clone(), action(at))).collect();
    let scene = scene(&sketch, &marks);
    for item in items(&scene).into_iter().filter(|item| !item.ids.is_empty() && item.mark.is_some())
    {
        let found: BTreeSet<Action> = item.ids.iter().map(|id| marks[id]).collect();
        assert_eq!(found.len(), 1, "{item:?}");
        assert_eq!(found.first().copied(), item.mark);
    }
}

/// Names are text, in every form.
#[test]
fn names_are_no_markup() {
    let mut sketch = drawn_sketch();
    sketch.parts[0].id = LogicalId::new("</text><script>\"&\u{1}");
    let scene = scene(&sketch, &Marks::new());
    let text = svg(&scene, "<title>");
    assert!(!text.contains("<script") && !text.contains('\u{1}'), "{text}");
    assert!(text.contains("&lt;/text&gt;"), "{text}");
    let dot = super::dot(&scene, "a\"b");
    assert!(dot.starts_with("digraph \"a\\\"b\" {"), "{dot}");
    let mermaid = super::mermaid(&scene);
    assert!(!mermaid.contains("<script") && mermaid.contains("#60;script#62;"), "{mermaid}");
}

fn drawn_sketch() -> Sketch {
    sketch("One SNS::Topic\nTwo Lambda::Function Environment>One\nThree Logs::LogGroup")
}
