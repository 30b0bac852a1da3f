//! Plans in files: shown anywhere, applied exactly as they are, or refused; and what differs from
//! what was last applied.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value as Json, json};

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::sandbox::{Ran, Sandbox};

const TEMPLATE: &str = r#"
Parameters:
  Days: {Type: Number, Default: 1}
  Purpose: {Type: String, Default: none}
  Word: {Type: String, NoEcho: true}
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: saved-plans
      RetentionInDays: !Ref Days
      Tags: [{Key: purpose, Value: !Ref Purpose}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Handler: code.answer
      Runtime: python3.12
      Code: ./code
      Environment: {Variables: {WORD: !Ref Word}}
Outputs:
  Group: {Value: !Ref Logs}
"#;

const STACK: &str = "stacks/small";
const SECRET: &str = "correct-horse-battery";

fn project(endpoint: &str) -> Sandbox {
    let sandbox = Sandbox::at(endpoint);
    sandbox.write("stacks/small/stack.yaml", TEMPLATE);
    sandbox.write("stacks/small/code/code.py", "def answer(event, context):\n    return 1\n");
    configure(&sandbox, endpoint, "");
    sandbox
}

fn configure(sandbox: &Sandbox, endpoint: &str, more: &str) {
    let text = format!("endpoint: {endpoint}\nparameters: {{small: {{Word: {SECRET}}}}}\n{more}");
    sandbox.write("config/test.yaml", &text);
}

fn save(sandbox: &Sandbox) -> Ran {
    sandbox.cairn(&format!("plan {STACK} --parameter Purpose=trial --out plan.cairn")).code(0)
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn clients(endpoint: &str) -> cairn::aws::Clients {
    let access = cairn::aws::Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..cairn::aws::Access::default()
    };
    cairn::aws::Clients::connect(&access).await
}

async fn keep_logs_for(endpoint: &str, days: i32) {
    let clients = clients(endpoint).await;
    let call = clients.logs().put_retention_policy().log_group_name("saved-plans");
    call.retention_in_days(days).send().await.expect("the group is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_what_happens() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let planned = save(&sandbox).out;
    let file = sandbox.read("plan.cairn");
    assert!(!file.contains(SECRET), "{file}");
    assert!(!sandbox.path(".cairn").exists(), "a plan writes no state");

    // Elsewhere: no project, no configuration, nobody who answers.
    let elsewhere = Sandbox::at("http://127.0.0.1:9");
    elsewhere.write("plan.cairn", &file);
    fs::remove_dir_all(elsewhere.path("config")).expect("a folder");
    assert_eq!(elsewhere.cairn("plan show plan.cairn").code(0).out, planned);
    let shown = elsewhere.cairn("plan show plan.cairn --json").code(0).out;
    assert_eq!(json(&shown)["version"], 1);
    assert_eq!(json(&shown)["summary"]["create"], 3);
    let comment = elsewhere.cairn("plan show plan.cairn --markdown").code(0).out;
    assert!(comment.contains("3 to create"), "{comment}");
    let confused = elsewhere.cairn("plan plan.cairn").code(1).err;
    assert!(confused.contains("`cairn plan show plan.cairn`"), "{confused}");
    let missing = elsewhere.cairn("deploy plan.cairn --yes").code(1).err;
    assert!(
        missing.contains("the plan is of `stacks/small/stack.yaml`, which is not here"),
        "{missing}"
    );

    let declined = sandbox.cairn("deploy plan.cairn").code(1).err;
    assert!(declined.contains("--yes"), "{declined}");
    let applied = sandbox.cairn("deploy plan.cairn --yes").code(0);
    assert!(applied.out.starts_with(&planned), "{}", applied.out);
    let state =
        json(&fs::read_to_string(sandbox.path(".cairn/test/small/state.json")).expect("a state"));
    assert_eq!(state["lineage"], json(&shown)["lineage"]);
    for step in json(&shown)["steps"].as_array().expect("steps") {
        let current = &state["resources"][step["logical_id"].as_str().expect("an id")]["current"];
        assert_eq!(current["token"], step["operation"]["Create"]["token"], "{step}");
    }
    sandbox.cairn(&format!("plan {STACK} --parameter Purpose=trial --detailed-exitcode")).code(0);

    let again = sandbox.cairn("deploy plan.cairn --yes").code(1).err;
    assert!(again.contains("the state of the stack `small` has changed"), "{again}");
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// What is said of a plan that is not applied, and that nothing comes of it.
struct Refuser<'a> {
    sandbox: &'a Sandbox,
    endpoint: &'a str,
}

impl Refuser<'_> {
    async fn refuses(&self, arguments: &str, told: &str) {
        let before = inventory(self.endpoint).await;
        let said = self.sandbox.cairn(&format!("deploy plan.cairn --yes {arguments}")).code(1);
        assert!(said.err.contains(told), "{told:?} is not in:\n{}", said.err);
        assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
        assert!(said.out.is_empty(), "{}", said.out);
        assert_eq!(inventory(self.endpoint).await, before, "{told}");
    }

    /// With one file as it was not when the plan was made.
    async fn refuses_with(&self, file: &str, from: &str, to: &str, told: &str) {
        let text = self.sandbox.read(file);
        self.sandbox.edit(file, from, to);
        self.refuses("", told).await;
        self.sandbox.write(file, &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_was_made_from_must_be_the_same() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    save(&sandbox);
    let refuser = Refuser { sandbox: &sandbox, endpoint: &server.url };
    let stack = "stacks/small/stack.yaml";
    let template = "the template is not the one the plan was made from";
    refuser.refuses_with(stack, "saved-plans", "other-plans", template).await;
    // Another template is said to be another, whatever else is wrong with it.
    refuser.refuses_with(stack, "LogGroupName", "LogGruopName", template).await;
    let code = "the code is not what the plan was made with, in `Function`";
    refuser.refuses_with("stacks/small/code/code.py", "return 1", "return 2", code).await;

    let differs = |name: &str| format!("not the one the plan was made with, in `{name}`");
    refuser.refuses_with("config/test.yaml", SECRET, "tr0ub4dor", &differs("Word")).await;
    refuser.refuses("--parameter Days=3", &differs("Days")).await;
    configure(&sandbox, &server.url, "tags: {team: hut}\n");
    refuser.refuses("", &differs("tags")).await;
    configure(&sandbox, &server.url, "region: eu-west-1\n");
    refuser
        .refuses(
            "",
            "region us-east-1; these credentials are for account 000000000000, region eu-west-1",
        )
        .await;
    configure(&sandbox, &server.url, "");

    refuser.refuses("--env prod", "the plan is for the environment `test`, not `prod`").await;
    refuser.refuses("--name large", "the plan is for the stack `small`").await;
    refuser.refuses("--max-age 0s", "and a plan may be applied within 0s").await;

    refuser
        .refuses_with(
            "plan.cairn",
            "\"cairn_plan\": 3",
            "\"cairn_plan\": 4",
            "the plan file has format 4",
        )
        .await;
    let tampered = "the plan file was changed after it was written";
    refuser.refuses_with("plan.cairn", "\"saved-plans\",\n", "\"my-plans\",\n", tampered).await;
    let text = sandbox.read("plan.cairn");
    sandbox.write("plan.cairn", &text[..text.len() / 2]);
    refuser.refuses("", "this is not a plan file").await;
    sandbox.write("plan.cairn", &text);
    assert!(!sandbox.path(".cairn/test/small/state.json").exists(), "nothing was begun");

    // After all of that it is still good.
    sandbox.cairn("deploy plan.cairn --yes").code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_does_not_get_the_plan() {
    const STRANGER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:root</Arn>\
        <UserId>1</UserId><Account>111122223333</Account></GetCallerIdentityResult>\
        <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>";
    let server = ministack().await;
    let sandbox = project(&server.url);
    save(&sandbox);
    let meddler =
        Meddler::before(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port)), |request| {
            match request.contains("GetCallerIdentity") {
                true => Meddling::Answer(200, STRANGER),
                false => Meddling::Pass,
            }
        });
    configure(&sandbox, &meddler.url, "");
    let refuser = Refuser { sandbox: &sandbox, endpoint: &server.url };
    let told = "the plan is for account 000000000000, region us-east-1; these credentials are for \
                account 111122223333, region us-east-1";
    refuser.refuses("", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_holds_for_one_state_and_one_world() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let refuser = Refuser { sandbox: &sandbox, endpoint: &server.url };
    save(&sandbox);
    let first = sandbox.read("plan.cairn");
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    refuser.refuses("", "(its lineage is another)").await;

    let update = format!("plan {STACK} --parameter Days=3 --out plan.cairn");
    sandbox.cairn(&update).code(0);
    let state = sandbox.read(".cairn/test/small/state.json");
    fs::remove_file(sandbox.path(".cairn/test/small/state.json")).expect("a state");
    refuser.refuses("", "is gone, and what leads to it is still there").await;
    sandbox.write(".cairn/test/small/state.json", &state);

    // Somebody changes what the plan changes, and then what it does not.
    keep_logs_for(&server.url, 7).await;
    refuser.refuses("", "something else would be done now to `Logs`").await;
    keep_logs_for(&server.url, 1).await;
    let clients = clients(&server.url).await;
    let functions = clients.lambda().list_functions().send().await.expect("a list");
    let name = functions.functions()[0].function_name().expect("a name").to_owned();
    let slower = clients.lambda().update_function_configuration().function_name(&name);
    slower.handler("code.other").send().await.expect("it is there");
    refuser.refuses("", "something else would be done now to `Function`").await;
    let restored = clients.lambda().update_function_configuration().function_name(&name);
    restored.handler("code.answer").send().await.expect("it is there");

    let applied = sandbox.cairn("deploy plan.cairn --yes").code(0).out;
    assert!(applied.contains("RetentionInDays: 1 → 3"), "{applied}");
    sandbox.cairn(&format!("plan {STACK} --parameter Days=3 --detailed-exitcode")).code(0);
    refuser.refuses("", "has changed since the plan was made (serial").await;

    // A plan with nothing to do is applied by doing nothing.
    sandbox.cairn(&update).code(0);
    let nothing = sandbox.cairn("deploy plan.cairn --yes").code(0).out;
    assert!(nothing.contains("Nothing to do"), "{nothing}");
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    sandbox.write("plan.cairn", &first);
    sandbox.cairn("deploy plan.cairn --yes").code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// A plan is for the state before it: what a run has left is planned anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_stopped_goes_on_with_a_new_plan() {
    const REFUSED: &str = r#"{"__type": "InvalidParameterException", "message": "not now"}"#;
    let server = ministack().await;
    let sandbox = project(&server.url);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let meddler = Meddler::before(address, |request| match request.contains("CreateLogGroup") {
        true => Meddling::Answer(400, REFUSED),
        false => Meddling::Pass,
    });
    save(&sandbox);
    configure(&sandbox, &meddler.url, "");
    let stopped = sandbox.cairn("deploy plan.cairn --yes").code(1).err;
    assert!(stopped.contains("not now") && stopped.contains("1 failed"), "{stopped}");
    assert!(stopped.contains("nothing is lost: plan again, and apply that"), "{stopped}");
    configure(&sandbox, &server.url, "");
    let refuser = Refuser { sandbox: &sandbox, endpoint: &server.url };
    refuser.refuses("", "has changed since the plan was made (serial").await;
    save(&sandbox);
    sandbox.cairn("deploy plan.cairn --yes").code(0);
    sandbox.cairn(&format!("plan {STACK} --parameter Purpose=trial --detailed-exitcode")).code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// A secret on the command line is given again; nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_parameter_is_given_again() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    sandbox.write("config/test.yaml", &format!("endpoint: {}\n", server.url));
    let given = format!("--parameter Days=5 --parameter Word={SECRET}");
    sandbox.cairn(&format!("plan {STACK} {given} --out plan.cairn")).code(0);
    assert!(!sandbox.read("plan.cairn").contains(SECRET));
    let refuser = Refuser { sandbox: &sandbox, endpoint: &server.url };
    refuser.refuses("", "parameter `Word` has no value").await;
    refuser.refuses("--parameter Word=other", "in `Word`").await;
    let applied = sandbox.cairn(&format!("deploy plan.cairn --yes --parameter Word={SECRET}"));
    assert!(applied.code(0).out.contains("RetentionInDays: 5"));
    sandbox.cairn(&format!("plan {STACK} {given} --detailed-exitcode")).code(0);
    sandbox.cairn(&format!("teardown {STACK} {given} --yes")).code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_what_others_did() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let absent = sandbox.cairn(&format!("drift {STACK}")).code(1).err;
    assert!(absent.contains("the stack `small` is not deployed"), "{absent}");
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let none = sandbox.cairn(&format!("drift {STACK}")).code(0).out;
    assert!(none.contains("No drift: 3 resources are as last applied."), "{none}");

    // What the template says now is a change, and no drift.
    sandbox.edit("stacks/small/stack.yaml", "RetentionInDays: !Ref Days", "RetentionInDays: 14");
    sandbox.cairn(&format!("drift {STACK}")).code(0);

    keep_logs_for(&server.url, 7).await;
    let drifted = sandbox.cairn(&format!("drift {STACK}")).code(2).out;
    assert!(drifted.contains("RetentionInDays: 1 → 7"), "{drifted}");
    assert!(!drifted.contains("Function"), "{drifted}");
    let clients = clients(&server.url).await;
    clients
        .logs()
        .delete_log_group()
        .log_group_name("saved-plans")
        .send()
        .await
        .expect("it is there");
    let told = json(&sandbox.cairn(&format!("drift {STACK} --json")).code(2).out);
    assert_eq!(told["version"], 1);
    assert_eq!(told["drifted"], true);
    let resources = told["resources"].as_array().expect("a list");
    assert_eq!(resources.len(), 1, "{told}");
    assert_eq!(resources[0]["logical_id"], "Logs");
    assert_eq!(resources[0]["drift"], json!("Deleted"));
    sandbox.cairn(&format!("drift {STACK} --name other")).code(1);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// What a teardown would delete is a plan like any other, and is applied by the command for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_saved_teardown_is_what_goes() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let before = inventory(&server.url).await;
    let nothing = sandbox.cairn(&format!("plan {STACK} --teardown --detailed-exitcode")).code(0);
    assert!(nothing.out.contains("Nothing to do: the stack owns nothing."), "{}", nothing.out);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);

    let plan = format!("plan {STACK} --teardown");
    let planned = sandbox.cairn(&format!("{plan} --out plan.cairn --out plan.html")).code(0).out;
    assert!(planned.contains("- Logs") && planned.contains("3 to delete."), "{planned}");
    assert_eq!(sandbox.cairn("plan show plan.cairn").code(0).out, planned);
    let told = json(&sandbox.cairn(&format!("{plan} --json")).code(0).out);
    assert_eq!((&told["purpose"], &told["summary"]["delete"]), (&json!("Teardown"), &json!(3)));
    assert!(sandbox.cairn(&format!("{plan} --markdown")).code(0).out.contains("is deleted"));
    sandbox.cairn(&format!("{plan} --fail-on destructive")).code(3);
    let page = sandbox.read("plan.html");
    assert_eq!(page, sandbox.cairn("plan show plan.cairn --format html").code(0).out);
    assert_eq!(page, sandbox.cairn(&format!("{plan} --format html")).code(0).out);
    assert!(page.contains("This plan tears the stack down."));

    let refused = |command: &str, told: &str| {
        let said = sandbox.cairn(command).code(1).err;
        assert!(said.contains(told), "{told:?} is not in:\n{said}");
    };
    refused("deploy plan.cairn --yes", "apply it with `cairn teardown FILE`");
    refused("teardown plan.cairn", "--yes");
    refused("teardown plan.cairn --yes --max-age 1ms", "may be applied within");
    save(&sandbox);
    refused("teardown plan.cairn --yes", "apply it with `cairn deploy FILE`");
    sandbox.cairn(&format!("{plan} --out plan.cairn")).code(0);
    sandbox.cairn(&format!("deploy {STACK} --parameter Purpose=trial --yes")).code(0);
    refused("teardown plan.cairn --yes", "has changed since the plan was made (serial");

    sandbox.cairn(&format!("{plan} --out plan.cairn")).code(0);
    sandbox.cairn("teardown plan.cairn --yes").code(0);
    assert_eq!(inventory(&server.url).await, before);
    refused("teardown plan.cairn --yes", "for a state of the stack `small` that is not here");
}

/// For code scanning each risk stands where its resource is declared.
#[tokio::test(flavor = "multi_thread")]
async fn risks_have_places() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let results = |ran: Ran| {
        let log = json(&ran.out);
        assert_eq!(log["version"], "2.1.0");
        log["runs"][0]["results"].as_array().expect("a list").clone()
    };
    let plan = format!("plan {STACK}");
    let found = results(sandbox.cairn(&format!("{plan} --out plan.cairn --format sarif")).code(0));
    let role = found.iter().find(|one| one["ruleId"] == "cairn-broadening").expect("a role");
    let text = role["message"]["text"].as_str().expect("a text");
    assert!(text.starts_with("`Role` `lambda.amazonaws.com` may `sts:AssumeRole`"), "{text}");
    let place = &role["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "stacks/small/stack.yaml");
    let line = TEMPLATE.lines().position(|line| line == "  Role:").expect("it is there") + 1;
    assert_eq!(place["region"], json!({"startLine": line, "startColumn": 3, "endColumn": 7}));
    assert_eq!(results(sandbox.cairn("plan show plan.cairn --format sarif").code(0)), found);

    sandbox.edit(
        "stacks/small/stack.yaml",
        "RetentionInDays: !Ref Days",
        "RetentionInDay: !Ref Days",
    );
    let wrong = results(sandbox.cairn(&format!("{plan} --format sarif")).code(1));
    assert_eq!(wrong[0]["ruleId"], "cairn-validate");
    assert_eq!(wrong[0]["level"], "error");
}
