//! What is deployed: templates, each with the versions of it that follow one another.

use std::sync::{Arc, LazyLock};

use cairn::diagnostic::Source;
use cairn::template;
use serde_json::Value as Json;

/// The secret of the templates: it may stand nowhere but in a call.
pub const SECRET: &str = "correct-horse-battery-staple";

const SERVICE: &str = include_str!("templates/service.yaml");

/// The mission, as it is deployed. Its code is a directory, which the simulation has not, and its
/// persona has no default.
const PERSONA: &str = include_str!("../../stacks/persona-agent/stack.yaml");
const PERSONA_AS_SIMULATED: Changes = &[
    (
        "      Code: ./lambda\n",
        "      Code:\n        ZipFile: \"def handler(event, context): return 1\"\n",
    ),
    ("Handler: handler.handler", "Handler: index.handler"),
    (
        "  Persona:\n    Type: String\n",
        "  Persona:\n    Type: String\n    Default: You keep a mountain hut, and you speak of nothing but the weather.\n",
    ),
];

const PLATFORM: &str = include_str!("templates/platform.yaml");

/// What a version changes in the first one: each text by another.
type Changes = &'static [(&'static str, &'static str)];

const VERSIONS: &[Changes] = &[
    &[],
    // In place: rules, settings, code, documents.
    &[
        ("from members # ingress", "from all members"),
        ("MapPublicIpOnLaunch: false # public addresses", "MapPublicIpOnLaunch: true"),
        ("      RetentionInDays: 14 # retention\n", ""),
        (
            "Tags: [{Key: use, Value: simulation}]\n  Function",
            "Tags: [{Key: use, Value: others}]\n  Function",
        ),
        ("return 1", "return 2"),
        ("Timeout: 90", "Timeout: 60\n      MemorySize: 256"),
        ("\"bedrock:InvokeAgent\", Resource", "\"bedrock:*\", Resource"),
        ("Value: simulation}]\n  One:", "Value: others}, {Key: more, Value: tags}]\n  One:"),
        ("Description: what the function may do", "MaxSessionDuration: 7200"),
        (
            "{IpProtocol: icmp, FromPort: 252, ToPort: 86, CidrIp: 255.255.255.255/32}",
            "{IpProtocol: tcp, FromPort: 53, ToPort: 53, CidrIp: 10.4.0.0/16, Description: names}",
        ),
    ],
    // Replaced: a group that everything uses, a subnet, a role, a log group.
    &[
        ("GroupDescription: the function and its endpoint", "GroupDescription: another group"),
        ("10.4.2.0/24 # second block", "10.4.3.0/24"),
        ("Description: what the function may do", "Path: /service/"),
        ("/aws/lambda/simulated", "/aws/lambda/renamed"),
        (
            "FromPort: 443\n      ToPort: 443\n      SourceSecurityGroupId",
            "FromPort: 8443\n      ToPort: 8443\n      SourceSecurityGroupId",
        ),
    ],
    // Taken away: the function leaves the VPC, private DNS goes, one subnet less for the endpoint.
    &[
        (
            "      VpcConfig: {SubnetIds: [!Ref One, !Ref Two], SecurityGroupIds: [!GetAtt Group.GroupId]}\n",
            "",
        ),
        ("PrivateDnsEnabled: true", "PrivateDnsEnabled: false"),
        ("SubnetIds: [!Ref One, !Ref Two]", "SubnetIds: [!Ref One]"),
        (
            "  TwoTable:\n    Type: AWS::EC2::SubnetRouteTableAssociation\n    Properties: {SubnetId: !Ref Two, RouteTableId: !Ref Table}\n",
            "",
        ),
        (
            "        Variables: {PASSWORD: !Ref Password, ENDPOINT: !Ref Endpoint}",
            "        Variables: {PASSWORD: !Ref Password}",
        ),
    ],
];

const PERSONA_VERSIONS: &[Changes] = &[
    &[],
    // In place: the agent and so its alias, the method and so its deployment, limits, settings.
    &[
        ("nothing but the weather", "the weather and the snow"),
        ("              - Name: free_bunks\n", "              - Name: bunks\n"),
        ("ApiKeyRequired: true", "ApiKeyRequired: false"),
        ("TimeoutInMillis: 29000", "TimeoutInMillis: 20000"),
        (
            "    Default: 1000\n    MinValue: 1\n    MaxValue: 1000000",
            "    Default: 500\n    MinValue: 1\n    MaxValue: 1000000",
        ),
        ("Description: One route to the persona", "Description: One way to the persona"),
        ("Description: A persona whose tools run at the caller\n      Found", "Found"),
        ("Enabled: true", "Enabled: false"),
        ("Timeout: 90", "Timeout: 60"),
    ],
    // Replaced: the path, the stage, the group that everything is in; the agent has another name.
    &[
        ("PathPart: invoke", "PathPart: speak"),
        ("/POST/invoke", "/POST/speak"),
        ("Default: live", "Default: next"),
        ("GroupDescription: The leg function", "GroupDescription: A leg function"),
        ("Default: persona-agent", "Default: hut-keeper"),
        ("ActionGroupName: hut-desk", "ActionGroupName: hut-counter"),
        ("Description: What the agent may do - run its model", "Path: /agents/"),
    ],
    // Taken away: the tools, the limits, the policy of the endpoint, the function's place in the VPC.
    &[
        ("      Quota:\n        Limit: !Ref RequestsPerDay\n        Period: DAY\n", ""),
        ("      AutoPrepare: true\n", ""),
        ("      RetentionInDays: !Ref LogRetentionInDays\n", ""),
        (
            "        - ActionGroupName: hut-desk\n",
            "        - ActionGroupName: questions\n          ParentActionGroupSignature: AMAZON.UserInput\n        - ActionGroupName: hut-desk\n          ActionGroupState: DISABLED\n",
        ),
        (
            "      VpcConfig:\n        SubnetIds: [!Ref FirstSubnet, !Ref SecondSubnet]\n        SecurityGroupIds: [!GetAtt SecurityGroup.GroupId]\n      Environment",
            "      Environment",
        ),
    ],
];

const PLATFORM_VERSIONS: &[Changes] = &[
    &[],
    // In place: a policy of five versions, who leads, where a route leads, what a method answers and
    // takes.
    &[
        ("!Select [0, !GetAtt Endpoint", "!Select [1, !GetAtt Endpoint"),
        ("bedrock:InvokeModel\"", "bedrock:*\""),
        ("You know the weather", "You know the snow"),
        ("Ask it about the weather", "Ask it about the snow"),
        ("AgentCollaboration: SUPERVISOR", "AgentCollaboration: SUPERVISOR_ROUTER"),
        ("        - {StatusCode: \"404\"} # second response\n", ""),
        ("          - {StatusCode: \"404\", SelectionPattern: none} # second answer\n", ""),
        ("{Variables: {a: b}, LoggingLevel: INFO}", "{Variables: {a: c}, LoggingLevel: ERROR}"),
        ("RequestParameters: {method.request.header.X: true}", "ApiKeyRequired: true"),
        ("Tags: {use: simulation}", "Tags: {use: others}"),
    ],
    // Replaced: where the route leads from, the policy, the stage, the path.
    &[
        ("192.168.0.0/16", "192.168.4.0/24"),
        (
            "      Roles: [!Ref AgentRole]\n",
            "      Path: /models/\n      Roles: [!Ref AgentRole]\n",
        ),
        ("StageName: made # stage", "StageName: anew"),
        ("PathPart: part", "PathPart: other"),
        ("AgentAliasName: live", "AgentAliasName: next"),
    ],
    // Taken away: a method, settings of the stage that the new deployment takes over, the
    // collaborators, who has the policy.
    &[
        ("{Variables: {a: b}, LoggingLevel: INFO}", "{Variables: {b: c}}"),
        (
            "  Put:\n    Type: AWS::ApiGateway::Method\n    Properties:\n      RestApiId: !Ref Api\n      ResourceId: !Ref Part\n      HttpMethod: PUT\n      Integration: {Type: MOCK}\n",
            "",
        ),
        ("[Get, Put, Settings]", "[Get, Settings]"),
        (
            "      AgentCollaboration: SUPERVISOR\n      AgentCollaborators:\n        - AgentDescriptor: {AliasArn: !GetAtt WorkerAlias.AgentAliasArn}\n          CollaboratorName: weather\n          CollaborationInstruction: Ask it about the weather of a place.\n",
            "",
        ),
        ("      Roles: [!Ref AgentRole]\n", ""),
    ],
];

fn changed(text: String, changes: Changes) -> String {
    changes.iter().fold(text, |text, (old, new)| {
        assert!(text.contains(old), "`{old}` is not in the template");
        text.replace(old, new)
    })
}

fn versions(template: &str, versions: &[Changes]) -> Vec<Json> {
    versions.iter().map(|changes| json(changed(template.to_owned(), changes))).collect()
}

static SERVICES: LazyLock<Vec<Json>> = LazyLock::new(|| versions(SERVICE, VERSIONS));
static PERSONAS: LazyLock<Vec<Json>> = LazyLock::new(|| {
    let persona = changed(PERSONA.to_owned(), PERSONA_AS_SIMULATED);
    versions(&persona, PERSONA_VERSIONS)
});
static PLATFORMS: LazyLock<Vec<Json>> = LazyLock::new(|| versions(PLATFORM, PLATFORM_VERSIONS));

/// The versions of the service.
pub fn services() -> &'static [Json] {
    &SERVICES
}

/// The versions of the persona agent.
pub fn personas() -> &'static [Json] {
    &PERSONAS
}

/// The versions of the rest.
pub fn platforms() -> &'static [Json] {
    &PLATFORMS
}

fn json(text: String) -> Json {
    let source = Arc::new(Source { name: "service.yaml".to_owned(), text });
    template::parse(&source).expect("the template is right").root.to_json()
}
