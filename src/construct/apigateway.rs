//! REST APIs: routes to functions, keys, and plans of how much a key may use.

use std::rc::Rc;

use super::expression::Prop;
use super::function::Fn;
use super::lambda::Function;
use super::level1::apigateway::{
    CfnApiKey, CfnDeployment, CfnMethod, CfnResource, CfnRestApi, CfnStage, CfnUsagePlan,
    CfnUsagePlanKey,
};
use super::level1::apigateway_method::{Integration as L1Integration, Type};
use super::level1::apigateway_rest_api::EndpointConfiguration;
use super::level1::apigateway_usage_plan::{ApiStage, Quota, Throttle};
use super::level1::apigateway_usage_plan_key::KeyType;
use super::level1::lambda::CfnPermission;
use super::tree::{Construct, Kind, Scope};

/// The most that API Gateway waits without a raised quota.
const MOST_MILLISECONDS: i32 = 29_000;

/// A regional REST API with one stage. What it serves is deployed anew whenever a method changes:
/// the content is part of the deployment's logical id. In a module it is not, since people refer to
/// what is in there; Cairn makes a new deployment all the same.
///
/// ```
/// use cairn::construct::{App, Stack};
/// use cairn::construct::apigateway::{Access, Integration, RestApi};
/// use cairn::construct::lambda::Function;
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Service");
/// let function = Function::from_arn("arn:aws:lambda:eu-central-1:123456789012:function:f");
/// let api = RestApi::builder("huts").stage("live").build(&stack, "Api");
/// api.root().route("invoke").method("POST", Integration::lambda(&function), Access::Key);
/// let key = api.key("Key", "Opens it");
/// api.usage_plan("UsagePlan").per_second(5, 10).per_day(1000).key(&key).build();
/// ```
#[derive(Debug, Clone)]
pub struct RestApi {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    scope: Scope,
    resource: CfnRestApi,
    deployment: CfnDeployment,
    stage: CfnStage,
    stage_name: Prop<String>,
}

/// Builds a [`RestApi`].
#[derive(Debug)]
#[must_use]
pub struct RestApiBuilder {
    name: Prop<String>,
    description: Option<Prop<String>>,
    stage: Prop<String>,
}

/// A path of an API.
#[derive(Debug, Clone)]
pub struct Route {
    api: RestApi,
    scope: Scope,
    id: Prop<String>,
    path: String,
}

/// What a method leads to.
#[derive(Debug, Clone)]
pub struct Integration {
    function: Prop<String>,
    timeout_milliseconds: Prop<i64>,
}

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Open,
    /// Who has a key that is in a plan of the stage.
    Key,
    /// Whom AWS knows and IAM allows it.
    Iam,
}

/// A key of an API. It opens nothing before it is in a plan.
#[derive(Debug, Clone)]
pub struct ApiKey {
    resource: CfnApiKey,
}

/// Builds a plan of how much a key may use.
#[derive(Debug)]
#[must_use]
pub struct UsagePlanBuilder {
    api: RestApi,
    id: String,
    description: Option<Prop<String>>,
    throttle: Option<(Prop<f64>, Prop<i64>)>,
    per_day: Option<Prop<i64>>,
    keys: Vec<ApiKey>,
}

impl RestApi {
    /// One of a name. Its stage is `live` unless said otherwise.
    pub fn builder(name: impl Into<Prop<String>>) -> RestApiBuilder {
        RestApiBuilder { name: name.into(), description: None, stage: "live".into() }
    }

    /// Its id.
    pub fn id(&self) -> Prop<String> {
        self.inner.resource.ref_()
    }

    /// The path `/`.
    pub fn root(&self) -> Route {
        Route {
            api: self.clone(),
            scope: self.inner.scope.clone(),
            id: self.inner.resource.attr_root_resource_id(),
            path: String::new(),
        }
    }

    /// Where it is reached: the stage's URL, with a path that begins with `/`.
    pub fn url(&self, path: &str) -> Prop<String> {
        let text = format!(
            "https://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/${{Stage}}{path}"
        );
        Fn::sub_with(&text, [("Api", self.id()), ("Stage", self.inner.stage.ref_())])
    }

    /// Makes a key.
    pub fn key(&self, id: &str, description: impl Into<Prop<String>>) -> ApiKey {
        // A key is disabled unless told otherwise.
        let key = CfnApiKey::builder().description(description).enabled(true);
        ApiKey { resource: key.build(&self.inner.scope, id) }
    }

    /// Begins a plan for the stage.
    pub fn usage_plan(&self, id: &str) -> UsagePlanBuilder {
        UsagePlanBuilder {
            api: self.clone(),
            id: id.to_owned(),
            description: None,
            throttle: None,
            per_day: None,
            keys: Vec::new(),
        }
    }

    /// The stage.
    pub fn stage(&self) -> &CfnStage {
        &self.inner.stage
    }

    /// The resource.
    pub fn resource(&self) -> &CfnRestApi {
        &self.inner.resource
    }
}

impl Construct for RestApi {
    fn scope(&self) -> &Scope {
        &self.inner.scope
    }
}

impl RestApiBuilder {
    /// What it is.
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The stage's name, the first part of every path.
    pub fn stage(mut self, name: impl Into<Prop<String>>) -> Self {
        self.stage = name.into();
        self
    }

    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> RestApi {
        let place = scope.scope().grow(id, "RestApi", Kind::Plain);
        let builder = CfnRestApi::builder().name(self.name);
        let builder = match self.description {
            Some(description) => builder.description(description),
            None => builder,
        };
        let resource = builder
            .endpoint_configuration(EndpointConfiguration::builder().types(["REGIONAL"]).build())
            .build(&place, "Resource");
        let deployment =
            CfnDeployment::builder().rest_api_id(resource.ref_()).build(&place, "Deployment");
        deployment.follow(&resource);
        let stage = CfnStage::builder()
            .rest_api_id(resource.ref_())
            .deployment_id(deployment.ref_())
            .stage_name(&self.stage)
            .build(&place, "Stage");
        let inner = Inner { scope: place, resource, deployment, stage, stage_name: self.stage };
        RestApi { inner: Rc::new(inner) }
    }
}

impl Route {
    /// The path one part longer.
    #[must_use]
    pub fn route(&self, part: &str) -> Self {
        let scope = self.scope.grow(part, "Route", Kind::Plain);
        let resource = CfnResource::builder()
            .rest_api_id(self.api.id())
            .parent_id(&self.id)
            .path_part(part)
            .build(&scope, "Resource");
        self.api.inner.deployment.follow(&resource);
        Self {
            api: self.api.clone(),
            scope,
            id: resource.ref_(),
            path: format!("{}/{part}", self.path),
        }
    }

    /// Answers a method of HTTP here, and lets the API call the function for this and nothing else.
    pub fn method(&self, verb: &str, integration: Integration, access: Access) -> CfnMethod {
        let scope = self.scope.grow(verb, "Method", Kind::Plain);
        let uri = Fn::sub_with(
            "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/\
             ${Function}/invocations",
            [("Function", integration.function.clone())],
        );
        let method = CfnMethod::builder()
            .rest_api_id(self.api.id())
            .resource_id(&self.id)
            .http_method(verb)
            .authorization_type(if access == Access::Iam { "AWS_IAM" } else { "NONE" })
            .api_key_required(access == Access::Key)
            .integration(
                L1Integration::builder()
                    .type_(Type::AwsProxy)
                    .integration_http_method("POST")
                    .uri(uri)
                    .timeout_in_millis(integration.timeout_milliseconds)
                    .build(),
            )
            .build(&scope, "Resource");
        // A snapshot of the methods, which no reference tells.
        self.api.inner.deployment.depends_on(&method);
        self.api.inner.deployment.follow(&method);
        let arn = format!(
            "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:\
             ${{Api}}/${{Stage}}/{verb}{}",
            self.path
        );
        let stage = self.api.inner.stage_name.clone();
        CfnPermission::builder()
            .action("lambda:InvokeFunction")
            .function_name(integration.function)
            .principal("apigateway.amazonaws.com")
            .source_arn(Fn::sub_with(&arn, [("Api", self.api.id()), ("Stage", stage)]))
            .build(&scope, "Permission");
        method
    }
}

impl Integration {
    /// Hands the whole request to a function, and its answer back.
    pub fn lambda(function: &Function) -> Self {
        Self { function: function.arn(), timeout_milliseconds: MOST_MILLISECONDS.into() }
    }

    /// How long the API waits; 29 seconds unless said otherwise, the most without a raised quota.
    #[must_use]
    pub fn timeout_milliseconds(mut self, milliseconds: impl Into<Prop<i64>>) -> Self {
        self.timeout_milliseconds = milliseconds.into();
        self
    }
}

impl ApiKey {
    /// Its id; the value is a secret and is read from API Gateway.
    pub fn id(&self) -> Prop<String> {
        self.resource.ref_()
    }
}

impl UsagePlanBuilder {
    /// What it is.
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// How many requests a second a key may make in the long run, and how many in one burst.
    pub fn per_second(mut self, rate: impl Into<Prop<f64>>, burst: impl Into<Prop<i64>>) -> Self {
        self.throttle = Some((rate.into(), burst.into()));
        self
    }

    /// How many requests a key may make in a day.
    pub fn per_day(mut self, limit: impl Into<Prop<i64>>) -> Self {
        self.per_day = Some(limit.into());
        self
    }

    /// Puts a key into it.
    pub fn key(mut self, key: &ApiKey) -> Self {
        self.keys.push(key.clone());
        self
    }

    /// Makes it.
    pub fn build(self) -> CfnUsagePlan {
        let scope = self.api.inner.scope.grow(&self.id, "UsagePlan", Kind::Plain);
        let stage = self.api.inner.stage.ref_();
        let stage = ApiStage::builder().api_id(self.api.id()).stage(stage).build();
        let mut plan = CfnUsagePlan::builder().api_stages([stage]);
        if let Some(description) = self.description {
            plan = plan.description(description);
        }
        if let Some((rate, burst)) = self.throttle {
            let throttle = Throttle::builder().rate_limit(rate).burst_limit(burst);
            plan = plan.throttle(throttle.build());
        }
        if let Some(limit) = self.per_day {
            plan = plan.quota(Quota::builder().limit(limit).period("DAY").build());
        }
        let plan = plan.build(&scope, "Resource");
        for (index, key) in self.keys.iter().enumerate() {
            let id = if index == 0 { "Key".to_owned() } else { format!("Key{}", index + 1) };
            CfnUsagePlanKey::builder()
                .usage_plan_id(plan.ref_())
                .key_id(key.id())
                .key_type(KeyType::ApiKey)
                .build(&scope, &id);
        }
        plan
    }
}
