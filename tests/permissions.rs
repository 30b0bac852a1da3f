//! The policy that `plan --print-policy` writes, held against an emulator that enforces IAM: with it
//! and nothing else the persona agent is planned, deployed and torn down, and with one action less
//! it is not.

use cairn::aws::{Access, Clients};
use serde_json::{Value as Json, json};

use crate::support::emulator::guarded_ministack;
use crate::support::inventory::inventory;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
const ROLE: &str = "deployer";
const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/deployer";

/// Where MiniStack is not told, or does not see, which resource a call is about: it then asks for
/// `*`, and AWS for the ARN that the policy has. It knows no tags of a resource either.
const SEES_NO_RESOURCE: [&str; 8] = [
    "bedrock:ListTagsForResource",
    "bedrock:TagResource",
    "ec2:CreateVpc",
    "ec2:DisassociateRouteTable",
    "ec2:CreateTags",
    "ec2:DeleteVpcEndpoints",
    "lambda:CreateFunction",
    "ec2:ModifyVpcEndpoint",
];

/// What a first deploy cannot do without, for each service and kind of row one.
const MISSED: [&str; 6] = [
    "ec2:CreateSubnet",
    "ec2:ModifyVpcAttribute",
    "iam:PutRolePolicy",
    "bedrock:CreateAgentActionGroup",
    "lambda:GetFunction",
    "apigateway:PUT",
];

/// As the emulator can hold it, without an action.
fn adapted(policy: &Json, missing: Option<&str>) -> Json {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    for statement in statements.iter_mut() {
        let actions = statement["Action"].as_array_mut().expect("actions");
        actions.retain(|action| action.as_str() != missing);
        if actions.iter().any(|one| SEES_NO_RESOURCE.iter().any(|blind| one == blind)) {
            statement["Resource"] = json!(["*"]);
        }
        if statement["Condition"].to_string().contains("aws:ResourceTag/") {
            statement.as_object_mut().expect("a statement").remove("Condition");
        }
        // Neither does it tell what EC2 makes.
        if statement["Condition"].to_string().contains("ec2:CreateAction") {
            statement.as_object_mut().expect("a statement").remove("Condition");
        }
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    policy
}

struct Deployer {
    clients: Clients,
}

impl Deployer {
    async fn at(endpoint: &str) -> Self {
        let access = Access {
            region: Some("us-east-1".to_owned()),
            endpoint: Some(endpoint.to_owned()),
            ..Access::default()
        };
        let clients = Clients::connect(&access).await;
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
            "Action": "sts:AssumeRole",
        }]});
        let made = clients.iam().create_role().role_name(ROLE);
        made.assume_role_policy_document(trust.to_string()).send().await.expect("a role");
        Self { clients }
    }

    /// Gives it this policy and no other.
    async fn may(&self, policy: &Json) {
        let put = self.clients.iam().put_role_policy().role_name(ROLE).policy_name("least");
        put.policy_document(policy.to_string()).send().await.expect("a policy");
    }

    async fn goes(self) {
        let iam = self.clients.iam();
        let policy = iam.delete_role_policy().role_name(ROLE).policy_name("least");
        policy.send().await.expect("it has it");
        iam.delete_role().role_name(ROLE).send().await.expect("it is there");
    }
}

fn policy(sandbox: &Sandbox, scope: &str) -> Json {
    let printed = sandbox.cairn(&format!("plan {STACK} --print-policy{scope}")).code(0);
    serde_json::from_str(&printed.out).expect("a policy is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_enough_and_no_more() {
    let server = guarded_ministack().await;
    let before = inventory(&server.url).await;
    let sandbox = Sandbox::persona(&server.url);
    let (deploy, teardown) = (policy(&sandbox, ""), policy(&sandbox, "=teardown"));
    let reads = policy(&sandbox, "=plan");
    let deployer = Deployer::at(&server.url).await;
    let config = sandbox.read("config/test.yaml");
    sandbox.write("config/test.yaml", &format!("{config}role: {ROLE_ARN}\n"));

    // Who may only plan plans, and changes nothing.
    deployer.may(&adapted(&reads, None)).await;
    sandbox.cairn(&format!("plan {STACK}")).code(0);
    let said = sandbox.cairn(&format!("deploy {STACK} --yes")).code(1);
    assert!(said.err.contains("ec2:CreateVpc"), "{}", said.err);

    // A look at the account says so beforehand, if the caller may ask.
    let mut asking = adapted(&reads, None);
    let ask =
        json!({"Effect": "Allow", "Action": ["iam:SimulatePrincipalPolicy"], "Resource": "*"});
    asking["Statement"].as_array_mut().expect("statements").push(ask);
    deployer.may(&asking).await;
    let said = sandbox.cairn(&format!("plan {STACK} --preflight")).code(3);
    let told = format!("`{ROLE_ARN}` may not `ec2:CreateVpc`");
    assert!(said.out.contains(&told), "{}", said.out);

    for action in MISSED {
        deployer.may(&adapted(&deploy, Some(action))).await;
        let ran = sandbox.cairn(&format!("deploy {STACK} --yes"));
        assert_eq!(ran.code, Some(1), "without {action}: {}", ran.err);
        assert!(ran.err.contains("not authorized"), "without {action}: {}", ran.err);
        deployer.may(&adapted(&teardown, None)).await;
        sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    }
    deployer.may(&adapted(&deploy, None)).await;
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    deployer.may(&adapted(&reads, None)).await;
    sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);

    let said = sandbox.cairn(&format!("teardown {STACK} --yes")).code(1);
    assert!(said.err.contains("not authorized"), "{}", said.err);
    deployer.may(&adapted(&teardown, None)).await;
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    deployer.goes().await;
    assert_eq!(inventory(&server.url).await, before);
}
