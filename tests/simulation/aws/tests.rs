//! The rules of the simulation itself: stories of calls, each with what AWS answers.

use serde_json::{Value as Json, json};

use super::account::{Account, MINUTE, Refusal, SECOND, Time};
use super::wire::{Call, Request, response, signed_for};
use super::{Aws, apigateway, carry_out};
use crate::simulation::random::Random;

mod agents;
mod gateway;
mod policies;
mod routes;

struct Story {
    account: Account,
    now: Time,
}

impl Story {
    fn new() -> Self {
        Self { account: Account::new(Random::new(7)), now: 0 }
    }

    /// After the call before it.
    fn call(&mut self, action: &str, members: Json) -> Result<Json, Refusal> {
        self.wait(apigateway::CHANGE);
        self.at_once(action, members)
    }

    fn at_once(&mut self, action: &str, members: Json) -> Result<Json, Refusal> {
        let (service, operation) = action.split_once(':').expect("an action");
        let (service, operation) = (service.to_owned(), operation.to_owned());
        carry_out(&mut self.account, &Call { service, operation, members })
    }

    fn ok(&mut self, action: &str, members: Json) -> Json {
        self.call(action, members).unwrap_or_else(|no| panic!("{action}: {no:?}"))
    }

    fn refused(&mut self, action: &str, members: Json) -> String {
        self.call(action, members).expect_err(action).code
    }

    /// Each of these is refused with its code.
    fn all_refused(&mut self, table: &[(&str, Json, &str)]) {
        for (action, members, code) in table {
            assert_eq!(self.refused(action, members.clone()), *code, "{action} {members}");
        }
    }

    /// A role that a service may take by now.
    fn role(&mut self, name: &str, service: &str) -> Json {
        let trust =
            json!({"Statement": [{"Principal": {"Service": format!("{service}.amazonaws.com")}}]});
        let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
        let arn = self.ok("iam:CreateRole", role)["Role"]["Arn"].clone();
        self.wait(10 * SECOND);
        arn
    }

    fn wait(&mut self, time: Time) {
        self.now += time;
        self.account.advance(self.now);
    }

    fn vpc(&mut self, cidr: &str) -> Json {
        self.ok("ec2:CreateVpc", json!({"CidrBlock": cidr}))["vpc"]["vpcId"].clone()
    }

    fn subnet(&mut self, vpc: &Json, cidr: &str) -> Json {
        let subnet = json!({"VpcId": vpc, "CidrBlock": cidr});
        self.ok("ec2:CreateSubnet", subnet)["subnet"]["subnetId"].clone()
    }

    fn group(&mut self, vpc: &Json, name: &str) -> Json {
        let group = json!({"VpcId": vpc, "GroupName": name, "GroupDescription": "a group"});
        self.ok("ec2:CreateSecurityGroup", group)["groupId"].clone()
    }
}

#[test]
fn blocks_are_inside_and_do_not_overlap() {
    let mut story = Story::new();
    for (cidr, code) in [
        ("10.0.0.0/8", "InvalidVpc.Range"),
        ("10.0.0.0/29", "InvalidVpc.Range"),
        ("ten", "InvalidParameterValue"),
    ] {
        assert_eq!(story.refused("ec2:CreateVpc", json!({"CidrBlock": cidr})), code, "{cidr}");
    }
    let vpc = story.vpc("10.4.0.0/16");
    let subnet = story.subnet(&vpc, "10.4.1.7/24");
    let live = story.ok("ec2:DescribeSubnets", json!({}));
    assert_eq!(live["subnetSet"][0]["cidrBlock"], "10.4.1.0/24", "without host bits");
    for (vpc, cidr, code) in [
        (&vpc, "10.5.0.0/24", "InvalidSubnet.Range"),
        (&vpc, "10.4.1.128/25", "InvalidSubnet.Conflict"),
        (&subnet, "10.4.2.0/24", "InvalidVpcID.NotFound"),
    ] {
        let request = json!({"VpcId": vpc, "CidrBlock": cidr});
        assert_eq!(story.refused("ec2:CreateSubnet", request), code, "{cidr}");
    }
}

#[test]
fn what_is_in_use_cannot_be_deleted() {
    let mut story = Story::new();
    let vpc = story.vpc("10.4.0.0/16");
    let subnet = story.subnet(&vpc, "10.4.1.0/24");
    let table = story.ok("ec2:CreateRouteTable", json!({"VpcId": vpc}))["routeTable"].clone();
    let pair = json!({"RouteTableId": table["routeTableId"], "SubnetId": subnet});
    let association = story.ok("ec2:AssociateRouteTable", pair.clone());
    assert_eq!(story.refused("ec2:AssociateRouteTable", pair), "Resource.AlreadyAssociated");
    let (one, two) = (story.group(&vpc, "one"), story.group(&vpc, "two"));
    let rule = json!({"GroupId": two, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "Groups": [{"GroupId": one}]},
    ]});
    story.ok("ec2:AuthorizeSecurityGroupIngress", rule.clone());
    let again = story.refused("ec2:AuthorizeSecurityGroupIngress", rule.clone());
    assert_eq!(again, "InvalidPermission.Duplicate");
    for (action, members) in [
        ("ec2:DeleteVpc", json!({"VpcId": vpc})),
        ("ec2:DeleteRouteTable", json!({"RouteTableId": table["routeTableId"]})),
        ("ec2:DeleteSecurityGroup", json!({"GroupId": one})),
    ] {
        assert_eq!(story.refused(action, members), "DependencyViolation", "{action}");
    }
    let dry = json!({"GroupId": two, "DryRun": "true"});
    assert_eq!(story.refused("ec2:DeleteSecurityGroup", dry), "DryRunOperation");
    story.ok("ec2:RevokeSecurityGroupIngress", rule);
    let gone = json!({"AssociationId": association["associationId"]});
    story.ok("ec2:DisassociateRouteTable", gone);
    for (action, members) in [
        ("ec2:DeleteSecurityGroup", json!({"GroupId": one})),
        ("ec2:DeleteSecurityGroup", json!({"GroupId": two})),
        ("ec2:DeleteRouteTable", json!({"RouteTableId": table["routeTableId"]})),
        ("ec2:DeleteSubnet", json!({"SubnetId": subnet})),
        ("ec2:DeleteVpc", json!({"VpcId": vpc})),
    ] {
        story.ok(action, members);
    }
    assert!(story.account.tables.values().all(|table| table.is_empty()), "its defaults went, too");
}

#[test]
fn an_endpoint_holds_its_subnets_until_it_is_gone() {
    let mut story = Story::new();
    let vpc = story.vpc("10.4.0.0/16");
    let subnet = story.subnet(&vpc, "10.4.1.0/24");
    let request = json!({
        "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.sqs", "VpcEndpointType": "Interface",
        "SubnetId": [subnet], "PrivateDnsEnabled": "true", "ClientToken": "once",
    });
    assert_eq!(story.refused("ec2:CreateVpcEndpoint", request.clone()), "InvalidParameter");
    let hostnames = json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": "true"}});
    story.ok("ec2:ModifyVpcAttribute", hostnames);
    let made = story.ok("ec2:CreateVpcEndpoint", request.clone());
    assert_eq!(story.ok("ec2:CreateVpcEndpoint", request.clone()), made, "a token makes one");
    let mut other = request;
    other["ClientToken"] = "another".into();
    assert_eq!(story.refused("ec2:CreateVpcEndpoint", other), "InvalidParameter", "one with DNS");
    let state = |story: &mut Story| {
        let live = story.ok("ec2:DescribeVpcEndpoints", json!({}));
        live["vpcEndpointSet"][0]["state"].as_str().unwrap_or("gone").to_owned()
    };
    assert_eq!(state(&mut story), "pending");
    story.wait(5 * MINUTE);
    assert_eq!(state(&mut story), "available");
    let interfaces = story.ok("ec2:DescribeNetworkInterfaces", json!({}));
    assert_eq!(interfaces["networkInterfaceSet"][0]["privateIpAddress"], "10.4.1.4");
    let id = made["vpcEndpoint"]["vpcEndpointId"].clone();
    story.ok("ec2:DeleteVpcEndpoints", json!({"VpcEndpointId": [id]}));
    let delete = json!({"SubnetId": subnet});
    assert_eq!(state(&mut story), "deleting");
    assert_eq!(story.refused("ec2:DeleteSubnet", delete.clone()), "DependencyViolation");
    story.wait(15 * MINUTE);
    assert_eq!(state(&mut story), "gone");
    story.ok("ec2:DeleteSubnet", delete);
}

#[test]
fn a_function_waits_for_its_role_and_leaves_interfaces_behind() {
    let mut story = Story::new();
    let vpc = story.vpc("10.4.0.0/16");
    let (subnet, group) = (story.subnet(&vpc, "10.4.1.0/24"), story.group(&vpc, "one"));
    let role = json!({"RoleName": "r", "AssumeRolePolicyDocument":
        r#"{"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]}"#});
    let arn = story.ok("iam:CreateRole", role.clone())["Role"]["Arn"].clone();
    assert_eq!(story.refused("iam:CreateRole", role), "EntityAlreadyExists");
    let request = json!({
        "FunctionName": "f", "Role": arn, "Code": {"ZipFile": "UEsFBgAAAAA="},
        "VpcConfig": {"SubnetIds": [subnet], "SecurityGroupIds": [group]},
    });
    let says = |story: &mut Story| {
        story.call("lambda:CreateFunction", request.clone()).expect_err("too early").message
    };
    assert!(says(&mut story).contains("cannot be assumed by Lambda"));
    story.wait(10 * SECOND);
    assert!(says(&mut story).contains("does not have permissions"));
    let policy = json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument":
        r#"{"Statement": [{"Action": "ec2:CreateNetworkInterface"}]}"#});
    story.ok("iam:PutRolePolicy", policy);
    story.wait(10 * SECOND);
    story.ok("lambda:CreateFunction", request.clone());
    let slower = json!({"FunctionName": "f", "Timeout": 9});
    let busy = story.refused("lambda:UpdateFunctionConfiguration", slower);
    assert_eq!(busy, "ResourceConflictException", "it is pending");
    assert_eq!(story.refused("iam:DeleteRole", json!({"RoleName": "r"})), "DeleteConflict");
    story.wait(2 * MINUTE);
    story.ok("lambda:DeleteFunction", json!({"FunctionName": "f"}));
    let delete = json!({"GroupId": group});
    story.wait(19 * MINUTE);
    assert_eq!(story.refused("ec2:DeleteSecurityGroup", delete.clone()), "DependencyViolation");
    story.wait(27 * MINUTE);
    story.ok("ec2:DeleteSecurityGroup", delete);
}

#[test]
fn rates_are_those_that_are_published() {
    let mut aws = Aws::new(Account::new(Random::new(7)));
    let call = Call {
        service: "ec2".to_owned(),
        operation: "DeleteVpcEndpoints".to_owned(),
        members: json!({}),
    };
    for _ in 0..4 {
        aws.answer(&call, 0).expect("four may go at once");
    }
    assert_eq!(aws.answer(&call, 0).expect_err("the fifth").code, "RequestLimitExceeded");
    assert_eq!(aws.answer(&call, 3 * SECOND).expect_err("too early").code, "RequestLimitExceeded");
    aws.answer(&call, 4 * SECOND).expect("one comes back in three seconds and a third");
}

#[test]
fn requests_are_read_and_answered_in_the_protocol_of_their_service() {
    let signed =
        "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/ec2/aws4_request, SignedHeaders=h";
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        service: signed_for(signed),
        target: None,
        body: b"Action=DescribeVpcs&Filter.1.Name=vpc-id&Filter.1.Value.2=b%2Fc".to_vec(),
    };
    let call = request.call();
    assert_eq!(call.action(), "ec2:DescribeVpcs");
    assert_eq!(call.members["Filter"], json!([{"Name": "vpc-id", "Value": [null, "b/c"]}]));
    let answer = Ok(json!({"vpcSet": [{"vpcId": "<v>", "_own": 1}], "nextToken": null}));
    let told = response(&call, &answer).body;
    assert!(
        told.contains("<vpcSet><item><vpcId>&lt;v&gt;</vpcId></item></vpcSet></Describe"),
        "{told}"
    );
}
