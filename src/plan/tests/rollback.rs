//! Ways back, and ways on after a run that was stopped between the two.

use std::collections::BTreeMap;

use serde_json::json;

use super::{apply, deployed, graph, live, make, observed, planned, tokens, told};
use crate::graph::{AssetRef, Graph};
use crate::journal::Event;
use crate::plan::{
    Action, Operation, Past, Plan, Purpose, UpdateKind, beyond_recall, desired_properties,
    instance_of, lookup, rollback,
};
use crate::refresh::{Observation, Observed};
use crate::state::State;
use crate::value::{LogicalId, PhysicalId, Token};

const NETWORK: &str = r"
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16, EnableDnsSupport: true}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {VpcId: !Ref Vpc, GroupDescription: one}
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
      ServiceName: com.amazonaws.us-east-1.bedrock-agent-runtime
      VpcEndpointType: Interface
      SubnetIds: [!Ref Subnet]
      SecurityGroupIds: [!Ref Group]
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: logs, RetentionInDays: 1}
";

/// A stack that was deployed whole, and what it is to become.
struct Story {
    next: Graph,
    state: State,
}

impl Story {
    fn of(text: &str, edits: &[(&str, &str)]) -> Self {
        let mut state = deployed(&graph(text));
        apply(&mut state, &Event::Completed);
        let mut text = text.to_owned();
        for (from, to) in edits {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replace(from, to);
        }
        Self { next: graph(&text), state }
    }

    fn make(&mut self, id: &str) -> &mut Self {
        make(&mut self.state, &self.next, &LogicalId::from(id), "2");
        self
    }

    fn begin_update(&mut self, id: &str) -> &mut Self {
        let (id, instance) = self.updated(id);
        let (token, properties) = (instance.token, Some(instance.properties));
        apply(&mut self.state, &Event::UpdateBegun { id, token, properties });
        self
    }

    fn update(&mut self, id: &str) -> &mut Self {
        self.begin_update(id);
        let (id, instance) = self.updated(id);
        apply(&mut self.state, &Event::Updated { id, instance });
        self
    }

    fn updated(&self, id: &str) -> (LogicalId, crate::state::Instance) {
        let id = LogicalId::from(id);
        let current = self.state.current(&id).expect("it is there").clone();
        let token = &current.token;
        let known = lookup(&self.state);
        let desired = desired_properties(&self.next, &id, &known, Some(&current), token)
            .expect("it can be evaluated");
        let json = desired.properties.to_masked_json();
        let instance = instance_of(&self.next.nodes[&id], token, json, desired.naming);
        let (physical_id, attributes) = (current.physical_id, current.attributes);
        (id, crate::state::Instance { physical_id, attributes, ..instance })
    }

    fn delete(&mut self, id: &str, token: &str) -> &mut Self {
        let (id, token) = (LogicalId::from(id), Token::from(token));
        apply(&mut self.state, &Event::Deleted { id, token });
        self
    }

    fn back(&self) -> Plan {
        self.back_from(&observed(&self.state))
    }

    fn back_from(&self, observed: &Observed) -> Plan {
        rollback(
            &self.state,
            observed,
            &Past::known_from(&self.next, &self.state),
            &mut tokens("anew"),
        )
    }

    #[track_caller]
    fn gives(&self, expected: &str, lost: &[(&str, &str)]) -> Plan {
        let plan = self.back();
        let mut lines: Vec<_> =
            expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        assert_eq!(told(&plan), lines.join("\n"));
        let found: BTreeMap<&str, &str> =
            plan.lost.iter().map(|lost| (lost.logical_id.as_str(), lost.why.as_str())).collect();
        assert_eq!(found, lost.iter().copied().collect());
        plan
    }
}

fn step<'p>(plan: &'p Plan, action: Action, id: &str) -> &'p crate::plan::Step {
    let mut found =
        plan.steps.iter().filter(|step| step.action == action && step.logical_id.as_str() == id);
    found.next().unwrap_or_else(|| panic!("{action:?} {id} in {plan:#?}"))
}

#[test]
fn what_a_run_did_is_undone() {
    let mut story = Story::of(
        NETWORK,
        &[("10.0.0.0/16", "10.0.0.0/15"), ("RetentionInDays: 1", "RetentionInDays: 3")],
    );
    story.make("Vpc").make("Subnet").make("Group").update("Logs");
    let back = story.gives(
        "Delete delete Group (group2) | it was made since
         Delete delete Subnet (subnet2) | it was made since
         Delete delete Vpc (vpc2) | it was made since
         Replace reinstate Group (group2) | the one before is used again
         Replace reinstate Subnet (subnet2) | the one before is used again
         Replace reinstate Vpc (vpc2) | the one before is used again
         Update update Logs (logs1): RetentionInDays",
        &[],
    );
    assert_eq!(back.purpose, Purpose::Rollback);
    // What goes is not used any more by then, and goes in the order of a teardown.
    let delete = step(&back, Action::Delete, "Vpc");
    for (action, id) in [
        (Action::Replace, "Vpc"),
        (Action::Update, "Logs"),
        (Action::Delete, "Subnet"),
        (Action::Delete, "Group"),
    ] {
        let earlier = step(&back, action, id);
        assert!(delete.after.contains(&earlier.id), "the VPC goes before {action:?} {id}");
    }
    let group = step(&back, Action::Replace, "Group");
    assert!(group.after.contains(&step(&back, Action::Replace, "Vpc").id));
    let logs = step(&back, Action::Update, "Logs").restored.as_deref().expect("what it was");
    assert_eq!(logs.properties["RetentionInDays"], json!(1));
}

/// Once what it says has happened, there is nothing to go back to, wherever it was stopped between.
#[test]
fn a_way_back_that_was_stopped_goes_on_or_turns_round() {
    let mut story = Story::of(NETWORK, &[("10.0.0.0/16", "10.0.0.0/15")]);
    story.make("Vpc").make("Subnet");
    let again = |id: &str| Event::Reinstated {
        id: LogicalId::from(id),
        token: Token::new(format!("{id}-1")),
    };
    apply(&mut story.state, &again("Vpc"));
    // The second attempt of a rollback does what is left of the first.
    story.gives(
        "Delete delete Subnet (subnet2) | it was made since
         Delete delete Vpc (vpc2) | left over from an earlier run
         Replace reinstate Subnet (subnet2) | the one before is used again",
        &[],
    );
    // A deploy wants what the rollback was about to take away: it is still there.
    let forward = planned(&story.next, &story.state, &observed(&story.state)).expect("a plan");
    assert_eq!(
        told(&forward),
        "Delete delete Endpoint (endpoint1) | it has been replaced\n\
         Delete delete Group (group1) | it has been replaced\n\
         Delete delete Subnet (subnet1) | left over from an earlier run\n\
         Delete delete Vpc (vpc1) | it has been replaced\n\
         Replace create Endpoint (endpoint1): VpcId!, SubnetIds, SecurityGroupIds?\n\
         Replace create Group (group1): VpcId!\n\
         Replace reinstate Vpc (vpc1) | the one before is still there, and fits"
    );
    apply(&mut story.state, &again("Subnet"));
    story.delete("Subnet", "Subnet-2").delete("Vpc", "Vpc-2");
    assert!(!story.back().has_work(), "{:#?}", story.back());
}

#[test]
fn what_is_deleted_stays_away_and_keeps_what_was_made_of_it() {
    // All was replaced, and the old endpoint and the old subnet are gone.
    let mut story = Story::of(NETWORK, &[("10.0.1.0/24", "10.0.2.0/24")]);
    story.make("Subnet").update("Endpoint").update("Logs").delete("Subnet", "Subnet-1");
    story.gives(
        "",
        &[
            ("Subnet", "it was deleted, and cannot be brought back"),
            ("Endpoint", "`Subnet`, which it needs, cannot be brought back"),
        ],
    );
    // One that the template has no more.
    let mut story = Story::of(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: 3")]);
    story.update("Logs").delete("Endpoint", "Endpoint-1");
    story.gives(
        "Update update Logs (logs1): RetentionInDays",
        &[("Endpoint", "it was deleted, and cannot be brought back")],
    );
    // What stays needs what was made for it.
    let more = "  More:\n    Type: AWS::EC2::SecurityGroup\n    \
                Properties: {VpcId: !Ref Vpc, GroupDescription: two}\n  Logs:\n";
    let mut story = Story::of(
        NETWORK,
        &[("10.0.1.0/24", "10.0.2.0/24"), ("[!Ref Group]", "[!Ref More]"), ("  Logs:\n", more)],
    );
    story.make("Subnet").make("More").update("Endpoint").delete("Subnet", "Subnet-1");
    story.gives(
        "",
        &[
            ("Subnet", "it was deleted, and cannot be brought back"),
            ("Endpoint", "`Subnet`, which it needs, cannot be brought back"),
            ("More", "`Endpoint` stays, and needs it"),
        ],
    );
}

/// What has neither data nor an address is the same when it is made again.
#[test]
fn what_is_deleted_first_is_made_anew() {
    let text = format!(
        "{NETWORK}  Route:\n    Type: AWS::EC2::SubnetRouteTableAssociation\n    \
         Properties: {{SubnetId: !Ref Subnet, RouteTableId: table}}\n"
    );
    let mut story = Story::of(&text, &[("10.0.1.0/24", "10.0.2.0/24")]);
    story.delete("Route", "Route-1").make("Subnet");
    let expected = "
        Create create Route | it was deleted, and is made anew
        Delete delete Subnet (subnet2) | it was made since
        Replace reinstate Subnet (subnet2) | the one before is used again";
    let back = story.gives(expected, &[]);
    let made = step(&back, Action::Create, "Route");
    assert!(made.after.contains(&step(&back, Action::Replace, "Subnet").id));
    assert_eq!(made.restored.as_deref().expect("what it was").properties["SubnetId"], "subnet1");
    // Its successor goes before it is made again.
    story.make("Route");
    let expected = "
        Delete delete Route (route2) | it was made since
        Delete delete Subnet (subnet2) | it was made since
        Replace create Route (route2): SubnetId, RouteTableId | it was deleted, and is made anew
        Replace reinstate Subnet (subnet2) | the one before is used again";
    let back = story.gives(expected, &[]);
    let made = step(&back, Action::Replace, "Route");
    assert!(made.after.contains(&step(&back, Action::Delete, "Route").id));
}

/// A rollback that was cut off has made it anew already, or begun to: another would meet it.
#[test]
fn what_is_made_anew_is_made_once() {
    let text = format!(
        "{NETWORK}  Route:\n    Type: AWS::EC2::SubnetRouteTableAssociation\n    \
         Properties: {{SubnetId: !Ref Subnet, RouteTableId: table}}\n"
    );
    let mut story = Story::of(&text, &[]);
    let (id, token) = (LogicalId::from("Route"), Token::from("again"));
    let mut instance = story.state.current(&id).expect("it is there").clone();
    let (physical_id, attributes) = (PhysicalId::new("route2"), instance.attributes.clone());
    (instance.token, instance.physical_id) = (token.clone(), None);
    instance.attributes.clear();
    story.delete("Route", "Route-1");
    apply(&mut story.state, &Event::CreateBegun { id: id.clone(), instance });
    story.gives(
        "Create resume Route | it was deleted, and an earlier run began to make it anew",
        &[],
    );
    let follows = None;
    apply(&mut story.state, &Event::Named { id: id.clone(), token: token.clone(), physical_id });
    apply(&mut story.state, &Event::Created { id, token, attributes, follows });
    story.gives("", &[]);
}

#[test]
fn what_was_half_done_is_made_whole_again() {
    let mut story = Story::of(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: 3")]);
    story.begin_update("Logs");
    // AWS has carried it out, or not: either way it is led back.
    story.gives("Update update Logs (logs1) | its update was not finished", &[]);
    let mut there = observed(&story.state);
    live(&mut there, "Logs").properties["RetentionInDays"] = json!(3);
    assert_eq!(told(&story.back_from(&there)), "Update update Logs (logs1): RetentionInDays");
    // A create without an answer is looked for and removed.
    let mut story = Story::of(NETWORK, &[]);
    let id = LogicalId::from("Logs");
    let mut instance = story.state.current(&id).expect("it is there").clone();
    (instance.token, instance.physical_id) = (Token::from("lost"), None);
    apply(&mut story.state, &Event::CreateBegun { id, instance });
    story.gives("Delete delete Logs | left over from an earlier run", &[]);
    // One that others deleted meanwhile.
    let mut story = Story::of(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: 3")]);
    story.update("Logs");
    let mut gone = observed(&story.state);
    gone.resources.insert(LogicalId::from("Logs"), Observation::Gone);
    let back = story.back_from(&gone);
    assert_eq!((told(&back).as_str(), back.lost.len()), ("", 1));
}

/// A deployment that was only begun may have the stage by now, with settings of its own.
#[test]
fn what_was_begun_in_the_place_of_a_deployment_gives_its_stage_back() {
    let text = r"
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: api}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    Properties: {RestApiId: !Ref Api, StageName: live}
";
    let mut story = Story::of(text, &[]);
    let id = LogicalId::from("Deployment");
    let mut instance = story.state.current(&id).expect("it is there").clone();
    (instance.token, instance.physical_id) = (Token::from("lost"), None);
    apply(&mut story.state, &Event::CreateBegun { id, instance });
    story.gives(
        "
        Delete delete Deployment | left over from an earlier run
        Update roll Deployment (deployment1) | what was begun in its place may have taken over what \
         it serves",
        &[],
    );
    // And one that was made.
    let mut story = Story::of(text, &[]);
    story.make("Deployment");
    let back = story.back();
    let again = step(&back, Action::Replace, "Deployment");
    let Operation::Reinstate { how, .. } = &again.operation else { panic!("{again:?}") };
    assert_eq!(*how, Some(UpdateKind::Roll));
}

#[test]
fn what_was_made_first_stays_only_if_it_always_is_to() {
    for (policy, expected) in [
        ("Delete", "Delete delete Logs (logs2) | it was made since"),
        ("RetainExceptOnCreate", "Delete delete Logs (logs2) | it was made since"),
        (
            "Retain",
            "Retain forget Logs (logs2) | its policy is Retain: it stays in AWS and is no longer managed",
        ),
    ] {
        let text = format!(
            "Resources:\n  Logs:\n    Type: AWS::Logs::LogGroup\n    DeletionPolicy: {policy}\n"
        );
        let next = graph(&text);
        let state = State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"));
        let mut story = Story { next, state };
        story.make("Logs");
        story.gives(expected, &[]);
    }
}

#[test]
fn what_was_told_is_told_again() {
    let mut story = Story::of(NETWORK, &[("RetentionInDays: 1", "RetentionInDays: 3")]);
    let outputs = |text: &str| Event::Outputs {
        outputs: [(text.to_owned(), json!(text))].into(),
        exports: [("shared".to_owned(), json!(text))].into(),
    };
    apply(&mut story.state, &outputs("old"));
    apply(&mut story.state, &Event::Completed);
    story.update("Logs");
    let imports = [("theirs".to_owned(), "other".to_owned())].into();
    apply(&mut story.state, &Event::Imports { imports });
    apply(&mut story.state, &outputs("new"));
    let back = story.back();
    assert_eq!(back.outputs["old"].after, Some(json!("old")));
    assert_eq!(
        (back.outputs["new"].after.clone(), back.exports["shared"].after.clone()),
        (None, Some(json!("old")))
    );
    assert_eq!(back.imports, Some(BTreeMap::new()));
}

const SECRET: &str = r"
Parameters:
  Word: {Type: String, NoEcho: true, Default: hunter2}
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Handler: index.b
      Runtime: python3.12
      Timeout: 3
      Code: {ZipFile: x}
      Environment: {Variables: {WORD: !Ref Word, OTHER: '{{resolve:ssm:word}}'}}
";

#[test]
fn a_secret_comes_from_the_template_or_from_nowhere() {
    let mut story = Story::of(SECRET, &[("Timeout: 3", "Timeout: 4")]);
    story.update("Function");
    let back = story.gives("Update update Function (function1): Timeout", &[]);
    let written = serde_json::to_string(&back).expect("a plan is JSON");
    assert!(!written.contains("hunter2"), "{written}");
    let past = Past::known_from(&story.next, &story.state);
    let restored = step(&back, Action::Update, "Function").restored.as_deref().expect("it was");
    let clear = past.properties(restored).expect("it is known").to_json();
    assert_eq!(clear["Environment"]["Variables"]["WORD"], json!("hunter2"));
    assert_eq!(clear["Environment"]["Variables"]["OTHER"], json!("{{resolve:ssm:word}}"));

    let changed = [("Timeout: 3", "Timeout: 4"), ("hunter2", "another")];
    let mut story = Story::of(SECRET, &changed);
    let why =
        "`Environment.Variables.WORD` was a secret that is not kept, and has another value now";
    let forward = planned(&story.next, &story.state, &observed(&story.state)).expect("a plan");
    let past = Past::known_from(&story.next, &story.state);
    let warned = beyond_recall(&forward, &story.state, &past);
    assert_eq!((warned.len(), warned[0].why.as_str()), (1, why));
    story.update("Function");
    story.gives("", &[("Function", why)]);
}

#[test]
fn local_code_that_is_not_here_any_more_stays_away() {
    let with_code = |sha256: &str| {
        let mut graph = graph(SECRET);
        let asset = AssetRef {
            property: "Code".to_owned(),
            path: "code".to_owned(),
            sha256: sha256.to_owned(),
            files: Vec::new(),
        };
        graph.inputs.assets.insert(LogicalId::from("Function"), asset);
        graph
    };
    let mut state = deployed(&with_code("one"));
    apply(&mut state, &Event::Completed);
    let mut story = Story { next: with_code("two"), state };
    story.update("Function");
    story.gives("", &[("Function", "the code that it had is not kept")]);
}

#[test]
fn what_cannot_be_undone_is_said_before() {
    let text = format!(
        "{NETWORK}  Route:\n    Type: AWS::EC2::SubnetRouteTableAssociation\n    \
         Properties: {{SubnetId: !Ref Subnet, RouteTableId: table}}\n"
    );
    let logs = text.find("  Logs:").expect("it is there")..text.find("  Route:").expect("it is");
    let logs = text[logs].to_owned();
    let story = Story::of(&text, &[("10.0.1.0/24", "10.0.2.0/24"), (&logs, "")]);
    let plan = planned(&story.next, &story.state, &observed(&story.state)).expect("a plan");
    let past = Past::known_from(&story.next, &story.state);
    let warned: BTreeMap<String, String> = beyond_recall(&plan, &story.state, &past)
        .into_iter()
        .map(|lost| (lost.logical_id.to_string(), lost.why))
        .collect();
    let expected = [
        ("Logs", "once it is deleted; that comes last"),
        ("Subnet", "the old one, once it is deleted; that comes last"),
    ];
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(id, why)| ((*id).to_owned(), (*why).to_owned())).collect();
    assert_eq!(warned, expected);
}

/// A subnet was replaced, and its replacement is not wanted any more before the old one is gone.
#[test]
fn the_one_before_is_taken_back_or_makes_room() {
    let edits = [("10.0.1.0/24", "10.0.2.0/24")];
    let mut story = Story::of(NETWORK, &edits);
    story.make("Subnet");
    let old = graph(NETWORK);
    let there = observed(&story.state);
    let plan = planned(&old, &story.state, &there).expect("a plan");
    assert_eq!(
        told(&plan),
        "Delete delete Subnet (subnet2) | it has been replaced\n\
         Replace reinstate Subnet (subnet2) | the one before is still there, and fits"
    );
    assert_eq!(plan.steps.iter().filter(|step| step.logical_id.as_str() == "Endpoint").count(), 1);
    // With other tags it is updated, too.
    let tagged =
        graph(&NETWORK.replace(
            "CidrBlock: 10.0.1.0/24,",
            "CidrBlock: 10.0.1.0/24, MapPublicIpOnLaunch: true,",
        ));
    let plan = planned(&tagged, &story.state, &there).expect("a plan");
    let reinstated = step(&plan, Action::Replace, "Subnet");
    assert!(matches!(reinstated.operation, Operation::Reinstate { how: Some(_), .. }));
    // Gone, or in another zone, it is no use; if it is there it goes before the new one is made.
    let elsewhere = graph(&NETWORK.replace("us-east-1a", "us-east-1b"));
    for (graph, is_there) in [(&old, false), (&elsewhere, true)] {
        let mut there = observed(&story.state);
        if !is_there {
            there.beside.insert(Token::from("Subnet-1"), Observation::Gone);
        }
        let plan = planned(graph, &story.state, &there).expect("a plan");
        let made = step(&plan, Action::Replace, "Subnet");
        assert!(matches!(made.operation, Operation::Create { .. }), "{made:?}");
        let token = Token::from("Subnet-1");
        let gone = plan.steps.iter().find(|step| step.operation.token() == Some(&token));
        assert!(made.after.contains(&gone.expect("it goes").id), "{plan:#?}");
    }
    // Where it is not in the way, it goes last.
    let further = graph(&NETWORK.replace("10.0.1.0/24", "10.0.3.0/24"));
    let plan = planned(&further, &story.state, &there).expect("a plan");
    let token = Token::from("Subnet-1");
    let gone = plan.steps.iter().find(|step| step.operation.token() == Some(&token));
    assert!(!step(&plan, Action::Replace, "Subnet").after.contains(&gone.expect("it goes").id));
}

/// The same of a name that no two may have.
#[test]
fn a_name_that_the_one_before_has_is_free_first() {
    let role = "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: first, AssumeRolePolicyDocument: {}, Path: /a/}
";
    let mut story = Story::of(role, &[("first", "second")]);
    story.make("Role");
    let other = graph(&role.replace("/a/", "/b/"));
    let plan = planned(&other, &story.state, &observed(&story.state)).expect("a plan");
    let made = step(&plan, Action::Replace, "Role");
    let token = Token::from("Role-1");
    let gone = plan.steps.iter().find(|step| step.operation.token() == Some(&token));
    assert!(made.after.contains(&gone.expect("it goes").id), "{plan:#?}");
}

/// What others may change stays as they have it on a way back, too, also of what is called otherwise
/// in the template by now.
#[test]
fn what_others_may_change_is_not_taken_back() {
    let text = NETWORK.replace("logs,", "logs, Tags: [{Key: owner, Value: eve}],");
    let back = |metadata: &str, name: &str| {
        let ignoring = format!("{name}:\n    Metadata: {{Cairn: {metadata}}}\n    Type:");
        let edits = [("Logs:\n    Type:", ignoring.as_str()), ("InDays: 1", "InDays: 3")];
        let mut story = Story::of(&text, &edits);
        if name != "Logs" {
            apply(&mut story.state, &Event::Moved { id: "Logs".into(), to: name.into() });
        }
        story.update(name);
        let mut there = observed(&story.state);
        let Some(Observation::Live(live)) = there.resources.get_mut(name) else {
            panic!("it is there")
        };
        live.properties["Tags"] = json!([{"Key": "owner", "Value": "ada"}]);
        told(&story.back_from(&there))
    };
    let step = |changed: &str| format!("Update update Logs (logs1): {changed}");
    assert_eq!(back("{IgnoreDrift: [Tags]}", "Logs"), step("RetentionInDays"));
    let both = "{MovedFrom: Logs, IgnoreDrift: [Tags]}";
    assert_eq!(back(both, "Journal"), step("RetentionInDays"));
    assert_eq!(back("{}", "Logs"), step("Tags, RetentionInDays"));
}

/// And where the one before is used again.
#[test]
fn what_others_may_change_is_no_reason_to_make_anew() {
    let with = |metadata: &str| {
        let metadata = format!("Type: AWS::EC2::Subnet\n    Metadata: {{Cairn: {metadata}}}");
        let text = NETWORK.replace("Type: AWS::EC2::Subnet", &metadata);
        text.replace("10.0.1.0/24,", "10.0.1.0/24, MapPublicIpOnLaunch: true,")
    };
    let how = |metadata: &str| {
        let text = with(metadata);
        let mut story = Story::of(&text, &[("10.0.1.0/24", "10.0.2.0/24")]);
        story.make("Subnet");
        let mut there = observed(&story.state);
        let Some(Observation::Live(live)) = there.beside.get_mut(&Token::from("Subnet-1")) else {
            panic!("it is there")
        };
        live.properties["MapPublicIpOnLaunch"] = json!(false);
        let plan = planned(&graph(&text), &story.state, &there).expect("a plan");
        match step(&plan, Action::Replace, "Subnet").operation {
            Operation::Reinstate { how, .. } => how,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(how("{IgnoreDrift: [MapPublicIpOnLaunch]}"), None);
    assert_eq!(how("{}"), Some(UpdateKind::Properties));
}
