//! What is there already becomes a stack's, goes over to CloudFormation, or gets another name: and
//! nothing of it is touched.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/net";

const TEMPLATE: &str = r#"
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
"#;

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
