//! Lambda: what of a function has calls of its own: recursion, runtime management, code signing.
//! Sources: the pages of those calls in the Lambda API Reference.

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, NUMBER, REGION, given, needed, record, text};
use super::lambda::{invalid, name, no};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    if operation == "CreateCodeSigningConfig" {
        return create_signing(account, request);
    }
    let function = name(account, request)?;
    let record = account.record("function", &function).expect("it was just there");
    let live = |key: &str| record.get(key).cloned();
    match operation {
        "GetFunctionRecursionConfig" => {
            Ok(json!({"RecursiveLoop": live("_recursion").unwrap_or("Terminate".into())}))
        }
        "PutFunctionRecursionConfig" => {
            let wanted = needed(request, "RecursiveLoop")?;
            if !["Allow", "Terminate"].contains(&wanted) {
                return invalid(
                    "Value at 'recursiveLoop' failed to satisfy constraint: Member must satisfy enum value set: [Allow, Terminate]",
                );
            }
            account.set("function", &function, "_recursion", wanted.into());
            Ok(json!({"RecursiveLoop": wanted}))
        }
        "GetRuntimeManagementConfig" => {
            let mut told = live("_runtime").unwrap_or(json!({"UpdateRuntimeOn": "Auto"}));
            told["FunctionArn"] = record["FunctionArn"].clone();
            Ok(told)
        }
        "PutRuntimeManagementConfig" => put_runtime(account, &function, request),
        "GetFunctionCodeSigningConfig" => Ok(json!({
            "CodeSigningConfigArn": live("_signing").unwrap_or("".into()), "FunctionName": function,
        })),
        "PutFunctionCodeSigningConfig" => {
            let arn = needed(request, "CodeSigningConfigArn")?;
            if account.record("signing", arn).is_none() {
                let message = "The code signing configuration cannot be found.";
                return no(404, "CodeSigningConfigNotFoundException", message);
            }
            account.set("function", &function, "_signing", arn.into());
            Ok(json!({"CodeSigningConfigArn": arn, "FunctionName": function}))
        }
        "DeleteFunctionCodeSigningConfig" => {
            account.table("function").get_mut(&function).map(|it| it.remove("_signing"));
            Ok(json!({"_status": 204}))
        }
        _ => {
            no(400, "UnknownOperationException", format!("{operation} of Lambda is not simulated"))
        }
    }
}

/// Not while the function is being made; a version's ARN with `Manual` and only with it.
fn put_runtime(account: &mut Account, function: &str, request: &Json) -> Answer {
    let record = account.record("function", function).expect("it was just there");
    super::lambda::check_state(record)?;
    let arn = text(record, "FunctionArn").to_owned();
    let (update, version) =
        (needed(request, "UpdateRuntimeOn")?, given(request, "RuntimeVersionArn"));
    if (update == "Manual") != version.is_some() {
        return invalid(
            "You must specify a runtime version ARN when the update mode is Manual, and only then",
        );
    }
    let mut told = json!({"UpdateRuntimeOn": update});
    if let Some(version) = version {
        told["RuntimeVersionArn"] = version.into();
    }
    account.set("function", function, "_runtime", told.clone());
    told["FunctionArn"] = arn.into();
    Ok(told)
}

fn create_signing(account: &mut Account, request: &Json) -> Answer {
    let id = account.id("csc");
    let arn = format!("arn:aws:lambda:{REGION}:{NUMBER}:code-signing-config:{id}");
    let made = json!({
        "CodeSigningConfigId": id, "CodeSigningConfigArn": arn,
        "AllowedPublishers": request["AllowedPublishers"],
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
        "LastModified": "2026-01-01T00:00:00.000+0000",
    });
    account.table("signing").insert(arn, record(made.clone()));
    Ok(json!({"_status": 201, "CodeSigningConfig": made}))
}
