//! Networks without a way out: a VPC of isolated subnets, security groups, interface endpoints.

use super::expression::Prop;
use super::function::Fn;
use super::iam::{self, Statement};
use super::level1::ec2::{
    CfnRouteTable, CfnSecurityGroup, CfnSecurityGroupEgress, CfnSecurityGroupIngress, CfnSubnet,
    CfnSubnetRouteTableAssociation, CfnVPC, CfnVPCEndpoint,
};
use super::level1::ec2_security_group::SecurityGroupEgress;
use super::level1::ec2_vpc_endpoint::VpcEndpointType;
use super::name;
use super::tree::{Construct, Kind, Scope};

/// A VPC whose subnets reach nothing but each other and its endpoints, or one that is there.
///
/// ```
/// use cairn::construct::{App, Stack, ec2::Vpc};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Network");
/// let vpc = Vpc::isolated("10.4.0.0/16").zone_letters(["a", "b"]).build(&stack, "Vpc");
/// assert_eq!(vpc.subnet_ids().len(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct Vpc {
    id: Prop<String>,
    subnet_ids: Vec<Prop<String>>,
}

/// Builds a [`Vpc`].
#[derive(Debug)]
#[must_use]
pub struct VpcBuilder {
    cidr: Prop<String>,
    zones: Vec<Prop<String>>,
    host_bits: usize,
    tables: Tables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tables {
    Each,
    Shared,
}

impl Vpc {
    /// One with a block of addresses. Without more it has a subnet in each of the region's first
    /// two zones, of 256 addresses each, and answers DNS as interface endpoints need it.
    pub fn isolated(cidr: impl Into<Prop<String>>) -> VpcBuilder {
        let zone = |index| Fn::select(index, Fn::get_azs());
        VpcBuilder {
            cidr: cidr.into(),
            zones: vec![zone(0), zone(1)],
            host_bits: 8,
            tables: Tables::Each,
        }
    }

    /// One that is there already, with the subnets to use.
    pub fn from_ids<X: Into<Prop<String>>>(
        id: impl Into<Prop<String>>,
        subnet_ids: impl IntoIterator<Item = X>,
    ) -> Self {
        Self { id: id.into(), subnet_ids: subnet_ids.into_iter().map(Into::into).collect() }
    }

    /// Its id.
    pub fn id(&self) -> Prop<String> {
        self.id.clone()
    }

    /// The ids of its subnets, zone by zone.
    pub fn subnet_ids(&self) -> Vec<Prop<String>> {
        self.subnet_ids.clone()
    }
}

impl VpcBuilder {
    /// A subnet in each of these zones, as `eu-central-1a`.
    pub fn zones<X: Into<Prop<String>>>(mut self, zones: impl IntoIterator<Item = X>) -> Self {
        self.zones = zones.into_iter().map(Into::into).collect();
        self
    }

    /// A subnet in each of these zones of the stack's region, named by their letters.
    pub fn zone_letters<X: Into<Prop<String>>>(self, letters: impl IntoIterator<Item = X>) -> Self {
        let zone = |letter: X| Fn::sub_with("${AWS::Region}${Letter}", [("Letter", letter.into())]);
        self.zones(letters.into_iter().map(zone).collect::<Vec<_>>())
    }

    /// How many bits of an address each subnet has: 8 for 256 addresses.
    pub fn host_bits(mut self, bits: usize) -> Self {
        self.host_bits = bits;
        self
    }

    /// One route table for all subnets, instead of one each: they hold the same route anyway.
    pub fn shared_route_table(mut self) -> Self {
        self.tables = Tables::Shared;
        self
    }

    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> Vpc {
        let place = scope.scope().grow(id, "Vpc", Kind::Plain);
        if self.zones.is_empty() {
            place.complain("it needs a zone at least");
        }
        let vpc = CfnVPC::builder()
            .cidr_block(&self.cidr)
            .enable_dns_support(true)
            .enable_dns_hostnames(true)
            .build(&place, "Resource");
        let table = |id: &str| CfnRouteTable::builder().vpc_id(vpc.ref_()).build(&place, id);
        let shared = (self.tables == Tables::Shared).then(|| table("RouteTable"));
        let blocks = Fn::cidr(&self.cidr, self.zones.len(), self.host_bits);
        let mut subnet_ids = Vec::new();
        for (index, zone) in self.zones.iter().enumerate() {
            let name = format!("Subnet{}", index + 1);
            let subnet = CfnSubnet::builder()
                .vpc_id(vpc.ref_())
                .cidr_block(Fn::select(index, &blocks))
                .availability_zone(zone)
                .build(&place, &name);
            let table = match &shared {
                Some(shared) => shared.clone(),
                None => table(&format!("{name}RouteTable")),
            };
            CfnSubnetRouteTableAssociation::builder()
                .subnet_id(subnet.ref_())
                .route_table_id(table.ref_())
                .build(&place, &format!("{name}Association"));
            subnet_ids.push(subnet.ref_());
        }
        Vpc { id: vpc.ref_(), subnet_ids }
    }
}

/// A port, or a range of them, of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    protocol: &'static str,
    from: u16,
    to: u16,
}

impl Port {
    /// A port of TCP.
    pub fn tcp(port: u16) -> Self {
        Self::tcp_range(port, port)
    }

    /// Ports of TCP.
    pub fn tcp_range(from: u16, to: u16) -> Self {
        Self { protocol: "tcp", from, to }
    }

    /// A port of UDP.
    pub fn udp(port: u16) -> Self {
        Self { protocol: "udp", from: port, to: port }
    }

    fn text(self) -> String {
        match self.from == self.to {
            true => format!("{} {}", self.protocol, self.from),
            false => format!("{} {}-{}", self.protocol, self.from, self.to),
        }
    }
}

/// A security group. It lets nothing in or out but what is allowed here.
///
/// ```
/// use cairn::construct::{App, Stack, ec2::{Port, SecurityGroup, Vpc}};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Network");
/// let vpc = Vpc::isolated("10.4.0.0/16").build(&stack, "Vpc");
/// let inside = SecurityGroup::builder(&vpc, "Members reach each other").build(&stack, "Inside");
/// inside.allow_from_self(Port::tcp(443));
/// let caller = SecurityGroup::builder(&vpc, "Calls them").build(&stack, "Caller");
/// inside.connections().allow_from(&caller, Port::tcp(443));
/// ```
#[derive(Debug, Clone)]
pub struct SecurityGroup {
    scope: Scope,
    id: Prop<String>,
}

/// Builds a [`SecurityGroup`].
#[derive(Debug)]
#[must_use]
pub struct SecurityGroupBuilder {
    vpc: Vpc,
    description: Prop<String>,
}

/// Who may reach whom, group by group.
#[derive(Debug)]
pub struct Connections<'g>(&'g SecurityGroup);

impl SecurityGroup {
    /// One in a VPC.
    pub fn builder(vpc: &Vpc, description: impl Into<Prop<String>>) -> SecurityGroupBuilder {
        SecurityGroupBuilder { vpc: vpc.clone(), description: description.into() }
    }

    /// Its id.
    pub fn id(&self) -> Prop<String> {
        self.id.clone()
    }

    /// Lets its members reach each other.
    pub fn allow_from_self(&self, port: Port) {
        self.connections().allow_from(self, port);
    }

    /// Who may reach it, and whom it may reach.
    pub fn connections(&self) -> Connections<'_> {
        Connections(self)
    }
}

impl Connections<'_> {
    /// Lets the members of a group open connections to this one's: a rule on either side, each a
    /// resource of its own, since groups that name each other could not be made otherwise.
    pub fn allow_from(&self, other: &SecurityGroup, port: Port) {
        let (here, there) = (self.0, other);
        let (from, to) = match here.scope.path() == there.scope.path() {
            true => ("Self".to_owned(), "Self".to_owned()),
            false => (short(&there.scope), short(&here.scope)),
        };
        let number = format!("{}{}", name::capitalised(port.protocol), port.from);
        CfnSecurityGroupIngress::builder()
            .group_id(here.id())
            .description(format!("{} from members of a group", port.text()))
            .ip_protocol(port.protocol)
            .from_port(i32::from(port.from))
            .to_port(i32::from(port.to))
            .source_security_group_id(there.id())
            .build(&here.scope, &format!("IngressFrom{from}{number}"));
        CfnSecurityGroupEgress::builder()
            .group_id(there.id())
            .description(format!("{} to members of a group", port.text()))
            .ip_protocol(port.protocol)
            .from_port(i32::from(port.from))
            .to_port(i32::from(port.to))
            .destination_security_group_id(here.id())
            .build(&there.scope, &format!("EgressTo{to}{number}"));
    }

    /// Lets this group's members open connections to those of another.
    pub fn allow_to(&self, other: &SecurityGroup, port: Port) {
        other.connections().allow_from(self.0, port);
    }
}

fn short(scope: &Scope) -> String {
    let path = scope.path();
    name::joined_id(&path.split('/').collect::<Vec<_>>())
}

impl SecurityGroupBuilder {
    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> SecurityGroup {
        let place = scope.scope().grow(id, "SecurityGroup", Kind::Plain);
        // A new group may send anything anywhere, and CloudFormation takes that away only from
        // one that declares a rule: this lets nothing through, as in the CDK.
        let nothing = SecurityGroupEgress::builder()
            .description("Nothing, in place of the default that allows everything")
            .ip_protocol("icmp")
            .from_port(252)
            .to_port(86)
            .cidr_ip("255.255.255.255/32")
            .build();
        let group = CfnSecurityGroup::builder()
            .group_description(self.description)
            .vpc_id(self.vpc.id())
            .security_group_egress([nothing])
            .build(&place, "Resource");
        SecurityGroup { scope: place, id: group.attr_group_id() }
    }
}

impl Construct for SecurityGroup {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// A private way to a service of AWS, which a VPC reaches it by.
#[derive(Debug, Clone)]
pub struct InterfaceEndpoint {
    resource: CfnVPCEndpoint,
}

/// Builds an [`InterfaceEndpoint`].
#[derive(Debug)]
#[must_use]
pub struct InterfaceEndpointBuilder {
    vpc: Vpc,
    service: String,
    groups: Vec<Prop<String>>,
    private_dns: Prop<bool>,
}

impl InterfaceEndpoint {
    /// One to a service by its name in endpoints, `bedrock-agent-runtime` for example. Inside the
    /// VPC the public name of the service then leads to the endpoint.
    pub fn builder(vpc: &Vpc, service: &str) -> InterfaceEndpointBuilder {
        InterfaceEndpointBuilder {
            vpc: vpc.clone(),
            service: service.to_owned(),
            groups: Vec::new(),
            private_dns: true.into(),
        }
    }

    /// Its id.
    pub fn id(&self) -> Prop<String> {
        self.resource.ref_()
    }

    /// Lets calls through. Without any such statement it lets everything through.
    pub fn add_to_policy(&self, statement: Statement) {
        self.resource.edit(|facts| {
            let document = facts
                .properties
                .entry("PolicyDocument".to_owned())
                .or_insert_with(|| iam::document([]).expression);
            iam::add_to(document, statement);
        });
    }

    /// The resource.
    pub fn resource(&self) -> &CfnVPCEndpoint {
        &self.resource
    }
}

impl InterfaceEndpointBuilder {
    /// Puts it into a security group.
    pub fn group(mut self, group: &SecurityGroup) -> Self {
        self.groups.push(group.id());
        self
    }

    /// Whether the service's public name leads to it: it does unless said otherwise.
    pub fn private_dns(mut self, enabled: impl Into<Prop<bool>>) -> Self {
        self.private_dns = enabled.into();
        self
    }

    /// Makes it, with an address in every subnet.
    pub fn build(self, scope: &dyn Construct, id: &str) -> InterfaceEndpoint {
        let place = scope.scope().grow(id, "InterfaceEndpoint", Kind::Plain);
        let service = format!("com.amazonaws.${{AWS::Region}}.{}", self.service);
        let resource = CfnVPCEndpoint::builder()
            .vpc_id(self.vpc.id())
            .vpc_endpoint_type(VpcEndpointType::Interface)
            .service_name(Fn::sub(&service))
            .subnet_ids(self.vpc.subnet_ids())
            .security_group_ids(self.groups)
            .private_dns_enabled(self.private_dns)
            .build(&place, "Resource");
        InterfaceEndpoint { resource }
    }
}
