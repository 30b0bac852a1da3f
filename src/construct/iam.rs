//! Roles, and what they may do: statements, and grants that write the least of them.

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::expression::{Expression, Prop};
use super::level1::iam::CfnRole;
use super::tree::{Construct, Scope};

const POLICY_VERSION: &str = "2012-10-17";

/// Who a statement is about.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A service of AWS, as `lambda.amazonaws.com`.
    Service(String),
    /// Whoever calls.
    Anyone,
    /// What an ARN names.
    Arn(Prop<String>),
}

/// One statement of a policy.
///
/// ```
/// use cairn::construct::iam::{Principal, Statement};
///
/// let statement = Statement::allow(["s3:GetObject"])
///     .on(["arn:aws:s3:::maps/*"])
///     .to(Principal::Anyone)
///     .when("Bool", "aws:SecureTransport", "true");
/// # let _ = statement;
/// ```
#[derive(Debug, Clone)]
pub struct Statement {
    parts: IndexMap<String, Expression>,
}

impl Statement {
    /// Allows actions.
    pub fn allow<X: Into<Prop<String>>>(actions: impl IntoIterator<Item = X>) -> Self {
        Self::new("Allow", actions)
    }

    /// Denies actions, whatever else allows them.
    pub fn deny<X: Into<Prop<String>>>(actions: impl IntoIterator<Item = X>) -> Self {
        Self::new("Deny", actions)
    }

    fn new<X: Into<Prop<String>>>(effect: &str, actions: impl IntoIterator<Item = X>) -> Self {
        let effect = Expression::Text(effect.to_owned());
        Self { parts: IndexMap::from_iter([("Effect".to_owned(), effect)]) }
            .with("Action", one_or_more(actions))
    }

    /// On which resources.
    #[must_use]
    pub fn on<X: Into<Prop<String>>>(self, resources: impl IntoIterator<Item = X>) -> Self {
        self.with("Resource", one_or_more(resources))
    }

    /// Who: in the policy of a resource, an endpoint or a role's trust.
    #[must_use]
    pub fn to(self, principal: Principal) -> Self {
        let named =
            |kind: &str, who| Expression::Map(IndexMap::from_iter([(kind.to_owned(), who)]));
        let principal = match principal {
            Principal::Anyone => Expression::Text("*".to_owned()),
            Principal::Service(name) => named("Service", Expression::Text(name)),
            Principal::Arn(arn) => named("AWS", arn.expression),
        };
        self.with("Principal", principal)
    }

    /// Only when: an operator, a key and its value, as in `StringEquals`, `aws:SourceAccount`.
    #[must_use]
    pub fn when(mut self, operator: &str, key: &str, value: impl Into<Prop<String>>) -> Self {
        let none = || Expression::Map(IndexMap::default());
        let conditions = self.parts.entry("Condition".to_owned()).or_insert_with(none);
        if let Expression::Map(conditions) = conditions
            && let Expression::Map(keys) =
                conditions.entry(operator.to_owned()).or_insert_with(none)
        {
            keys.insert(key.to_owned(), value.into().expression);
        }
        self
    }

    fn with(mut self, key: &str, value: Expression) -> Self {
        self.parts.insert(key.to_owned(), value);
        self
    }

    pub(super) fn into_expression(self) -> Expression {
        Expression::Map(self.parts)
    }
}

/// A list, or its only item by itself.
fn one_or_more<X: Into<Prop<String>>>(items: impl IntoIterator<Item = X>) -> Expression {
    let mut items: Vec<_> = items.into_iter().map(|item| item.into().expression).collect();
    if items.len() == 1 { items.remove(0) } else { Expression::List(items) }
}

/// A policy document of some statements.
pub fn document(statements: impl IntoIterator<Item = Statement>) -> Prop<Json> {
    let statements = statements.into_iter().map(Statement::into_expression).collect();
    Prop::from_expression(Expression::Map(IndexMap::from_iter([
        ("Version".to_owned(), Expression::Text(POLICY_VERSION.to_owned())),
        ("Statement".to_owned(), Expression::List(statements)),
    ])))
}

/// Adds a statement to a document that [`document`] made.
pub(super) fn add_to(document: &mut Expression, statement: Statement) {
    if let Expression::Map(parts) = document
        && let Some(Expression::List(statements)) = parts.get_mut("Statement")
    {
        statements.push(statement.into_expression());
    }
}

/// Something that permissions are granted to.
pub trait Grantee {
    /// The role that gets them.
    fn role(&self) -> &Role;
}

/// A role: one of the stack, or one that is there already.
#[derive(Debug, Clone)]
pub struct Role {
    arn: Prop<String>,
    own: Option<Own>,
}

#[derive(Debug, Clone)]
struct Own {
    resource: CfnRole,
    policy_name: String,
}

/// Builds a [`Role`].
#[derive(Debug)]
#[must_use]
pub struct RoleBuilder {
    trust: Statement,
    description: Option<Prop<String>>,
    policy_name: String,
}

impl Role {
    /// One that a service may assume, `lambda.amazonaws.com` for example.
    pub fn assumed_by(service: &str) -> RoleBuilder {
        let trust = Statement::allow(["sts:AssumeRole"]);
        RoleBuilder {
            trust: trust.to(Principal::Service(service.to_owned())),
            description: None,
            policy_name: "default".to_owned(),
        }
    }

    /// One that is there already. Grants to it change nothing: what it may do is its owner's
    /// business.
    pub fn from_arn(arn: impl Into<Prop<String>>) -> Self {
        Self { arn: arn.into(), own: None }
    }

    /// Its ARN.
    pub fn arn(&self) -> Prop<String> {
        self.arn.clone()
    }

    /// Lets it do something.
    pub fn add_to_policy(&self, statement: Statement) {
        let Some(Own { resource, policy_name }) = &self.own else { return };
        resource.edit(|facts| {
            let policies = facts
                .properties
                .entry("Policies".to_owned())
                .or_insert_with(|| Expression::List(vec![policy(policy_name)]));
            if let Expression::List(policies) = policies
                && let Some(Expression::Map(policy)) = policies.first_mut()
                && let Some(document) = policy.get_mut("PolicyDocument")
            {
                add_to(document, statement);
            }
        });
    }

    /// The resource, unless it was there already.
    pub fn resource(&self) -> Option<&CfnRole> {
        self.own.as_ref().map(|own| &own.resource)
    }
}

fn policy(name: &str) -> Expression {
    Expression::Map(IndexMap::from_iter([
        ("PolicyName".to_owned(), Expression::Text(name.to_owned())),
        ("PolicyDocument".to_owned(), document([]).expression),
    ]))
}

impl Grantee for Role {
    fn role(&self) -> &Role {
        self
    }
}

impl RoleBuilder {
    /// What it is for.
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// What its policy is called: `default` otherwise.
    pub fn policy_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.policy_name);
        self
    }

    /// Narrows who may assume it, as [`Statement::when`] does.
    pub fn when(mut self, operator: &str, key: &str, value: impl Into<Prop<String>>) -> Self {
        self.trust = self.trust.when(operator, key, value);
        self
    }

    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> Role {
        let place: Scope = scope.scope().grow(id, "Role", super::tree::Kind::Plain);
        let builder = CfnRole::builder().assume_role_policy_document(document([self.trust]));
        let builder = match self.description {
            Some(description) => builder.description(description),
            None => builder,
        };
        let resource = builder.build(&place, "Resource");
        Role {
            arn: resource.attr_arn(),
            own: Some(Own { resource, policy_name: self.policy_name }),
        }
    }
}
