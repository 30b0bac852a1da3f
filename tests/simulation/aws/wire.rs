//! AWS's protocols: EC2's and IAM's query with XML answers, Lambda's REST with JSON, Logs' JSON 1.1.
//! Sources: the protocol pages of smithy.io (`aws.ec2Query`, `aws.query`, `aws.restJson1`, `aws.awsJson1_1`).

use serde_json::{Map, Value as Json, json};

use super::account::Refusal;

/// A request, whoever sends it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// Whom it was signed for: the service of the credential scope.
    pub service: String,
    pub target: Option<String>,
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// A request understood: `ec2:CreateVpc`, and its members as a tree.
#[derive(Debug, Clone)]
pub struct Call {
    pub service: String,
    pub operation: String,
    pub members: Json,
}

impl Call {
    /// As IAM writes it.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    pub fn is_read(&self) -> bool {
        ["Get", "List", "Describe"].iter().any(|verb| self.operation.starts_with(verb))
    }
}

/// The service a request is signed for, from its `Authorization` header.
pub fn signed_for(authorization: &str) -> String {
    let scope = authorization.split("Credential=").nth(1).unwrap_or_default();
    scope.split('/').nth(3).unwrap_or_default().to_owned()
}

impl Request {
    pub fn call(&self) -> Call {
        let call = |operation: &str, members: Json| Call {
            service: self.service.clone(),
            operation: operation.to_owned(),
            members,
        };
        match self.service.as_str() {
            "ec2" | "iam" | "sts" => {
                let members = query_tree(&String::from_utf8_lossy(&self.body));
                let action = members["Action"].as_str().unwrap_or_default().to_owned();
                call(&action, members)
            }
            "logs" => {
                let target = self.target.as_deref().unwrap_or_default();
                let operation = target.rsplit('.').next().unwrap_or_default();
                call(operation, self.json())
            }
            _ => {
                let (operation, members) = super::routes::route(self);
                call(operation, members)
            }
        }
    }

    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| json!({}))
    }
}

/// `Filter.1.Value.2=x` as a tree; numbers are positions of lists, `member` is only a word.
fn query_tree(body: &str) -> Json {
    let mut tree = json!({});
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decoded(key);
        let mut place = &mut tree;
        for part in key.split('.').filter(|part| *part != "member") {
            place = match part.parse::<usize>() {
                Ok(number) => {
                    if !place.is_array() {
                        *place = json!([]);
                    }
                    let items = place.as_array_mut().expect("just made");
                    while items.len() < number {
                        items.push(Json::Null);
                    }
                    &mut items[number - 1]
                }
                Err(_) => {
                    if !place.is_object() {
                        *place = json!({});
                    }
                    place.as_object_mut().expect("just made").entry(part).or_insert(Json::Null)
                }
            };
        }
        *place = Json::String(decoded(value));
    }
    tree
}

pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As IAM encodes documents in its answers (RFC 3986).
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match plain(byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// The answer to a call, in its service's protocol.
pub fn response(call: &Call, answer: &Result<Json, Refusal>) -> Response {
    match (call.service.as_str(), answer) {
        ("ec2", Ok(json)) => xml(
            200,
            format!(
                "<{0}Response><requestId>simulated</requestId>{1}</{0}Response>",
                call.operation,
                elements(json, "item")
            ),
        ),
        ("iam" | "sts", Ok(json)) => xml(
            200,
            format!(
                "<{0}Response><{0}Result>{1}</{0}Result><ResponseMetadata><RequestId>simulated\
             </RequestId></ResponseMetadata></{0}Response>",
                call.operation,
                elements(json, "member")
            ),
        ),
        ("ec2", Err(no)) => xml(
            no.status,
            format!(
                "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>\
             <RequestID>simulated</RequestID></Response>",
                no.code,
                escaped(&no.message)
            ),
        ),
        ("iam" | "sts", Err(no)) => xml(
            no.status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>simulated</RequestId></ErrorResponse>",
                no.code,
                escaped(&no.message)
            ),
        ),
        (_, Ok(json)) => {
            let status = json.get("_status").and_then(Json::as_u64).unwrap_or(200);
            let is_empty = status == 204 || json.get("_empty").is_some();
            let body = if is_empty { String::new() } else { told(json).to_string() };
            let status = u16::try_from(status).expect("an HTTP status");
            Response { status, headers: json_headers(), body }
        }
        (_, Err(no)) => {
            let mut headers = json_headers();
            headers.push(("x-amzn-errortype", no.code.clone()));
            let body = json!({"__type": no.code, "message": no.message, "Message": no.message});
            Response { status: no.status, headers, body: body.to_string() }
        }
    }
}

fn json_headers() -> Vec<(&'static str, String)> {
    vec![("content-type", "application/json".to_owned())]
}

fn xml(status: u16, body: String) -> Response {
    Response { status, headers: vec![("content-type", "text/xml".to_owned())], body }
}

/// Without what is the simulation's own.
pub fn told(json: &Json) -> Json {
    match json {
        Json::Object(map) => Json::Object(
            map.iter()
                .filter(|(key, value)| !key.starts_with('_') && !value.is_null())
                .map(|(key, value)| (key.clone(), told(value)))
                .collect::<Map<_, _>>(),
        ),
        Json::Array(items) => Json::Array(items.iter().map(told).collect()),
        other => other.clone(),
    }
}

fn elements(json: &Json, item: &str) -> String {
    let element = |name: &str, value: &Json| {
        let inside = elements(value, item);
        ["<", name, ">", &inside, "</", name, ">"].concat()
    };
    match json {
        Json::Object(map) => map
            .iter()
            .filter(|(key, value)| !key.starts_with('_') && !value.is_null())
            .map(|(key, value)| element(key, value))
            .collect(),
        Json::Array(items) => items.iter().map(|one| element(item, one)).collect(),
        Json::String(text) => escaped(text),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
