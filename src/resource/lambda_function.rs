//! `AWS::Lambda::Function`: code, and how it is run.
//!
//! A function is `Pending` after its creation and for a while after each change, and refuses the
//! next change until then: configuration and code are changed one after the other. One in a VPC
//! leaves the VPC before it is deleted, since the network interfaces of a deleted function stay
//! for up to 45 minutes and keep subnets and security groups from being deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationInputBuilder;
use aws_sdk_lambda::types::{
    FunctionConfiguration, LastUpdateStatus, LastUpdateStatusReasonCode, SnapStartApplyOn,
    SnapStartOptimizationStatus, State, StateReasonCode,
};
use aws_smithy_types::error::operation::BuildError;
use serde_json::{Value as Json, json};

use super::lambda_properties::Props;
use super::or_absent::OrAbsent as _;
use super::pages::pages;
use super::{
    Completion, Created, Known, Live, Lock, Mark, Name, Progress, Resource, Rule, Status,
    Uniqueness, Verdict, lambda_code, lambda_configuration, lambda_faults, lambda_settings, tags,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Function;

const CREATE: &str = "lambda:CreateFunction";
const CONFIGURE: &str = "lambda:UpdateFunctionConfiguration";
const UPDATE_CODE: &str = "lambda:UpdateFunctionCode";

impl Resource for Function {
    const TYPE: &'static str = "AWS::Lambda::Function";
    const COMPLETION: Completion = Completion::Calls;
    const PATIENCE: Duration = Duration::from_mins(10);
    const RULES: &'static [(&'static str, Rule)] = &[
        ("Architectures", Rule::Default("[\"x86_64\"]")),
        ("Code.AssetPath", Rule::Ignore),
        ("Code.S3ObjectStorageMode", Rule::WriteOnly),
        ("Description", Rule::Default("\"\"")),
        ("EphemeralStorage", Rule::Default("{\"Size\": 512}")),
        ("Layers", Rule::Default("[]")),
        ("LoggingConfig.LogFormat", Rule::Default("\"Text\"")),
        ("MemorySize", Rule::Default("128")),
        ("PackageType", Rule::Default("\"Zip\"")),
        ("RecursiveLoop", Rule::Default("\"Terminate\"")),
        ("RuntimeManagementConfig", Rule::Default("{\"UpdateRuntimeOn\": \"Auto\"}")),
        ("Timeout", Rule::Default("3")),
        ("TracingConfig", Rule::Default("{\"Mode\": \"PassThrough\"}")),
        ("VpcConfig.Ipv6AllowedForDualStack", Rule::Default("false")),
        ("VpcConfig.SecurityGroupIds", Rule::Set),
        ("VpcConfig.SubnetIds", Rule::Set),
    ];
    const UNSUPPORTED: &'static [(&'static str, &'static str)] = &[
        ("FunctionScalingConfig", "it applies to published versions, which Cairn does not make"),
        ("PublishToLatestPublished", "Cairn does not publish versions"),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "FunctionName", max_length: 64, unique: Uniqueness::Unique });
    const LOCK: Option<Lock> = Some(Lock::Itself);
    /// Its network interfaces ("Giving Lambda functions access to resources in an Amazon VPC").
    const LINGERS_IN: &'static [&'static str] = &["AWS::EC2::SecurityGroup", "AWS::EC2::Subnet"];

    type Props = Props;

    /// A function is durable or not from its first day; how durable it is can change.
    fn replaces(path: &str, from: &Json, to: &Json) -> Verdict {
        if path == "DurableConfig" && (from.is_null() || to.is_null()) {
            Verdict::Replace
        } else {
            Verdict::InPlace
        }
    }

    fn classify(code: &str, message: &str) -> Option<FaultKind> {
        lambda_faults::classify(code, message)
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let mut found = BTreeMap::new();
        for one in known {
            if let Some(function) = get(aws, one.id.as_str()).await? {
                found.insert(one.id.clone(), live(aws, one, function).await?);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let request = lambda_configuration::create(props)
            .map_err(invalid(CREATE))?
            .code(lambda_code::function_code(aws, props, CREATE)?)
            .set_tags(Some(mark.with(props.tags.as_deref()).into_iter().collect()));
        let answer = aws.call(CREATE, || request.clone().send_with(aws.lambda())).await?;
        let name = answer.function_name.ok_or_else(|| Fault::malformed(CREATE, "function name"))?;
        Ok(Created::pending(PhysicalId::new(name)))
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let (name, new) = (id.as_str(), Props::default());
        lambda_settings::limit(aws, name, &new, props).await?;
        if lambda_settings::runtime_management_differs(&new, props) {
            lambda_settings::manage_runtime(aws, name, props).await?;
            return Ok(Progress::Settle);
        }
        Ok(Progress::Done)
    }

    /// Code last: it cannot be read back everywhere, so that once it is sent nothing may be left
    /// for which `update` would be called again.
    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let name = id.as_str();
        lambda_settings::sign(aws, name, from, to).await?;
        lambda_settings::tag(aws, name, from, to).await?;
        lambda_settings::limit(aws, name, from, to).await?;
        let mut left = Left::between(from, to)?;
        if left.changes() > 1 {
            let live = live_configuration(aws, id, from, to).await?;
            // What it tells of an update that failed may not be in effect.
            if !matches!(live.status, Status::Failed(_)) {
                left = left.after(&live.properties, from, to)?;
            }
        }
        let more = if left.changes() > 1 { Progress::Again } else { Progress::Settle };
        if let Some(change) = left.configured {
            let request = change.function_name(name);
            aws.call(CONFIGURE, || request.clone().send_with(aws.lambda())).await?;
            return Ok(more);
        }
        if left.managed {
            lambda_settings::manage_runtime(aws, name, to).await?;
            return Ok(more);
        }
        if left.recoded {
            let request = lambda_code::change(aws, to, UPDATE_CODE)?.function_name(name);
            aws.call(UPDATE_CODE, || request.clone().send_with(aws.lambda())).await?;
            return Ok(more);
        }
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        let name = id.as_str();
        let subnets = props.vpc_config.as_ref().and_then(|vpc| vpc.subnet_ids.as_ref());
        if subnets.is_some_and(|subnets| !subnets.is_empty()) {
            leave_vpc(aws, name).await?;
        }
        aws.call("lambda:DeleteFunction", || {
            aws.lambda().delete_function().function_name(name).send()
        })
        .await
        .map(drop)
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let Some(name) = &props.function_name else { return Ok(Vec::new()) };
        let tags = get(aws, name).await?.and_then(|function| function.tags).unwrap_or_default();
        let ours = mark.is_on(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        Ok(if ours { vec![PhysicalId::new(name)] } else { Vec::new() })
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let functions = pages(async |next: Option<String>| {
            let page = aws
                .call("lambda:ListFunctions", || {
                    aws.lambda().list_functions().set_marker(next.clone()).send()
                })
                .await?;
            Ok((page.functions.unwrap_or_default(), page.next_marker))
        });
        let mut marks = Vec::new();
        for name in functions.await?.into_iter().filter_map(|one| one.function_name) {
            if tags::may_be_ours(&name, props.function_name.as_deref(), stack) {
                let tags = get(aws, &name).await?.and_then(|function| function.tags);
                let tags = tags.unwrap_or_default();
                let live = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                marks.extend(Mark::of(stack, live));
            }
        }
        Ok(Some(marks))
    }
}

/// The changes that must follow one another, each when the one before has settled.
struct Left {
    configured: Option<UpdateFunctionConfigurationInputBuilder>,
    managed: bool,
    recoded: bool,
}

impl Left {
    fn between(from: &Props, to: &Props) -> Result<Self, Fault> {
        Ok(Self {
            configured: lambda_configuration::change(from, to).map_err(invalid(CONFIGURE))?,
            managed: lambda_settings::runtime_management_differs(from, to),
            recoded: lambda_code::differs(from, to),
        })
    }

    /// Without what has been done already: what was last applied does not tell how far an update
    /// of several changes has come.
    fn after(self, live: &Props, from: &Props, to: &Props) -> Result<Self, Fault> {
        let made = lambda_configuration::is_made(from, to, live).map_err(invalid(CONFIGURE))?;
        Ok(Self {
            configured: self.configured.filter(|_| !made),
            managed: self.managed && lambda_settings::runtime_management_differs(live, to),
            recoded: self.recoded,
        })
    }

    fn changes(&self) -> usize {
        [self.configured.is_some(), self.managed, self.recoded]
            .into_iter()
            .filter(|change| *change)
            .count()
    }
}

async fn live_configuration(
    aws: &Aws,
    id: &PhysicalId,
    from: &Props,
    to: &Props,
) -> Result<Live<Props>, Fault> {
    let managed = to.runtime_management_config.as_ref();
    let properties = Props {
        environment: to.environment.clone(),
        runtime_management_config: managed.or(from.runtime_management_config.as_ref()).cloned(),
        ..Props::default()
    };
    let function = get(aws, id.as_str()).await?;
    let function = function.ok_or_else(|| Fault::not_found("lambda:GetFunction", id))?;
    live(aws, &Known { id, properties: &properties }, function).await
}

fn invalid(action: &str) -> impl Fn(BuildError) -> Fault {
    move |error| Fault::invalid(action, error.to_string())
}

async fn get(aws: &Aws, name: &str) -> Result<Option<GetFunctionOutput>, Fault> {
    aws.call("lambda:GetFunction", || aws.lambda().get_function().function_name(name).send())
        .await
        .or_absent()
}

async fn live(
    aws: &Aws,
    one: &Known<'_, Props>,
    function: GetFunctionOutput,
) -> Result<Live<Props>, Fault> {
    let configuration = function
        .configuration
        .ok_or_else(|| Fault::malformed("lambda:GetFunction", "configuration"))?;
    let mut properties = Props::from_live(&configuration, one.properties);
    properties.code = lambda_code::live(aws, &configuration, one.properties);
    properties.tags = tags::declared(function.tags.unwrap_or_default());
    properties.reserved_concurrent_executions =
        function.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions);
    lambda_settings::read(aws, one.id.as_str(), one.properties, &mut properties).await?;
    let (attributes, status) = (attributes(&configuration), status(&configuration));
    Ok(Live { properties, attributes, status })
}

fn attributes(function: &FunctionConfiguration) -> Attributes {
    let mut attributes = Attributes::new();
    if let Some(arn) = function.function_arn() {
        attributes.insert("Arn".to_owned(), arn.into());
    }
    if let Some(start) = function.snap_start() {
        let told = [
            ("ApplyOn", start.apply_on().map(SnapStartApplyOn::as_str)),
            (
                "OptimizationStatus",
                start.optimization_status().map(SnapStartOptimizationStatus::as_str),
            ),
        ];
        let mut whole = json!({});
        for (name, text) in told {
            if let Some(text) = text {
                whole[name] = text.into();
                attributes.insert(format!("SnapStartResponse.{name}"), text.into());
            }
        }
        attributes.insert("SnapStartResponse".to_owned(), whole);
    }
    attributes
}

/// An idle function is `Inactive` until it is called: as good as ready.
fn status(function: &FunctionConfiguration) -> Status {
    let name = function.function_name().unwrap_or_default();
    let why = |state: &str, code: Option<&str>, reason: Option<&str>| {
        let words = [Some(state), code, reason];
        words.into_iter().flatten().collect::<Vec<_>>().join(": ")
    };
    match function.state() {
        None | Some(State::Active | State::ActiveNonInvocable | State::Inactive) => {}
        Some(State::Failed) => {
            let code = function.state_reason_code().map(StateReasonCode::as_str);
            return Status::Failed(why("Failed", code, function.state_reason()));
        }
        Some(State::Deleting) => return Status::Deleting(format!("function `{name}` is Deleting")),
        Some(state) => {
            let state = format!("function `{name}` is {}", state.as_str());
            return Status::Pending(why(&state, None, function.state_reason()));
        }
    }
    match function.last_update_status() {
        Some(LastUpdateStatus::InProgress) => {
            let state = format!("the update of function `{name}` is InProgress");
            Status::Pending(why(&state, None, function.last_update_status_reason()))
        }
        Some(LastUpdateStatus::Failed) => {
            let code = function.last_update_status_reason_code();
            let code = code.map(LastUpdateStatusReasonCode::as_str);
            let reason = function.last_update_status_reason();
            Status::Failed(why("last update failed", code, reason))
        }
        _ => Status::Ready,
    }
}

/// Takes a function that is to be deleted out of its VPC. Where that is not possible it is
/// deleted as it is, and Lambda removes its network interfaces when it comes to it.
///
/// # Errors
///
/// That the function is still changing, which passes; or that it is gone.
async fn leave_vpc(aws: &Aws, name: &str) -> Result<(), Fault> {
    const READ: &str = "lambda:GetFunctionConfiguration";
    let function = aws
        .call(READ, || aws.lambda().get_function_configuration().function_name(name).send())
        .await?;
    if matches!(function.state(), Some(State::Failed | State::Inactive | State::Deleting)) {
        return Ok(());
    }
    let mut update = function.last_update_status.clone();
    if function.vpc_config().is_some_and(|vpc| !vpc.subnet_ids().is_empty()) {
        let leave = || {
            let update = aws.lambda().update_function_configuration().function_name(name);
            update.vpc_config(lambda_configuration::no_vpc()).send()
        };
        update = match aws.call(CONFIGURE, leave).await {
            Ok(changed) => changed.last_update_status,
            Err(fault) if must_be_heeded(&fault) => return Err(fault),
            Err(_) => None,
        };
    }
    if update == Some(LastUpdateStatus::InProgress) {
        return Err(Fault {
            action: CONFIGURE.to_owned(),
            kind: FaultKind::Concurrent,
            code: lambda_faults::CONFLICT.to_owned(),
            message: format!("`{name}` is still leaving its VPC"),
            request_id: None,
        });
    }
    Ok(())
}

/// Whether leaving the VPC may work, or may have worked, later.
fn must_be_heeded(fault: &Fault) -> bool {
    fault.code == lambda_faults::CONFLICT
        || matches!(fault.kind, FaultKind::NotFound | FaultKind::Uncertain | FaultKind::Throttled)
}
