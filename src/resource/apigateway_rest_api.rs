//! `AWS::ApiGateway::RestApi`: an API. Names are not unique, so only its tags tell whose it is.
//!
//! An OpenAPI document cannot be given on create: it is imported afterwards, which overwrites
//! what the document says nothing about, so what the template declares is then set again.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types;
use aws_sdk_apigateway::types::{
    ApiKeySourceType, ApiStatus, EndpointAccessMode, EndpointType, IpAddressType, PutMode,
    SecurityPolicy,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::apigateway_patch::Patch;
use super::or_absent::OrAbsent;
use super::tags::Tag;
use super::{
    Completion, Created, Known, Live, Lock, Mark, Name, Progress, Repeat, Resource, Rule, Status,
    Uniqueness, Verdict,
};
use super::{apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct RestApi;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    api_key_source_type: Option<String>,
    binary_media_types: Option<Vec<String>>,
    body: Option<Json>,
    clone_from: Option<String>,
    description: Option<String>,
    disable_execute_api_endpoint: Option<bool>,
    endpoint_access_mode: Option<String>,
    endpoint_configuration: Option<EndpointConfiguration>,
    fail_on_warnings: Option<bool>,
    minimum_compression_size: Option<i32>,
    mode: Option<String>,
    name: Option<String>,
    parameters: Option<Json>,
    policy: Option<Json>,
    security_policy: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct EndpointConfiguration {
    ip_address_type: Option<String>,
    types: Option<Vec<String>>,
    vpc_endpoint_ids: Option<Vec<String>>,
}

const EDGE: &str = "EDGE";
const PRIVATE: &str = "PRIVATE";
const IPV4: &str = "ipv4";
const DUAL_STACK: &str = "dualstack";
const TLS_1_0: &str = "TLS_1_0";

/// `GetRestApi`, `GetRestApis` and `PutRestApi` answer with three types of the same fields.
macro_rules! properties {
    ($answer:expr) => {{
        let answer = $answer;
        Props {
            api_key_source_type: answer.api_key_source.map(|source| source.as_str().to_owned()),
            binary_media_types: answer.binary_media_types.filter(|types| !types.is_empty()),
            description: answer.description,
            disable_execute_api_endpoint: Some(answer.disable_execute_api_endpoint),
            endpoint_access_mode: answer.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
            endpoint_configuration: answer.endpoint_configuration.map(EndpointConfiguration::from),
            minimum_compression_size: answer.minimum_compression_size,
            name: answer.name,
            policy: answer.policy.and_then(|text| policy_document(&text)),
            security_policy: answer.security_policy.map(|policy| policy.as_str().to_owned()),
            tags: apigateway_tags::read(answer.tags),
            ..Props::default()
        }
    }};
}

/// One API of an answer, with its id.
macro_rules! live {
    ($answer:expr) => {{
        let answer = $answer;
        let id = answer.id.clone().unwrap_or_default();
        let attributes = attributes(&id, answer.root_resource_id.as_deref());
        let status = status(answer.api_status.as_ref(), answer.api_status_message.as_deref());
        (PhysicalId::new(id), Live { properties: properties!(answer), attributes, status })
    }};
}

impl From<types::EndpointConfiguration> for EndpointConfiguration {
    fn from(live: types::EndpointConfiguration) -> Self {
        Self {
            ip_address_type: live.ip_address_type.map(|kind| kind.as_str().to_owned()),
            types: live
                .types
                .map(|types| types.iter().map(|kind| kind.as_str().to_owned()).collect()),
            vpc_endpoint_ids: live.vpc_endpoint_ids.filter(|ids| !ids.is_empty()),
        }
    }
}

impl EndpointConfiguration {
    fn to_sdk(&self) -> types::EndpointConfiguration {
        let types = self.types.as_ref();
        types::EndpointConfiguration::builder()
            .set_types(
                types.map(|types| types.iter().map(|t| EndpointType::from(t.as_str())).collect()),
            )
            .set_ip_address_type(self.ip_address_type.as_deref().map(IpAddressType::from))
            .set_vpc_endpoint_ids(self.vpc_endpoint_ids.clone())
            .build()
    }

    /// An API has one endpoint type, in a list.
    fn endpoint_type(&self) -> &str {
        self.types.iter().flatten().next().map_or(EDGE, String::as_str)
    }

    /// What AWS gives an API that asks for no address type.
    fn default_address_type(&self) -> &'static str {
        if self.endpoint_type() == PRIVATE { DUAL_STACK } else { IPV4 }
    }
}

fn attributes(id: &str, root: Option<&str>) -> Attributes {
    let mut attributes = Attributes::from_iter([("RestApiId".to_owned(), id.into())]);
    if let Some(root) = root {
        attributes.insert("RootResourceId".to_owned(), root.into());
    }
    attributes
}

/// Some settings take their time; emulators and older answers tell no status at all.
fn status(status: Option<&ApiStatus>, message: Option<&str>) -> Status {
    match status {
        None | Some(ApiStatus::Available) => Status::Ready,
        Some(ApiStatus::Failed) => Status::Failed(message.unwrap_or("FAILED").to_owned()),
        Some(other) => Status::Pending(format!("the API is {}", other.as_str())),
    }
}

/// A live policy has its quotes and slashes escaped, as if it stood inside a JSON text.
fn policy_document(text: &str) -> Option<Json> {
    if text.is_empty() {
        return None;
    }
    let plain = serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned());
    Some(serde_json::from_str(&plain).unwrap_or(Json::String(plain)))
}

fn policy_text(policy: &Json) -> String {
    policy.as_str().map_or_else(|| policy.to_string(), str::to_owned)
}

/// API Gateway writes out what a policy abbreviates: `execute-api:/*` comes back as the ARN of
/// the API. Where the template uses the short form, so does the answer.
fn abbreviated(aws: &Aws, id: &PhysicalId, live: Json, declared: Option<&Json>) -> Json {
    const SHORT: &str = "execute-api:/";
    let is_short = |policy: &Json| {
        let text = policy_text(policy);
        text.contains(&format!("\"{SHORT}"))
    };
    if !declared.is_some_and(is_short) {
        return live;
    }
    let (partition, region, account) = (aws.partition(), aws.region(), aws.account());
    let long = format!("arn:{partition}:execute-api:{region}:{account}:{id}/");
    let text = policy_text(&live).replace(&long, SHORT);
    serde_json::from_str(&text).unwrap_or(live)
}

/// The import's parameters: a map of text, or such a map as JSON text.
fn import_parameters(parameters: &Json) -> Result<HashMap<String, String>, Fault> {
    let parsed = match parameters {
        Json::String(text) => serde_json::from_str(text).unwrap_or(Json::Null),
        other => other.clone(),
    };
    let Json::Object(entries) = parsed else {
        return Err(Fault::invalid("apigateway:PutRestApi", "`Parameters` is not a map"));
    };
    Ok(entries.into_iter().map(|(key, value)| (key, policy_text(&value))).collect())
}

/// Of an API as imported, what the template also declares: the rest is the document's to say.
fn declared_only(live: Props, wanted: &Props) -> Props {
    #[expect(clippy::ref_option, reason = "these are fields, and there are many of them")]
    fn kept<T>(live: Option<T>, wanted: &Option<T>) -> Option<T> {
        live.filter(|_| wanted.is_some())
    }
    Props {
        api_key_source_type: kept(live.api_key_source_type, &wanted.api_key_source_type),
        binary_media_types: kept(live.binary_media_types, &wanted.binary_media_types),
        description: kept(live.description, &wanted.description),
        disable_execute_api_endpoint: kept(
            live.disable_execute_api_endpoint,
            &wanted.disable_execute_api_endpoint,
        ),
        endpoint_access_mode: kept(live.endpoint_access_mode, &wanted.endpoint_access_mode),
        endpoint_configuration: kept(live.endpoint_configuration, &wanted.endpoint_configuration),
        minimum_compression_size: kept(
            live.minimum_compression_size,
            &wanted.minimum_compression_size,
        ),
        name: kept(live.name, &wanted.name),
        policy: kept(live.policy, &wanted.policy),
        security_policy: kept(live.security_policy, &wanted.security_policy),
        ..Props::default()
    }
}

fn patch(from: &Props, to: &Props) -> Patch {
    let mut patch = Patch::default();
    patch.field("/name", from.name.as_ref(), to.name.as_ref(), "");
    patch.field("/description", from.description.as_ref(), to.description.as_ref(), "");
    patch.field(
        "/apiKeySource",
        from.api_key_source_type.as_ref(),
        to.api_key_source_type.as_ref(),
        ApiKeySourceType::Header.as_str(),
    );
    patch.field(
        "/disableExecuteApiEndpoint",
        from.disable_execute_api_endpoint.as_ref(),
        to.disable_execute_api_endpoint.as_ref(),
        "false",
    );
    let policies = [from, to].map(|props| props.policy.as_ref().map(policy_text));
    patch.field("/policy", policies[0].as_ref(), policies[1].as_ref(), "");
    patch.clearable(
        "/minimumCompressionSize",
        from.minimum_compression_size.as_ref(),
        to.minimum_compression_size.as_ref(),
    );
    patch.members(
        "/binaryMediaTypes",
        from.binary_media_types.as_ref(),
        to.binary_media_types.as_ref(),
    );
    patch_endpoint(&mut patch, from, to);
    patch.field(
        "/securityPolicy",
        from.security_policy.as_ref(),
        to.security_policy.as_ref(),
        TLS_1_0,
    );
    patch.field(
        "/endpointAccessMode",
        from.endpoint_access_mode.as_ref(),
        to.endpoint_access_mode.as_ref(),
        EndpointAccessMode::Basic.as_str(),
    );
    patch
}

fn patch_endpoint(patch: &mut Patch, from: &Props, to: &Props) {
    let from = from.endpoint_configuration.clone().unwrap_or_default();
    let to = to.endpoint_configuration.clone().unwrap_or_default();
    if from.endpoint_type() != to.endpoint_type() {
        patch.replace("/endpointConfiguration/types/0", to.endpoint_type());
    }
    if from.endpoint_type() == to.endpoint_type() {
        patch.field(
            "/endpointConfiguration/ipAddressType",
            from.ip_address_type.as_ref(),
            to.ip_address_type.as_ref(),
            to.default_address_type(),
        );
    }
    patch.values(
        "/endpointConfiguration/vpcEndpointIds",
        from.vpc_endpoint_ids.as_ref(),
        to.vpc_endpoint_ids.as_ref(),
    );
}

/// The address type, where a change of the endpoint type has left another. "Private APIs can only have
/// a dualstack IP address type": one that becomes private gets it, and one that is no longer private
/// keeps it until it is changed in a call of its own (Developer Guide, "IP address types for REST
/// APIs").
fn patch_addresses(from: &Props, to: &Props) -> Patch {
    let from = from.endpoint_configuration.clone().unwrap_or_default();
    let to = to.endpoint_configuration.clone().unwrap_or_default();
    let mut patch = Patch::default();
    if from.endpoint_type() == to.endpoint_type() || to.endpoint_type() == PRIVATE {
        return patch;
    }
    let left = from.ip_address_type.as_deref().unwrap_or(from.default_address_type());
    let wanted = to.ip_address_type.as_deref().unwrap_or(to.default_address_type());
    if left != wanted {
        patch.replace("/endpointConfiguration/ipAddressType", wanted);
    }
    patch
}

async fn send(aws: &Aws, id: &PhysicalId, patch: &Patch) -> Result<Progress, Fault> {
    if patch.is_empty() {
        return Ok(Progress::Done);
    }
    let answer = aws
        .call("apigateway:UpdateRestApi", || {
            aws.apigateway()
                .update_rest_api()
                .rest_api_id(id.as_str())
                .set_patch_operations(patch.operations())
                .send()
        })
        .await?;
    Ok(match status(answer.api_status.as_ref(), answer.api_status_message.as_deref()) {
        Status::Ready => Progress::Done,
        _ => Progress::Settle,
    })
}

/// Imports the document, then sets again what it has overwritten. What it made has new ids, the
/// root resource too, so the API has to be read.
async fn import(aws: &Aws, id: &PhysicalId, props: &Props, body: &Json) -> Result<Progress, Fault> {
    let body = Blob::new(policy_text(body));
    let parameters = props.parameters.as_ref().map(import_parameters).transpose()?;
    let mode = props.mode.as_deref().map_or(PutMode::Overwrite, PutMode::from);
    let answer = aws
        .call("apigateway:PutRestApi", || {
            aws.apigateway()
                .put_rest_api()
                .rest_api_id(id.as_str())
                .mode(mode.clone())
                .set_fail_on_warnings(props.fail_on_warnings)
                .set_parameters(parameters.clone())
                .body(body.clone())
                .send()
        })
        .await?;
    send(aws, id, &patch(&declared_only(properties!(answer), props), props)).await?;
    Ok(Progress::Settle)
}

async fn list(aws: &Aws) -> Result<Vec<types::RestApi>, Fault> {
    apigateway_tree::all(|position: Option<String>| async move {
        let answer = aws
            .call("apigateway:GetRestApis", || {
                let request = aws.apigateway().get_rest_apis().limit(apigateway_tree::PAGE);
                request.set_position(position.clone()).send()
            })
            .await?;
        Ok((answer.items, answer.position))
    })
    .await
}

impl Resource for RestApi {
    const TYPE: &'static str = "AWS::ApiGateway::RestApi";
    const REPEAT: Repeat = Repeat::Another;
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 100;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("ApiKeySourceType", Rule::Default(r#""HEADER""#)),
        ("Body", Rule::Json),
        // They say how an API is made or imported: alone they change nothing.
        ("CloneFrom", Rule::Ignore),
        ("Description", Rule::Default(r#""""#)),
        ("DisableExecuteApiEndpoint", Rule::Default("false")),
        ("EndpointAccessMode", Rule::Default(r#""BASIC""#)),
        ("EndpointConfiguration.IpAddressType", Rule::Default(r#""ipv4""#)),
        ("EndpointConfiguration", Rule::MayReplace),
        ("EndpointConfiguration.Types", Rule::Default(r#"["EDGE"]"#)),
        ("EndpointConfiguration.Types", Rule::MayReplace),
        ("FailOnWarnings", Rule::Ignore),
        ("Mode", Rule::Ignore),
        ("Parameters", Rule::Json),
        ("Policy", Rule::Policy),
        ("SecurityPolicy", Rule::Default(r#""TLS_1_0""#)),
    ];
    const UNSUPPORTED: &'static [(&'static str, &'static str)] = &[(
        "BodyS3Location",
        "Cairn reads no OpenAPI document from S3; put it into the template as `Body`",
    )];
    const NAME: Option<Name> =
        Some(Name { property: "Name", max_length: 128, unique: Uniqueness::Label });
    const LOCK: Option<Lock> = Some(Lock::Itself);

    type Props = Props;

    /// "You cannot change a private API into an edge-optimized API": Developer Guide, "Change a public
    /// or private API endpoint type".
    fn replaces(_path: &str, from: &Json, to: &Json) -> Verdict {
        let first = |value: &Json| match value.get("Types").unwrap_or(value) {
            Json::Array(types) => types.first().and_then(Json::as_str).unwrap_or(EDGE).to_owned(),
            _ => EDGE.to_owned(),
        };
        match (first(from).as_str(), first(to).as_str()) {
            (PRIVATE, EDGE) => Verdict::Replace,
            _ => Verdict::InPlace,
        }
    }

    /// One API by its id, several by the account's list.
    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let found: Vec<_> = if let [one] = known {
            let answer = aws.call("apigateway:GetRestApi", || {
                aws.apigateway().get_rest_api().rest_api_id(one.id.as_str()).send()
            });
            answer.await.or_absent()?.into_iter().map(|answer| live!(answer)).collect()
        } else {
            list(aws).await?.into_iter().map(|answer| live!(answer)).collect()
        };
        let declared: BTreeMap<_, _> = known.iter().map(|one| (one.id, one.properties)).collect();
        Ok(found
            .into_iter()
            .filter_map(|(id, mut live)| {
                let declared = declared.get(&id)?.policy.as_ref();
                live.properties.policy =
                    live.properties.policy.map(|policy| abbreviated(aws, &id, policy, declared));
                Some((id, live))
            })
            .collect())
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "apigateway:CreateRestApi";
        let answer = aws
            .call(ACTION, || {
                let endpoint = props.endpoint_configuration.as_ref();
                aws.apigateway()
                    .create_rest_api()
                    .set_name(props.name.clone())
                    .set_description(props.description.clone())
                    .set_clone_from(props.clone_from.clone())
                    .set_binary_media_types(props.binary_media_types.clone())
                    .set_minimum_compression_size(props.minimum_compression_size)
                    .set_api_key_source(
                        props.api_key_source_type.as_deref().map(ApiKeySourceType::from),
                    )
                    .set_endpoint_configuration(endpoint.map(EndpointConfiguration::to_sdk))
                    .set_policy(props.policy.as_ref().map(policy_text))
                    .set_disable_execute_api_endpoint(props.disable_execute_api_endpoint)
                    .set_security_policy(props.security_policy.as_deref().map(SecurityPolicy::from))
                    .set_endpoint_access_mode(
                        props.endpoint_access_mode.as_deref().map(EndpointAccessMode::from),
                    )
                    .set_tags(Some(apigateway_tags::marked(mark, props.tags.as_deref())))
                    .send()
            })
            .await?;
        let id = answer.id.ok_or_else(|| Fault::malformed(ACTION, "id"))?;
        let Some(root) = answer.root_resource_id else {
            return Ok(Created::pending(PhysicalId::new(id)));
        };
        Ok(Created {
            attributes: attributes(&id, Some(&root)),
            status: status(answer.api_status.as_ref(), answer.api_status_message.as_deref()),
            id: PhysicalId::new(id),
        })
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        match &props.body {
            Some(body) => import(aws, id, props, body).await,
            None => Ok(Progress::Done),
        }
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let tagged = format!("/restapis/{id}");
        apigateway_tags::update(aws, &tagged, from.tags.as_deref(), to.tags.as_deref()).await?;
        match &to.body {
            Some(body) if (&from.body, &from.parameters) != (&to.body, &to.parameters) => {
                import(aws, id, to, body).await
            }
            _ => {
                let progress = send(aws, id, &patch(from, to)).await?;
                match patch_addresses(from, to) {
                    addresses if addresses.is_empty() => Ok(progress),
                    addresses => send(aws, id, &addresses).await,
                }
            }
        }
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        aws.call("apigateway:DeleteRestApi", || {
            aws.apigateway().delete_rest_api().rest_api_id(id.as_str()).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let apis = list(aws).await?;
        let ours = apis.into_iter().filter(|api| apigateway_tags::is_on(mark, api.tags.as_ref()));
        Ok(ours.filter_map(|api| api.id).map(PhysicalId::new).collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let all = list(aws).await?;
        let tags = all.iter().map(|one| one.tags());
        Ok(Some(tags.filter_map(|tags| apigateway_tags::mark(stack, tags)).collect()))
    }
}
