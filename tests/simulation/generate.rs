//! Templates made up from a number, and what becomes of them: they grow and shrink, things change
//! their names, and properties change in place and by replacement.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::random::Random;
use super::scenario::SECRET;

/// The versions of one made-up template.
pub fn family(number: u64) -> Vec<Json> {
    let mut random = Random::new(number ^ 0xFA11);
    let mut shape = Shape::new(&mut random);
    let mut versions = vec![shape.template()];
    for _ in 0..random.between(1, 4) {
        for _ in 0..random.between(1, 4) {
            shape.change(&mut random);
        }
        while shape.is_empty() {
            shape.grow(&mut random);
        }
        let template = shape.template();
        if versions.last() != Some(&template) {
            versions.push(template);
        }
    }
    versions
}

/// What a template holds. Each number is something that can be another one.
#[derive(Debug, Clone)]
struct Shape {
    network: Option<Network>,
    groups: Vec<Group>,
    rules: Vec<Rule>,
    endpoint: Option<Endpoint>,
    role: Option<Role>,
    function: Option<Function>,
    logs: Vec<Logs>,
    tag: u64,
    is_live: bool,
    /// Logical ids, each with the one before.
    moved: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Network {
    block: u64,
    has_names: bool,
    subnets: Vec<Subnet>,
    is_routed: bool,
}

#[derive(Debug, Clone)]
struct Subnet {
    name: u64,
    block: u64,
    zone: u64,
    is_wide: bool,
}

#[derive(Debug, Clone)]
struct Group {
    name: u64,
    description: u64,
    inline: u64,
}

/// From a group to a group, or to itself.
#[derive(Debug, Clone)]
struct Rule {
    port: u64,
    from: usize,
    to: usize,
    is_inwards: bool,
}

#[derive(Debug, Clone)]
struct Endpoint {
    has_private_names: bool,
    subnets: usize,
    policy: u64,
}

#[derive(Debug, Clone)]
struct Role {
    path: u64,
    description: u64,
    inline: u64,
    policy: u64,
}

#[derive(Debug, Clone)]
struct Function {
    name: u64,
    code: u64,
    timeout: u64,
    is_inside: bool,
    has_secret: bool,
}

#[derive(Debug, Clone)]
struct Logs {
    name: u64,
    id: u64,
    retention: u64,
}

impl Shape {
    fn new(random: &mut Random) -> Self {
        let mut shape = Self {
            network: None,
            groups: Vec::new(),
            rules: Vec::new(),
            endpoint: None,
            role: None,
            function: None,
            logs: Vec::new(),
            tag: 0,
            is_live: random.chance(500),
            moved: BTreeMap::new(),
        };
        for _ in 0..random.between(1, 4) {
            shape.grow(random);
        }
        shape
    }

    fn is_empty(&self) -> bool {
        self.network.is_none() && self.role.is_none() && self.logs.is_empty()
    }

    /// Something more. What it needs comes with it.
    fn grow(&mut self, random: &mut Random) {
        match random.between(0, 17) {
            0..5 => self.network(random),
            5..8 => {
                self.network(random);
                self.group(random);
                self.rule(random);
            }
            8 => {
                self.network(random);
                self.group(random);
                let (subnets, policy) = (random.between(1, 3), random.between(0, 3));
                let subnets = usize::try_from(subnets).expect("small");
                let has_private_names = random.chance(500);
                self.endpoint.get_or_insert(Endpoint { has_private_names, subnets, policy });
            }
            9..12 => self.role(random),
            12..14 => {
                self.role(random);
                let is_inside = self.network.is_some() && !self.groups.is_empty();
                self.function.get_or_insert(Function {
                    name: 0,
                    code: random.between(0, 9),
                    timeout: random.between(3, 90),
                    is_inside: is_inside && random.chance(700),
                    has_secret: random.chance(500),
                });
            }
            _ => {
                let id = self.logs.iter().map(|logs| logs.id).max().map_or(0, |last| last + 1);
                let name = id + 10 * random.between(0, 3) + 1_000 * self.logs.len() as u64;
                self.logs.push(Logs { name, id, retention: random.between(0, 4) });
            }
        }
    }

    fn network(&mut self, random: &mut Random) {
        let network = self.network.get_or_insert(Network {
            block: random.between(0, 3),
            has_names: true,
            subnets: Vec::new(),
            is_routed: random.chance(400),
        });
        let used = |subnet: &Subnet, number: u64| subnet.zone == number || subnet.block == number;
        let free = (0..4).find(|number| !network.subnets.iter().any(|it| used(it, *number)));
        if let Some(number) = free {
            let is_wide = random.chance(300);
            network.subnets.push(Subnet { name: number, block: number, zone: number, is_wide });
        }
    }

    fn group(&mut self, random: &mut Random) {
        if self.groups.len() < 3 {
            let name = self.groups.iter().map(|group| group.name).max().map_or(0, |last| last + 1);
            self.groups.push(Group { name, description: 0, inline: random.between(0, 3) });
        }
    }

    fn rule(&mut self, random: &mut Random) {
        let count = self.groups.len() as u64;
        let mut some = || usize::try_from(random.between(0, count)).expect("small");
        let (from, to) = (some(), some());
        let port = self.rules.iter().map(|rule| rule.port).max().map_or(0, |last| last + 1);
        self.rules.push(Rule { port, from, to, is_inwards: random.chance(600) });
    }

    fn role(&mut self, random: &mut Random) {
        self.role.get_or_insert(Role {
            path: 0,
            description: random.between(0, 3),
            inline: random.between(0, 3),
            policy: random.between(0, 3),
        });
    }

    /// One change: more, less, another name, another property.
    fn change(&mut self, random: &mut Random) {
        match random.between(0, 10) {
            0..2 => self.grow(random),
            2..4 => self.shrink(random),
            4 => self.tag += 1,
            5 => self.is_live = !self.is_live,
            6 => self.rename(random),
            _ => self.alter(random),
        }
    }

    fn shrink(&mut self, random: &mut Random) {
        match random.between(0, 7) {
            0 => self.function = None,
            1 => self.endpoint = None,
            2 => drop(self.rules.pop()),
            3 => drop(self.logs.pop()),
            4 => {
                let function = self.function.as_mut();
                function.into_iter().for_each(|function| function.is_inside = false);
            }
            5 => {
                let network = self.network.as_mut().filter(|network| network.subnets.len() > 1);
                if let Some(network) = network {
                    let index = random.between(0, network.subnets.len() as u64);
                    network.subnets.remove(usize::try_from(index).expect("small"));
                }
            }
            _ => *self = Self::new(random),
        }
    }

    /// Another logical id, or another name: a new thing, and the old one goes.
    fn rename(&mut self, random: &mut Random) {
        match random.between(0, 5) {
            0 => self.groups.iter_mut().take(1).for_each(|group| group.name += 10),
            // The same thing under another logical id.
            1 => {
                if let Some(group) = self.groups.first_mut() {
                    let before = group_name(group);
                    group.name += 10;
                    self.moved.insert(group_name(group), before);
                }
            }
            2 => self.logs.iter_mut().take(1).for_each(|logs| logs.name += 1),
            // A name that stays is taken as long as the old one is there: nobody deploys that.
            3 => self.logs.iter_mut().take(1).for_each(|logs| {
                logs.id += 10;
                logs.name += 100;
            }),
            _ => self.function.iter_mut().for_each(|function| function.name += 1),
        }
    }

    fn alter(&mut self, random: &mut Random) {
        let number = random.between(0, 4);
        match random.between(0, 14) {
            0 => self.groups.iter_mut().take(1).for_each(|group| group.description += 1),
            1 => self.groups.iter_mut().for_each(|group| group.inline = number),
            2 => {
                let subnets = self.network.iter_mut().flat_map(|network| &mut network.subnets);
                // No other subnet has ever had that block: what is taken is there until the end.
                subnets.take(1).for_each(|subnet| subnet.block = 4 * (subnet.name + 1) + number);
            }
            3 => {
                let subnets = self.network.iter_mut().flat_map(|network| &mut network.subnets);
                subnets.take(1).for_each(|subnet| subnet.is_wide = !subnet.is_wide);
            }
            4 => self.network.iter_mut().for_each(|it| it.is_routed = !it.is_routed),
            5 => self.role.iter_mut().for_each(|role| role.path = 1 - role.path),
            6 => self.role.iter_mut().for_each(|role| role.description = number),
            7 => self.role.iter_mut().for_each(|role| role.inline = number),
            8 => self.role.iter_mut().for_each(|role| role.policy = number),
            9 => self.function.iter_mut().for_each(|function| function.code += 1),
            10 => self.function.iter_mut().for_each(|function| function.timeout = 10 + number),
            11 => self.logs.iter_mut().for_each(|logs| logs.retention = number),
            12 => {
                let endpoint = self.endpoint.iter_mut();
                endpoint.for_each(|it| it.has_private_names = !it.has_private_names);
            }
            _ => self.endpoint.iter_mut().for_each(|endpoint| endpoint.policy = number),
        }
    }

    fn template(&self) -> Json {
        let mut resources = Map::new();
        self.network_resources(&mut resources);
        self.group_resources(&mut resources);
        self.role_resources(&mut resources);
        self.function_resources(&mut resources);
        for logs in &self.logs {
            let mut properties = json!({
                "LogGroupName": format!("/simulated/{}", logs.name),
                "Tags": [{"Key": "tag", "Value": self.tag.to_string()}],
            });
            if logs.retention > 0 {
                let days = [0, 7, 14, 30, 60][usize::try_from(logs.retention).expect("small")];
                properties["RetentionInDays"] = json!({"Fn::If": ["Live", days, 1]});
            }
            add(&mut resources, format!("Logs{}", logs.id), "AWS::Logs::LogGroup", properties);
        }
        for (now, before) in &self.moved {
            if let (Some(resource), false) = (resources.get(now), resources.contains_key(before)) {
                let mut resource = resource.clone();
                resource["Metadata"] = json!({"Cairn": {"MovedFrom": before}});
                resources.insert(now.clone(), resource);
            }
        }
        let is_routed = self.network.as_ref().is_some_and(|network| network.is_routed);
        let word = |yes: bool| if yes { "yes" } else { "no" };
        json!({
            "Parameters": {
                "Password": {"Type": "String", "NoEcho": true, "Default": SECRET},
                "Stage": {"Type": "String", "Default": if self.is_live { "live" } else { "test" }},
                "Routes": {"Type": "String", "Default": word(is_routed)},
            },
            "Conditions": {
                "Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]},
                "Routed": {"Fn::Equals": [{"Ref": "Routes"}, "yes"]},
            },
            "Resources": resources,
        })
    }

    fn network_resources(&self, resources: &mut Map<String, Json>) {
        let Some(network) = &self.network else { return };
        let tags = json!([{"Key": "tag", "Value": self.tag.to_string()}]);
        let vpc = json!({
            "CidrBlock": format!("10.{}.0.0/16", 10 + network.block),
            "EnableDnsSupport": true,
            "EnableDnsHostnames": network.has_names,
            "Tags": tags,
        });
        add(resources, "Vpc".to_owned(), "AWS::EC2::VPC", vpc);
        let table = json!({"VpcId": {"Ref": "Vpc"}, "Tags": tags});
        add(resources, "Table".to_owned(), "AWS::EC2::RouteTable", table);
        resources["Table"]["Condition"] = "Routed".into();
        for subnet in &network.subnets {
            let properties = json!({
                "VpcId": {"Ref": "Vpc"},
                "MapPublicIpOnLaunch": subnet.is_wide,
                "CidrBlock": format!("10.{}.{}.0/24", 10 + network.block, subnet.block),
                "AvailabilityZone":
                    format!("us-east-1{}", ["a", "b", "c"][usize::try_from(subnet.zone % 3).expect("small")]),
            });
            let name = subnet_name(subnet);
            let way = json!({"SubnetId": {"Ref": name}, "RouteTableId": {"Ref": "Table"}});
            add(resources, name.clone(), "AWS::EC2::Subnet", properties);
            let association = format!("{name}Table");
            add(resources, association.clone(), "AWS::EC2::SubnetRouteTableAssociation", way);
            resources[&association]["Condition"] = "Routed".into();
        }
    }

    fn group_resources(&self, resources: &mut Map<String, Json>) {
        let id = |index: usize| json!({"Fn::GetAtt": [group_name(&self.groups[index]), "GroupId"]});
        for group in &self.groups {
            let mut properties = json!({
                "GroupDescription": format!("description {}", group.description),
                "VpcId": {"Ref": "Vpc"},
            });
            if group.inline > 0 {
                properties["SecurityGroupIngress"] = (1..=group.inline)
                    .map(|port| json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "10.0.0.0/8"}))
                    .collect();
            }
            add(resources, group_name(group), "AWS::EC2::SecurityGroup", properties);
        }
        for rule in &self.rules {
            let (whose, kind, name) = match rule.is_inwards {
                true => ("SourceSecurityGroupId", "AWS::EC2::SecurityGroupIngress", "Ingress"),
                false => ("DestinationSecurityGroupId", "AWS::EC2::SecurityGroupEgress", "Egress"),
            };
            let port = 8000 + rule.port;
            let properties = json!({
                "GroupId": id(rule.to), whose: id(rule.from), "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
            });
            add(resources, format!("{name}{}", rule.port), kind, properties);
        }
        let (Some(endpoint), Some(network)) = (&self.endpoint, &self.network) else { return };
        let mut zones = BTreeSet::new();
        let subnets: Vec<Json> = network
            .subnets
            .iter()
            .filter(|subnet| zones.insert(subnet.zone % 3))
            .take(endpoint.subnets)
            .map(|subnet| json!({"Ref": subnet_name(subnet)}))
            .collect();
        let mut properties = json!({
            "VpcId": {"Ref": "Vpc"},
            "VpcEndpointType": "Interface",
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.bedrock-agent-runtime"},
            "SubnetIds": subnets,
            "SecurityGroupIds": [id(0)],
            "PrivateDnsEnabled": endpoint.has_private_names,
        });
        if endpoint.policy > 0 {
            properties["PolicyDocument"] =
                policy(&format!("bedrock:Invoke{}", endpoint.policy), true);
        }
        add(resources, "Endpoint".to_owned(), "AWS::EC2::VPCEndpoint", properties);
    }

    fn role_resources(&self, resources: &mut Map<String, Json>) {
        let Some(role) = &self.role else { return };
        let mut properties = json!({
            "Description": format!("role {}", role.description),
            "Path": if role.path == 0 { "/" } else { "/simulated/" },
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }],
            },
            "Tags": [{"Key": "tag", "Value": self.tag.to_string()}],
        });
        let mut inline = vec![];
        // What a function inside a network needs is always there.
        inline.push(json!({
            "PolicyName": "inside",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Action": ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"],
                    "Resource": "*",
                }],
            },
        }));
        if role.inline > 0 {
            let document = policy(&format!("logs:Put{}", role.inline), false);
            inline.push(json!({"PolicyName": "inline", "PolicyDocument": document}));
        }
        properties["Policies"] = inline.into();
        add(resources, "Role".to_owned(), "AWS::IAM::Role", properties);
        if role.policy > 0 {
            let properties = json!({
                "PolicyName": "talk",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": policy(&format!("bedrock:Invoke{}", role.policy), false),
            });
            add(resources, "Policy".to_owned(), "AWS::IAM::Policy", properties);
        }
    }

    fn function_resources(&self, resources: &mut Map<String, Json>) {
        let (Some(function), Some(_)) = (&self.function, &self.role) else { return };
        let mut properties = json!({
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": format!("def handler(event, context): return {}", function.code)},
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Timeout": function.timeout,
        });
        if function.has_secret {
            properties["Environment"] = json!({"Variables": {"PASSWORD": {"Ref": "Password"}}});
        }
        if let (true, Some(network), Some(group)) =
            (function.is_inside, &self.network, self.groups.first())
        {
            let subnets: Vec<Json> =
                network.subnets.iter().map(|subnet| json!({"Ref": subnet_name(subnet)})).collect();
            let group = json!({"Fn::GetAtt": [group_name(group), "GroupId"]});
            properties["VpcConfig"] = json!({"SubnetIds": subnets, "SecurityGroupIds": [group]});
        }
        let name = format!("Function{}", function.name);
        add(resources, name, "AWS::Lambda::Function", properties);
    }
}

fn add(resources: &mut Map<String, Json>, name: String, kind: &str, properties: Json) {
    let mut resource = json!({"Type": kind});
    resource["Properties"] = properties;
    resources.insert(name, resource);
}

fn subnet_name(subnet: &Subnet) -> String {
    format!("Subnet{}", subnet.name)
}

fn group_name(group: &Group) -> String {
    format!("Group{}", group.name)
}

fn policy(action: &str, is_of_resource: bool) -> Json {
    let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    if is_of_resource {
        statement["Principal"] = "*".into();
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}
