//! Risks of plans, as CI meets them: exit codes of `--fail-on` and `--require-approval`.

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::sandbox::Sandbox;

const TEMPLATE: &str = r"
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: one
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8}]
      SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8}]
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: risky, RetentionInDays: 14}
";

const STACK: &str = "stacks/risky";
const FILE: &str = "stacks/risky/stack.yaml";

/// An edit, and by what it is stopped.
struct Case {
    from: &'static str,
    to: &'static str,
    told: &'static str,
    stopped_by: &'static [&'static str],
}

const CASES: [Case; 3] = [
    Case {
        from: "443, ToPort: 443, CidrIp: 10.0.0.0/8}]\n      SecurityGroupEgress",
        to: "443, ToPort: 443, CidrIp: 0.0.0.0/0}]\n      SecurityGroupEgress",
        told: "! Group lets in tcp 443 from `0.0.0.0/0` (every IPv4 address)",
        stopped_by: &["any-change", "broadening", "broadening,destructive"],
    },
    Case {
        from: "LogGroupName: risky",
        to: "LogGroupName: renamed",
        told: "- Logs is replaced. Lost: all log events in `risky`",
        stopped_by: &["any-change", "destructive", "broadening,destructive"],
    },
    Case {
        from: "RetentionInDays: 14",
        to: "RetentionInDays: 30",
        told: "1 to update",
        stopped_by: &["any-change"],
    },
];

const GATES: [&str; 5] =
    ["never", "any-change", "broadening", "destructive", "broadening,destructive"];

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_stopped_by_its_class() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write(FILE, TEMPLATE);
    let first = sandbox.cairn(&format!("deploy {STACK} --require-approval broadening")).code(1);
    assert!(first.err.contains("its risks are 2 broadening"), "{}", first.err);
    assert!(!sandbox.path(".cairn/test/risky/state.json").exists(), "nothing was begun");
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    // Nothing to do passes every gate.
    for gate in GATES {
        sandbox.cairn(&format!("plan {STACK} --fail-on {gate}")).code(0);
        sandbox.cairn(&format!("deploy {STACK} --require-approval {gate}")).code(0);
    }

    for case in &CASES {
        sandbox.edit(FILE, case.from, case.to);
        sandbox.cairn(&format!("plan {STACK} --json --out plan.cairn")).code(0);
        let before = inventory(&server.url).await;
        for gate in GATES {
            let is_stopped = case.stopped_by.contains(&gate);
            let code = if is_stopped { 3 } else { 0 };
            let planned = sandbox.cairn(&format!("plan {STACK} --fail-on {gate}")).code(code);
            assert!(planned.out.contains(case.told), "{}", planned.out);
            assert_eq!(planned.err.contains("`--fail-on`"), is_stopped, "{}", planned.err);
            sandbox.cairn(&format!("plan show plan.cairn --fail-on {gate}")).code(code);
            let detailed = if is_stopped { 3 } else { 2 };
            sandbox
                .cairn(&format!("plan {STACK} --fail-on {gate} --detailed-exitcode"))
                .code(detailed);
            if !is_stopped {
                continue;
            }
            // Neither agreeing beforehand nor a saved plan is a way around.
            for what in [STACK, "plan.cairn"] {
                for yes in ["", "--yes"] {
                    let deploy = format!("deploy {what} --require-approval {gate} {yes}");
                    let refused = sandbox.cairn(&deploy).code(1);
                    assert!(refused.err.contains("nothing was changed"), "{}", refused.err);
                    assert!(refused.err.contains("no terminal"), "{}", refused.err);
                    assert!(refused.out.contains(case.told), "what it is about is shown");
                }
            }
        }
        assert_eq!(inventory(&server.url).await, before, "{}", case.told);
        let passing = GATES.iter().rfind(|gate| !case.stopped_by.contains(gate)).expect("never");
        sandbox.cairn(&format!("deploy plan.cairn --require-approval {passing}")).code(0);
        sandbox.cairn(&format!("plan {STACK} --fail-on any-change")).code(0);
    }
    let unknown = sandbox.cairn(&format!("plan {STACK} --fail-on sometimes")).code(1).err;
    assert!(unknown.contains("any-change"), "{unknown}");
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// Of several stacks, what is stopped is the plan of one; and then none of them is begun.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_stacks_each_has_its_own_risks() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    let stack = |id: &str, resource: &str| {
        sandbox.write(
            &format!("cdk.out/{id}.template.json"),
            &format!(r#"{{"Resources": {{{resource}}}}}"#),
        );
        format!(
            r#""{id}": {{"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
            "properties": {{"templateFile": "{id}.template.json", "stackName": "{id}"}}}}"#
        )
    };
    let harmless = stack("Harmless", r#""Logs": {"Type": "AWS::Logs::LogGroup"}"#);
    let open = stack(
        "Open",
        r#""Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "open"}}"#,
    );
    sandbox.write(
        "cdk.out/manifest.json",
        &format!(r#"{{"version": "36.0.0", "artifacts": {{{harmless}, {open}}}}}"#),
    );
    let gate = "broadening";
    sandbox.cairn(&format!("plan --app cdk.out Harmless --fail-on {gate}")).code(0);
    let all = sandbox.cairn(&format!("plan --app cdk.out --all --fail-on {gate}")).code(3);
    assert!(all.err.contains("the plan of `Open` fails by `--fail-on`"), "{}", all.err);
    assert!(!all.err.contains("`Harmless`"), "{}", all.err);
    let before = inventory(&server.url).await;
    let deploy = "deploy --app cdk.out --all --yes";
    let refused = sandbox.cairn(&format!("{deploy} --require-approval {gate}")).code(1);
    for text in ["nothing was changed", "`Harmless`, `Open`", "approval", "`Open`, since its risks"]
    {
        assert!(refused.err.contains(text), "{text}: {}", refused.err);
    }
    sandbox.write(
        "rules.yaml",
        "rules:\n  - name: no-api\n    forbid: step.type_name == \"AWS::ApiGateway::RestApi\"\n    \
         message: no APIs here\n    severity: error\n",
    );
    let refused = sandbox.cairn(&format!("{deploy} --policy rules.yaml")).code(1);
    assert!(refused.err.contains("the plan of `Open`"), "{}", refused.err);
    assert_eq!(inventory(&server.url).await, before, "the first of them was not begun either");
    sandbox.cairn(&format!("{deploy} --require-approval destructive")).code(0);
    sandbox.cairn("teardown --app cdk.out --all --yes").code(0);
}
