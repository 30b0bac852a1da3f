//! Lambda: the policies of functions, statement by statement.
//! Sources: the pages of `AddPermission`, `GetPolicy` and `RemovePermission` in the Lambda API
//! Reference; "Lambda quotas".

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, NUMBER, Record, Refusal, given, needed, record, text};
use super::apigateway::query;
use super::lambda::{invalid, name, no};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    let function = name(account, request)?;
    // "To use a qualifier, a version or an alias has to be there", and none is.
    if query(request, "Qualifier").is_some_and(|qualifier| qualifier != "$LATEST") {
        return absent("The function version or alias does not exist");
    }
    match operation {
        "AddPermission" => add(account, &function, request),
        "GetPolicy" => match statements(account, &function) {
            all if all.is_empty() => absent("The resource you requested does not exist."),
            all => {
                let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": all});
                Ok(json!({"Policy": policy.to_string(), "RevisionId": revision(&policy)}))
            }
        },
        _ => {
            let id = format!("{function}|{}", needed(request, "StatementId")?);
            match account.table("permission").remove(&id) {
                Some(_) => Ok(json!({"_status": 204})),
                None => absent("Statement is not found in resource policy."),
            }
        }
    }
}

fn absent<T>(message: &str) -> Result<T, Refusal> {
    no(404, "ResourceNotFoundException", message)
}

/// Another one for another policy.
fn revision(policy: &Json) -> String {
    let sum =
        policy.to_string().bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    format!("{sum:08x}-0000-4000-8000-000000000000")
}

fn statements(account: &Account, function: &str) -> Vec<Json> {
    let all = account.records("permission").filter(|(_, it)| text(it, "_function") == function);
    all.map(|(_, it)| it["statement"].clone()).collect()
}

/// A statement id is there once; the policy has at most 20 KB.
fn add(account: &mut Account, function: &str, request: &Json) -> Answer {
    let id = needed(request, "StatementId")?;
    if id.is_empty()
        || id.len() > 100
        || !id.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it))
    {
        return invalid(
            "Value at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
        );
    }
    let key = format!("{function}|{id}");
    if account.record("permission", &key).is_some() {
        let message = format!(
            "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing statement."
        );
        return no(409, "ResourceConflictException", message);
    }
    let arn = text(account.record("function", function).expect("it was just there"), "FunctionArn");
    let statement = statement(id, arn, request)?;
    let length: usize = statements(account, function)
        .iter()
        .chain([&statement])
        .map(|it| it.to_string().len())
        .sum();
    if length > 20 * 1024 {
        return no(
            400,
            "PolicyLengthExceededException",
            "The final policy size is bigger than the limit (20480).",
        );
    }
    let made: Record = record(json!({"_function": function, "_sid": id, "statement": statement}));
    account.table("permission").insert(key, made);
    Ok(json!({"_status": 201, "Statement": statement.to_string()}))
}

/// A service, an account, or anybody; each condition under the operator that Lambda gives it.
fn statement(id: &str, arn: &str, request: &Json) -> Result<Json, Refusal> {
    let principal = needed(request, "Principal")?;
    let principal = match principal {
        "*" => json!("*"),
        service if service.ends_with(".amazonaws.com") => json!({"Service": service}),
        number if number.len() == 12 && number.bytes().all(|it| it.is_ascii_digit()) => {
            json!({"AWS": format!("arn:aws:iam::{number}:root")})
        }
        arn if arn.starts_with("arn:aws:iam::") => json!({"AWS": arn}),
        _ => {
            return invalid(
                "The provided principal was invalid. Please check the principal and try again.",
            );
        }
    };
    let mut made = json!({
        "Sid": id, "Effect": "Allow", "Principal": principal, "Action": needed(request, "Action")?,
        "Resource": arn,
    });
    let conditions = [
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ];
    for (member, operator, key) in conditions {
        if let Some(value) = given(request, member) {
            made["Condition"][operator][key] = value.into();
        }
    }
    if let Some(value) = request.get("InvokedViaFunctionUrl").and_then(Json::as_bool) {
        made["Condition"]["Bool"]["lambda:InvokedViaFunctionUrl"] = value.to_string().into();
    }
    if given(request, "SourceAccount").is_some_and(|account| account.len() != NUMBER.len()) {
        return invalid(
            "Value at 'sourceAccount' failed to satisfy constraint: Member must satisfy regular expression pattern: \\d{12}",
        );
    }
    Ok(made)
}
