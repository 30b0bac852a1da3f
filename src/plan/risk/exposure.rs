//! What becomes reachable from outside, or acts in another's name.

use serde_json::Value as Json;

use super::{Risk, Subject, at, is_true, quoted, text_at, texts};

pub fn of(subject: &Subject<'_>) -> Vec<Risk> {
    if subject.after.is_null() {
        return Vec::new();
    }
    match subject.type_name {
        "AWS::ApiGateway::RestApi" => of_api(subject),
        "AWS::ApiGateway::Method" => of_method(subject),
        "AWS::ApiGateway::ApiKey" => of_key(subject).into_iter().collect(),
        "AWS::EC2::Subnet" => of_subnet(subject),
        "AWS::EC2::SubnetRouteTableAssociation" => {
            other(subject, "RouteTableId", "follows the routes of another table")
                .into_iter()
                .collect()
        }
        "AWS::EC2::VPCEndpoint" => {
            let mut risks = more(subject, "SecurityGroupIds", "is also in the security group");
            risks.extend(more(subject, "RouteTableIds", "is also in the route table"));
            risks
        }
        "AWS::Lambda::Function" => of_function(subject),
        "AWS::Bedrock::Agent" => {
            other(subject, "AgentResourceRoleArn", "acts as another role").into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The kind of endpoint that an API has; it is at the edge when nothing is said.
fn kind_of_api(json: &Json) -> Option<String> {
    json.is_object().then(|| {
        let kinds = texts(at(json, "EndpointConfiguration.Types"));
        kinds.into_iter().next().unwrap_or_else(|| "EDGE".to_owned())
    })
}

/// Whether an API is reached from the internet, at the address that AWS gives it.
pub fn is_public_api(json: &Json) -> bool {
    kind_of_api(json).is_some_and(|kind| kind != "PRIVATE")
        && !is_true(json, "DisableExecuteApiEndpoint")
}

fn of_api(subject: &Subject<'_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    let told = |json: &Json| {
        let kind = kind_of_api(json)?;
        Some(match is_true(json, "DisableExecuteApiEndpoint") {
            true => format!("{}, with its own address disabled", quoted(&kind)),
            false => quoted(&kind),
        })
    };
    if is_public_api(&subject.after) && !is_public_api(&subject.before) {
        let kind = told(&subject.after).unwrap_or_default();
        let what = format!("is reached from the internet ({kind})");
        risks.push(subject.broadening(what, told(&subject.before), kind));
    }
    for property in ["Body", "BodyS3Location"] {
        let after = at(&subject.after, property);
        if after.is_some() && after != at(&subject.before, property) {
            let what =
                format!("has methods from `{property}`: who may call them is not looked into");
            let mut risk = subject.broadening(what, None, String::new());
            (risk.known, risk.after) = (false, None);
            risks.push(risk);
        }
    }
    risks
}

/// What a caller of a method has to show.
fn needed(method: &Json) -> Option<String> {
    if !method.is_object() {
        return None;
    }
    let mut needed = Vec::new();
    let authorization = text_at(method, "AuthorizationType").unwrap_or_else(|| "NONE".to_owned());
    if authorization != "NONE" {
        needed.push(format!("authorization {}", quoted(&authorization)));
    }
    needed.extend(text_at(method, "AuthorizerId").map(|id| format!("by {}", quoted(&id))));
    let scopes = texts(at(method, "AuthorizationScopes"));
    if !scopes.is_empty() {
        needed.push(format!("one of the scopes {}", scopes.join(", ")));
    }
    if is_true(method, "ApiKeyRequired") {
        needed.push("an API key".to_owned());
    }
    Some(match needed.is_empty() {
        true => "nothing".to_owned(),
        false => needed.join(", "),
    })
}

fn of_method(subject: &Subject<'_>) -> Vec<Risk> {
    let (before, after) = (&subject.before, &subject.after);
    let authorization =
        |json: &Json| text_at(json, "AuthorizationType").unwrap_or_else(|| "NONE".to_owned());
    let now = needed(after).unwrap_or_default();
    let was = needed(before);
    let verb = text_at(after, "HttpMethod").unwrap_or_default();
    let (from, to) = (authorization(before), authorization(after));
    let lost_key = is_true(before, "ApiKeyRequired") && !is_true(after, "ApiKeyRequired");
    let scopes = |json: &Json| texts(at(json, "AuthorizationScopes"));
    let (had, has) = (scopes(before), scopes(after));
    let more_scopes =
        !had.is_empty() && (has.is_empty() || has.iter().any(|scope| !had.contains(scope)));
    let what = if now == "nothing" && was.as_ref() != Some(&now) {
        format!("{verb} is open to everybody who reaches the API")
    } else if was.is_some() && (lost_key || from != "NONE" && to == "NONE" || more_scopes) {
        format!("{verb} asks less of its callers")
    } else if was.is_some()
        && from != "NONE"
        && (from != to || !subject.moved("AuthorizerId").0.is_empty())
    {
        let what = format!("{verb} is authorized otherwise: who gets in now is not known");
        let mut risk = subject.broadening(what, was, now);
        risk.known = false;
        return vec![risk];
    } else {
        return Vec::new();
    };
    vec![subject.broadening(what, was, now)]
}

fn of_key(subject: &Subject<'_>) -> Option<Risk> {
    let is_opened = subject.before.is_object()
        && is_true(&subject.after, "Enabled")
        && !is_true(&subject.before, "Enabled");
    is_opened.then(|| {
        subject.broadening("is enabled", Some("disabled".to_owned()), "enabled".to_owned())
    })
}

fn of_subnet(subject: &Subject<'_>) -> Vec<Risk> {
    const PUBLIC: &str = "MapPublicIpOnLaunch";
    if !is_true(&subject.after, PUBLIC) || is_true(&subject.before, PUBLIC) {
        return Vec::new();
    }
    let was = subject.before.is_object().then(|| "private addresses only".to_owned());
    let what = "gives a public address to what starts in it";
    vec![subject.broadening(what, was, "public addresses".to_owned())]
}

fn of_function(subject: &Subject<'_>) -> Vec<Risk> {
    let mut risks = more(subject, "VpcConfig.SecurityGroupIds", "is also in the security group");
    let subnets = |json: &Json| texts(at(json, "VpcConfig.SubnetIds"));
    let before = subnets(&subject.before);
    if !before.is_empty() && subnets(&subject.after).is_empty() {
        let was = Some(format!("in {}", before.join(", ")));
        let what = "leaves its VPC and reaches the internet";
        risks.push(subject.broadening(what, was, "in no VPC".to_owned()));
    }
    risks.extend(other(subject, "Role", "acts as another role"));
    risks
}

/// Items that a list of what was there gets.
fn more(subject: &Subject<'_>, path: &str, what: &str) -> Vec<Risk> {
    if subject.before.is_null() {
        return Vec::new();
    }
    let before = texts(at(&subject.before, path));
    let (new, _) = subject.moved(path);
    new.into_iter()
        .map(|item| {
            let was = (!before.is_empty()).then(|| before.join(", "));
            let item = quoted(&item);
            subject.broadening(
                format!("{what} {item}: what that lets through counts for it"),
                was,
                item,
            )
        })
        .collect()
}

/// Something else to go by, of which is not known whether it allows more.
fn other(subject: &Subject<'_>, path: &str, what: &str) -> Option<Risk> {
    let before = text_at(&subject.before, path)?;
    let after = text_at(&subject.after, path)?;
    if subject.moved(path).0.is_empty() {
        return None;
    }
    let what = format!("{what}: whether that allows more is not known");
    let mut risk = subject.broadening(what, Some(quoted(&before)), quoted(&after));
    risk.known = false;
    Some(risk)
}
