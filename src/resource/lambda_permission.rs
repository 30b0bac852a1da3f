//! `AWS::Lambda::Permission`: a statement in the policy of a function, by which others may call it.
//!
//! Its id is the statement's, chosen here so that it leads back to the create that made it. A
//! statement cannot be changed, only replaced. All the permissions of a function are read with its
//! policy at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::or_absent::OrAbsent as _;
use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Status, lambda_faults};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Permission;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    action: Option<String>,
    event_source_token: Option<String>,
    function_name: Option<String>,
    function_url_auth_type: Option<String>,
    invoked_via_function_url: Option<bool>,
    principal: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
    source_account: Option<String>,
    source_arn: Option<String>,
}

/// The longest statement id.
const ID_LENGTH: usize = 100;

impl Resource for Permission {
    const TYPE: &'static str = "AWS::Lambda::Permission";
    const GONE_WITH: Option<&'static str> = Some("FunctionName");
    const LOCK: Option<Lock> = Some(Lock::Property("FunctionName"));

    type Props = Props;

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
            let target = Target::of(one.properties)?;
            let key = format!("lambda:GetPolicy {} {:?}", target.function, target.qualifier);
            let statements = aws.shared(key, || statements(aws, &target)).await?;
            if let Some(statement) = statements.get(one.id.as_str()) {
                let live = Live {
                    properties: properties(statement, one.properties),
                    attributes: attributes(one.id),
                    status: Status::Ready,
                };
                found.insert(one.id.clone(), live);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let target = Target::of(props)?;
        let id = PhysicalId::new(mark.generated_id(ID_LENGTH));
        aws.call("lambda:AddPermission", || {
            aws.lambda()
                .add_permission()
                .function_name(&target.function)
                .set_qualifier(target.qualifier.clone())
                .statement_id(id.as_str())
                .set_action(props.action.clone())
                .set_event_source_token(props.event_source_token.clone())
                .set_function_url_auth_type(props.function_url_auth_type.as_deref().map(Into::into))
                .set_invoked_via_function_url(props.invoked_via_function_url)
                .set_principal(props.principal.clone())
                .set_principal_org_id(props.principal_org_id.clone())
                .set_source_account(props.source_account.clone())
                .set_source_arn(props.source_arn.clone())
                .send()
        })
        .await?;
        let attributes = attributes(&id);
        Ok(Created::ready(id, attributes))
    }

    /// Nothing of it can change.
    async fn update(
        self,
        _aws: &Aws,
        _id: &PhysicalId,
        _from: &Props,
        _to: &Props,
    ) -> Result<Progress, Fault> {
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        let target = Target::of(props)?;
        aws.call("lambda:RemovePermission", || {
            aws.lambda()
                .remove_permission()
                .function_name(&target.function)
                .set_qualifier(target.qualifier.clone())
                .statement_id(id.as_str())
                .send()
        })
        .await
        .map(drop)
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let statements = statements(aws, &Target::of(props)?).await?;
        let made = statements.into_keys().filter(|id| mark.has_generated(id));
        Ok(made.map(PhysicalId::new).collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let Ok(target) = Target::of(props) else { return Ok(Some(Vec::new())) };
        let statements = statements(aws, &target).await?;
        Ok(Some(statements.keys().filter_map(|id| Mark::of_generated_id(stack, id)).collect()))
    }
}

fn attributes(id: &PhysicalId) -> Attributes {
    Attributes::from_iter([("Id".to_owned(), id.as_str().into())])
}

/// A function, and the version or alias whose policy is meant.
#[derive(Debug, PartialEq)]
struct Target {
    function: String,
    qualifier: Option<String>,
}

impl Target {
    fn of(props: &Props) -> Result<Self, Fault> {
        let named = props.function_name.as_deref().map(Self::parse);
        named.ok_or_else(|| Fault::invalid(Permission::TYPE, "`FunctionName` is missing"))
    }

    /// A name or an ARN, either followed by `:` and a qualifier or not.
    fn parse(text: &str) -> Self {
        const MARKER: &str = "function:";
        let name_start = text.rfind(MARKER).map_or(0, |found| found + MARKER.len());
        match text[name_start..].split_once(':') {
            Some((name, qualifier)) => Self {
                function: format!("{}{name}", &text[..name_start]),
                qualifier: Some(qualifier.to_owned()),
            },
            None => Self { function: text.to_owned(), qualifier: None },
        }
    }
}

/// The statements of a function's policy, by their ids; none when there is no policy.
async fn statements(aws: &Aws, target: &Target) -> Result<BTreeMap<String, Json>, Fault> {
    const ACTION: &str = "lambda:GetPolicy";
    let answer = aws
        .call(ACTION, || {
            aws.lambda()
                .get_policy()
                .function_name(&target.function)
                .set_qualifier(target.qualifier.clone())
                .send()
        })
        .await
        .or_absent()?;
    let Some(text) = answer.and_then(|answer| answer.policy) else { return Ok(BTreeMap::new()) };
    let policy: Json = serde_json::from_str(&text)
        .map_err(|error| Fault::invalid(ACTION, format!("the policy is no JSON: {error}")))?;
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    Ok(statements
        .into_iter()
        .filter_map(|statement| Some((statement["Sid"].as_str()?.to_owned(), statement)))
        .collect())
}

/// What a statement says, in the words of the template where it says the same.
fn properties(statement: &Json, known: &Props) -> Props {
    let condition = |key: &str| condition(statement, key);
    let via_url = condition("lambda:InvokedViaFunctionUrl");
    Props {
        action: text(&statement["Action"]),
        event_source_token: condition("lambda:EventSourceToken"),
        function_name: known.function_name.clone(),
        function_url_auth_type: condition("lambda:FunctionUrlAuthType"),
        invoked_via_function_url: via_url.and_then(|text| text.to_lowercase().parse().ok()),
        principal: principal(&statement["Principal"], known.principal.as_deref()),
        principal_org_id: condition("aws:PrincipalOrgID"),
        source_account: condition("AWS:SourceAccount"),
        source_arn: condition("AWS:SourceArn"),
    }
}

/// A text, or the first one of a list.
fn text(value: &Json) -> Option<String> {
    let value = value.as_array().map_or(Some(value), |list| list.first())?;
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The value a condition compares with, whichever way it compares. Keys ignore case.
fn condition(statement: &Json, key: &str) -> Option<String> {
    let operators = statement["Condition"].as_object()?;
    let mut keys = operators.values().filter_map(Json::as_object).flatten();
    keys.find(|(name, _)| name.eq_ignore_ascii_case(key)).and_then(|(_, value)| text(value))
}

/// A service, an account or somebody in one. Lambda writes an account as the ARN of its root.
fn principal(live: &Json, known: Option<&str>) -> Option<String> {
    let live = live.as_object().and_then(|kinds| kinds.values().next()).map_or(text(live), text)?;
    let root_of_known = known.is_some_and(|account| {
        live.starts_with("arn:") && live.ends_with(&format!(":iam::{account}:root"))
    });
    if root_of_known { known.map(str::to_owned) } else { Some(live) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_function_is_named_in_many_ways() {
        let check = |text: &str, function: &str, qualifier: Option<&str>| {
            let qualifier = qualifier.map(str::to_owned);
            assert_eq!(Target::parse(text), Target { function: function.to_owned(), qualifier });
        };
        check("shop", "shop", None);
        check("shop:live", "shop", Some("live"));
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:shop";
        check(arn, arn, None);
        check(&format!("{arn}:3"), arn, Some("3"));
        check("123456789012:function:shop:3", "123456789012:function:shop", Some("3"));
    }

    #[test]
    fn a_statement_reads_as_it_was_declared() {
        let known = Props {
            function_name: Some("shop".to_owned()),
            principal: Some("123456789012".to_owned()),
            ..Props::default()
        };
        let statement = json!({
            "Sid": "s", "Effect": "Allow", "Action": "lambda:InvokeFunction",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Condition": {
                "StringEquals": {"AWS:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"},
                "Bool": {"lambda:InvokedViaFunctionUrl": "true"},
            },
        });
        let expected = Props {
            action: Some("lambda:InvokeFunction".to_owned()),
            invoked_via_function_url: Some(true),
            source_account: Some("123456789012".to_owned()),
            source_arn: Some("arn:aws:s3:::bucket".to_owned()),
            ..known.clone()
        };
        assert_eq!(properties(&statement, &known), expected);
        let service = json!({"Service": "events.amazonaws.com"});
        assert_eq!(principal(&service, None).as_deref(), Some("events.amazonaws.com"));
        assert_eq!(principal(&json!("*"), Some("*")).as_deref(), Some("*"));
    }
}
