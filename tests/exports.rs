//! Stacks of one environment use what others export, and what is in use stays as it is.

use serde_json::Value as Json;

use crate::support::emulator::ministack;
use crate::support::sandbox::Sandbox;

const NETWORK: &str = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Outputs:
  Vpc: {Value: !Ref Vpc, Export: {Name: !Sub '${AWS::StackName}-vpc'}}
  Size: {Value: large, Export: {Name: size}}
";

const APP: &str = "\
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: !ImportValue size, VpcId: !ImportValue network-vpc}
";

fn outputs(sandbox: &Sandbox, stack: &str) -> Json {
    let said = sandbox.cairn(&format!("outputs {stack} --json")).code(0).out;
    serde_json::from_str(&said).expect("outputs are JSON")
}

fn refused(sandbox: &Sandbox, command: &str, why: &str) {
    let said = sandbox.cairn(command).code(1).err;
    assert!(said.contains(why), "{command}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_stack_imports_stays_as_it_is() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("network.yaml", NETWORK);
    sandbox.write("app.yaml", APP);
    sandbox.cairn("validate app.yaml").code(0);
    let missing = "no other stack of this environment exports `network-vpc`";
    refused(&sandbox, "plan app.yaml", missing);
    refused(&sandbox, "deploy app.yaml --yes", missing);

    sandbox.cairn("deploy network.yaml --yes").code(0);
    sandbox.cairn("deploy app.yaml --yes").code(0);
    sandbox.cairn("plan app.yaml --detailed-exitcode").code(0);
    sandbox.cairn("plan network.yaml --detailed-exitcode").code(0);
    let vpc = outputs(&sandbox, "network.yaml")["Vpc"].as_str().expect("a text").to_owned();
    let group = sandbox.cairn("state show app.yaml Group").code(0).out;
    assert!(group.contains(&vpc), "{group}");

    let in_use = "it is in use: `app` imports it";
    refused(&sandbox, "teardown network.yaml --yes", in_use);
    refused(&sandbox, "teardown network.yaml --yes", "`network-vpc` would be taken away");
    sandbox.edit("network.yaml", "Value: large", "Value: small");
    refused(&sandbox, "plan network.yaml", "the export `size` would change");
    refused(&sandbox, "deploy network.yaml --yes", in_use);
    sandbox.write("second.yaml", &NETWORK.replace("!Sub '${AWS::StackName}-vpc'", "network-vpc"));
    refused(&sandbox, "deploy second.yaml --yes", "is exported by the stack `network` already");

    // What is no longer imported is free again.
    sandbox.edit("app.yaml", "!ImportValue size", "large");
    sandbox.cairn("deploy app.yaml --yes").code(0);
    sandbox.cairn("deploy network.yaml --yes").code(0);
    refused(&sandbox, "teardown network.yaml --yes", in_use);
    sandbox.cairn("teardown app.yaml --yes").code(0);
    sandbox.cairn("teardown network.yaml --yes").code(0);
}
