//! `CloudWatch` Logs: what of a group has calls of its own: keys, policies, protection.
//! Sources: the pages of `AssociateKmsKey`, `PutDataProtectionPolicy`, `PutIndexPolicy`,
//! `PutLogGroupDeletionProtection` and their like in the `CloudWatch` Logs API Reference.

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, SECOND, accepted, given, needed, refuse, seconds, text, texts,
};
use super::logs::{group, name_in};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    if operation == "DescribeIndexPolicies" {
        return describe_index(account, request);
    }
    let named = given(request, "logGroupIdentifier").or(given(request, "logGroupName"));
    let name = name_in(named.unwrap_or_default()).to_owned();
    let class = text(group(account, &name)?, "logGroupClass").to_owned();
    let mut set = |key: &str, value: Json| {
        account.set("log-group", &name, key, value);
        accepted()
    };
    let is_on = |key: &str| request.get(key).cloned().unwrap_or(false.into());
    match operation {
        // "The Amazon Resource Name (ARN) of the KMS key to use".
        "AssociateKmsKey" => match needed(request, "kmsKeyId")? {
            arn if arn.starts_with("arn:aws:kms:") => set("kmsKeyId", arn.into()),
            _ => refuse("InvalidParameterException", "The specified KMS key is not an ARN."),
        },
        "DisassociateKmsKey" => set("kmsKeyId", Json::Null),
        "PutLogGroupDeletionProtection" => {
            set("deletionProtectionEnabled", is_on("deletionProtectionEnabled"))
        }
        "PutBearerTokenAuthentication" => {
            set("bearerTokenAuthenticationEnabled", is_on("bearerTokenAuthenticationEnabled"))
        }
        // "A data protection policy … is supported only for log groups in the Standard log class."
        "PutDataProtectionPolicy" | "PutIndexPolicy" if class != "STANDARD" => {
            refuse("InvalidParameterException", "only for log groups of the Standard class")
        }
        "PutDataProtectionPolicy" => {
            let document = document(request)?;
            set("_protection", document.clone())?;
            Ok(json!({"logGroupIdentifier": name, "policyDocument": document}))
        }
        "GetDataProtectionPolicy" => {
            let live = group(account, &name)?.get("_protection").cloned();
            Ok(json!({"logGroupIdentifier": name, "policyDocument": live}))
        }
        "DeleteDataProtectionPolicy" => set("_protection", Json::Null),
        "PutIndexPolicy" => {
            let document = document(request)?;
            set("_index", document.clone())?;
            Ok(json!({"indexPolicy": {"logGroupIdentifier": name, "policyDocument": document}}))
        }
        "DeleteIndexPolicy" => set("_index", Json::Null),
        _ => refuse("InvalidParameterException", format!("{operation} of Logs is not simulated")),
    }
}

fn document(request: &Json) -> Answer {
    let text = needed(request, "policyDocument")?;
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(_)) => Ok(text.into()),
        _ => refuse("InvalidParameterException", "The policy document is no JSON object."),
    }
}

/// Of one group: "logGroupIdentifiers … Array Members: Fixed number of 1 item".
fn describe_index(account: &Account, request: &Json) -> Answer {
    let [wanted] = &texts(request, "logGroupIdentifiers")[..] else {
        return refuse("InvalidParameterException", "exactly one log group must be named");
    };
    let group = group(account, name_in(wanted))?;
    let document = group.get("_index").filter(|document| !document.is_null());
    let told = document.map(|document| {
        json!({
            "logGroupIdentifier": group["logGroupName"], "policyDocument": document,
            "source": "LOG_GROUP", "lastUpdateTime": seconds(account.now) * SECOND,
        })
    });
    Ok(json!({"indexPolicies": told.into_iter().collect::<Vec<_>>()}))
}
