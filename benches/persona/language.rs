//! What reading, checking and writing out a template costs, as a process: for the persona stack, and for made-up templates
//! of growing size, whose cost must grow no faster. Where node and the CDK app of the same stack are at hand, its synth
//! runs beside it.
//!
//! `cargo build --release && cargo run --release --example bench language` runs this alone; it needs no emulator.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::sandbox::Sandbox;
use super::{STACK, Usage, middle, row, usage};

/// Resources, and the most CPU in seconds that `synth` and `validate` of them may take together.
const SIZES: [(usize, Option<f64>); 3] = [(500, Some(0.050)), (5_000, None), (50_000, None)];
/// The same stack for the CDK.
const CDK_APP: &str = "tests/cdk-app";

pub fn run() {
    // Nothing is called: the address is only there to be an address.
    let sandbox = Sandbox::persona("http://127.0.0.1:9");
    let persona = both(&sandbox, STACK);
    row("CPU of the persona stack, s", &format!("{:.3}", persona.cpu), "0.020", "");
    let mut smallest = None;
    for (resources, limit) in SIZES {
        let file = format!("made{resources}.yaml");
        sandbox.write(&file, &template(resources));
        let used = both(&sandbox, &file);
        let limit = limit.map_or_else(String::new, |limit| format!("{limit:.3}"));
        row(&format!("CPU of {resources} resources, s"), &format!("{:.3}", used.cpu), &limit, "");
        row(&format!("peak memory of {resources}, MB"), &format!("{:.0}", used.megabytes), "", "");
        let each = used.cpu / f64::from(u32::try_from(resources).unwrap());
        let first = *smallest.get_or_insert(each);
        row("  CPU for each, of that of 500", &format!("{:.2}", each / first), "1.50", "");
    }
    cdk(persona);
}

/// `synth` and `validate`, one after the other.
fn both(sandbox: &Sandbox, stack: &str) -> Usage {
    let of = |command: &'static str| middle(|| usage(sandbox, &[command, stack]));
    let (synth, validate) = (of("synth"), of("validate"));
    Usage { cpu: synth.cpu + validate.cpu, megabytes: synth.megabytes.max(validate.megabytes) }
}

/// The CDK's synth of the same stack.
fn cdk(persona: Usage) {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join(CDK_APP);
    let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !app.join("node_modules").exists() || !is_there("node") {
        println!(
            "not compared with the CDK: it needs node, and {CDK_APP} with its packages installed"
        );
        return;
    }
    let folder = Sandbox::at("http://127.0.0.1:9");
    let used = middle(|| {
        let mut command = Command::new("node");
        command.arg(app.join("app.js")).current_dir(&app).env("CDK_OUTDIR", folder.path("cdk.out"));
        super::measure(&command)
    });
    row("CPU of the CDK's synth, s", &format!("{:.3}", used.cpu), "", "");
    row("peak memory of it, MB", &format!("{:.0}", used.megabytes), "", "");
    row("  times Cairn's CPU", &format!("{:.0}", used.cpu / persona.cpu), "", "");
}

/// So many resources in one VPC: groups of ten that refer to each other, with what templates have in them.
fn template(resources: usize) -> String {
    let mut text = String::from(
        "Parameters:\n  Stage: {Type: String, Default: dev}\nConditions:\n  IsDev: !Equals [!Ref Stage, dev]\nResources:\n  \
         Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/8}}\n",
    );
    for group in 0..resources / 10 {
        let piece = GROUP
            .replace("<n>", &group.to_string())
            .replace("<block>", &format!("10.{}.{}.0/24", group / 256, group % 256));
        let _ = write!(text, "{piece}");
    }
    text
}

const GROUP: &str = r#"
  Subnet<n>:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: <block>
      AvailabilityZone: !Select [0, !GetAZs ""]
      Tags: [{Key: Name, Value: !Sub "${AWS::StackName}-<n>"}]
  Table<n>:
    Type: AWS::EC2::RouteTable
    Properties: {VpcId: !Ref Vpc}
  Association<n>:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref Subnet<n>, RouteTableId: !Ref Table<n>}
  Group<n>:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: !Sub "group <n> of ${Vpc}"
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: !GetAtt Vpc.CidrBlock}]
  Role<n>:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Logs<n>:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 7}
  Function<n>:
    Type: AWS::Lambda::Function
    DependsOn: Logs<n>
    Properties:
      Role: !GetAtt Role<n>.Arn
      Handler: index.handler
      Runtime: python3.13
      Code: {ZipFile: "def handler(event, context): return event"}
      VpcConfig: {SubnetIds: [!Ref Subnet<n>], SecurityGroupIds: [!GetAtt Group<n>.GroupId]}
      Environment: {Variables: {STAGE: !If [IsDev, !Ref Stage, none], TABLE: !Join ["-", [a, !Ref Table<n>]]}}
  Api<n>:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: !Sub "api-<n>-${Stage}"}
  Method<n>:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api<n>
      ResourceId: !GetAtt Api<n>.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        TimeoutInMillis: 2900
        Uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function<n>.Arn}/invocations
  Deployment<n>:
    Type: AWS::ApiGateway::Deployment
    Properties: {RestApiId: !Ref Api<n>}
"#;
