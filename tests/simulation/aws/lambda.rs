//! Lambda: functions. Sources: the Lambda API Reference; "Lambda function states"; "Giving Lambda
//! functions access to resources in an Amazon VPC"; "Lambda quotas".

use base64::Engine as _;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::account::{
    Account, Answer, Effect, NUMBER, REGION, Record, Refusal, SECOND, given, needed, page, record,
    text, texts,
};
use super::{ec2, iam, lambda_interfaces, lambda_policy, lambda_settings};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateFunction" => create(account, request),
        "GetFunction" => {
            let function = function(account, request)?;
            let mut told = json!({
                "Configuration": function, "Tags": function["_tags"],
                "Code": {"RepositoryType": "S3", "Location": "https://nowhere.invalid/code"},
            });
            if let Some(reserved) = function.get("_reserved") {
                told["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
            }
            Ok(told)
        }
        "GetFunctionConfiguration" => Ok(Json::Object(function(account, request)?.clone())),
        "UpdateFunctionConfiguration" => configure(account, request),
        "UpdateFunctionCode" => recode(account, request),
        "PutFunctionConcurrency" => {
            let name = name(account, request)?;
            account.set(
                "function",
                &name,
                "_reserved",
                request["ReservedConcurrentExecutions"].clone(),
            );
            Ok(json!({"ReservedConcurrentExecutions": request["ReservedConcurrentExecutions"]}))
        }
        "DeleteFunctionConcurrency" => {
            let name = name(account, request)?;
            account.table("function").get_mut(&name).map(|it| it.remove("_reserved"));
            Ok(json!({"_status": 204}))
        }
        "DeleteFunction" => delete(account, request),
        "TagResource" | "UntagResource" => tag(account, request),
        "ListFunctions" => {
            let all = account.records("function").map(|(_, it)| Json::Object(it.clone())).collect();
            let size = query(request, "MaxItems").and_then(|size| size.parse().ok()).unwrap_or(50);
            let (functions, next) = page(all, query(request, "Marker"), size);
            Ok(json!({"Functions": functions, "NextMarker": next}))
        }
        "ListTags" => {
            let named = json!({"FunctionName": needed(request, "Resource")?});
            Ok(json!({"Tags": function(account, &named)?["_tags"]}))
        }
        "AddPermission" | "GetPolicy" | "RemovePermission" => {
            lambda_policy::answer(account, operation, request)
        }
        _ => lambda_settings::answer(account, operation, request),
    }
}

/// A parameter of the query.
fn query<'a>(request: &'a Json, key: &str) -> Option<&'a str> {
    request.get(key)?.get(0)?.as_str()
}

pub fn no<T>(status: u16, code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status, code: code.to_owned(), message: message.into() })
}

pub fn invalid<T>(message: impl Into<String>) -> Result<T, Refusal> {
    no(400, "InvalidParameterValueException", message)
}

fn function<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    // "The name or ARN of the Lambda function": also a part of the ARN.
    let name = needed(request, "FunctionName")?.rsplit("function:").next().unwrap_or_default();
    let message = format!("Function not found: arn:aws:lambda:{REGION}:{NUMBER}:function:{name}");
    let found = account.record("function", name);
    found.map_or_else(|| no(404, "ResourceNotFoundException", message), Ok)
}

pub fn name(account: &Account, request: &Json) -> Result<String, Refusal> {
    Ok(text(function(account, request)?, "FunctionName").to_owned())
}

/// What an update leaves as it is.
const SETTINGS: [&str; 14] = [
    "Description",
    "Handler",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "Environment",
    "Layers",
    "TracingConfig",
    "EphemeralStorage",
    "LoggingConfig",
    "DeadLetterConfig",
    "KMSKeyArn",
    "SnapStart",
];

/// The configuration says what the role must allow, and it is asked when it is set: "Required IAM
/// permissions". A role that is seconds old "cannot be assumed by Lambda".
fn check(account: &Account, role: &str, vpc: Option<&Json>) -> Result<(), Refusal> {
    if !iam::can_be_assumed(account, role, "lambda.amazonaws.com") {
        return invalid("The role defined for the function cannot be assumed by Lambda.");
    }
    let Some(vpc) = vpc.filter(|vpc| !texts(vpc, "SubnetIds").is_empty()) else { return Ok(()) };
    if !iam::allows(account, role, "ec2:CreateNetworkInterface") {
        return invalid(
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        );
    }
    for id in texts(vpc, "SubnetIds") {
        if ec2::subnet(account, &id).is_err() {
            return invalid(format!("The subnet ID '{id}' does not exist"));
        }
    }
    for id in texts(vpc, "SecurityGroupIds") {
        if account.record("group", &id).is_none() {
            return invalid(format!("The security group '{id}' does not exist"));
        }
    }
    Ok(())
}

/// "Function already exist", without client tokens.
fn create(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "FunctionName")?.to_owned();
    if account.record("function", &name).is_some() {
        return no(409, "ResourceConflictException", format!("Function already exist: {name}"));
    }
    let vpc = request.get("VpcConfig");
    check(account, needed(request, "Role")?, vpc)?;
    let mut made = record(json!({
        "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:{REGION}:{NUMBER}:function:{name}"),
        "Description": "", "Timeout": 3, "MemorySize": 128, "PackageType": "Zip", "Version": "$LATEST",
        "Architectures": request.get("Architectures").cloned().unwrap_or(json!(["x86_64"])),
        "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "State": "Pending", "StateReasonCode": "Creating", "LastUpdateStatus": "Successful",
        "_tags": request.get("Tags").cloned().unwrap_or(json!({})),
    }));
    for key in SETTINGS {
        if let Some(value) = request.get(key).filter(|value| !value.is_null()) {
            made.insert(key.to_owned(), value.clone());
        }
    }
    made.insert("CodeSha256".to_owned(), code(&request["Code"])?.into());
    account.table("function").insert(name.clone(), made);
    let in_vpc = put_into_vpc(account, &name, vpc)?;
    let ready = if in_vpc {
        account.some_time(30 * SECOND, 90 * SECOND)
    } else {
        account.some_time(SECOND, 4 * SECOND)
    };
    let (table, value) = ("function", json!("Active"));
    account.later(ready, Effect::Set { table, id: name.clone(), key: "State", value });
    let mut told = Json::Object(account.record("function", &name).expect("just made").clone());
    told["_status"] = 201.into();
    Ok(told)
}

fn code(code: &Json) -> Result<String, Refusal> {
    let engine = base64::engine::general_purpose::STANDARD;
    let Some(bytes) = given(code, "ZipFile").and_then(|text| engine.decode(text).ok()) else {
        return invalid("Could not unzip uploaded file");
    };
    if !bytes.starts_with(b"PK") {
        return invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        );
    }
    Ok(engine.encode(Sha256::digest(&bytes)))
}

/// Whether it is in a VPC now.
fn put_into_vpc(account: &mut Account, name: &str, vpc: Option<&Json>) -> Result<bool, Refusal> {
    let Some(vpc) = vpc else { return Ok(false) };
    let (subnets, groups) = (texts(vpc, "SubnetIds"), texts(vpc, "SecurityGroupIds"));
    let vpc_id = subnets
        .first()
        .map_or("", |id| account.record("subnet", id).map_or("", |subnet| text(subnet, "vpcId")));
    let told = json!({
        "SubnetIds": subnets, "SecurityGroupIds": groups, "VpcId": vpc_id,
        "Ipv6AllowedForDualStack": false,
    });
    account.set("function", name, "VpcConfig", told);
    lambda_interfaces::provide(account, name)?;
    Ok(!subnets.is_empty())
}

/// Neither while it is being made nor while it is being changed: "Lambda function states".
pub fn check_state(function: &Record) -> Result<(), Refusal> {
    let arn = text(function, "FunctionArn");
    if text(function, "State") == "Pending" {
        let message = format!(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending ({arn})"
        );
        return no(409, "ResourceConflictException", message);
    }
    if text(function, "LastUpdateStatus") == "InProgress" {
        let message = format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
        );
        return no(409, "ResourceConflictException", message);
    }
    Ok(())
}

fn begin_update(account: &mut Account, name: &str, low: u64, high: u64) -> Answer {
    account.set("function", name, "LastUpdateStatus", "InProgress".into());
    let after = account.some_time(low, high);
    let (table, value) = ("function", json!("Successful"));
    account
        .later(after, Effect::Set { table, id: name.to_owned(), key: "LastUpdateStatus", value });
    Ok(Json::Object(account.record("function", name).expect("it was just there").clone()))
}

fn configure(account: &mut Account, request: &Json) -> Answer {
    let function = function(account, request)?;
    check_state(function)?;
    let name = text(function, "FunctionName").to_owned();
    let role = given(request, "Role").unwrap_or(text(function, "Role")).to_owned();
    let vpc = request.get("VpcConfig").filter(|vpc| !vpc.is_null());
    let leaves = vpc.is_some_and(|vpc| texts(vpc, "SubnetIds").is_empty());
    if !leaves {
        check(account, &role, vpc)?;
    }
    for key in SETTINGS {
        if let Some(value) = request.get(key).filter(|value| !value.is_null()) {
            account.set("function", &name, key, value.clone());
        }
    }
    if vpc.is_some() {
        lambda_interfaces::leave(account, &name);
        put_into_vpc(account, &name, vpc)?;
        return begin_update(account, &name, 10 * SECOND, 60 * SECOND);
    }
    begin_update(account, &name, SECOND / 2, 5 * SECOND)
}

fn recode(account: &mut Account, request: &Json) -> Answer {
    let function = function(account, request)?;
    check_state(function)?;
    let name = text(function, "FunctionName").to_owned();
    account.set("function", &name, "CodeSha256", code(request)?.into());
    if let Some(architectures) = request.get("Architectures").filter(|it| !it.is_null()) {
        account.set("function", &name, "Architectures", architectures.clone());
    }
    begin_update(account, &name, SECOND / 2, 5 * SECOND)
}

/// Gone at once; its interfaces are not.
fn delete(account: &mut Account, request: &Json) -> Answer {
    let function = function(account, request)?;
    if text(function, "State") == "Pending" {
        check_state(function)?;
    }
    let name = text(function, "FunctionName").to_owned();
    lambda_interfaces::abandon(account, &name);
    account.table("function").remove(&name);
    account.table("permission").retain(|_, it| text(it, "_function") != name);
    account.forget_later("function", &name);
    Ok(json!({"_status": 204}))
}

fn tag(account: &mut Account, request: &Json) -> Answer {
    let arn = needed(request, "Resource")?;
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    let named = json!({"FunctionName": name});
    let mut tags = function(account, &named)?["_tags"].as_object().cloned().unwrap_or_default();
    for (key, value) in request.get("Tags").and_then(Json::as_object).into_iter().flatten() {
        tags.insert(key.clone(), value.clone());
    }
    tags.retain(|key, _| !texts(request, "tagKeys").contains(key));
    account.set("function", &name, "_tags", Json::Object(tags));
    Ok(json!({"_status": 204}))
}
