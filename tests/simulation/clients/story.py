"""Calls every operation that Cairn uses, by botocore.

    story.py URL SLOW_URL REPORT

The first account's time goes fast, the second one's as everybody's. The report says what was called
and what was found.
"""

import io
import json
import sys
import time
import zipfile

from models import Checker

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
INSTRUCTION = "You keep a mountain hut, and you speak of nothing but the weather."
SAMPLE = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
)


def policy(*actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service):
    principal = {"Service": f"{service}.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def until(ready):
    """What AWS does by itself, it does after a while."""
    deadline = time.monotonic() + 30
    while not (found := ready()):
        if time.monotonic() > deadline:
            raise TimeoutError("it never came to pass")
        time.sleep(0.02)
    return found


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return 1")
    return buffer.getvalue()


def pages(client, operation, key, wanted, **parameters):
    """By botocore's own paginator, so small that there is more than one page."""
    found = []
    for page in client.get_paginator(operation).paginate(**parameters):
        found.extend(page[key])
    assert len(found) == wanted, f"{operation}: {len(found)} of {wanted}"
    return found


class Story:
    def __init__(self, url):
        self.check = Checker(url)
        names = ["ec2", "iam", "lambda", "logs", "apigateway", "bedrock-agent", "sts"]
        for name in names:
            setattr(self, name.replace("lambda", "functions").replace("-", "_"), self.check.client(name))

    def ok(self, client, operation, **parameters):
        return self.check.call(client, operation, **parameters)

    def no(self, client, operation, code, **parameters):
        self.check.refuse(client, operation, code, **parameters)

    def patch(self, operation, *operations, **where):
        told = [dict(zip(("op", "path", "value"), one)) for one in operations]
        return self.ok(self.apigateway, operation, patchOperations=told, **where)

    def network(self):
        ec2, ok, no = self.ec2, self.ok, self.no
        tags = lambda kind: [{"ResourceType": kind, "Tags": [{"Key": "use", "Value": "a&b <c>"}]}]
        no(ec2, "create_vpc", "InvalidVpc.Range", CidrBlock="10.0.0.0/8")
        no(ec2, "create_vpc", "DryRunOperation", CidrBlock="10.4.0.0/16", DryRun=True)
        vpc = ok(ec2, "create_vpc", CidrBlock="10.4.0.0/16", TagSpecifications=tags("vpc"), InstanceTenancy="dedicated")
        vpc = vpc["Vpc"]["VpcId"]
        ec2.get_waiter("vpc_exists").wait(VpcIds=[vpc])
        ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
        ok(ec2, "modify_vpc_tenancy", VpcId=vpc, InstanceTenancy="default")
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            ok(ec2, "modify_vpc_attribute", VpcId=vpc, **{name: {"Value": True}})
        dns = ok(ec2, "describe_vpc_attribute", VpcId=vpc, Attribute="enableDnsHostnames")
        assert dns["EnableDnsHostnames"]["Value"] is True
        block = ok(ec2, "associate_vpc_cidr_block", VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
        block = block["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"].replace("/56", "/64")
        subnets = []
        for number, zone in enumerate("abcabc"):
            made = ok(
                ec2, "create_subnet", VpcId=vpc, CidrBlock=f"10.4.{number}.0/24",
                AvailabilityZone=f"us-east-1{zone}", TagSpecifications=tags("subnet"),
            )
            subnets.append(made["Subnet"]["SubnetId"])
        ec2.get_waiter("subnet_available").wait(SubnetIds=subnets)
        no(ec2, "create_subnet", "InvalidSubnet.Conflict", VpcId=vpc, CidrBlock="10.4.0.0/25")
        six = ok(ec2, "associate_subnet_cidr_block", SubnetId=subnets[0], Ipv6CidrBlock=block)
        six = six["Ipv6CidrBlockAssociation"]["AssociationId"]
        ok(ec2, "disassociate_subnet_cidr_block", AssociationId=six)
        ok(ec2, "modify_subnet_attribute", SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
        found = pages(
            ec2, "describe_subnets", "Subnets", 6,
            Filters=[{"Name": "vpc-id", "Values": [vpc]}], PaginationConfig={"PageSize": 5},
        )
        assert sum(one["MapPublicIpOnLaunch"] for one in found) == 1
        named = ok(ec2, "describe_subnets", SubnetIds=[subnets[1]])["Subnets"]
        assert [one["SubnetId"] for one in named] == [subnets[1]], named
        no(ec2, "describe_subnets", "InvalidSubnetID.NotFound", SubnetIds=[subnets[1], "subnet-0123456789abcdef0"])
        ok(ec2, "describe_network_acls", Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        ok(ec2, "create_tags", Resources=[vpc, subnets[1]], Tags=[{"Key": "more", "Value": "tags"}])
        ok(ec2, "delete_tags", Resources=[subnets[1]], Tags=[{"Key": "more"}])
        told = pages(
            ec2, "describe_tags", "Tags", 2, Filters=[{"Name": "resource-id", "Values": [vpc]}],
            PaginationConfig={"PageSize": 5},
        )
        assert [one["Key"] for one in told] == ["use", "more"] and told[0]["ResourceType"] == "vpc", told
        no(ec2, "describe_tags", "InvalidParameterValue", Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        live = ok(ec2, "describe_vpcs", Filters=[{"Name": "tag:use", "Values": ["a&b <c>"]}])
        assert len(live["Vpcs"][0]["Tags"]) == 2, live
        ok(ec2, "describe_availability_zones")
        self.groups(vpc)
        self.routing(vpc, subnets)
        self.endpoints(vpc, subnets)
        return vpc, subnets

    def groups(self, vpc):
        ec2, ok, no = self.ec2, self.ok, self.no
        group = lambda name: ok(ec2, "create_security_group", GroupName=name, Description="one", VpcId=vpc)["GroupId"]
        one, two = group("one"), group("two")
        ec2.get_waiter("security_group_exists").wait(GroupIds=[one])
        no(ec2, "create_security_group", "InvalidGroup.Duplicate", GroupName="one", Description="x", VpcId=vpc)
        rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": one, "Description": "x"}]}]
        wide = [{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
        made = ok(ec2, "authorize_security_group_ingress", GroupId=two, IpPermissions=rule)
        ok(ec2, "authorize_security_group_egress", GroupId=two, IpPermissions=wide)
        no(ec2, "authorize_security_group_ingress", "InvalidPermission.Duplicate", GroupId=two, IpPermissions=rule)
        its = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        changed = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "ReferencedGroupId": one, "Description": "y"}
        ok(
            ec2, "modify_security_group_rules", GroupId=two,
            SecurityGroupRules=[{"SecurityGroupRuleId": its, "SecurityGroupRule": changed}],
        )
        of_two = [{"Name": "group-id", "Values": [two]}]
        rules = pages(ec2, "describe_security_group_rules", "SecurityGroupRules", 3, Filters=of_two, PaginationConfig={"PageSize": 5})
        assert {one.get("Description") for one in rules} == {None, "y"}, rules
        pages(ec2, "describe_security_groups", "SecurityGroups", 1, Filters=of_two)
        no(ec2, "delete_security_group", "DependencyViolation", GroupId=one)
        ok(ec2, "revoke_security_group_ingress", GroupId=two, SecurityGroupRuleIds=[its])
        ok(ec2, "revoke_security_group_egress", GroupId=two, IpPermissions=wide)
        ok(ec2, "delete_security_group", GroupId=one)
        self.group = two

    def routing(self, vpc, subnets):
        ec2, ok, no = self.ec2, self.ok, self.no
        token = "a token of a table, and of no other"
        table = ok(ec2, "create_route_table", VpcId=vpc, ClientToken=token)["RouteTable"]["RouteTableId"]
        again = ok(ec2, "create_route_table", VpcId=vpc, ClientToken=token)["RouteTable"]["RouteTableId"]
        assert table == again, "a token makes one"
        pair = ok(ec2, "associate_route_table", RouteTableId=table, SubnetId=subnets[0])["AssociationId"]
        gateway = ok(ec2, "create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
        route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
        no(ec2, "create_route", "InvalidParameterValue", **route)
        ok(ec2, "attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
        ok(ec2, "describe_internet_gateways")
        ok(ec2, "create_route", **route)
        no(ec2, "create_route", "RouteAlreadyExists", **route)
        ok(ec2, "replace_route", **route)
        found = pages(
            ec2, "describe_route_tables", "RouteTables", 1,
            Filters=[{"Name": "route-table-id", "Values": [table]}],
        )
        assert [one["Origin"] for one in found[0]["Routes"]] == ["CreateRouteTable", "CreateRoute"]
        ok(ec2, "delete_route", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
        no(ec2, "delete_route", "InvalidRoute.NotFound", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
        no(ec2, "delete_route_table", "DependencyViolation", RouteTableId=table)
        ok(ec2, "disassociate_route_table", AssociationId=pair)
        ok(ec2, "delete_route_table", RouteTableId=table)
        ok(ec2, "detach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
        ok(ec2, "delete_internet_gateway", InternetGatewayId=gateway)

    def endpoints(self, vpc, subnets):
        ec2, ok, no = self.ec2, self.ok, self.no
        made = ok(
            ec2, "create_vpc_endpoint", VpcId=vpc, VpcEndpointType="Interface", SubnetIds=subnets[:1],
            ServiceName="com.amazonaws.us-east-1.bedrock-agent-runtime", PrivateDnsEnabled=True,
            SecurityGroupIds=[self.group],
        )
        own = made["VpcEndpoint"]["VpcEndpointId"]
        wanted = [{"Name": "vpc-endpoint-id", "Values": [own]}]
        state = lambda: [one["State"].lower() for one in ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]]
        until(lambda: state() == ["available"])
        ok(ec2, "modify_vpc_endpoint", VpcEndpointId=own, AddSubnetIds=subnets[1:2], PolicyDocument=SAMPLE)
        until(lambda: state() == ["available"])
        pages(ec2, "describe_vpc_endpoints", "VpcEndpoints", 1, Filters=wanted)
        held = ok(ec2, "describe_network_interfaces", Filters=[{"Name": "subnet-id", "Values": subnets[:2]}])
        assert len(held["NetworkInterfaces"]) == 2, held
        no(
            ec2, "delete_network_interface", "InvalidParameterValue",
            NetworkInterfaceId=held["NetworkInterfaces"][0]["NetworkInterfaceId"],
        )
        no(ec2, "delete_subnet", "DependencyViolation", SubnetId=subnets[0])
        gone = ok(ec2, "delete_vpc_endpoints", VpcEndpointIds=[own, "vpce-0123456789abcdef0"])
        assert len(gone["Unsuccessful"]) == 1, gone
        until(lambda: state() in ([], ["deleted"]))

    def roles(self):
        iam, ok, no = self.iam, self.ok, self.no
        role = ok(
            iam, "create_role", RoleName="worker", AssumeRolePolicyDocument=trust("lambda"),
            Description="works", Tags=[{"Key": "use", "Value": "test"}],
        )["Role"]
        iam.get_waiter("role_exists").wait(RoleName="worker", WaiterConfig={"Delay": 1})
        no(iam, "create_role", "EntityAlreadyExists", RoleName="Worker", AssumeRolePolicyDocument=trust("lambda"))
        no(iam, "create_role", "MalformedPolicyDocument", RoleName="other", AssumeRolePolicyDocument="{")
        no(iam, "get_role", "NoSuchEntity", RoleName="nobody")
        ok(iam, "update_role", RoleName="worker", Description="works well", MaxSessionDuration=7200)
        ok(iam, "update_assume_role_policy", RoleName="worker", PolicyDocument=trust("lambda"))
        ok(iam, "tag_role", RoleName="worker", Tags=[{"Key": "more", "Value": "tags"}])
        ok(iam, "untag_role", RoleName="worker", TagKeys=["use"])
        assert pages(iam, "list_role_tags", "Tags", 1, RoleName="worker") == [{"Key": "more", "Value": "tags"}]
        no(iam, "list_role_tags", "NoSuchEntity", RoleName="nobody")
        for name in ("second", "third"):
            ok(iam, "create_role", RoleName=name, AssumeRolePolicyDocument=trust("lambda"), Path="/more/")
        assert not any("Tags" in one for one in pages(iam, "list_roles", "Roles", 3))
        pages(iam, "list_roles", "Roles", 2, PathPrefix="/more/")
        for name in ("second", "third"):
            ok(iam, "delete_role", RoleName=name)
        own = ok(iam, "create_policy", PolicyName="own", PolicyDocument=SAMPLE, Description="one", Tags=[{"Key": "a", "Value": "b"}])
        own = own["Policy"]["Arn"]
        iam.get_waiter("policy_exists").wait(PolicyArn=own, WaiterConfig={"Delay": 1})
        told = pages(iam, "list_policies", "Policies", 1, Scope="Local")
        assert told[0]["Arn"] == own and not {"Tags", "Description"} & set(told[0]), told
        ok(iam, "tag_policy", PolicyArn=own, Tags=[{"Key": "a", "Value": "c"}, {"Key": "more", "Value": "tags"}])
        ok(iam, "untag_policy", PolicyArn=own, TagKeys=["more"])
        assert pages(iam, "list_policy_tags", "Tags", 1, PolicyArn=own) == [{"Key": "a", "Value": "c"}]
        ok(iam, "put_role_permissions_boundary", RoleName="worker", PermissionsBoundary=own)
        live = ok(iam, "get_role", RoleName="worker")["Role"]
        assert live["AssumeRolePolicyDocument"] == json.loads(trust("lambda")), live
        no(iam, "delete_policy", "DeleteConflict", PolicyArn=own)
        ok(iam, "delete_role_permissions_boundary", RoleName="worker")
        for number in range(4):
            ok(iam, "create_policy_version", PolicyArn=own, PolicyDocument=policy(f"s3:{number}"), SetAsDefault=number < 3)
        no(iam, "create_policy_version", "LimitExceeded", PolicyArn=own, PolicyDocument=SAMPLE)
        pages(iam, "list_policy_versions", "Versions", 5, PolicyArn=own)
        ok(iam, "get_policy_version", PolicyArn=own, VersionId="v4")
        no(iam, "delete_policy_version", "DeleteConflict", PolicyArn=own, VersionId="v4")
        for version in ("v1", "v2", "v3", "v5"):
            ok(iam, "delete_policy_version", PolicyArn=own, VersionId=version)
        ok(iam, "create_user", UserName="somebody")
        ok(iam, "create_group", GroupName="everybody")
        ok(iam, "list_roles", MaxItems=1000)
        told = ok(iam, "get_account_authorization_details", Filter=["Role", "LocalManagedPolicy"], MaxItems=1000)
        assert [one["RoleName"] for one in told["RoleDetailList"]] == ["worker"], told
        for kind, name in (("role", "worker"), ("user", "somebody"), ("group", "everybody")):
            who = {f"{kind.title()}Name": name}
            for number in range(3):
                ok(iam, f"put_{kind}_policy", PolicyName=f"inline-{number}", PolicyDocument=SAMPLE, **who)
            live = ok(iam, f"get_{kind}_policy", PolicyName="inline-0", **who)
            assert live["PolicyDocument"] == json.loads(SAMPLE), live
            pages(iam, f"list_{kind}_policies", "PolicyNames", 3, **who)
            for number in range(3):
                ok(iam, f"delete_{kind}_policy", PolicyName=f"inline-{number}", **who)
            no(iam, f"get_{kind}_policy", "NoSuchEntity", PolicyName="inline-0", **who)
            ok(iam, f"attach_{kind}_policy", PolicyArn=own, **who)
            pages(iam, f"list_attached_{kind}_policies", "AttachedPolicies", 1, **who)
        told = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=own).build_full_result()
        assert [len(told[key]) for key in ("PolicyRoles", "PolicyUsers", "PolicyGroups")] == [1, 1, 1], told
        assert ok(iam, "get_policy", PolicyArn=own)["Policy"]["AttachmentCount"] == 3
        no(iam, "delete_role", "DeleteConflict", RoleName="worker")
        for kind, name in (("role", "worker"), ("user", "somebody"), ("group", "everybody")):
            ok(iam, f"detach_{kind}_policy", PolicyArn=own, **{f"{kind.title()}Name": name})
        ok(iam, "delete_policy", PolicyArn=own)
        ok(iam, "create_instance_profile", InstanceProfileName="machine")
        ok(iam, "add_role_to_instance_profile", InstanceProfileName="machine", RoleName="worker")
        pages(iam, "list_instance_profiles_for_role", "InstanceProfiles", 1, RoleName="worker")
        ok(iam, "remove_role_from_instance_profile", InstanceProfileName="machine", RoleName="worker")
        ok(iam, "put_role_policy", RoleName="worker", PolicyName="vpc", PolicyDocument=policy("ec2:CreateNetworkInterface"))
        return role["Arn"]

    def function(self, role, subnets):
        it, ok, no = self.functions, self.ok, self.no
        group = self.group
        request = {
            "FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "index.handler",
            "Code": {"ZipFile": code()}, "Environment": {"Variables": {"NAME": "b"}}, "Tags": {"use": "test"},
            "VpcConfig": {"SubnetIds": subnets[:2], "SecurityGroupIds": [group]},
        }
        no(it, "get_function", "ResourceNotFoundException", FunctionName="f")
        time.sleep(0.1)
        ok(it, "create_function", **request)
        no(it, "create_function", "ResourceConflictException", **request)
        it.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
        it.get_waiter("function_exists").wait(FunctionName="f")
        arn = ok(it, "get_function_configuration", FunctionName="f")["FunctionArn"]
        ok(it, "update_function_configuration", FunctionName="f", Timeout=9, MemorySize=256)
        it.get_waiter("function_updated_v2").wait(FunctionName=arn, WaiterConfig={"Delay": 1})
        ok(it, "update_function_code", FunctionName="f", ZipFile=code(), Architectures=["arm64"])
        it.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
        ok(it, "put_function_concurrency", FunctionName="f", ReservedConcurrentExecutions=3)
        assert ok(it, "get_function", FunctionName="f")["Concurrency"]["ReservedConcurrentExecutions"] == 3
        ok(it, "delete_function_concurrency", FunctionName="f")
        ok(it, "get_function_recursion_config", FunctionName="f")
        ok(it, "put_function_recursion_config", FunctionName="f", RecursiveLoop="Allow")
        ok(it, "get_runtime_management_config", FunctionName="f")
        ok(it, "put_runtime_management_config", FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
        signing = ok(
            it, "create_code_signing_config",
            AllowedPublishers={"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/1234567890"]},
        )["CodeSigningConfig"]["CodeSigningConfigArn"]
        ok(it, "put_function_code_signing_config", FunctionName="f", CodeSigningConfigArn=signing)
        ok(it, "get_function_code_signing_config", FunctionName="f")
        ok(it, "delete_function_code_signing_config", FunctionName="f")
        ok(it, "tag_resource", Resource=arn, Tags={"more": "tags"})
        ok(it, "untag_resource", Resource=arn, TagKeys=["use"])
        assert ok(it, "get_function", FunctionName=arn)["Tags"] == {"more": "tags"}
        assert ok(it, "list_tags", Resource=arn)["Tags"] == {"more": "tags"}
        no(it, "list_tags", "ResourceNotFoundException", Resource=arn + "g")
        pages(it, "list_functions", "Functions", 1, PaginationConfig={"PageSize": 1})
        no(it, "get_policy", "ResourceNotFoundException", FunctionName="f")
        statement = {
            "FunctionName": arn, "StatementId": "one", "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com", "SourceArn": "arn:aws:execute-api:us-east-1:000000000000:a/*",
        }
        ok(it, "add_permission", **statement)
        no(it, "add_permission", "ResourceConflictException", **statement)
        told = json.loads(ok(it, "get_policy", FunctionName="f")["Policy"])
        assert told["Statement"][0]["Condition"]["ArnLike"]["AWS:SourceArn"].endswith(":a/*"), told
        ok(it, "remove_permission", FunctionName="f", StatementId="one")
        no(it, "remove_permission", "ResourceNotFoundException", FunctionName="f", StatementId="one")
        out = {"SubnetIds": [], "SecurityGroupIds": []}
        ok(it, "update_function_configuration", FunctionName="f", VpcConfig=out)
        it.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
        ok(it, "delete_function", FunctionName="f")
        left = lambda: self.ec2.describe_network_interfaces()["NetworkInterfaces"]
        until(lambda: all(one["Status"] == "available" for one in left()))
        for one in left():
            ok(self.ec2, "delete_network_interface", NetworkInterfaceId=one["NetworkInterfaceId"])

    def log_groups(self):
        logs, ok, no = self.logs, self.ok, self.no
        name = "/group/0"
        for number in range(60):
            self.ok(logs, "create_log_group", logGroupName=f"/group/{number}", tags={"use": "test"})
        no(logs, "create_log_group", "ResourceAlreadyExistsException", logGroupName=name)
        found = pages(logs, "describe_log_groups", "logGroups", 60, logGroupNamePrefix="/group/")
        arn = found[0]["logGroupArn"]
        no(logs, "put_retention_policy", "ResourceNotFoundException", logGroupName="/none", retentionInDays=7)
        no(logs, "put_retention_policy", "InvalidParameterException", logGroupName=name, retentionInDays=8)
        ok(logs, "put_retention_policy", logGroupName=name, retentionInDays=7)
        ok(logs, "delete_retention_policy", logGroupName=name)
        ok(logs, "associate_kms_key", logGroupName=name, kmsKeyId="arn:aws:kms:us-east-1:000000000000:key/k")
        ok(logs, "describe_log_groups", logGroupIdentifiers=[name])
        ok(logs, "disassociate_kms_key", logGroupName=name)
        ok(logs, "put_data_protection_policy", logGroupIdentifier=name, policyDocument='{"Name": "p"}')
        ok(logs, "get_data_protection_policy", logGroupIdentifier=name)
        ok(logs, "delete_data_protection_policy", logGroupIdentifier=name)
        ok(logs, "put_index_policy", logGroupIdentifier=name, policyDocument='{"Fields": ["a"]}')
        assert len(ok(logs, "describe_index_policies", logGroupIdentifiers=[name])["indexPolicies"]) == 1
        ok(logs, "delete_index_policy", logGroupIdentifier=name)
        ok(logs, "put_bearer_token_authentication", logGroupIdentifier=name, bearerTokenAuthenticationEnabled=True)
        ok(logs, "tag_resource", resourceArn=arn, tags={"more": "tags"})
        ok(logs, "untag_resource", resourceArn=arn, tagKeys=["use"])
        assert ok(logs, "list_tags_for_resource", resourceArn=arn)["tags"] == {"more": "tags"}
        ok(logs, "put_log_group_deletion_protection", logGroupIdentifier=name, deletionProtectionEnabled=True)
        no(logs, "delete_log_group", "ValidationException", logGroupName=name)
        ok(logs, "put_log_group_deletion_protection", logGroupIdentifier=name, deletionProtectionEnabled=False)
        ok(logs, "delete_log_group", logGroupName=name)

    def gateway(self):
        it, ok, no, patch = self.apigateway, self.ok, self.no, self.patch
        api = ok(
            it, "create_rest_api", name="one", description="an API", tags={"use": "test"},
            endpointConfiguration={"types": ["REGIONAL"]}, minimumCompressionSize=10, policy=SAMPLE,
        )
        root, api = api["rootResourceId"], api["id"]
        no(it, "get_rest_api", "NotFoundException", restApiId="none")
        patch(
            "update_rest_api", ("replace", "/description", "another"), ("add", "/binaryMediaTypes/image~1png"),
            ("replace", "/minimumCompressionSize"), restApiId=api,
        )
        live = ok(it, "get_rest_api", restApiId=api)
        assert live["binaryMediaTypes"] == ["image/png"] and "minimumCompressionSize" not in live, live
        no(it, "update_rest_api", "BadRequestException", restApiId=api, patchOperations=[{"op": "add", "path": "/nothing"}])
        paths = [ok(it, "create_resource", restApiId=api, parentId=root, pathPart=part)["id"] for part in ("a", "b", "{c}")]
        no(it, "create_resource", "ConflictException", restApiId=api, parentId=root, pathPart="a")
        no(it, "create_resource", "BadRequestException", restApiId=api, parentId=root, pathPart="{d}")
        no(it, "create_deployment", "BadRequestException", restApiId=api)
        at = {"restApiId": api, "resourceId": paths[0], "httpMethod": "POST"}
        ok(it, "put_method", authorizationType="NONE", requestParameters={"method.request.header.X": True}, **at)
        no(it, "put_method", "ConflictException", authorizationType="NONE", **at)
        patch("update_method", ("replace", "/apiKeyRequired", "true"), ("add", "/requestModels/text~1plain", "Empty"), **at)
        ok(it, "put_method_response", statusCode="200", responseModels={"application/json": "Empty"}, **at)
        no(it, "put_method_response", "ConflictException", statusCode="200", **at)
        patch("update_method_response", ("remove", "/responseModels/application~1json"), statusCode="200", **at)
        no(it, "create_deployment", "BadRequestException", restApiId=api)
        ok(it, "put_integration", type="MOCK", requestTemplates={"application/json": "{}"}, **at)
        ok(it, "put_integration_response", statusCode="200", selectionPattern="", **at)
        no(it, "put_integration_response", "NotFoundException", statusCode="404", **at)
        found = pages(it, "get_resources", "items", 4, restApiId=api, embed=["methods"], PaginationConfig={"PageSize": 3})
        method = next(one for one in found if one.get("path") == "/a")["resourceMethods"]["POST"]
        assert method["methodIntegration"]["integrationResponses"]["200"]["statusCode"] == "200", method
        first = ok(it, "create_deployment", restApiId=api, description="first", stageName="made")["id"]
        other = ok(it, "create_deployment", restApiId=api)["id"]
        patch("update_deployment", ("replace", "/description", "second"), restApiId=api, deploymentId=other)
        pages(it, "get_deployments", "items", 2, restApiId=api, PaginationConfig={"PageSize": 1})
        ok(it, "create_stage", restApiId=api, stageName="live", deploymentId=first, variables={"a": "b"}, tags={"use": "test"})
        no(it, "create_stage", "ConflictException", restApiId=api, stageName="live", deploymentId=first)
        patch(
            "update_stage", ("replace", "/deploymentId", other), ("replace", "/variables/a", "c"),
            ("replace", "/*/*/throttling/rateLimit", "5"), ("replace", "/~1a/POST/metrics/enabled", "true"),
            ("replace", "/canarySettings/percentTraffic", "10.5"), restApiId=api, stageName="live",
        )
        ok(it, "get_stage", restApiId=api, stageName="live")
        assert len(ok(it, "get_stages", restApiId=api)["item"]) == 2
        no(it, "delete_deployment", "BadRequestException", restApiId=api, deploymentId=other)
        self.account()
        self.plans(api)
        arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"
        for one in (arn, f"{arn}/stages/live"):
            ok(it, "tag_resource", resourceArn=one, tags={"more": "tags"})
            ok(it, "untag_resource", resourceArn=one, tagKeys=["use"])
            assert ok(it, "get_tags", resourceArn=one)["tags"] == {"more": "tags"}
        no(it, "get_tags", "NotFoundException", resourceArn=f"{arn}/stages/none")
        ok(it, "delete_stage", restApiId=api, stageName="live")
        ok(it, "delete_deployment", restApiId=api, deploymentId=other)
        ok(it, "delete_integration_response", statusCode="200", **at)
        ok(it, "delete_integration", **at)
        ok(it, "delete_method_response", statusCode="200", **at)
        ok(it, "delete_method", **at)
        ok(it, "delete_resource", restApiId=api, resourceId=paths[0])
        no(it, "delete_resource", "NotFoundException", restApiId=api, resourceId=paths[0])
        document = {"openapi": "3.0.1", "info": {"title": "imported", "version": "1"}, "paths": {"/x/y": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}}}
        ok(it, "put_rest_api", restApiId=api, mode="overwrite", body=json.dumps(document).encode())
        found = ok(it, "get_resources", restApiId=api)["items"]
        assert sorted(one["path"] for one in found) == ["/", "/x", "/x/y"], found
        copy = ok(it, "create_rest_api", name="two", cloneFrom=api)["id"]
        pages(it, "get_rest_apis", "items", 2, PaginationConfig={"PageSize": 1})
        for one in (api, copy):
            ok(it, "delete_rest_api", restApiId=one)

    def account(self):
        it, iam, ok = self.apigateway, self.iam, self.ok
        role = ok(iam, "create_role", RoleName="logger", AssumeRolePolicyDocument=trust("apigateway"))["Role"]["Arn"]
        operation = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
        self.no(it, "update_account", "BadRequestException", patchOperations=operation)
        ok(iam, "attach_role_policy", RoleName="logger", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        time.sleep(0.3)
        ok(it, "update_account", patchOperations=operation)
        assert ok(it, "get_account")["cloudwatchRoleArn"] == role

    def plans(self, api):
        it, ok, no, patch = self.apigateway, self.ok, self.no, self.patch
        stage = {"apiId": api, "stage": "live"}
        no(it, "create_api_key", "BadRequestException", name="k", value="short")
        key = ok(it, "create_api_key", name="k", enabled=True, tags={"use": "test"})
        assert len(key["value"]) >= 20
        key = key["id"]
        ok(it, "create_api_key", name="k")
        patch("update_api_key", ("replace", "/description", "opens"), ("replace", "/enabled", "false"), apiKey=key)
        assert "value" in ok(it, "get_api_key", apiKey=key, includeValue=True)
        pages(it, "get_api_keys", "items", 2, PaginationConfig={"PageSize": 1})
        no(it, "create_usage_plan", "NotFoundException", name="p", apiStages=[{"apiId": api, "stage": "none"}])
        plan = ok(
            it, "create_usage_plan", name="p", apiStages=[stage], throttle={"rateLimit": 5, "burstLimit": 10},
            quota={"limit": 100, "period": "DAY"}, tags={"use": "test"},
        )["id"]
        ok(it, "create_usage_plan", name="q")
        pages(it, "get_usage_plans", "items", 2, PaginationConfig={"PageSize": 1})
        ok(it, "create_usage_plan_key", usagePlanId=plan, keyId=key, keyType="API_KEY")
        no(it, "create_usage_plan_key", "ConflictException", usagePlanId=plan, keyId=key, keyType="API_KEY")
        ok(it, "get_usage_plan_key", usagePlanId=plan, keyId=key)
        pages(it, "get_usage_plan_keys", "items", 1, usagePlanId=plan)
        no(it, "delete_usage_plan", "BadRequestException", usagePlanId=plan)
        no(it, "delete_stage", "BadRequestException", restApiId=api, stageName="live")
        patch(
            "update_usage_plan", ("remove", "/quota"), ("replace", "/throttle/rateLimit", "7"),
            ("replace", f"/apiStages/{api}:live/throttle", '{"/a/POST": {"rateLimit": 1, "burstLimit": 2}}'),
            usagePlanId=plan,
        )
        live = ok(it, "get_usage_plan", usagePlanId=plan)
        assert "quota" not in live and live["apiStages"][0]["throttle"]["/a/POST"]["burstLimit"] == 2, live
        patch("update_usage_plan", ("remove", "/apiStages", f"{api}:live"), usagePlanId=plan)
        ok(it, "delete_usage_plan_key", usagePlanId=plan, keyId=key)
        ok(it, "delete_usage_plan", usagePlanId=plan)
        ok(it, "delete_api_key", apiKey=key)

    def agents(self):
        it, ok, no = self.bedrock_agent, self.ok, self.no
        role = ok(self.iam, "create_role", RoleName="agent", AssumeRolePolicyDocument=trust("bedrock"))["Role"]["Arn"]
        token = "0123456789012345678901234567890123"
        request = {
            "agentName": "keeper", "agentResourceRoleArn": role, "foundationModel": MODEL,
            "instruction": INSTRUCTION, "tags": {"use": "test"}, "clientToken": token,
        }
        no(it, "create_agent", "ValidationException", **request)
        time.sleep(0.1)
        agent = ok(it, "create_agent", **request)["agent"]["agentId"]
        assert ok(it, "create_agent", **request)["agent"]["agentId"] == agent, "a token makes one"
        state = lambda one=agent: it.get_agent(agentId=one)["agent"]["agentStatus"]
        no(it, "get_agent", "ResourceNotFoundException", agentId="NOBODY0000")
        until(lambda: state() == "NOT_PREPARED")
        draft = {"agentId": agent, "agentVersion": "DRAFT"}
        self.groups_of_agent(draft)
        base = {"knowledgeBaseId": "KB12345678", "description": "what is known", **draft}
        ok(it, "associate_agent_knowledge_base", **base)
        no(it, "associate_agent_knowledge_base", "ConflictException", **base)
        ok(it, "update_agent_knowledge_base", **{**base, "knowledgeBaseState": "DISABLED"})
        pages(it, "list_agent_knowledge_bases", "agentKnowledgeBaseSummaries", 1, **draft)
        ok(it, "disassociate_agent_knowledge_base", knowledgeBaseId="KB12345678", **draft)
        no(it, "create_agent_alias", "ValidationException", agentId=agent, agentAliasName="live")
        ok(it, "prepare_agent", agentId=agent)
        no(it, "prepare_agent", "ValidationException", agentId=agent)
        until(lambda: state() == "PREPARED")
        alias = ok(it, "create_agent_alias", agentId=agent, agentAliasName="live", tags={"use": "test"})["agentAlias"]
        route = lambda: it.get_agent_alias(agentId=agent, agentAliasId=alias["agentAliasId"])["agentAlias"]
        until(lambda: route()["agentAliasStatus"] == "PREPARED" and state() == "PREPARED")
        assert route()["routingConfiguration"] == [{"agentVersion": "1"}]
        which = {"agentId": agent, "agentAliasId": alias["agentAliasId"]}
        ok(it, "update_agent_alias", agentAliasName="live", description="rolled", **which)
        until(lambda: route()["agentAliasStatus"] == "PREPARED" and state() == "PREPARED")
        assert route()["routingConfiguration"] == [{"agentVersion": "2"}]
        pages(it, "list_agent_versions", "agentVersionSummaries", 3, agentId=agent, PaginationConfig={"PageSize": 1})
        pages(it, "list_agent_aliases", "agentAliasSummaries", 2, agentId=agent, PaginationConfig={"PageSize": 1})
        self.supervisor(role, alias["agentAliasArn"])
        for arn in (alias["agentAliasArn"], f"arn:aws:bedrock:us-east-1:000000000000:agent/{agent}"):
            ok(it, "tag_resource", resourceArn=arn, tags={"more": "tags"})
            ok(it, "untag_resource", resourceArn=arn, tagKeys=["use"])
            assert ok(it, "list_tags_for_resource", resourceArn=arn)["tags"] == {"more": "tags"}
        no(it, "delete_agent", "ConflictException", agentId=agent)
        ok(it, "delete_agent_alias", **which)
        until(lambda: len(it.list_agent_aliases(agentId=agent)["agentAliasSummaries"]) == 1)
        ok(it, "delete_agent", agentId=agent)

    def groups_of_agent(self, draft):
        it, ok, no = self.bedrock_agent, self.ok, self.no
        function = {"name": "look", "parameters": {"place": {"type": "string", "required": True}}}
        terms = {
            "actionGroupExecutor": {"customControl": "RETURN_CONTROL"},
            "functionSchema": {"functions": [function]}, **draft,
        }
        made = [ok(it, "create_agent_action_group", actionGroupName=f"desk{number}", **terms) for number in range(4)]
        own = {"actionGroupId": made[0]["agentActionGroup"]["actionGroupId"], **draft}
        no(it, "create_agent_action_group", "ConflictException", actionGroupName="desk0", **terms)
        no(
            it, "create_agent_action_group", "ValidationException", actionGroupName="questions",
            parentActionGroupSignature="AMAZON.UserInput", description="too much", **draft,
        )
        ok(it, "create_agent_action_group", actionGroupName="questions", parentActionGroupSignature="AMAZON.UserInput", **draft)
        pages(it, "list_agent_action_groups", "actionGroupSummaries", 5, PaginationConfig={"PageSize": 2}, **draft)
        ok(it, "get_agent_action_group", **own)
        no(it, "delete_agent_action_group", "ValidationException", **own)
        ok(it, "update_agent_action_group", actionGroupName="desk0", actionGroupState="DISABLED", **{**terms, **own})
        ok(it, "delete_agent_action_group", **own)
        other = made[1]["agentActionGroup"]["actionGroupId"]
        ok(it, "delete_agent_action_group", actionGroupId=other, skipResourceInUseCheck=True, **draft)

    def supervisor(self, role, alias):
        it, ok, no = self.bedrock_agent, self.ok, self.no
        request = {"agentResourceRoleArn": role, "foundationModel": MODEL, "instruction": INSTRUCTION}
        agent = ok(it, "create_agent", agentName="leader", **request)["agent"]["agentId"]
        state = lambda: it.get_agent(agentId=agent)["agent"]["agentStatus"]
        until(lambda: state() == "NOT_PREPARED")
        ok(it, "update_agent", agentId=agent, agentName="leader", agentCollaboration="SUPERVISOR", **request)
        until(lambda: state() == "NOT_PREPARED")
        no(it, "prepare_agent", "ValidationException", agentId=agent)
        draft = {"agentId": agent, "agentVersion": "DRAFT"}
        terms = {
            "agentDescriptor": {"aliasArn": alias}, "collaboratorName": "keeper",
            "collaborationInstruction": "Ask about the weather.", **draft,
        }
        own = ok(it, "associate_agent_collaborator", **terms)["agentCollaborator"]["collaboratorId"]
        ok(it, "update_agent_collaborator", collaboratorId=own, relayConversationHistory="TO_COLLABORATOR", **terms)
        pages(it, "list_agent_collaborators", "agentCollaboratorSummaries", 1, **draft)
        parts = alias.split("/")
        no(it, "delete_agent_alias", "ValidationException", agentId=parts[1], agentAliasId=parts[2])
        pages(it, "list_agents", "agentSummaries", 2, PaginationConfig={"PageSize": 1})
        ok(it, "disassociate_agent_collaborator", collaboratorId=own, **draft)
        ok(it, "delete_agent", agentId=agent)

    def all(self):
        assert self.ok(self.sts, "get_caller_identity")["Account"] == "000000000000"
        vpc, subnets = self.network()
        role = self.roles()
        self.function(role, subnets)
        self.log_groups()
        self.gateway()
        self.agents()
        self.ok(self.ec2, "delete_security_group", GroupId=self.group)
        for subnet in subnets:
            self.ok(self.ec2, "delete_subnet", SubnetId=subnet)
        self.ok(self.ec2, "delete_vpc", VpcId=vpc)
        self.no(self.ec2, "delete_vpc", "InvalidVpcID.NotFound", VpcId=vpc)


def throttles(check):
    """Each service has a word of its own for a rate that was passed."""
    bursts = [
        ("ec2", "delete_vpc_endpoints", {"VpcEndpointIds": ["vpce-0123456789abcdef0"]}, 4, "RequestLimitExceeded"),
        ("lambda", "get_policy", {"FunctionName": "f"}, 15, "TooManyRequestsException"),
        ("apigateway", "create_api_key", {"name": "k"}, 5, "TooManyRequestsException"),
        ("bedrock-agent", "prepare_agent", {"agentId": "NOBODY0000"}, 2, "ThrottlingException"),
    ]
    for service, operation, parameters, burst, code in bursts:
        client = check.client(service)
        codes = []
        for _ in range(burst * 4):
            try:
                getattr(client, operation)(**parameters)
            except client.exceptions.ClientError as error:
                codes.append(error.response["Error"]["Code"])
                if codes[-1] == code:
                    break
        if code not in codes:
            check.problems.append(f"{operation} is never refused with {code}: {codes}")


def main():
    url, slow, report = sys.argv[1:]
    story = Story(url)
    story.all()
    check = Checker(slow)
    throttles(check)
    told = {"called": sorted(story.check.called), "problems": story.check.problems + check.problems}
    with open(report, "w", encoding="utf-8") as file:
        json.dump(told, file)


main()
