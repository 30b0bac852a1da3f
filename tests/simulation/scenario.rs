//! What is deployed: templates, each with the versions of it that follow one another.

use std::sync::{Arc, LazyLock};

use cairn::diagnostic::Source;
use cairn::template;
use serde_json::Value as Json;

/// The secret of the templates: it may stand nowhere but in a call.
pub const SECRET: &str = "correct-horse-battery-staple";

const SERVICE: &str = include_str!("templates/service.yaml");

/// What a version changes in the first one: each text by another.
type Changes = &'static [(&'static str, &'static str)];

const VERSIONS: &[Changes] = &[
    &[],
    // In place: rules, settings, code, documents.
    &[
        ("from members # ingress", "from all members"),
        ("MapPublicIpOnLaunch: false # public addresses", "MapPublicIpOnLaunch: true"),
        ("      RetentionInDays: 14 # retention\n", ""),
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

static SERVICES: LazyLock<Vec<Json>> = LazyLock::new(|| {
    let changed = |changes: &Changes| {
        changes.iter().fold(SERVICE.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "`{old}` is not in the template");
            text.replace(old, new)
        })
    };
    VERSIONS.iter().map(|changes| json(changed(changes))).collect()
});

/// The versions of the service.
pub fn services() -> &'static [Json] {
    &SERVICES
}

fn json(text: String) -> Json {
    let source = Arc::new(Source { name: "service.yaml".to_owned(), text });
    template::parse(&source).expect("the template is right").root.to_json()
}
