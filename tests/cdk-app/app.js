// The persona agent, written as people write apps with AWS's CDK: level 2 where there is one, level 1 for Bedrock.
//
// `node app.js` takes the function's directory as the context `code`, or finds it in the repository.
const path = require("node:path");
const cdk = require("aws-cdk-lib");
const apigateway = require("aws-cdk-lib/aws-apigateway");
const bedrock = require("aws-cdk-lib/aws-bedrock");
const ec2 = require("aws-cdk-lib/aws-ec2");
const iam = require("aws-cdk-lib/aws-iam");
const lambda = require("aws-cdk-lib/aws-lambda");
const logs = require("aws-cdk-lib/aws-logs");

const MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0";

class Mission extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const stage = this.node.tryGetContext("stage") ?? "prod";

    const vpc = new ec2.Vpc(this, "Vpc", {
      ipAddresses: ec2.IpAddresses.cidr("10.71.0.0/24"),
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: "isolated", subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }],
    });
    const group = new ec2.SecurityGroup(this, "Group", { vpc, allowAllOutbound: false, description: "The function and the endpoint" });
    group.addIngressRule(group, ec2.Port.tcp(443), "HTTPS from members");
    group.addEgressRule(group, ec2.Port.tcp(443), "HTTPS to members");
    const endpoint = vpc.addInterfaceEndpoint("Endpoint", {
      service: ec2.InterfaceVpcEndpointAwsService.BEDROCK_AGENT_RUNTIME,
      securityGroups: [group],
      open: false,
    });

    const agentRole = new iam.Role(this, "AgentRole", {
      assumedBy: new iam.ServicePrincipal("bedrock.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": this.account } },
      }),
    });
    agentRole.addToPolicy(
      new iam.PolicyStatement({
        actions: ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
        resources: [`arn:${this.partition}:bedrock:${this.region}::foundation-model/${MODEL}`],
      }),
    );
    const agent = new bedrock.CfnAgent(this, "Agent", {
      agentName: "cdk-persona",
      agentResourceRoleArn: agentRole.roleArn,
      foundationModel: MODEL,
      instruction: "You are the keeper of a mountain hut. Answer briefly, and use your tools for facts.",
      autoPrepare: true,
      actionGroups: [
        {
          actionGroupName: "desk",
          actionGroupExecutor: { customControl: "RETURN_CONTROL" },
          functionSchema: {
            functions: [
              {
                name: "free_bunks",
                description: "Tells how many bunks are free in a night.",
                parameters: { night: { type: "string", description: "The evening's date", required: true } },
              },
            ],
          },
        },
      ],
    });
    const alias = new bedrock.CfnAgentAlias(this, "Alias", { agentId: agent.attrAgentId, agentAliasName: "live" });
    endpoint.addToPolicy(
      new iam.PolicyStatement({
        principals: [new iam.AnyPrincipal()],
        actions: ["bedrock:InvokeAgent"],
        resources: [alias.attrAgentAliasArn],
      }),
    );

    const leg = new lambda.Function(this, "Leg", {
      runtime: lambda.Runtime.PYTHON_3_12,
      architecture: lambda.Architecture.ARM_64,
      handler: "handler.handler",
      code: lambda.Code.fromAsset(
        this.node.tryGetContext("code") ?? path.join(__dirname, "../../stacks/persona-agent/lambda"),
      ),
      timeout: cdk.Duration.seconds(90),
      memorySize: 256,
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [group],
      logGroup: new logs.LogGroup(this, "Logs", {
        retention: logs.RetentionDays.ONE_WEEK,
        removalPolicy: cdk.RemovalPolicy.DESTROY,
      }),
      environment: { AGENT_ID: agent.attrAgentId, AGENT_ALIAS_ID: alias.attrAgentAliasId, ANSWER_WITHIN_SECONDS: "25" },
    });
    leg.addToRolePolicy(
      new iam.PolicyStatement({ actions: ["bedrock:InvokeAgent"], resources: [alias.attrAgentAliasArn] }),
    );

    const api = new apigateway.RestApi(this, "Api", {
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      deployOptions: { stageName: stage },
      cloudWatchRole: false,
    });
    const method = api.root
      .addResource("invoke")
      .addMethod("POST", new apigateway.LambdaIntegration(leg), { apiKeyRequired: true });
    const key = api.addApiKey("Key");
    const plan = api.addUsagePlan("Plan", {
      throttle: { rateLimit: 5, burstLimit: 10 },
      quota: { limit: 1000, period: apigateway.Period.DAY },
    });
    plan.addApiKey(key);
    plan.addApiStage({ stage: api.deploymentStage, throttle: [{ method, throttle: { rateLimit: 5, burstLimit: 10 } }] });

    new cdk.CfnOutput(this, "InvokeUrl", { value: api.urlForPath("/invoke") });
    new cdk.CfnOutput(this, "ApiKeyId", { value: key.keyId });
    new cdk.CfnOutput(this, "FunctionName", { value: leg.functionName });
    new cdk.CfnOutput(this, "VpcId", { value: vpc.vpcId });
  }
}

const app = new cdk.App();
new Mission(app, "Mission", { stackName: "cdk-mission", tags: { team: "huts" } });
app.synth();
