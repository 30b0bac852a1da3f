//! The checks against an AWS that answers by a table, below HTTP.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::{Look, Subject, preflight};
use crate::aws::{Assets, Aws, Clients};
use crate::diagnostic::{Severity, Source};
use crate::graph::{Inputs, synth};
use crate::plan::{outlooks, plan};
use crate::refresh::Observed;
use crate::state::State;
use crate::template;
use crate::value::Token;

const STACK: &str = "
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: us-east-1e}}
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcEndpointType: Interface
      VpcId: !Ref Vpc
      SubnetIds: [!Ref Subnet]
      ServiceName: com.amazonaws.us-east-1.bedrock-agent-runtime
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: runner
      AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: sts:AssumeRole, Principal: {Service: [lambda.amazonaws.com, bedrock.amazonaws.com]}}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: leg
      ReservedConcurrentExecutions: 50
      Runtime: python3.12
      Handler: index.h
      Role: !GetAtt Role.Arn
      Code: {ZipFile: pass}
  LogGroup: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: events}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
  Agent:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: keeper
      AgentResourceRoleArn: !GetAtt Role.Arn
      FoundationModel: maker.model-v1
      Instruction: You keep the hut, and you answer whoever asks, kindly and at length.
";

/// What a request has in it, and what is answered: a status and a body.
type Rule = (&'static str, u16, &'static str);

const ME: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn>\
                  <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
const DRY: &str = "<Response><Errors><Error><Code>DryRunOperation</Code><Message>it would</Message></Error></Errors></Response>";
const ABSENT: &str = r#"{"__type":"ResourceNotFoundException","message":"it is not there"}"#;
const NO_ROLE: &str =
    "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>";
const ALLOWED: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult/></SimulatePrincipalPolicyResponse>";
const SUMMARY: &str = "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap>\
    <entry><key>Roles</key><value>10</value></entry><entry><key>RolesQuota</key><value>1000</value></entry>\
    </SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>";
const SERVICE: &str = "<DescribeVpcEndpointServicesResponse><serviceDetailSet><item>\
    <serviceName>com.amazonaws.us-east-1.bedrock-agent-runtime</serviceName>\
    <availabilityZoneSet><item>us-east-1a</item><item>us-east-1e</item></availabilityZoneSet>\
    </item></serviceDetailSet></DescribeVpcEndpointServicesResponse>";
const MODEL: &str = r#"{"modelDetails":{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/maker.model-v1","modelId":"maker.model-v1","inferenceTypesSupported":["ON_DEMAND"],"modelLifecycle":{"status":"ACTIVE"}}}"#;
const ACCESS: &str = r#"{"modelId":"maker.model-v1","agreementAvailability":{"status":"AVAILABLE"},"authorizationStatus":"AUTHORIZED","entitlementAvailability":"AVAILABLE","regionAvailability":"AVAILABLE"}"#;

/// An account in which nothing is in the way.
const GOOD: [Rule; 16] = [
    ("Action=GetCallerIdentity", 200, ME),
    ("Action=SimulatePrincipalPolicy", 200, ALLOWED),
    ("DryRun=true", 412, DRY),
    ("Action=DescribeVpcs", 200, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"),
    (
        "Action=DescribeVpcEndpoints&",
        200,
        "<DescribeVpcEndpointsResponse><vpcEndpointSet/></DescribeVpcEndpointsResponse>",
    ),
    ("Action=DescribeVpcEndpointServices", 200, SERVICE),
    ("Action=GetAccountSummary", 200, SUMMARY),
    ("Action=GetRole", 404, NO_ROLE),
    ("GET /restapis", 200, r#"{"item":[]}"#),
    ("GetServiceQuota", 200, r#"{"Quota":{"Value":5.0}}"#),
    ("/account-settings", 200, r#"{"AccountLimit":{"UnreservedConcurrentExecutions":900}}"#),
    ("/functions/leg", 404, ABSENT),
    (
        "Logs_20140328.DescribeLogGroups",
        200,
        r#"{"logGroups":[{"logGroupName":"events-of-others"}]}"#,
    ),
    ("/agents", 200, r#"{"agentSummaries":[]}"#),
    ("/foundation-models/", 200, MODEL),
    ("/foundation-model-availability/", 200, ACCESS),
];

/// Answers by the first rule that fits, and keeps what nothing fits.
#[derive(Clone)]
struct Fake {
    rules: Vec<Rule>,
    unanswered: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri();
        let path = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let path = path.find('/').map_or("/", |at| &path[at..]);
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let seen = format!("{} {path} {target} {body}", request.method());
        let rule = self.rules.iter().find(|(needle, _, _)| seen.contains(needle));
        let (status, answer) = match rule {
            Some((_, status, answer)) => (*status, *answer),
            None => {
                self.unanswered.lock().expect("nobody panics with it").push(seen);
                (400, "{}")
            }
        };
        let status = StatusCode::try_from(status).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(answer));
        if let Some(kind) = answer.split("\"__type\":\"").nth(1).and_then(|it| it.split('"').next())
        {
            response.headers_mut().insert("x-amzn-errortype", kind.to_owned());
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// What is found where these rules come first.
async fn found(text: &str, special: &[Rule]) -> Look {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: text.to_owned() });
    let template = Arc::new(template::parse(&source).expect("a template"));
    let inputs = Inputs {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        ..Inputs::default()
    };
    let graph = synth(template, inputs).unwrap_or_else(|found| panic!("{found:?}"));
    let state = State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"));
    let mut drawn = 0;
    let mut tokens = || {
        drawn += 1;
        Token::new(format!("token-{drawn}"))
    };
    let made = plan(&graph, &state, &Observed::default(), &mut tokens).expect("a plan");
    let outlooks = outlooks(&made, Some(&graph), &state);
    let unanswered = Arc::new(Mutex::new(Vec::new()));
    let rules = special.iter().chain(&GOOD).copied().collect();
    let fake = Fake { rules, unanswered: Arc::clone(&unanswered) };
    let connector = SharedHttpConnector::new(fake);
    let http = http_client_fn(move |_, _| connector.clone());
    let aws = Aws::new(Clients::through(http, "us-east-1"), "123456789012", Assets::default());
    let subject = Subject { plan: &made, outlooks: &outlooks, graph: Some(&graph), aws: &aws };
    let look = Box::pin(preflight(&subject)).await;
    assert_eq!(*unanswered.lock().expect("nobody panics with it"), [""; 0]);
    look
}

#[tokio::test(start_paused = true)]
async fn nothing_is_found_where_nothing_is_wrong() {
    let look = found(STACK, &[]).await;
    assert_eq!(look.findings, []);
    assert_eq!(look.notes, [""; 0]);
}

const DENIED: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member>\
    <EvalActionName>iam:CreateRole</EvalActionName><EvalResourceName>arn:aws:iam::123456789012:role/runner</EvalResourceName>\
    <EvalDecision>implicitDeny</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";
const FORBIDDEN: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member>\
    <EvalActionName>lambda:CreateFunction</EvalActionName><EvalDecision>explicitDeny</EvalDecision>\
    <OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>\
    </member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";
const REFUSED: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not you</Message></Error></Errors></Response>";
const FIVE_VPCS: &str = "<DescribeVpcsResponse><vpcSet><item/><item/><item/><item/><item/></vpcSet></DescribeVpcsResponse>";
const FULL: &str = "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap>\
    <entry><key>Roles</key><value>1000</value></entry><entry><key>RolesQuota</key><value>1000</value></entry>\
    </SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>";
const ELSEWHERE: &str = "<DescribeVpcEndpointServicesResponse><serviceDetailSet><item>\
    <serviceName>com.amazonaws.us-east-1.bedrock-agent-runtime</serviceName>\
    <availabilityZoneSet><item>us-east-1a</item></availabilityZoneSet></item></serviceDetailSet></DescribeVpcEndpointServicesResponse>";
const NO_SERVICE: &str = "<Response><Errors><Error><Code>InvalidServiceName</Code><Message>no</Message></Error></Errors></Response>";
const A_ROLE: &str = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>runner</RoleName><RoleId>AROA</RoleId>\
    <Arn>arn:aws:iam::123456789012:role/runner</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>";
const AN_AGENT: &str = r#"{"agentSummaries":[{"agentId":"ABCDEFGHIJ","agentName":"keeper","agentStatus":"PREPARED","updatedAt":"2026-01-01T00:00:00Z"}]}"#;
const PROFILE_ONLY: &str = r#"{"modelDetails":{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/maker.model-v1","modelId":"maker.model-v1","inferenceTypesSupported":["INFERENCE_PROFILE"],"modelLifecycle":{"status":"LEGACY"}}}"#;
const NO_ACCESS: &str = r#"{"modelId":"maker.model-v1","agreementAvailability":{"status":"NOT_AVAILABLE"},"authorizationStatus":"AUTHORIZED","entitlementAvailability":"NOT_AVAILABLE","regionAvailability":"AVAILABLE"}"#;

/// What one account says, which check finds it, at which line of the template, and in which words.
const CASES: [(&[Rule], &str, usize, &str); 15] = [
    (
        &[("iam%3ACreateRole", 200, DENIED)],
        "permissions",
        12,
        "may not `iam:CreateRole` on `arn:aws:iam::123456789012:role/runner`: no policy allows it",
    ),
    (
        &[("lambda%3ACreateFunction", 200, FORBIDDEN)],
        "permissions",
        17,
        "a policy of the organization does not allow it",
    ),
    (
        &[("DryRun=true", 403, REFUSED)],
        "permissions",
        3,
        "EC2 refuses a dry run of `ec2:CreateVpc`: not you",
    ),
    (
        &[("Action=DescribeVpcs", 200, FIVE_VPCS)],
        "quotas",
        3,
        "there are 5 VPCs in the region, the plan adds 1, and there may be 5",
    ),
    (
        &[("Action=GetAccountSummary", 200, FULL)],
        "quotas",
        12,
        "there are 1000 roles in the account",
    ),
    (
        &[("/account-settings", 200, r#"{"AccountLimit":{"UnreservedConcurrentExecutions":140}}"#)],
        "quotas",
        21,
        "the functions reserve 50 concurrent executions, and of the account's 140",
    ),
    (
        &[("Action=DescribeVpcEndpointServices", 200, ELSEWHERE)],
        "endpoint-services",
        11,
        "is not offered in the zone `us-east-1e`",
    ),
    (
        &[("Action=DescribeVpcEndpointServices", 400, NO_SERVICE)],
        "endpoint-services",
        11,
        "there is no service `com.amazonaws.us-east-1.bedrock-agent-runtime` in us-east-1",
    ),
    (&[("Action=GetRole", 200, A_ROLE)], "names", 15, "there is a role `runner` already"),
    (
        &[("/functions/leg", 200, r#"{"Configuration":{"FunctionName":"leg"}}"#)],
        "names",
        20,
        "there is a function `leg` already",
    ),
    (
        &[("Logs_20140328.DescribeLogGroups", 200, r#"{"logGroups":[{"logGroupName":"events"}]}"#)],
        "names",
        26,
        "there is a log group `events` already",
    ),
    (&[("/agents", 200, AN_AGENT)], "names", 31, "there is an agent `keeper` already"),
    (
        &[("/foundation-models/", 404, ABSENT)],
        "models",
        33,
        "there is no model `maker.model-v1` in us-east-1",
    ),
    (
        &[("/foundation-model-availability/", 200, NO_ACCESS)],
        "models",
        33,
        "the account has no access to the model `maker.model-v1` yet",
    ),
    (
        &[(
            "/foundation-model-availability/",
            200,
            r#"{"modelId":"m","authorizationStatus":"NOT_AUTHORIZED","entitlementAvailability":"AVAILABLE","regionAvailability":"AVAILABLE"}"#,
        )],
        "models",
        33,
        "the account is not authorized",
    ),
];

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_found_at_its_place() {
    for (rules, by, line, words) in CASES {
        let look = found(STACK, rules).await;
        let [finding] = &look.findings[..] else { panic!("{words}: {look:?}") };
        assert!(finding.message.contains(words), "{words}: {finding:?}");
        let place = finding.place.as_ref().expect("it stands in the template");
        assert_eq!((finding.by.as_str(), place.line), (by, line), "{words}: {finding:?}");
        assert_eq!(finding.severity, Severity::Error, "{words}");
        assert_eq!(look.notes, [""; 0], "{words}");
    }
}

/// A model that wants a profile, and is soon to go, besides.
#[tokio::test(start_paused = true)]
async fn profiles_are_told_from_models() {
    let rules = [("/foundation-models/", 200, PROFILE_ONLY)];
    let told: Vec<_> = found(STACK, &rules).await.findings;
    let told: Vec<_> = told.iter().map(|one| (one.severity, one.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (
                Severity::Error,
                "the model `maker.model-v1` answers through an inference profile only"
            ),
            (Severity::Warning, "the model `maker.model-v1` is a legacy: AWS is going to end it"),
        ]
    );
    let through = STACK.replace("maker.model-v1", "us.maker.model-v1");
    let profile = r#"{"inferenceProfileName":"n","inferenceProfileArn":"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.maker.model-v1","inferenceProfileId":"us.maker.model-v1","status":"ACTIVE","type":"SYSTEM_DEFINED","models":[{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/maker.model-v1"}]}"#;
    assert_eq!(found(&through, &[("/inference-profiles/", 200, profile)]).await.findings, []);
    let look = found(&through, &[("/inference-profiles/", 404, ABSENT)]).await;
    let messages: Vec<_> = look.findings.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["there is no inference profile `us.maker.model-v1` in us-east-1"]);
}

/// What AWS does not tell is no finding; where it does not tell a quota, the default is a warning.
#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_be_made_is_a_note() {
    const NO: &str = r#"{"__type":"AccessDeniedException","message":"not you"}"#;
    const NO_XML: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>";
    let rules = [
        ("Action=SimulatePrincipalPolicy", 403, NO_XML),
        ("/foundation-models/", 403, NO),
        ("Logs_20140328.DescribeLogGroups", 400, NO),
        ("Action=GetAccountSummary", 403, NO_XML),
    ];
    let look = found(STACK, &rules).await;
    assert_eq!(look.findings, []);
    let starts: Vec<_> =
        look.notes.iter().filter_map(|note| note.split(" could not").next()).collect();
    assert_eq!(
        starts,
        [
            "the permissions",
            "the quota of roles",
            "the model `maker.model-v1`",
            "whether there is a log group `events`"
        ]
    );
    let rules = [("GetServiceQuota", 400, NO), ("Action=DescribeVpcs", 200, FIVE_VPCS)];
    let look = found(STACK, &rules).await;
    let told: Vec<_> = look.findings.iter().map(|one| (one.severity, one.by.as_str())).collect();
    assert_eq!(told, [(Severity::Warning, "quotas")]);
}
