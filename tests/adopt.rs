//! What is there already becomes a stack's, goes over to CloudFormation, or gets another name: and
//! nothing of it is touched.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use serde_json::Value as Json;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/net";

const TEMPLATE: &str = r"
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.9.0.0/16, EnableDnsSupport: true}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.1.0/24}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 7}
Outputs:
  Vpc: {Value: !Ref Vpc}
";

async fn clients(endpoint: &str) -> cairn::aws::Clients {
    let access = cairn::aws::Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..cairn::aws::Access::default()
    };
    cairn::aws::Clients::connect(&access).await
}

/// Made by somebody else: a VPC, a subnet in it and a log group.
async fn made_elsewhere(clients: &cairn::aws::Clients, name: &str) -> (String, String) {
    let vpc = clients.ec2().create_vpc().cidr_block("10.9.0.0/16").send().await.expect("a VPC");
    let vpc = vpc.vpc.and_then(|vpc| vpc.vpc_id).expect("an id");
    let subnet = clients.ec2().create_subnet().vpc_id(&vpc).cidr_block("10.9.1.0/24");
    let subnet = subnet.send().await.expect("a subnet");
    let subnet = subnet.subnet.and_then(|subnet| subnet.subnet_id).expect("an id");
    clients.logs().create_log_group().log_group_name(name).send().await.expect("a log group");
    let retention = clients.logs().put_retention_policy().log_group_name(name);
    retention.retention_in_days(3).send().await.expect("it is there");
    (vpc, subnet)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_taken_over_as_it_is() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let (vpc, subnet) = made_elsewhere(&clients, "made-elsewhere").await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/net/stack.yaml", TEMPLATE);
    let before = inventory(&server.url).await;

    let pairs = format!("Vpc {vpc} Subnet {subnet} Logs made-elsewhere");
    let shown = sandbox.cairn(&format!("import {STACK} {pairs} --dry-run")).code(0).out;
    for told in [
        "» Vpc     AWS::EC2::VPC",
        "» Subnet  AWS::EC2::Subnet",
        "the next deploy would change this:",
        "RetentionInDays: 3 → 7",
        "3 to adopt",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!sandbox.path(".cairn").exists(), "a dry run writes nothing");
    let asked = sandbox.cairn(&format!("import {STACK} {pairs}")).code(1).err;
    assert!(asked.contains("no terminal to ask on"), "{asked}");
    let taken = sandbox.cairn(&format!("import {STACK} {pairs} --yes")).code(0);
    assert!(taken.out.contains("The next deploy: 1 to update, 2 unchanged."), "{taken:?}");
    assert_eq!(inventory(&server.url).await, before, "an import touches nothing");
    let again = sandbox.cairn(&format!("import {STACK} {pairs} --yes")).code(0).out;
    assert!(again.contains("3 resources are the stack's already"), "{again}");

    let planned = sandbox.cairn(&format!("plan {STACK} --json")).code(0).out;
    assert!(planned.contains("\"from\": 3"), "{planned}");
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let quiet = sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0).out;
    assert!(quiet.contains("Nothing to do: 3 resources"), "{quiet}");
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    let left = clients.ec2().describe_vpcs().vpc_ids(vpc).send().await;
    assert!(left.map_or(0, |vpcs| vpcs.vpcs().len()) == 0, "what is adopted is the stack's");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_over_is_refused_with_its_place() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let (vpc, subnet) = made_elsewhere(&clients, "refused").await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let theirs = TagSpecification::builder()
        .resource_type(ResourceType::Vpc)
        .tags(tag("cairn:stack", "theirs"))
        .tags(tag("cairn:logical-id", "Net"))
        .build();
    let owned = clients.ec2().create_vpc().cidr_block("10.8.0.0/16").tag_specifications(theirs);
    let owned = owned.send().await.expect("a VPC").vpc.and_then(|vpc| vpc.vpc_id).expect("an id");
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/net/stack.yaml", TEMPLATE);
    sandbox.write("ids.json", &format!(r#"{{"Vpc": "{vpc}"}}"#));
    sandbox.write("bad.json", "[1]");
    for (arguments, told) in [
        ("Vpc vpc-00000000".to_owned(), "there is no `AWS::EC2::VPC` `vpc-00000000`"),
        (format!("Vpc {subnet}"), "there is no `AWS::EC2::VPC`"),
        (format!("Vcp {vpc}"), "did you mean `Vpc`?"),
        ("Vpc".to_owned(), "logical and physical ids come in pairs"),
        (format!("Vpc {vpc} Vpc {vpc}"), "`Vpc` was given twice"),
        (format!("Vpc {owned}"), "belongs to the stack `theirs`, where it is `Net`"),
        (String::new(), "nothing to import was given"),
        ("--from-file bad.json".to_owned(), "it is a JSON map of logical ids"),
        ("--from-cloudformation nobody".to_owned(), "nobody"),
    ] {
        let refused = sandbox.cairn(&format!("import {STACK} {arguments} --yes")).code(1).err;
        assert!(refused.contains(told), "{arguments}: {refused}");
    }
    assert!(!sandbox.path(".cairn/test/net/state.json").exists(), "nothing was begun");
    let place = sandbox.cairn(&format!("import {STACK} Vpc vpc-00000000 --yes")).code(1).err;
    assert!(place.contains("stack.yaml:3:3"), "{place}");

    sandbox.cairn(&format!("import {STACK} --from-file ids.json --yes")).code(0);
    for (arguments, told) in [
        (format!("Vpc {owned}"), format!("`Vpc` is `{vpc}` already")),
        (format!("Subnet {subnet}"), String::new()),
    ] {
        let code = i32::from(!told.is_empty());
        let ran = sandbox.cairn(&format!("import {STACK} {arguments} --yes")).code(code);
        assert!(ran.err.contains(&told), "{arguments}: {ran:?}");
    }
    let other = TEMPLATE
        .replace("  Vpc:\n    Type", "  Other:\n    Type")
        .replace("!Ref Vpc", "!Ref Other");
    sandbox.write("stacks/net/stack.yaml", &other);
    let moved = sandbox.cairn(&format!("import {STACK} Other {vpc} --yes")).code(1).err;
    assert!(moved.contains(&format!("`{vpc}` is `Vpc` of this stack already")), "{moved}");
    assert!(moved.contains("MovedFrom: Vpc"), "{moved}");
}

/// What Cairn's tags are written on is known to be its stack's.
#[tokio::test(flavor = "multi_thread")]
async fn tags_are_written_where_that_is_asked_for() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let (vpc, _) = made_elsewhere(&clients, "tagged").await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/net/stack.yaml", TEMPLATE);
    let shown =
        sandbox.cairn(&format!("import {STACK} Vpc {vpc} Logs tagged --tag --yes")).code(0).out;
    assert!(shown.contains("Cairn's tags are written on it"), "{shown}");
    let tags = tags_of(&clients, &vpc).await;
    assert!(tags.contains(&("cairn:stack".to_owned(), "net".to_owned())), "{tags:?}");
    assert!(tags.contains(&("cairn:logical-id".to_owned(), "Vpc".to_owned())), "{tags:?}");
    sandbox.write("stacks/other/stack.yaml", TEMPLATE);
    let refused = sandbox.cairn(&format!("import stacks/other Vpc {vpc} --yes")).code(1).err;
    assert!(refused.contains("belongs to the stack `net`, where it is `Vpc`"), "{refused}");
    let refused = sandbox.cairn("import stacks/other Logs tagged --yes").code(1).err;
    assert!(refused.contains("belongs to the stack `net`, where it is `Logs`"), "{refused}");
}

async fn tags_of(clients: &cairn::aws::Clients, vpc: &str) -> Vec<(String, String)> {
    let vpcs = clients.ec2().describe_vpcs().vpc_ids(vpc).send().await.expect("it is there");
    let tags = vpcs.vpcs()[0].tags().iter();
    tags.filter_map(|tag| tag.key.clone().zip(tag.value.clone())).collect()
}

/// From CloudFormation's hands into Cairn's: nothing is touched, and nothing is left to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_of_cloudformation_is_taken_over() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let sandbox = Sandbox::at(&server.url);
    let template = TEMPLATE.replace(
        "  Logs:\n    Type: AWS::Logs::LogGroup",
        "  Logs:\n    Type: AWS::Logs::LogGroup\n    DeletionPolicy: Retain",
    );
    let create = clients.cloudformation().create_stack().stack_name("theirs");
    create.template_body(&template).send().await.expect("a stack");
    wait_for(&clients, "theirs").await;
    sandbox.write("stacks/net/stack.yaml", &template);
    let before = inventory(&server.url).await;
    let taken =
        sandbox.cairn(&format!("import {STACK} --from-cloudformation theirs --yes")).code(0);
    assert!(taken.out.contains("3 to adopt"), "{taken:?}");
    assert!(taken.out.contains("The next deploy: Nothing to do: 3 resources"), "{taken:?}");
    assert!(taken.err.contains("add `DeletionPolicy: Retain` there to Subnet, Vpc"), "{taken:?}");
    assert!(taken.err.contains("aws cloudformation delete-stack --stack-name theirs"), "{taken:?}");
    assert_eq!(inventory(&server.url).await, before, "an import touches nothing");
    sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);
}

async fn wait_for(clients: &cairn::aws::Clients, stack: &str) {
    for _ in 0..200 {
        let stacks = clients.cloudformation().describe_stacks().stack_name(stack).send().await;
        let stacks = stacks.expect("it is there").stacks.unwrap_or_default();
        let status = stacks[0].stack_status.as_ref().map(|status| status.as_str().to_owned());
        match status.as_deref() {
            Some("CREATE_COMPLETE") => return,
            Some("CREATE_IN_PROGRESS") => {}
            other => panic!("{other:?}: {stacks:?}"),
        }
    }
    panic!("`{stack}` is not made");
}

const LOGS: &str = "
Parameters:
  Days: {Type: Number, Default: 1}
Resources:
  First: # what comes first
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: adopt-first
      RetentionInDays: !Ref Days   # as long as somebody wants
  Second:
    Type: AWS::Logs::LogGroup
    DependsOn: First
    Properties:
      LogGroupName: adopt-second
      RetentionInDays: 1 # a day
      Tags: [{Key: a, Value: b}]
  Third:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: adopt-third, RetentionInDays: 1}
";

async fn keep(clients: &cairn::aws::Clients, name: &str, days: i32) {
    let call = clients.logs().put_retention_policy().log_group_name(name);
    call.retention_in_days(days).send().await.expect("the group is there");
}

async fn kept(clients: &cairn::aws::Clients) -> Vec<Option<i32>> {
    let groups = clients.logs().describe_log_groups().log_group_name_prefix("adopt-");
    let groups = groups.send().await.expect("a list").log_groups.unwrap_or_default();
    groups.iter().map(|group| group.retention_in_days).collect()
}

fn logs(endpoint: &str) -> Sandbox {
    let sandbox = Sandbox::at(endpoint);
    sandbox.write("stacks/logs/stack.yaml", LOGS);
    sandbox.cairn("deploy stacks/logs --yes").code(0);
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_set_back_accepted_or_ignored() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let sandbox = logs(&server.url);
    keep(&clients, "adopt-first", 3).await;
    keep(&clients, "adopt-second", 7).await;
    keep(&clients, "adopt-third", 14).await;

    let shown = sandbox.cairn("drift stacks/logs --accept").code(2);
    for line in [
        "--- a/stacks/logs/stack.yaml",
        "+++ b/stacks/logs/stack.yaml",
        "-      RetentionInDays: 1 # a day",
        "+      RetentionInDays: 7 # a day",
        "+    Properties: {LogGroupName: adopt-third, RetentionInDays: 14}",
    ] {
        assert!(shown.out.contains(line), "{line}: {}", shown.out);
    }
    let refused = "First.RetentionInDays is `!Ref Days`: change that, if it is to stay";
    assert!(shown.err.contains(refused), "{}", shown.err);
    assert_eq!(sandbox.read("stacks/logs/stack.yaml"), LOGS, "it is only shown");
    let beside = sandbox.cairn("plan stacks/logs --accept-drift --json").code(0);
    assert!(beside.out.trim_end().ends_with('}') && beside.err.contains("+      Retention"));

    // Accepted, in the template with its comments; what cannot be is set back.
    let plan = sandbox.cairn("plan stacks/logs --accept-drift --write").code(0).out;
    assert!(plan.contains("RetentionInDays: 3 → 1  # drift"), "{plan}");
    assert!(plan.contains("1 to update, 2 unchanged."), "{plan}");
    let written = LOGS
        .replace("RetentionInDays: 1 # a day", "RetentionInDays: 7 # a day")
        .replace("adopt-third, RetentionInDays: 1}", "adopt-third, RetentionInDays: 14}");
    assert_eq!(sandbox.read("stacks/logs/stack.yaml"), written);
    sandbox.cairn("deploy stacks/logs --yes").code(0);
    assert_eq!(kept(&clients).await, [Some(1), Some(7), Some(14)]);
    sandbox.cairn("drift stacks/logs").code(0);

    // Ignored, by property and as a whole.
    let ignoring = written
        .replace(
            "DependsOn: First",
            "DependsOn: First\n    Metadata: {Cairn: {IgnoreDrift: [RetentionInDays]}}",
        )
        .replace("  Third:\n", "  Third:\n    Metadata: {Cairn: {IgnoreDrift: true}}\n");
    sandbox.write("stacks/logs/stack.yaml", &ignoring);
    keep(&clients, "adopt-second", 30).await;
    keep(&clients, "adopt-third", 30).await;
    let told = sandbox.cairn("drift stacks/logs").code(0).out;
    assert!(told.contains("# the template ignores it"), "{told}");
    assert!(told.contains("No drift but what the template ignores, in 2 of 3"), "{told}");
    sandbox.cairn("plan stacks/logs --detailed-exitcode").code(0);
    let wrong = ignoring.replace("IgnoreDrift: [RetentionInDays]", "IgnoreDrift: [RetentionInDay]");
    sandbox.write("stacks/logs/stack.yaml", &wrong);
    let told = sandbox.cairn("validate stacks/logs").code(1).err;
    assert!(told.contains("did you mean `RetentionInDays`?"), "{told}");
}

/// Whoever changes something while a saved plan runs keeps what they did.
#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_saved_plan_looks_again() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let sandbox = logs(&server.url);
    let longer = LOGS.replace("RetentionInDays: 1", "RetentionInDays: 5");
    sandbox.write("stacks/logs/stack.yaml", &longer);
    sandbox.cairn("plan stacks/logs --parameter Days=5 --out plan.cairn").code(0);

    let (url, is_done) = (server.url.clone(), AtomicBool::new(false));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let meddler = Meddler::before(address, move |request| {
        let is_it = request.contains("PutRetentionPolicy") && request.contains("adopt-first");
        if is_it && !is_done.swap(true, Ordering::SeqCst) {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async { keep(&self::clients(&url).await, "adopt-second", 14).await });
        }
        Meddling::Pass
    });
    sandbox.point_at(&meddler.url);
    let stopped = sandbox.cairn("deploy plan.cairn --yes").code(1).err;
    assert!(
        stopped.contains("error: Second: it is not as it was when the plan was made"),
        "{stopped}"
    );
    assert!(stopped.contains("`RetentionInDays` was 1 and is 14"), "{stopped}");
    assert!(stopped.contains("hint: nothing of it was touched"), "{stopped}");
    assert_eq!(kept(&clients).await, [Some(5), Some(14), Some(5)], "the others are done");
    let next = sandbox.cairn("plan stacks/logs --parameter Days=5").code(0).out;
    assert!(next.contains("RetentionInDays: 14 → 5"), "{next}");
    assert!(next.contains("1 to update, 2 unchanged."), "{next}");
}

/// What a read missed is not made a second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_reappears_is_recognised() {
    const NONE: &str = r#"{"logGroups": [], "x": ""}"#;
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let sandbox = logs(&server.url);
    let is_blind = Arc::new(AtomicBool::new(true));
    let blind = Arc::clone(&is_blind);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let meddler = Meddler::before(address, move |request| {
        let is_it = request.contains("DescribeLogGroups") && request.contains("adopt-third");
        match is_it && blind.swap(false, Ordering::SeqCst) {
            true => Meddling::Answer(200, NONE),
            false => Meddling::Pass,
        }
    });
    sandbox.point_at(&meddler.url);
    let stopped = sandbox.cairn("deploy stacks/logs --yes").code(1);
    assert!(stopped.out.contains("# it was deleted outside of Cairn"), "{stopped:?}");
    let told =
        "error: Third: it is not as it was when the plan was made: it was gone and is there again";
    assert!(stopped.err.contains(told), "{stopped:?}");
    sandbox.cairn("deploy stacks/logs --yes").code(0);
    assert_eq!(kept(&clients).await, [Some(1), Some(1), Some(1)]);
    sandbox.cairn("plan stacks/logs --detailed-exitcode").code(0);

    // What is really gone is made again.
    let delete = clients.logs().delete_log_group().log_group_name("adopt-third");
    delete.send().await.expect("it is there");
    sandbox.cairn("deploy stacks/logs --yes").code(0);
    assert_eq!(kept(&clients).await.len(), 3);
    sandbox.cairn("plan stacks/logs --detailed-exitcode").code(0);
}

/// A new logical id, and nothing made or taken away; only the tags say it.
#[tokio::test(flavor = "multi_thread")]
async fn a_rename_is_a_move() {
    let server = ministack().await;
    let clients = clients(&server.url).await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/net/stack.yaml", TEMPLATE);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let before = inventory(&server.url).await;
    let renamed = TEMPLATE.replace("  Vpc:\n", "  Net:\n").replace("!Ref Vpc", "!Ref Net");
    let renamed = renamed.replace("  Logs:\n", "  Journal:\n");
    sandbox.write("stacks/net/stack.yaml", &renamed);
    let shown = sandbox.cairn(&format!("plan {STACK}")).code(0).out;
    assert!(shown.contains("Renamed?"), "{shown}");
    assert!(shown.contains("→ Net looks like Vpc"), "{shown}");
    assert!(shown.contains("add to Journal (stacks/net/stack.yaml:9:3)"), "{shown}");
    assert!(shown.contains("            Metadata: {Cairn: {MovedFrom: Logs}}"), "{shown}");
    let json = sandbox.cairn(&format!("plan {STACK} --json")).code(0).out;
    assert!(json.contains("\"line\": \"Metadata: {Cairn: {MovedFrom: Vpc}}\""), "{json}");

    let moved = renamed
        .replace("  Net:\n", "  Net:\n    Metadata: {Cairn: {MovedFrom: Vpc}}\n")
        .replace("  Journal:\n", "  Journal:\n    Metadata: {Cairn: {MovedFrom: Logs}}\n");
    sandbox.write("stacks/net/stack.yaml", &moved);
    let shown = sandbox.cairn(&format!("plan {STACK}")).code(0).out;
    assert!(shown.contains("→ Net      AWS::EC2::VPC"), "{shown}");
    assert!(shown.contains("# it was `Vpc` until now"), "{shown}");
    assert!(shown.contains("2 to move, 1 unchanged."), "{shown}");
    sandbox.cairn(&format!("plan {STACK} --out plan.cairn")).code(0);
    let done = sandbox.cairn("deploy plan.cairn --yes").code(0);
    assert!(done.err.contains("moved"), "{done:?}");
    let ids = |kinds: &str| kinds.matches("vpc-").count();
    assert_eq!(ids(&format!("{before:?}")), ids(&format!("{:?}", inventory(&server.url).await)));
    let state = sandbox.cairn(&format!("state list {STACK}")).code(0).out;
    assert!(state.contains("Net") && !state.contains("Vpc  "), "{state}");
    let vpc = state.split_whitespace().find(|word| word.starts_with("vpc-")).expect("its id");
    let tags = tags_of(&clients, vpc).await;
    assert!(tags.contains(&("cairn:logical-id".to_owned(), "Net".to_owned())), "{tags:?}");
    sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// What CloudFormation is given to take a stack over.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_handed_over_to_cloudformation() {
    let server = ministack().await;
    let sandbox = Sandbox::persona(&server.url);
    sandbox.cairn("deploy stacks/persona-agent --yes").code(0);
    let shown = sandbox
        .cairn("export stacks/persona-agent --to-cloudformation theirs --out handover")
        .code(0)
        .out;
    let json = |name: &str| -> Json {
        serde_json::from_str(&sandbox.read(&format!("handover/{name}"))).expect("JSON")
    };
    let (template, import) = (json("template.json"), json("import-template.json"));
    let resources = json("resources-to-import.json");
    let resources = resources.as_array().expect("a list");
    let imported = import["Resources"].as_object().expect("it has some");
    assert_eq!(resources.len(), imported.len(), "each is told apart");
    assert!(import.get("Outputs").is_none() && template.get("Outputs").is_some());
    for (id, resource) in template["Resources"].as_object().expect("it has some") {
        assert!(resource["DeletionPolicy"].is_string(), "{id}");
        let is_imported = imported.contains_key(id);
        assert!(is_imported || shown.contains(&format!("  {id}: ")), "{id} is in neither: {shown}");
    }
    for one in resources {
        let identifier = one["ResourceIdentifier"].as_object().expect("a map");
        let is_told = |value: &Json| value.as_str().is_some_and(|text| !text.is_empty());
        assert!(!identifier.is_empty() && identifier.values().all(is_told), "{one}");
    }
    let of = |id: &str| {
        resources
            .iter()
            .find(|one| one["LogicalResourceId"] == id)
            .map(|one| one["ResourceIdentifier"].clone())
    };
    let vpc = of("Vpc").expect("it is imported");
    assert!(vpc["VpcId"].as_str().expect("an id").starts_with("vpc-"), "{vpc}");
    let commands = sandbox.read("handover/commands.sh");
    for part in ["--change-set-type IMPORT", "file://resources-to-import.json", "update-stack"] {
        assert!(commands.contains(part), "{commands}");
    }
    let checked = std::process::Command::new("sh")
        .args(["-n", &sandbox.path("handover/commands.sh").display().to_string()])
        .status();
    assert!(checked.expect("there is a shell").success());
    sandbox.cairn("teardown stacks/persona-agent --yes").code(0);
}

/// Every type of the persona stack, with its composite and generated ids: what was deployed is
/// found again from its ids alone, and nothing is left to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_stack_is_taken_over_by_its_ids() {
    let server = ministack().await;
    let sandbox = Sandbox::persona(&server.url);
    let stack = "stacks/persona-agent";
    sandbox.cairn(&format!("deploy {stack} --yes")).code(0);
    let file = ".cairn/test/persona-agent/state.json";
    let state: Json = serde_json::from_str(&sandbox.read(file)).expect("a state is JSON");
    let resources = state["resources"].as_object().expect("it has some");
    // As their users know them: the last part of a composite id.
    let short = |entry: &Json| {
        let id = entry["current"]["physical_id"].as_str().expect("an id");
        Json::from(id.rsplit('|').next().unwrap_or(id))
    };
    let ids = resources.iter().map(|(id, entry)| (id.clone(), short(entry)));
    sandbox.write("ids.json", &Json::Object(ids.collect()).to_string());
    std::fs::remove_dir_all(sandbox.path(".cairn")).expect("the state");
    let before = inventory(&server.url).await;
    let import = format!("import {stack} --from-file ids.json --yes");
    let taken = sandbox.cairn(&import).code(0);
    assert!(taken.out.contains(&format!("{} to adopt", resources.len())), "{taken:?}");
    assert!(taken.out.contains("The next deploy: Nothing to do"), "{taken:?}");
    assert_eq!(inventory(&server.url).await, before, "an import touches nothing");
    sandbox.cairn(&format!("plan {stack} --detailed-exitcode")).code(0);
    sandbox.cairn(&format!("teardown {stack} --yes")).code(0);
}
