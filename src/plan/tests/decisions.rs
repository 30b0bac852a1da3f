use serde_json::json;

use super::{apply, deployed, graph, live, make, observed, planned, properties, tokens, told};
use crate::graph::Graph;
use crate::journal::Event;
use crate::plan::{Action, Operation, Overwritten, Plan, Purpose, Step, Why, plan, teardown};
use crate::refresh::{Observation, Observed};
use crate::resource::Status;
use crate::state::{Marks, State};
use crate::value::{LogicalId, PhysicalId, Token};

const NETWORK: &str = r"
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16, EnableDnsSupport: true, InstanceTenancy: dedicated}
  Table:
    Type: AWS::EC2::RouteTable
    Properties: {VpcId: !Ref Vpc}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: logs, RetentionInDays: 1}
Outputs:
  Vpc: {Value: !Ref Vpc}
";

/// A deployed template, then changed, and the world with it.
struct Case {
    graph: Graph,
    state: State,
    observed: Observed,
}

impl Case {
    fn of(text: &str, edits: &[(&str, &str)]) -> Self {
        let state = deployed(&graph(text));
        let mut text = text.to_owned();
        for (from, to) in edits {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replace(from, to);
        }
        let observed = observed(&state);
        Self { graph: graph(&text), state, observed }
    }

    fn plan(&self) -> Plan {
        planned(&self.graph, &self.state, &self.observed)
            .unwrap_or_else(|findings| panic!("{findings:?}"))
    }

    #[track_caller]
    fn gives(&self, expected: &str) -> Plan {
        let plan = self.plan();
        let mut lines: Vec<_> =
            expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        assert_eq!(told(&plan), lines.join("\n"));
        plan
    }
}

/// What changes when a template is edited and nothing else happens.
#[track_caller]
fn check(text: &str, edits: &[(&str, &str)], expected: &str) -> Plan {
    Case::of(text, edits).gives(expected)
}

#[test]
fn tags_have_no_order_whatever_the_schema_says() {
    let (one, two) = (json!({"Key": "z", "Value": "1"}), json!({"Key": "a", "Value": "2"}));
    for handler in crate::resource::types() {
        let facts = crate::schema::facts(handler.type_name()).expect("it has a schema");
        let Some(shape) = &facts.tags else { continue };
        let rules = crate::plan::Rules { facts: Some(facts), rules: handler.rules() };
        let is_same = rules.same(&shape.property, &json!([one, two]), &json!([two, one]));
        assert!(is_same, "{}", handler.type_name());
    }
}

#[test]
fn nothing_changed_is_nothing_to_do() {
    let plan = check(NETWORK, &[], "");
    assert_eq!(plan.count(Action::Keep), 3);
    assert!(!plan.has_work());
    // The outputs were never recorded.
    assert!(plan.has_changes());
    let mut case = Case::of(NETWORK, &[]);
    case.state.outputs.insert("Vpc".to_owned(), json!("vpc1"));
    assert!(!case.plan().has_changes());
}

#[test]
fn what_the_template_changes_is_changed() {
    check(
        NETWORK,
        &[("RetentionInDays: 1", "RetentionInDays: 3")],
        "Update update Logs (logs1): RetentionInDays",
    );
    check(NETWORK, &[(", RetentionInDays: 1", "")], "Update update Logs (logs1): RetentionInDays");
    check(
        NETWORK,
        &[
            ("CidrBlock: 10.0.0.0/16", "CidrBlock: 10.1.0.0/16"),
            ("EnableDnsSupport: true", "EnableDnsSupport: false"),
        ],
        "
        Replace create Vpc (vpc1): CidrBlock!, EnableDnsSupport
        Delete delete Vpc (vpc1) | it has been replaced
        Replace create Table (table1): VpcId!?
        Delete delete Table (table1) | it has been replaced",
    );
    // Only the spelling differs.
    check(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: \"1\"")], "");
}

#[test]
fn a_conditional_replacement_is_the_types_to_judge() {
    check(NETWORK, &[("dedicated", "default")], "Update update Vpc (vpc1): InstanceTenancy");
    let text = NETWORK.replace("dedicated", "default");
    check(
        &text,
        &[("InstanceTenancy: default", "InstanceTenancy: dedicated")],
        "
        Replace create Vpc (vpc1): InstanceTenancy!
        Delete delete Vpc (vpc1) | it has been replaced
        Replace create Table (table1): VpcId!?
        Delete delete Table (table1) | it has been replaced",
    );
}

#[test]
fn a_part_that_is_create_only_replaces_with_the_whole() {
    let text = r"
Resources:
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties: {VpcId: vpc-1, ServiceName: com.amazonaws.us-east-1.s3, PolicyDocument: {}}
";
    let options = |preference: &str| format!("PolicyDocument: {{}}, DnsOptions: {preference}");
    check(
        text,
        &[("PolicyDocument: {}", &options("{DnsRecordIpType: ipv4}"))],
        "Update update Endpoint (endpoint1): DnsOptions",
    );
    check(
        text,
        &[("PolicyDocument: {}", &options("{PrivateDnsPreference: VERIFIED_DOMAINS_ONLY}"))],
        "
        Replace create Endpoint (endpoint1): DnsOptions!
        Delete delete Endpoint (endpoint1) | it has been replaced",
    );
}

#[test]
fn what_leaves_the_template_goes_or_stays_by_its_policy() {
    let logs = "\n  Logs:\n    Type: AWS::Logs::LogGroup\n    Properties: {LogGroupName: logs, RetentionInDays: 1}";
    check(NETWORK, &[(logs, "")], "Delete delete Logs (logs1) | it is no longer in the template");
    let kept = logs.replace("    Properties", "    DeletionPolicy: Retain\n    Properties");
    let text = NETWORK.replace(logs, &kept);
    let stays = "its policy is Retain: it stays in AWS and is no longer managed";
    check(&text, &[(kept.as_str(), "")], &format!("Retain forget Logs (logs1) | {stays}"));
    // A policy that only the new template has is written down.
    check(NETWORK, &[(logs, &kept)], "Keep record Logs (logs1)");
}

#[test]
fn the_old_side_of_a_replacement_stays_by_its_policy() {
    let text = NETWORK.replace(
        "    Properties: {LogGroupName",
        "    UpdateReplacePolicy: Retain\n    Properties: {LogGroupName",
    );
    let stays = "its policy is Retain: it stays in AWS and is no longer managed";
    let replaced = format!(
        "
        Replace create Logs (logs1): LogGroupName!
        Retain forget Logs (logs1) | {stays}"
    );
    let edit = [("LogGroupName: logs", "LogGroupName: others")];
    let mut case = Case::of(&text, &edit);
    case.gives(&replaced);
    // The run ended between the two: what was to stay stays.
    make(&mut case.state, &case.graph, &LogicalId::from("Logs"), "2");
    case.observed = observed(&case.state);
    case.gives(&format!("Retain forget Logs (logs1) | {stays}"));
    assert_eq!(
        told(&teardown(&case.state)).lines().filter(|line| line.starts_with("Retain")).count(),
        1
    );
}

#[test]
fn another_type_is_another_resource() {
    check(
        NETWORK,
        &[(
            "AWS::Logs::LogGroup\n    Properties: {LogGroupName: logs, RetentionInDays: 1}",
            "AWS::ApiGateway::RestApi\n    Properties: {Name: logs}",
        )],
        "
        Replace create Logs (logs1): Name | its type was `AWS::Logs::LogGroup`
        Delete delete Logs (logs1) | it has been replaced",
    );
}

#[test]
fn what_others_changed_is_set_back() {
    let mut case = Case::of(NETWORK, &[]);
    properties(&mut case.observed, "Logs").insert("RetentionInDays".to_owned(), json!(30));
    // What neither the template nor the last apply speaks of is none of our business.
    properties(&mut case.observed, "Logs").insert("KmsKeyId".to_owned(), json!("key"));
    let plan = case.gives("Update update Logs (logs1): RetentionInDays");
    let step = plan.steps.iter().find(|step| step.action == Action::Update).expect("one");
    let change = &step.changes[0];
    assert_eq!((&change.from, &change.to), (&Some(json!(30)), &Some(json!(1))));
    assert_eq!(change.why, Why::Drift { applied: Some(json!(1)) });
    // The template changes it too, to something else and to what it has become.
    for (edit, expected) in [("RetentionInDays: 5", true), ("RetentionInDays: 30", false)] {
        let mut case = Case::of(NETWORK, &[("RetentionInDays: 1", edit)]);
        properties(&mut case.observed, "Logs").insert("RetentionInDays".to_owned(), json!(30));
        let plan = case.plan();
        let updates: Vec<_> =
            plan.steps.iter().filter(|step| step.action == Action::Update).collect();
        assert_eq!(updates.len() == 1, expected, "{edit}");
        assert!(updates.iter().all(|step| step.changes[0].why == Why::Template));
        // What they did is lost, and said.
        let overwritten = Overwritten { applied: json!(1) };
        assert!(updates.iter().all(|it| it.changes[0].overwritten == Some(overwritten.clone())));
        assert!(plan.has_work(), "{edit}: the state says something else");
    }
}

#[test]
fn what_nobody_else_touched_is_not_overwritten() {
    // The template names what AWS has filled in, and what it had not named before.
    let edit = (
        "RetentionInDays: 1",
        "RetentionInDays: 5, KmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/mine'",
    );
    let mut case = Case::of(NETWORK, &[edit]);
    properties(&mut case.observed, "Logs").insert("KmsKeyId".to_owned(), json!("key"));
    let plan = case.gives("Update update Logs (logs1): RetentionInDays, KmsKeyId");
    let changes = plan.steps.iter().flat_map(|step| &step.changes);
    assert!(changes.clone().all(|change| change.overwritten.is_none()), "{plan:?}");
    // What an update of our own has left half-done is no other's.
    let mut case = Case::of(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: 5")]);
    properties(&mut case.observed, "Logs").insert("RetentionInDays".to_owned(), json!(3));
    let logs = case.state.resources.get_mut(&LogicalId::from("Logs")).expect("it is there");
    let current = logs.current.as_mut().expect("it is in use");
    current.attempted = vec![json!({"RetentionInDays": 3})];
    let plan = case.plan();
    let changes = plan.steps.iter().flat_map(|step| &step.changes);
    assert!(changes.clone().all(|change| change.overwritten.is_none()), "{plan:?}");
}

#[test]
fn what_others_took_away_is_given_back() {
    let mut case = Case::of(NETWORK, &[]);
    properties(&mut case.observed, "Logs").remove("RetentionInDays");
    let plan = case.gives("Update update Logs (logs1): RetentionInDays");
    let step = plan.steps.iter().find(|step| step.action == Action::Update).expect("one");
    assert_eq!(step.changes[0].from, None);
    // What is a default anyway is not missed.
    let mut case = Case::of(NETWORK, &[]);
    properties(&mut case.observed, "Vpc").remove("EnableDnsSupport");
    case.gives("");
}

#[test]
fn what_others_deleted_is_made_again() {
    let mut case = Case::of(NETWORK, &[]);
    case.observed.resources.insert("Logs".into(), Observation::Gone);
    let plan = case.gives(
        "
        Keep forget Logs (logs1)
        Create create Logs | it was deleted outside of Cairn",
    );
    let at = |wanted: &str| {
        plan.steps.iter().find(|step| super::operation(step) == wanted).expect("a step")
    };
    assert_eq!(at("create").after, [at("forget").id], "its name is free before it is taken again");
}

/// Begins a create, with a name when it got that far.
fn begin(case: &mut Case, text: &str, id: &str, physical_id: Option<&str>) {
    let wanted = graph(text);
    let (id, token) = (LogicalId::from(id), Token::from("begun"));
    let known = crate::plan::lookup(&case.state);
    let desired =
        crate::plan::desired_properties(&wanted, &id, &known, None, &token).expect("it fits");
    let json = desired.properties.to_masked_json();
    let mut instance = crate::plan::instance_of(&wanted.nodes[&id], &token, json, desired.naming);
    instance.follows = crate::plan::follows_digest(&wanted, &id, |other| {
        case.state.current(other).map(|instance| &instance.properties)
    });
    apply(&mut case.state, &Event::CreateBegun { id: id.clone(), instance });
    if let Some(physical_id) = physical_id {
        let physical_id = PhysicalId::from(physical_id);
        apply(&mut case.state, &Event::Named { id, token, physical_id });
    }
}

const ROLE: &str = r"
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}, Path: /a/}
";

#[test]
fn a_create_that_was_begun_goes_on() {
    let begun = "an earlier run began to create it";
    for (physical_id, shown) in [(None, ""), (Some("role-7"), " (role-7)")] {
        let mut case = Case::of(ROLE, &[]);
        case.state.resources.clear();
        case.observed = Observed::default();
        begin(&mut case, ROLE, "Role", physical_id);
        let plan = case.gives(&format!("Create resume Role{shown} | {begun}"));
        let resume = Operation::Resume { token: Token::from("begun") };
        assert_eq!(plan.steps[0].operation, resume);
        // The template wants something else by now.
        case.graph = graph(&ROLE.replace("/a/", "/b/"));
        let left = "left over from a create that was not finished";
        let plan = case.gives(&format!(
            "
            Delete delete Role{shown} | {left}
            Create create Role"
        ));
        assert_eq!(plan.steps[1].after, [plan.steps[0].id], "what is left goes first");
    }
}

/// A replacement that was begun goes on too, generated name and all.
#[test]
fn a_replacement_that_was_begun_goes_on() {
    let mut case = Case::of(ROLE, &[("/a/", "/b/")]);
    begin(&mut case, &ROLE.replace("/a/", "/b/"), "Role", Some("role-7"));
    case.gives(
        "
        Delete delete Role (role1) | it has been replaced
        Replace resume Role (role-7) | an earlier run began to create it",
    );
    // The template is what it was again: what was begun goes and the old one stays.
    case.graph = graph(ROLE);
    case.gives("Delete delete Role (role-7) | left over from a create that was not finished");
}

#[test]
fn what_a_replacement_left_goes() {
    let mut case = Case::of(NETWORK, &[("LogGroupName: logs", "LogGroupName: others")]);
    make(&mut case.state, &case.graph, &LogicalId::from("Logs"), "2");
    case.observed = observed(&case.state);
    case.gives("Delete delete Logs (logs1) | left over from an earlier run");
}

const API: &str = r"
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: api, Description: one}
  Item:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: item}
  Method:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Item, HttpMethod: GET, AuthorizationType: NONE}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: live}
";

#[test]
fn a_snapshot_is_made_anew_when_what_it_copies_changes() {
    let why = "a deployment is a snapshot: it is made anew when anything of its API changes";
    let renewed = format!(
        "
        Replace create Deployment (deployment1) | {why}
        Delete delete Deployment (deployment1) | it has been replaced
        Update update Stage (stage1): DeploymentId?"
    );
    let sorted = |text: &str| {
        let mut lines: Vec<_> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    for (edit, update) in [
        (
            ("AuthorizationType: NONE", "AuthorizationType: NONE, ApiKeyRequired: true"),
            "Update update Method (method1): ApiKeyRequired",
        ),
        (("Description: one", "Description: two"), "Update update Api (api1): Description"),
    ] {
        let plan = Case::of(API, &[edit]).plan();
        assert_eq!(sorted(&told(&plan)), sorted(&format!("{renewed}\n{update}")));
    }
    // The stage is not part of the snapshot.
    check(
        API,
        &[("StageName: live", "StageName: live, Description: x")],
        "Update update Stage (stage1): Description",
    );
}

const ALIAS: &str = r"
Resources:
  AgentNine:
    Type: AWS::Bedrock::Agent
    Properties: {AgentName: agent, Description: one}
  Alias:
    Type: AWS::Bedrock::AgentAlias
    Properties: {AgentId: !Ref AgentNine, AgentAliasName: live}
";

#[test]
fn an_alias_is_rolled_over_when_its_agent_changes() {
    check(ALIAS, &[], "");
    check(
        ALIAS,
        &[("Description: one", "Description: two")],
        "
        Update update AgentNine (agentnine1): Description
        Update roll Alias (alias1) | an alias routes to a numbered version: a new one is cut when \
         its agent changes",
    );
}

/// Its version was cut from the agent as it was then.
#[test]
fn an_alias_that_was_begun_goes_on_only_while_its_agent_is_what_it_was() {
    let mut case = Case::of(ALIAS, &[]);
    case.state.resources.remove(&LogicalId::from("Alias"));
    case.observed = observed(&case.state);
    begin(&mut case, ALIAS, "Alias", Some("alias7"));
    case.gives("Create resume Alias (alias7) | an earlier run began to create it");
    case.graph = graph(&ALIAS.replace("one", "two"));
    case.gives(
        "
        Create create Alias
        Delete delete Alias (alias7) | left over from a create that was not finished
        Update update AgentNine (agentnine1): Description",
    );
}

/// What it leads to by now is not what it was recorded with.
#[test]
fn an_alias_that_was_half_rolled_over_is_rolled_over_again() {
    let mut case = Case::of(ALIAS, &[]);
    let (id, token) = (LogicalId::from("Alias"), Token::from("Alias-1"));
    let tried = case.state.current(&id).expect("it is there").properties.clone();
    let begun = Event::UpdateBegun { id: id.clone(), token, properties: Some(tried) };
    apply(&mut case.state, &begun);
    case.gives("Update roll Alias (alias1) | an earlier update of it was not finished");
}

#[test]
fn a_place_that_is_taken_is_refused() {
    let text = r"
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.4.0.0/16}}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.4.0.0/24, AvailabilityZone: us-east-1a}
";
    let case = Case::of(text, &[("1a", "1b")]);
    let findings = planned(&case.graph, &case.state, &case.observed).expect_err("it is taken");
    assert_eq!(
        findings[0].message,
        "`Subnet` has to be replaced, but its CidrBlock 10.4.0.0/24 is taken by the one it replaces"
    );
    let moved = Case::of(text, &[("1a", "1b"), ("10.4.0.0/24", "10.4.1.0/24")]);
    planned(&moved.graph, &moved.state, &moved.observed).expect("there is room");
    let elsewhere = Case::of(text, &[("10.4.0.0/16", "10.0.0.0/8")]);
    planned(&elsewhere.graph, &elsewhere.state, &elsewhere.observed).expect("another VPC has room");
}

#[test]
fn a_name_that_is_taken_is_refused_at_its_place() {
    let text = r"
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: fixed, AssumeRolePolicyDocument: {}, Path: /a/}
";
    let case = Case::of(text, &[("/a/", "/b/")]);
    let findings = planned(&case.graph, &case.state, &case.observed).expect_err("it is taken");
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].message,
        "`Role` has to be replaced, but the name `fixed` is taken by the one it replaces"
    );
    assert_eq!(
        findings[0].place.as_ref().map(crate::diagnostic::Place::line_column),
        Some((5, 28))
    );
    assert_eq!(
        findings[0].hints,
        ["change RoleName too, or leave it out and let Cairn generate it"]
    );
    // With another name, or with one that is only a label, both can stand side by side.
    let replaced = "
        Replace create Role (role1): RoleName!, Path!
        Delete delete Role (role1) | it has been replaced";
    check(text, &[("/a/", "/b/"), ("fixed", "other")], replaced);
}

#[test]
fn a_generated_name_is_kept_and_is_another_for_a_successor() {
    let case = Case::of(ROLE, &[]);
    case.gives("");
    let name = |state: &State| {
        state.current(&"Role".into()).expect("it is there").properties["RoleName"].clone()
    };
    let first = name(&case.state);
    let mut case = Case::of(ROLE, &[("/a/", "/b/")]);
    case.gives(
        "
        Replace create Role (role1): Path!
        Delete delete Role (role1) | it has been replaced",
    );
    make(&mut case.state, &case.graph, &LogicalId::from("Role"), "2");
    assert_ne!(name(&case.state), first);
}

#[test]
fn children_vanish_with_their_parent() {
    let mut case = Case::of(API, &[]);
    case.graph = graph(NETWORK);
    let plan = case.plan();
    let operations: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Delete)
        .map(|step| format!("{} {}", super::operation(step), step.logical_id))
        .collect();
    assert_eq!(
        operations,
        ["delete Api", "vanish Deployment", "vanish Item", "vanish Method", "vanish Stage"]
    );
    let api = plan.steps.iter().find(|step| step.logical_id.as_str() == "Api").expect("a step");
    for step in plan.steps.iter().filter(|step| super::operation(step) == "vanish") {
        assert!(step.after.contains(&api.id), "{}", step.logical_id);
        assert!(!api.after.contains(&step.id), "{}", step.logical_id);
    }
}

/// A deployment made while a method is still there would serve it for ever.
#[test]
fn what_a_snapshot_would_hold_goes_before_it_is_made() {
    let other = "
  Other:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: PUT}
";
    let both = API.replace("Resources:", &format!("Resources:{other}"));
    for (before, after) in [
        // Taken out of the template, and replaced.
        (both.clone(), API.to_owned()),
        (both.clone(), both.replace("HttpMethod: PUT", "HttpMethod: POST")),
    ] {
        let mut case = Case::of(&before, &[]);
        case.graph = graph(&after);
        let plan = case.plan();
        let step = |wanted: &str, id: &str| {
            let is_it =
                |step: &&Step| super::operation(step) == wanted && step.logical_id.as_str() == id;
            plan.steps.iter().find(is_it).unwrap_or_else(|| panic!("no {wanted} of {id}"))
        };
        let (gone, made) = (step("delete", "Other"), step("create", "Deployment"));
        assert!(made.after.contains(&gone.id));
        assert_eq!(gone.after, [], "nor does it wait for the old deployment, which served it");
        assert!(step("delete", "Deployment").after.contains(&made.id));
    }
}

/// What is left of a create has to be gone before the next one begins, and cannot wait for a
/// parent that goes when everything else has been made.
#[test]
fn what_is_left_of_a_create_does_not_wait_for_its_parent() {
    let text = r"
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: one, Role: arn:aws:iam::123456789012:role/r, Handler: index.b, Runtime: python3.12, Code: {ZipFile: x}}
";
    let permission = "
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: lambda:InvokeFunction, Principal: a.amazonaws.com}
";
    let whole = format!("{text}{permission}");
    let mut case = Case::of(text, &[]);
    // The handler names a function by its name.
    let id = LogicalId::from("Function");
    case.state = State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"));
    make(&mut case.state, &graph(text), &id, "1");
    begin(&mut case, &whole, "Permission", Some("function1|statement"));
    case.observed = observed(&case.state);
    case.graph = graph(&whole.replace("FunctionName: one", "FunctionName: two"));
    let plan = case.plan();
    let step = |wanted: &str, id: &str| {
        let found = plan
            .steps
            .iter()
            .find(|step| super::operation(step) == wanted && step.logical_id.as_str() == id);
        found.unwrap_or_else(|| panic!("no {wanted} of {id} in\n{}", told(&plan)))
    };
    assert_eq!(step("delete", "Permission").after, []);
    assert!(step("create", "Permission").after.contains(&step("delete", "Permission").id));
    assert!(step("delete", "Function").after.contains(&step("create", "Permission").id));
}

#[test]
fn what_aws_tells_is_there_when_the_plan_is_applied() {
    let text = NETWORK.replace("Value: !Ref Vpc", "Value: !GetAtt Logs.Arn");
    let mut case = Case::of(&text, &[]);
    live(&mut case.observed, "Logs").attributes.insert("Arn".to_owned(), json!("arn:new"));
    let plan = case.gives("Keep record Logs (logs1)");
    assert_eq!(plan.outputs["Vpc"].after, Some(json!("arn:new")));
    let step = plan.steps.iter().find(|step| step.operation != Operation::Nothing).expect("one");
    assert_eq!(step.attributes.get("Arn"), Some(&json!("arn:new")));
    assert_eq!(step.attributes.len(), 1);
}

#[test]
fn a_failure_that_aws_tells_of_is_a_reason() {
    let mut case = Case::of(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: 3")]);
    live(&mut case.observed, "Logs").status = Status::Failed("no room".to_owned());
    case.gives(
        "Update update Logs (logs1): RetentionInDays | AWS says that it has failed: no room",
    );
}

#[test]
fn outputs_are_told_before_they_change() {
    let mut case = Case::of(NETWORK, &[("10.0.0.0/16", "10.1.0.0/16")]);
    case.state.outputs =
        [("Vpc".to_owned(), json!("vpc1")), ("Gone".to_owned(), json!("x"))].into();
    let plan = case.plan();
    assert_eq!(plan.outputs["Vpc"].before, Some(json!("vpc1")));
    assert!(!plan.outputs["Vpc"].known);
    assert_eq!(plan.outputs["Gone"].after, None);
    assert!(plan.outputs.values().all(super::super::OutputChange::is_change));
}

#[test]
fn a_teardown_takes_all_away_in_reverse() {
    let mut case = Case::of(NETWORK, &[]);
    begin(&mut case, &NETWORK.replace("  Logs:", "  More:").replace("logs", "more"), "More", None);
    let plan = teardown(&case.state);
    assert_eq!(plan.purpose, Purpose::Teardown);
    assert_eq!(
        told(&plan),
        "Delete delete Logs (logs1)\nDelete delete More | left over from an earlier run\n\
         Delete delete Table (table1)\nDelete delete Vpc (vpc1)"
    );
    assert_eq!(plan.steps[3].after, [plan.steps[2].id], "the VPC goes after what is in it");
    assert!(plan.steps[..3].iter().all(|step| step.after.is_empty()));
}

#[test]
fn a_plan_is_the_same_whoever_makes_it() {
    let case = Case::of(API, &[("Description: one", "Description: two")]);
    assert_eq!(case.plan(), case.plan());
    let other = plan(&case.graph, &case.state, &case.observed, &mut tokens("other"));
    assert_eq!(told(&other.expect("it can be made")), told(&case.plan()));
}

/// Cairn marks what it makes, and AWS takes fifty tags.
#[test]
fn what_is_to_be_marked_has_room_for_the_marks() {
    let tags: Vec<_> = (0..48).map(|number| format!("{{Key: key{number}, Value: v}}")).collect();
    let tagged = format!("InstanceTenancy: dedicated, Tags: [{}]", tags.join(", "));
    let mut case = Case::of(NETWORK, &[("InstanceTenancy: dedicated", &tagged)]);
    let refused = |case: &Case| {
        let findings = planned(&case.graph, &case.state, &case.observed).expect_err("too many");
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    let message = "48 tags: 47 is the most that `Vpc` can have";
    assert_eq!(refused(&case), [message]);
    // One that was adopted and not touched has none of Cairn's.
    let entry = case.state.resources.get_mut("Vpc").expect("an entry");
    entry.current.as_mut().expect("it is there").marks = Marks::None;
    case.gives("Update update Vpc (vpc1): Tags");
    // Made anew it would have.
    let anew = NETWORK.replace("10.0.0.0/16", "10.1.0.0/16");
    case.graph = graph(&anew.replace("InstanceTenancy: dedicated", &tagged));
    assert_eq!(refused(&case), [message]);
}

/// The logical ids that one waits for.
fn after(plan: &Plan, id: &str) -> String {
    let of = plan.steps.iter().find(|step| step.logical_id.as_str() == id).expect("a step");
    let ids = of.after.iter().map(|id| plan.steps[id.0].logical_id.as_str());
    ids.collect::<Vec<_>>().join(" ")
}

/// What Lambda leaves behind of a function in a VPC it removes by the rights of the function's role.
#[test]
fn a_role_goes_after_the_places_of_its_function() {
    const FUNCTION: &str = "
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: one}}
  Other: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Rights:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: rights, Roles: [!Ref Role], PolicyDocument: {}}
  OfGroup:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: group, Roles: [!Ref Role], PolicyDocument: {Resource: !Ref Group}}
  Unused: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Function:
    Type: AWS::Lambda::Function
    DependsOn: Role
    Properties:
      Role: arn:aws:iam::012345678901:role/it
      Runtime: python3.12
      Handler: index.handler
      Code: {ZipFile: x}
      VpcConfig: {SubnetIds: [!Ref Subnet], SecurityGroupIds: [!Ref Group]}
";
    let plan = teardown(&Case::of(FUNCTION, &[]).state);
    let after = |id: &str| after(&plan, id);
    assert_eq!(after("Role"), "Function Group OfGroup Rights Subnet");
    assert_eq!(after("Rights"), "Group Subnet");
    // What a policy says of it is no matter to a group.
    assert_eq!(after("OfGroup"), "Group Subnet");
    assert_eq!(after("Group"), "Function");
    assert_eq!(after("Unused"), "");
}

/// Two functions may call each other: what is not needed any more goes in its order all the same.
#[test]
fn rights_that_are_of_each_other_close_no_circle() {
    let one = |id: &str, other: &str| {
        format!(
            "
  Group{id}: {{Type: AWS::EC2::SecurityGroup, Properties: {{VpcId: !Ref Vpc, GroupDescription: x}}}}
  Role{id}: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}}}}}
  Rights{id}:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: rights
      Roles: [!Ref Role{id}, !Ref Both]
      PolicyDocument: {{Resource: !GetAtt Function{other}.Arn}}
  Function{id}:
    Type: AWS::Lambda::Function
    DependsOn: Role{id}
    Properties:
      Role: arn:aws:iam::012345678901:role/it
      Runtime: python3.12
      Handler: index.handler
      Code: {{ZipFile: x}}
      VpcConfig: {{SubnetIds: [!Ref Subnet], SecurityGroupIds: [!Ref Group{id}]}}
"
        )
    };
    let text = format!(
        "
Resources:
  Vpc: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.0.0.0/16}}}}
  Subnet: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}}}
  Both: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Of: !Ref Subnet}}}}}}
{}{}",
        one("A", "B"),
        one("B", "A")
    );
    let plan = teardown(&Case::of(&text, &[]).state);
    let after = |id: &str| after(&plan, id);
    for id in ["A", "B"] {
        assert_eq!(after(&format!("Function{id}")), "");
        assert_eq!(after(&format!("Group{id}")), format!("Function{id}"));
        let rights = after(&format!("Rights{id}"));
        assert!(rights.contains(&format!("Group{id}")), "{rights}");
        let role = after(&format!("Role{id}"));
        assert!(role.contains("Subnet") && role.contains(&format!("Rights{id}")), "{role}");
    }
    // This one is to go before the subnet, and what is attached to it before that.
    assert_eq!(after("Subnet"), "Both FunctionA FunctionB");
    assert_eq!(after("Both"), "RightsA RightsB");
    assert!(!after("RightsA").contains("Subnet"));
}
