//! `AWS::EC2::VPCEndpoint`: a service reached from inside a VPC.
//!
//! AWS allows one endpoint call every three seconds, so a change of whatever size is one call. It
//! says states and types in another case than its own model, so both are compared ignoring case.

mod change;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{
    DnsOptions as LiveDnsOptions, DnsOptionsSpecification, DnsRecordIpType, Filter, IpAddressType,
    ResourceType, UnsuccessfulItem, VpcEndpoint as LiveEndpoint, VpcEndpointType,
};
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use change::Change;

use super::tags::Tag;
use super::{Created, Known, Live, Mark, Progress, Removal, Resource, Rule, Status, ec2_tags};
use crate::aws::{Aws, Fault, FaultKind, classify};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Endpoint;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    dns_options: Option<DnsOptions>,
    ip_address_type: Option<String>,
    policy_document: Option<Json>,
    private_dns_enabled: Option<bool>,
    resource_configuration_arn: Option<String>,
    route_table_ids: Option<Vec<String>>,
    security_group_ids: Option<Vec<String>>,
    service_name: Option<String>,
    service_network_arn: Option<String>,
    service_region: Option<String>,
    subnet_ids: Option<Vec<String>>,
    tags: Option<Vec<Tag>>,
    vpc_endpoint_type: Option<String>,
    vpc_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DnsOptions {
    dns_record_ip_type: Option<String>,
    private_dns_only_for_inbound_resolver_endpoint: Option<String>,
    private_dns_preference: Option<String>,
    private_dns_specified_domains: Option<Vec<String>>,
}

/// How the schema writes that AWS is to choose.
const NOT_SPECIFIED: &str = "not-specified";
const DEFAULT_ADDRESSES: &str = "ipv4";
/// How the schema writes the two values of what is a boolean to the API.
const ONLY_INBOUND_RESOLVER: &str = "OnlyInboundResolver";
const ALL_RESOLVERS: &str = "AllResolvers";

/// The policy of an endpoint that is given none.
const EVERYTHING_ALLOWED: &str =
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

impl Props {
    fn is_type(&self, kind: &VpcEndpointType) -> bool {
        let declared = self.vpc_endpoint_type.as_deref();
        declared.unwrap_or(VpcEndpointType::Gateway.as_str()).eq_ignore_ascii_case(kind.as_str())
    }

    /// As CloudFormation documents it, off unless it is switched on. AWS's own default has changed
    /// before, so interface endpoints say it.
    fn private_dns(&self) -> Option<bool> {
        let unless_declared = self.is_type(&VpcEndpointType::Interface).then_some(false);
        self.private_dns_enabled.or(unless_declared)
    }

    fn addresses(&self) -> Option<IpAddressType> {
        specified(self.ip_address_type.as_deref()).map(IpAddressType::from)
    }

    fn policy(&self) -> Option<String> {
        self.policy_document.as_ref().map(|document| match document {
            Json::String(text) => text.clone(),
            object => object.to_string(),
        })
    }
}

impl DnsOptions {
    fn record_type(&self) -> Option<DnsRecordIpType> {
        specified(self.dns_record_ip_type.as_deref()).map(DnsRecordIpType::from)
    }

    fn only_inbound(&self) -> Option<bool> {
        match self.private_dns_only_for_inbound_resolver_endpoint.as_deref() {
            Some(ONLY_INBOUND_RESOLVER) => Some(true),
            Some(ALL_RESOLVERS) => Some(false),
            _ => None,
        }
    }

    /// For a create: with what cannot be changed later.
    fn specification(&self) -> DnsOptionsSpecification {
        DnsOptionsSpecification::builder()
            .set_dns_record_ip_type(self.record_type())
            .set_private_dns_only_for_inbound_resolver_endpoint(self.only_inbound())
            .set_private_dns_preference(self.private_dns_preference.clone())
            .set_private_dns_specified_domains(self.private_dns_specified_domains.clone())
            .build()
    }
}

fn specified(text: Option<&str>) -> Option<&str> {
    text.filter(|text| *text != NOT_SPECIFIED)
}

async fn describe(aws: &Aws, filter: Filter) -> Result<Vec<LiveEndpoint>, Fault> {
    let filter = &filter;
    ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeVpcEndpoints", || {
                let request = aws.ec2().describe_vpc_endpoints().filters(filter.clone());
                request.set_next_token(next.clone()).send()
            })
            .await?;
        Ok((page.vpc_endpoints, page.next_token))
    })
    .await
}

/// AWS's word for the state, in small letters.
fn state(endpoint: &LiveEndpoint) -> String {
    endpoint.state().map_or_else(String::new, |state| state.as_str().to_ascii_lowercase())
}

/// `None` when it is gone: AWS may show it for a while.
fn status(endpoint: &LiveEndpoint) -> Option<Status> {
    let state = state(endpoint);
    let word = || format!("endpoint {} is {state}", endpoint.vpc_endpoint_id().unwrap_or_default());
    match state.as_str() {
        // Accepting it is up to the owner of the service.
        "available" | "pendingacceptance" => Some(Status::Ready),
        "deleted" => None,
        "deleting" => Some(Status::Deleting(word())),
        "failed" | "rejected" | "expired" => {
            let error = endpoint.last_error().and_then(|error| error.message());
            let why = error.or(endpoint.failure_reason()).map(|why| format!(": {why}"));
            Some(Status::Failed(state + &why.unwrap_or_default()))
        }
        _ => Some(Status::Pending(word())),
    }
}

fn attributes(endpoint: &LiveEndpoint) -> Attributes {
    let entries: Vec<Json> = endpoint
        .dns_entries()
        .iter()
        .map(|entry| {
            let zone = entry.hosted_zone_id().unwrap_or_default();
            format!("{zone}:{}", entry.dns_name().unwrap_or_default()).into()
        })
        .collect();
    let mut attributes = Attributes::from_iter([
        ("Id".to_owned(), endpoint.vpc_endpoint_id().into()),
        ("DnsEntries".to_owned(), entries.into()),
        ("NetworkInterfaceIds".to_owned(), endpoint.network_interface_ids().to_vec().into()),
    ]);
    if let Some(Ok(created)) = endpoint.creation_timestamp().map(|at| at.fmt(Format::DateTime)) {
        attributes.insert("CreationTimestamp".to_owned(), created.into());
    }
    attributes
}

/// `known` tells what is left to AWS: its choice then counts as not specified.
fn properties(endpoint: &LiveEndpoint, known: &Props) -> Props {
    Props {
        dns_options: endpoint
            .dns_options()
            .map(|live| dns_options(live, &known.dns_options.clone().unwrap_or_default())),
        ip_address_type: unless_left_open(
            known.ip_address_type.as_ref(),
            endpoint.ip_address_type().map(IpAddressType::as_str),
        ),
        policy_document: endpoint.policy_document().map(Json::from),
        private_dns_enabled: endpoint.private_dns_enabled(),
        resource_configuration_arn: endpoint.resource_configuration_arn.clone(),
        route_table_ids: Some(endpoint.route_table_ids().to_vec()),
        security_group_ids: Some(
            endpoint.groups().iter().filter_map(|group| group.group_id.clone()).collect(),
        ),
        service_name: endpoint.service_name.clone(),
        service_network_arn: endpoint.service_network_arn.clone(),
        service_region: endpoint.service_region.clone(),
        subnet_ids: Some(endpoint.subnet_ids().to_vec()),
        tags: ec2_tags::declared(endpoint.tags()),
        vpc_endpoint_type: endpoint.vpc_endpoint_type().map(|kind| kind.as_str().to_owned()),
        vpc_id: endpoint.vpc_id.clone(),
    }
}

fn dns_options(live: &LiveDnsOptions, known: &DnsOptions) -> DnsOptions {
    let only_inbound = live
        .private_dns_only_for_inbound_resolver_endpoint()
        .map(|only| if only { ONLY_INBOUND_RESOLVER } else { ALL_RESOLVERS });
    let domains = live.private_dns_specified_domains();
    DnsOptions {
        dns_record_ip_type: unless_left_open(
            known.dns_record_ip_type.as_ref(),
            live.dns_record_ip_type().map(DnsRecordIpType::as_str),
        ),
        private_dns_only_for_inbound_resolver_endpoint: unless_left_open(
            known.private_dns_only_for_inbound_resolver_endpoint.as_ref(),
            only_inbound,
        ),
        private_dns_preference: live.private_dns_preference.clone(),
        private_dns_specified_domains: (!domains.is_empty()).then(|| domains.to_vec()),
    }
}

fn unless_left_open(known: Option<&String>, live: Option<&str>) -> Option<String> {
    match known {
        Some(known) if known == NOT_SPECIFIED || known == "NotSpecified" => Some(known.clone()),
        _ => live.map(str::to_owned),
    }
}

fn refused(item: &UnsuccessfulItem) -> Fault {
    let error = item.error();
    let code = error.and_then(|error| error.code()).unwrap_or("Unknown");
    let message = error.and_then(|error| error.message()).unwrap_or("no reason given");
    Fault {
        action: "ec2:DeleteVpcEndpoints".to_owned(),
        kind: classify(code, message),
        code: code.to_owned(),
        message: message.to_owned(),
        request_id: None,
    }
}

/// Two endpoints of one service cannot both have private DNS. One that is being deleted keeps it
/// for minutes, and may have gone since the answer: then the create is worth another try.
async fn explain_conflict(aws: &Aws, props: &Props, fault: Fault) -> Fault {
    let (Some(vpc), true) = (&props.vpc_id, fault.message.contains("conflicting DNS domain"))
    else {
        return fault;
    };
    let Ok(endpoints) = describe(aws, ec2_tags::filter("vpc-id", [vpc.clone()])).await else {
        return fault;
    };
    let is_leaving = |endpoint: &LiveEndpoint| {
        endpoint.vpc_id() == Some(vpc)
            && endpoint.service_name() == props.service_name.as_deref()
            && ["deleting", "deleted"].contains(&state(endpoint).as_str())
    };
    if endpoints.iter().any(is_leaving) {
        Fault { kind: FaultKind::Concurrent, ..fault }
    } else {
        fault
    }
}

impl Resource for Endpoint {
    const TYPE: &'static str = "AWS::EC2::VPCEndpoint";
    const READ_BATCH: usize = 200;
    const PATIENCE: Duration = Duration::from_mins(15);
    const REMOVAL: Removal = Removal::Lingering;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("DnsOptions.DnsRecordIpType", Rule::Default("\"ipv4\"")),
        ("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint", Rule::Default("\"AllResolvers\"")),
        ("IpAddressType", Rule::Default("\"ipv4\"")),
        ("IpAddressType", Rule::CaseFold),
        ("PolicyDocument", Rule::Policy),
        ("PolicyDocument", Rule::Default(EVERYTHING_ALLOWED)),
        ("PrivateDnsEnabled", Rule::Default("false")),
        ("VpcEndpointType", Rule::Default("\"Gateway\"")),
        ("VpcEndpointType", Rule::CaseFold),
    ];

    /// Two with private DNS answer to one name: AWS speaks of a "conflicting DNS domain".
    const OCCUPIES: &'static [&'static str] = &["VpcId", "ServiceName"];
    const OCCUPIES_WITH: Option<&'static str> = Some("PrivateDnsEnabled");

    type Props = Props;

    fn classify(_code: &str, message: &str) -> Option<FaultKind> {
        // The attributes are set when an endpoint that needs them is created, but not seen at once.
        if message.contains("requires both enableDnsSupport and enableDnsHostnames") {
            return Some(FaultKind::Propagating);
        }
        message.contains("must be removed from route table").then_some(FaultKind::InUse)
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        // By VPC, which has few: not every local AWS filters by their ids.
        let vpcs: BTreeSet<_> =
            known.iter().filter_map(|one| one.properties.vpc_id.clone()).collect();
        let endpoints = describe(aws, ec2_tags::filter("vpc-id", vpcs)).await?;
        Ok(endpoints
            .iter()
            .filter_map(|endpoint| {
                let id = endpoint.vpc_endpoint_id()?;
                let one = known.iter().find(|one| one.id.as_str() == id)?;
                let live = Live {
                    properties: properties(endpoint, one.properties),
                    attributes: attributes(endpoint),
                    status: status(endpoint)?,
                };
                Some((one.id.clone(), live))
            })
            .collect())
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let answer = aws
            .call("ec2:CreateVpcEndpoint", || {
                let kind = props.vpc_endpoint_type.as_deref().map(VpcEndpointType::from);
                aws.ec2()
                    .create_vpc_endpoint()
                    .client_token(mark.token.as_str())
                    .set_vpc_endpoint_type(kind)
                    .set_vpc_id(props.vpc_id.clone())
                    .set_service_name(props.service_name.clone())
                    .set_service_region(props.service_region.clone())
                    .set_service_network_arn(props.service_network_arn.clone())
                    .set_resource_configuration_arn(props.resource_configuration_arn.clone())
                    .set_policy_document(props.policy())
                    .set_route_table_ids(props.route_table_ids.clone())
                    .set_subnet_ids(props.subnet_ids.clone())
                    .set_security_group_ids(props.security_group_ids.clone())
                    .set_private_dns_enabled(props.private_dns())
                    .set_ip_address_type(props.addresses())
                    .set_dns_options(props.dns_options.as_ref().map(DnsOptions::specification))
                    .tag_specifications(ec2_tags::specification(
                        ResourceType::VpcEndpoint,
                        props.tags.as_deref(),
                        mark,
                    ))
                    .send()
            })
            .await;
        let endpoint = match answer {
            Ok(answer) => answer.vpc_endpoint,
            Err(fault) => return Err(explain_conflict(aws, props, fault).await),
        };
        let endpoint =
            endpoint.ok_or_else(|| Fault::malformed("ec2:CreateVpcEndpoint", "endpoint"))?;
        let id = endpoint
            .vpc_endpoint_id()
            .map(PhysicalId::new)
            .ok_or_else(|| Fault::malformed("ec2:CreateVpcEndpoint", "endpoint id"))?;
        Ok(if state(&endpoint) == "available" {
            Created::ready(id, attributes(&endpoint))
        } else {
            Created::pending(id)
        })
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        ec2_tags::change(aws, id.as_str(), from.tags.as_deref(), to.tags.as_deref()).await?;
        let change = Change::between(aws, from, to).await?;
        if change.is_empty() {
            return Ok(Progress::Done);
        }
        aws.call("ec2:ModifyVpcEndpoint", || {
            let request = aws.ec2().modify_vpc_endpoint().vpc_endpoint_id(id.as_str());
            change.put_into(request).send()
        })
        .await?;
        Ok(if to.is_type(&VpcEndpointType::Gateway) { Progress::Done } else { Progress::Settle })
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let answer = aws
            .call("ec2:DeleteVpcEndpoints", || {
                aws.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id.as_str()).send()
            })
            .await?;
        match answer.unsuccessful().first() {
            Some(item) => Err(refused(item)),
            None => Ok(()),
        }
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let endpoints = describe(aws, ec2_tags::token_filter(mark)).await?;
        Ok(endpoints
            .into_iter()
            .filter(|endpoint| ec2_tags::carries(endpoint.tags(), mark))
            .filter(|endpoint| !matches!(status(endpoint), None | Some(Status::Deleting(_))))
            .filter_map(|endpoint| endpoint.vpc_endpoint_id.map(PhysicalId::new))
            .collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let all = describe(aws, ec2_tags::stack_filter(stack)).await?;
        let live =
            all.iter().filter(|one| !matches!(status(one), None | Some(Status::Deleting(_))));
        Ok(Some(live.filter_map(|one| ec2_tags::mark(one.tags(), stack)).collect()))
    }
}
