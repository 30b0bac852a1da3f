//! What reading, checking and writing out a template costs, as a process: for the persona stack, and for made-up templates
//! of growing size, whose cost must grow no faster. Where node and the CDK app of the same stack are at hand, its synth
//! runs beside it.
//!
//! `cargo build --release && cargo run --release --example bench language` runs this alone; it needs no emulator.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::sandbox::{Sandbox, binary};
use super::{STACK, Usage, middle, row, usage};

/// Resources, and the most CPU in seconds that `synth` and `validate` of them may take together.
const SIZES: [(usize, Option<f64>); 3] = [(500, Some(0.050)), (5_000, None), (50_000, None)];

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
    cdk();
}

/// `synth` and `validate`, one after the other.
fn both(sandbox: &Sandbox, stack: &str) -> Usage {
    let of = |command: &'static str| middle(|| usage(sandbox, &[command, stack]));
    let (synth, validate) = (of("synth"), of("validate"));
    Usage { cpu: synth.cpu + validate.cpu, megabytes: synth.megabytes.max(validate.megabytes) }
}

/// The CDK's synth of the same stack, by the script that stands with the app.
fn cdk() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if !root.join("target/cdk").exists() || !has_node {
        println!("not compared with the CDK: it needs node, and the CDK that the tests install");
        return;
    }
    let script = root.join("tests/cdk-app/measure.py");
    let output = Command::new("python3").arg(script).arg("--cairn").arg(binary()).output().unwrap();
    println!("beside the CDK: {}", String::from_utf8_lossy(&output.stdout).trim());
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
