//! REST: which operation a method and a path are. Sources: the HTTP traits in the Lambda API model.

use serde_json::{Value as Json, json};

use super::wire::{Request, decoded};

const LAMBDA: &[(&str, &str, &str)] = &[
    ("POST", "/2015-03-31/functions", "CreateFunction"),
    ("GET", "/2015-03-31/functions/{FunctionName}", "GetFunction"),
    ("DELETE", "/2015-03-31/functions/{FunctionName}", "DeleteFunction"),
    ("GET", "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{FunctionName}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode"),
    ("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", "DeleteFunctionConcurrency"),
    ("POST", "/2017-03-31/tags/{Resource}", "TagResource"),
    ("DELETE", "/2017-03-31/tags/{Resource}", "UntagResource"),
];

/// The operation, and the members of path, query and body together.
pub fn route(request: &Request) -> (&'static str, Json) {
    let routes = match request.service.as_str() {
        "lambda" => LAMBDA,
        _ => &[],
    };
    for (method, pattern, operation) in routes {
        if *method == request.method
            && let Some(mut members) = matched(pattern, request.path.trim_end_matches('/'))
        {
            let all = members.as_object_mut().expect("an object");
            if let Json::Object(body) = request.json() {
                all.extend(body);
            }
            for pair in request.query.split('&') {
                let Some((key, value)) = pair.split_once('=') else { continue };
                let list = all.entry(key).or_insert(json!([]));
                list.as_array_mut().into_iter().for_each(|list| list.push(decoded(value).into()));
            }
            return (operation, members);
        }
    }
    ("Unknown", json!({}))
}

fn matched(pattern: &str, path: &str) -> Option<Json> {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    if pattern.len() != path.len() {
        return None;
    }
    let mut members = json!({});
    for (wanted, part) in pattern.iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => members[name] = decoded(part).into(),
            None if *wanted == part => {}
            None => return None,
        }
    }
    Some(members)
}
