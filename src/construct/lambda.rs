//! Functions: code from a directory, a role with what they need, a log that goes with the stack.

use super::ec2::{SecurityGroup, Vpc};
use super::element::RemovalPolicy;
use super::expression::{Expression, Prop};
use super::iam::{Grantee, Role, Statement};
use super::level1::lambda::CfnFunction;
use super::level1::lambda_function as l1;
use super::level1::lambda_function::{LoggingConfig, VpcConfig};
use super::level1::logs::CfnLogGroup;
use super::tree::{Construct, Kind};

pub use super::level1::lambda_function::{Architecture, Runtime};

/// The actions by which Lambda makes a function's network interfaces, in its role's name. Most of
/// them cannot be narrowed to a resource.
const IN_A_VPC: [&str; 6] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];

/// A function's code.
#[derive(Debug, Clone)]
pub struct Code(Expression);

impl Code {
    /// A local directory or file, zipped when it is deployed. For [`App::synth`](super::App::synth)
    /// the path is one from the working directory, in a template one from the template's.
    pub fn directory(path: &str) -> Self {
        Self(Expression::Code(path.to_owned()))
    }

    /// A path that somebody wrote in a template.
    pub(super) fn written(path: Expression) -> Self {
        Self(path)
    }
}

/// A function: one of the stack, or one that is there already.
///
/// ```
/// use cairn::construct::{App, Stack, lambda::{Code, Function, Runtime}};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Service");
/// let function = Function::builder(Runtime::Python312, "handler.handler", Code::directory("lambda"))
///     .environment("GREETING", "hello")
///     .log_retention(14)
///     .build(&stack, "Function");
/// # let _ = function.arn();
/// ```
#[derive(Debug, Clone)]
pub struct Function {
    arn: Prop<String>,
    role: Role,
    resource: Option<CfnFunction>,
}

/// Builds a [`Function`].
#[derive(Debug)]
#[must_use]
pub struct FunctionBuilder {
    runtime: Prop<Runtime>,
    handler: Prop<String>,
    code: Code,
    architecture: Architecture,
    description: Option<Prop<String>>,
    timeout: Prop<i64>,
    memory: Prop<i64>,
    place: Option<(Vpc, Vec<Prop<String>>)>,
    environment: Vec<(String, Prop<String>)>,
    role: Option<Role>,
    log_name: Option<Prop<String>>,
    log_retention: Prop<i64>,
}

impl Function {
    /// One of a runtime, what it calls, and its code: on arm64, with 256 MB, three seconds, and a
    /// log that is kept for two weeks, unless said otherwise.
    pub fn builder(
        runtime: impl Into<Prop<Runtime>>,
        handler: impl Into<Prop<String>>,
        code: Code,
    ) -> FunctionBuilder {
        FunctionBuilder {
            runtime: runtime.into(),
            handler: handler.into(),
            code,
            architecture: Architecture::Arm64,
            description: None,
            timeout: 3.into(),
            memory: 256.into(),
            place: None,
            environment: Vec::new(),
            role: None,
            log_name: None,
            log_retention: 14.into(),
        }
    }

    /// One that is there already. What it may do is its owner's business.
    pub fn from_arn(arn: impl Into<Prop<String>>) -> Self {
        let arn = arn.into();
        Self { role: Role::from_arn(""), arn, resource: None }
    }

    /// Its ARN.
    pub fn arn(&self) -> Prop<String> {
        self.arn.clone()
    }

    /// The resource, unless it was there already.
    pub fn resource(&self) -> Option<&CfnFunction> {
        self.resource.as_ref()
    }

    /// Gives it a variable.
    pub fn add_environment(&self, name: &str, value: impl Into<Prop<String>>) {
        let Some(resource) = &self.resource else { return };
        let value = value.into().expression;
        resource.edit(|facts| {
            let none = || Expression::Map(crate::ordered::IndexMap::default());
            let environment = facts.properties.entry("Environment".to_owned()).or_insert_with(none);
            if let Expression::Map(environment) = environment
                && let Expression::Map(variables) =
                    environment.entry("Variables".to_owned()).or_insert_with(none)
            {
                variables.insert(name.to_owned(), value);
            }
        });
    }
}

impl Grantee for Function {
    fn role(&self) -> &Role {
        &self.role
    }
}

impl FunctionBuilder {
    /// What it does.
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// What it runs on.
    pub fn architecture(mut self, architecture: Architecture) -> Self {
        self.architecture = architecture;
        self
    }

    /// How many seconds it may take.
    pub fn timeout(mut self, seconds: impl Into<Prop<i64>>) -> Self {
        self.timeout = seconds.into();
        self
    }

    /// How many MB it has.
    pub fn memory(mut self, megabytes: impl Into<Prop<i64>>) -> Self {
        self.memory = megabytes.into();
        self
    }

    /// Puts it into the subnets of a VPC and a security group.
    pub fn in_vpc(mut self, vpc: &Vpc, group: &SecurityGroup) -> Self {
        self.place = Some((vpc.clone(), vec![group.id()]));
        self
    }

    /// Gives it a variable.
    pub fn environment(mut self, name: &str, value: impl Into<Prop<String>>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Runs it as a role, instead of one of its own.
    pub fn role(mut self, role: &Role) -> Self {
        self.role = Some(role.clone());
        self
    }

    /// What its log is called.
    pub fn log_name(mut self, name: impl Into<Prop<String>>) -> Self {
        self.log_name = Some(name.into());
        self
    }

    /// For how many days its log is kept.
    pub fn log_retention(mut self, days: impl Into<Prop<i64>>) -> Self {
        self.log_retention = days.into();
        self
    }

    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> Function {
        let place = scope.scope().grow(id, "Function", Kind::Plain);
        let log = CfnLogGroup::builder().retention_in_days(self.log_retention);
        let log = match self.log_name {
            Some(name) => log.log_group_name(name),
            None => log,
        };
        let log = log.build(&place, "LogGroup");
        log.apply_removal_policy(RemovalPolicy::Destroy);
        let role = self.role.unwrap_or_else(|| {
            let role = Role::assumed_by("lambda.amazonaws.com");
            let role = role.policy_name("run").build(&place, "Role");
            if self.place.is_some() {
                role.add_to_policy(Statement::allow(IN_A_VPC).on(["*"]));
            }
            // The ARN ends in `:*`, which stands for the streams of the group.
            let write = ["logs:CreateLogStream", "logs:PutLogEvents"];
            role.add_to_policy(Statement::allow(write).on([log.attr_arn()]));
            role
        });
        let mut builder = CfnFunction::builder()
            .runtime(self.runtime)
            .architectures([self.architecture])
            .handler(self.handler)
            .code(Prop::<l1::Code>::from_expression(self.code.0))
            .role(role.arn())
            .timeout(self.timeout)
            .memory_size(self.memory)
            .logging_config(LoggingConfig::builder().log_group(log.ref_()).build());
        if let Some(description) = self.description {
            builder = builder.description(description);
        }
        if let Some((vpc, groups)) = self.place {
            let config = VpcConfig::builder();
            let config = config.subnet_ids(vpc.subnet_ids()).security_group_ids(groups);
            builder = builder.vpc_config(config.build());
        }
        let resource = builder.build(&place, "Resource");
        let function = Function { arn: resource.attr_arn(), role, resource: Some(resource) };
        for (name, value) in self.environment {
            function.add_environment(&name, value);
        }
        function
    }
}
