use super::{Told, inputs, template};
use crate::graph::evaluate::Evaluator;
use crate::graph::{Lookup, Nothing, conditions, inputs::parameters};
use crate::template::Node;
use crate::value::Value;

/// What the expressions of the cases may refer to.
pub(super) const PREAMBLE: &str = r#"
Transform: AWS::LanguageExtensions
Parameters:
  Name: {Type: String, Default: ada}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  Numbers: {Type: List<Number>, Default: "1,2"}
  Nobody: {Type: CommaDelimitedList, Default: ""}
  Count: {Type: Number, Default: 2}
  Middle: {Type: String, Default: m}
  Hidden: {Type: String, Default: hunter2, NoEcho: true}
Mappings:
  Regions:
    us-east-1: {Image: ami-1, Sizes: [small, large]}
    eu-west-1: {Image: ami-2, Sizes: [large]}
Conditions:
  Yes: !Equals [a, a]
  No: !Equals [a, b]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Absent: {Type: AWS::EC2::VPC, Condition: No, Properties: {CidrBlock: 10.0.0.0/16}}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
"#;

/// A value in short: texts in quotes, `<what is not known>`, `*secret*`.
fn show(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Literal(literal)) => literal.text().to_owned(),
        Some(Value::String(text)) => format!("{text:?}"),
        Some(Value::Unknown(unknown)) => format!("<{}>", unknown.source),
        Some(Value::Secret(secret)) => format!("*{}*", secret.expose()),
        Some(Value::List(items)) => {
            let items: Vec<_> = items.iter().map(|item| show(Some(item))).collect();
            format!("[{}]", items.join(" "))
        }
        Some(Value::Map(entries)) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{key}: {}", show(Some(value))))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// What an expression gives, or what is said of it: `message @ text at its place | hint`.
fn with_expression<T>(
    expression: &str,
    lookup: &dyn Lookup,
    run: impl FnOnce(&mut Evaluator<'_>, &Node) -> T,
) -> Result<T, String> {
    let text = format!(
        "{PREAMBLE}  Case:\n    Type: AWS::EC2::VPC\n    Metadata:\n      Value: {expression}\n"
    );
    let (template, inputs, mut findings) = (template(&text), inputs(&[]), Vec::new());
    let parameters = parameters(&template, &inputs, &mut findings);
    let conditions = conditions::conditions(&template, &inputs, &parameters, &mut findings);
    assert_eq!(findings, []);
    let metadata = template.resources["Case"].metadata.as_ref().expect("it is written");
    let node = metadata.get("Value").expect("it is written");
    let mut evaluator = Evaluator::new(&template, &inputs, &parameters, &conditions, lookup);
    let result = run(&mut evaluator, node);
    let said: Vec<String> = evaluator
        .into_errors()
        .into_iter()
        .map(|error| {
            let span = error.place.expect("an error has a place").span;
            let mut parts =
                vec![format!("{} @ {}", error.message, text[span.start..span.end].trim())];
            parts.extend(error.hints);
            parts.join(" | ")
        })
        .collect();
    if said.is_empty() { Ok(result) } else { Err(said.join("\n")) }
}

fn value(expression: &str, lookup: &dyn Lookup) -> Result<String, String> {
    with_expression(expression, lookup, |evaluator, node| show(evaluator.value(node).as_ref()))
}

#[track_caller]
fn gives(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression, &Nothing).as_deref(), Ok(*expected), "{expression}");
    }
}

#[track_caller]
fn refuses(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression, &Nothing).as_ref().map_err(String::as_str), Err(*expected));
    }
}

#[test]
fn reference() {
    gives(&[
        ("!Ref Name", r#""ada""#),
        ("!Ref Names", r#"["a" "b" "c"]"#),
        ("!Ref Numbers", r#"["1" "2"]"#),
        ("!Ref Nobody", "[]"),
        ("!Ref Count", r#""2""#),
        ("!Ref Hidden", "*hunter2*"),
        ("!Ref Vpc", "<Vpc>"),
        ("!Ref AWS::AccountId", r#""012345678901""#),
        ("!Ref AWS::Region", r#""us-east-1""#),
        ("!Ref AWS::Partition", r#""aws""#),
        ("!Ref AWS::StackName", r#""sample""#),
        ("!Ref AWS::URLSuffix", r#""amazonaws.com""#),
        ("!Ref AWS::NotificationARNs", "[]"),
        (r#"!Select [1, !Split ["/", !Ref AWS::StackId]]"#, r#""sample""#),
        ("!Ref AWS::NoValue", "nothing"),
        ("{a: !Ref AWS::NoValue, b: [1, !Ref AWS::NoValue, 2]}", "{b: [1 2]}"),
        ("{a: {b: !Ref AWS::NoValue}, c: [!Ref AWS::NoValue]}", "{a: {}, c: []}"),
        ("{Ref: Name, Other: 1}", r#"{Ref: "Name", Other: 1}"#),
    ]);
    refuses(&[
        ("!Ref Vcp", "there is no resource or parameter `Vcp` @ Vcp | did you mean `Vpc`?"),
        ("!Ref [Vpc]", "`Ref` takes a name, not a list @ [Vpc]"),
        (
            "!Ref Absent",
            "`Absent` does not exist here: its condition is false @ Absent | refer to it inside \
             an `Fn::If` with the same condition",
        ),
        (
            "!Ref AWS::Regoin",
            "there is no resource or parameter `AWS::Regoin` @ AWS::Regoin | did you mean \
             `AWS::Region`?",
        ),
    ]);
}

#[test]
fn get_att() {
    gives(&[
        ("!GetAtt Role.Arn", "<Role.Arn>"),
        ("!GetAtt [Role, Arn]", "<Role.Arn>"),
        ("{Fn::GetAtt: [Role, !Sub Arn]}", "<Role.Arn>"),
    ]);
    let misused = "`Fn::GetAtt` takes a resource and one of its attributes";
    let hint = "write `!GetAtt Resource.Attribute`";
    refuses(&[
        (
            "!GetAtt Role.Anr",
            "`AWS::IAM::Role` has no attribute `Anr` @ Role.Anr | did you mean `Arn`?",
        ),
        ("!GetAtt Rloe.Arn", "there is no resource `Rloe` @ Rloe.Arn | did you mean `Role`?"),
        ("!GetAtt Name.Arn", "there is no resource `Name` @ Name.Arn"),
        (
            "!GetAtt Absent.VpcId",
            "`Absent` does not exist here: its condition is false @ Absent.VpcId | refer to it \
             inside an `Fn::If` with the same condition",
        ),
        ("{Fn::GetAtt: [Role, !Ref Vpc]}", &format!("{misused} @ [Role, !Ref Vpc] | {hint}")),
        ("{Fn::GetAtt: {Role: Arn}}", &format!("{misused} @ {{Role: Arn}} | {hint}")),
    ]);
}

#[test]
fn sub() {
    gives(&[
        (r#"!Sub "a-${Name}-${Count}""#, r#""a-ada-2""#),
        (r#"!Sub "no variables""#, r#""no variables""#),
        (r#"!Sub "${AWS::Region}${AWS::NoValue}!""#, r#""us-east-1!""#),
        (r#"!Sub "${!Name} and ${!AWS::Region}""#, r#""${Name} and ${AWS::Region}""#),
        (r#"!Sub "$Name {Name} $ {Name} ${""#, r#""$Name {Name} $ {Name} ${""#),
        (r#"!Sub ["${Name}-${X}", {X: !Ref AWS::Region}]"#, r#""ada-us-east-1""#),
        (r#"!Sub ["${Name}", {Name: own, Unused: 1}]"#, r#""own""#),
        (r#"!Sub ["${N}", {N: 007}]"#, r#""007""#),
        (r#"!Sub ["${a.b}", {a.b: dotted}]"#, r#""dotted""#),
        (r#"!Sub "${Vpc}/${Role.Arn}""#, "<${Vpc}/${Role.Arn}>"),
        (r#"!Sub ["${X}!", {X: !Sub "a${Vpc}"}]"#, "<a${Vpc}!>"),
        (r#"!Sub "pass ${Hidden}""#, "*pass hunter2*"),
        (r#"!Sub "${Hidden} ${Vpc}""#, "<a text with a secret>"),
    ]);
    let shape = "`Fn::Sub` takes a text, or a text and a map of its variables";
    refuses(&[
        (
            r#"!Sub "${Nmae} ${Vpc.VpcID}""#,
            "there is no resource or parameter `Nmae` @ Nmae | did you mean `Name`?\n\
             `AWS::EC2::VPC` has no attribute `VpcID` @ Vpc.VpcID | did you mean `VpcId`?",
        ),
        (
            r#"!Sub "${ Name }""#,
            "`${ Name }` is no variable: its name has letters, digits, `_`, `.` and `:` @ Name | \
             leave the spaces out: `${Name}`",
        ),
        (
            r#"!Sub ["${my-name} ${HOME:-x} ${}", {my-name: x}]"#,
            "`${my-name}` is no variable: its name has letters, digits, `_`, `.` and `:` @ my-name \
             | write `${!my-name}` if the text itself is meant\n\
             `${HOME:-x}` is no variable: its name has letters, digits, `_`, `.` and `:` @ HOME:-x \
             | write `${!HOME:-x}` if the text itself is meant\n\
             `${}` is no variable: its name has letters, digits, `_`, `.` and `:` @  | write `${!}` \
             if the text itself is meant",
        ),
        (
            r#"!Sub "${Names}""#,
            "`${Names}` is not a string @ Names | join a list first: `Fn::Join`",
        ),
        (
            r#"!Sub "${Vpc.Ipv6CidrBlocks}""#,
            "`${Vpc.Ipv6CidrBlocks}` is not a string @ Vpc.Ipv6CidrBlocks | join a list first: \
             `Fn::Join`",
        ),
        (
            r#"!Sub ["${X}", {X: !Split [",", !Ref Vpc]}]"#,
            "`${X}` is not a string @ X | join a list first: `Fn::Join`",
        ),
        (r#"!Sub ["${X}", {X: !Ref AWS::NoValue}]"#, "there is no resource or parameter `X` @ X"),
        ("!Sub [text]", &format!("{shape} @ [text]")),
        ("!Sub [text, [list]]", &format!("{shape} @ [text, [list]]")),
        ("!Sub {a: b}", "`Fn::Sub` takes a text, not a map @ {a: b}"),
    ]);
}

#[test]
fn join() {
    gives(&[
        (r#"!Join ["-", [a, b, 1, true]]"#, r#""a-b-1-true""#),
        (r#"!Join ["", []]"#, r#""""#),
        (r#"!Join [", ", !Ref Names]"#, r#""a, b, c""#),
        (r#"!Join ["-", [a, !Ref AWS::NoValue, b]]"#, r#""a-b""#),
        (r#"!Join ["-", [a, !Ref Vpc, !GetAtt Role.Arn]]"#, "<a-${Vpc}-${Role.Arn}>"),
        (r#"!Join ["-", !Split [":", !Ref Vpc]]"#, r#"<Join("-", Split(":", Vpc))>"#),
        (r#"!Join ["-", !GetAtt Vpc.Ipv6CidrBlocks]"#, r#"<Join("-", Vpc.Ipv6CidrBlocks)>"#),
        (r#"!Join ["-", [a, !Ref Hidden]]"#, "*a-hunter2*"),
    ]);
    refuses(&[
        (r#"!Join ["-"]"#, r#"`Fn::Join` takes a delimiter and a list @ ["-"]"#),
        (r"!Join [[], [a]]", "the delimiter of `Fn::Join` is not a text @ []"),
        (r#"!Join ["-", text]"#, "the second argument of `Fn::Join` is not a list @ text"),
        (
            r#"!Join ["-", {Ref: Vpc}]"#,
            "the second argument of `Fn::Join` is not a list @ {Ref: Vpc}",
        ),
        (
            r#"!Join ["-", {Fn::GetAtt: Role.Arn}]"#,
            "the second argument of `Fn::Join` is not a list @ {Fn::GetAtt: Role.Arn}",
        ),
        (r#"!Join ["-", [a, [b]]]"#, "item 1 of `Fn::Join` is not a string @ [b]"),
        (
            r#"!Join ["-", [a, {Fn::GetAtt: Vpc.Ipv6CidrBlocks}]]"#,
            "item 1 of `Fn::Join` is not a string @ {Fn::GetAtt: Vpc.Ipv6CidrBlocks}",
        ),
        (
            r#"!Join ["-", [a, !Ref Nmae]]"#,
            "there is no resource or parameter `Nmae` @ Nmae | did you mean `Name`?",
        ),
    ]);
}

#[test]
fn select() {
    gives(&[
        ("!Select [0, [a, b]]", r#""a""#),
        (r#"!Select ["1", [a, b]]"#, r#""b""#),
        ("!Select [!Ref Count, !Ref Names]", r#""c""#),
        ("!Select [1, [a, !Ref Vpc]]", "<Vpc>"),
        ("!Select [0, [a, !Ref Vpc]]", r#""a""#),
        (r#"!Select [2, !Split ["/", !Ref Vpc]]"#, r#"<Select(2, Split("/", Vpc))>"#),
        ("!Select [0, !GetAtt Vpc.Ipv6CidrBlocks]", "<Select(0, Vpc.Ipv6CidrBlocks)>"),
        ("!Select [0, [!Ref Hidden]]", "*hunter2*"),
    ]);
    let not_a_list = "the second argument of `Fn::Select` is not a list";
    refuses(&[
        ("!Select [2, [a, b]]", "there is no item 2: the list has 2 @ 2 | the first item is 0"),
        (
            "!Select [0, !Ref Nobody]",
            "there is no item 0: the list has 0 @ 0 | the first item is 0",
        ),
        ("!Select [-1, [a, b]]", "the index of `Fn::Select` is not a number @ -1"),
        ("!Select [first, [a, b]]", "the index of `Fn::Select` is not a number @ first"),
        ("!Select [!Ref Vpc, [a]]", "the index of `Fn::Select` is not a number @ !Ref Vpc"),
        ("!Select [0, [~, a]]", "item 0 is null @ [0, [~, a]]"),
        ("!Select [0, text]", &format!("{not_a_list} @ text")),
        ("!Select [0, {Ref: Vpc}]", &format!("{not_a_list} @ {{Ref: Vpc}}")),
        ("!Select [0]", "`Fn::Select` takes an index and a list @ [0]"),
        (
            "!Select [!Ref Cuont, [a]]",
            "there is no resource or parameter `Cuont` @ Cuont | did you mean `Count`?",
        ),
    ]);
}

#[test]
fn split() {
    gives(&[
        (r#"!Split [",", "a,b,,c,"]"#, r#"["a" "b" "" "c" ""]"#),
        (r#"!Split ["::", a]"#, r#"["a"]"#),
        (r#"!Split ["-", !Ref Vpc]"#, r#"<Split("-", Vpc)>"#),
        (r#"!Split ["t", !Ref Hidden]"#, "[*hun* *er2*]"),
    ]);
    let not_a_text = "the second argument of `Fn::Split` is not a text";
    refuses(&[
        (r#"!Split ["", a]"#, r#"the delimiter of `Fn::Split` is not a text @ """#),
        (r#"!Split [",", [a]]"#, &format!("{not_a_text} @ [a]")),
        (
            r#"!Split [",", {Fn::GetAtt: Vpc.Ipv6CidrBlocks}]"#,
            &format!("{not_a_text} @ {{Fn::GetAtt: Vpc.Ipv6CidrBlocks}}"),
        ),
        (r#"!Split [","]"#, r#"`Fn::Split` takes a delimiter and a text @ [","]"#),
    ]);
}

#[test]
fn find_in_map() {
    gives(&[
        ("!FindInMap [Regions, !Ref AWS::Region, Image]", r#""ami-1""#),
        ("!FindInMap [Regions, eu-west-1, Sizes]", r#"["large"]"#),
        (r#"!FindInMap [!Sub "Regions", eu-west-1, !Join ["", [Im, age]]]"#, r#""ami-2""#),
    ]);
    refuses(&[
        (
            "!FindInMap [Region, a, b]",
            "there is no mapping `Region` @ Region | did you mean `Regions`?",
        ),
        (
            "!FindInMap [Regions, us-west-1, Image]",
            "mapping `Regions` has no key `us-west-1` @ us-west-1 | did you mean `us-east-1`?",
        ),
        (
            "!FindInMap [Regions, us-east-1, Imge]",
            "mapping `Regions` has no key `Imge` @ Imge | did you mean `Image`?",
        ),
        (
            "!FindInMap [Regions, {Ref: Vpc}, Image]",
            "the arguments of `Fn::FindInMap` are texts known before deployment @ {Ref: Vpc}",
        ),
        (
            "!FindInMap [Regions, {Ref: Hidden}, Image]",
            "a key of `Fn::FindInMap` cannot be hidden @ {Ref: Hidden}",
        ),
        ("!FindInMap [Regions, a]", "`Fn::FindInMap` takes a map and two keys @ [Regions, a]"),
    ]);
}

#[test]
fn find_in_map_with_a_default() {
    gives(&[
        ("{Fn::FindInMap: [Regions, us-east-1, Image, {DefaultValue: ami-0}]}", r#""ami-1""#),
        ("{Fn::FindInMap: [Regions, us-west-1, Image, {DefaultValue: ami-0}]}", r#""ami-0""#),
        ("{Fn::FindInMap: [Regions, us-east-1, Disk, {DefaultValue: [!Ref Vpc]}]}", "[<Vpc>]"),
        ("{a: {Fn::FindInMap: [Regions, x, y, {DefaultValue: !Ref AWS::NoValue}]}}", "{}"),
        ("!FindInMap [!Select [0, [Regions]], !Ref AWS::Region, Image]", r#""ami-1""#),
    ]);
    refuses(&[
        (
            "{Fn::FindInMap: [Region, a, b, {DefaultValue: c}]}",
            "there is no mapping `Region` @ Region | did you mean `Regions`?",
        ),
        (
            "{Fn::FindInMap: [Regions, a, b, {Default: c}]}",
            "the last argument of `Fn::FindInMap` has one key, `DefaultValue` @ {Default: c}",
        ),
    ]);
}

#[test]
fn length() {
    gives(&[
        ("{Fn::Length: [a, !Ref Vpc, !Ref AWS::NoValue]}", "2"),
        ("{Fn::Length: !Ref Names}", "3"),
        ("{Fn::Length: !Ref Nobody}", "0"),
        ("{Fn::Length: !FindInMap [Regions, us-east-1, Sizes]}", "2"),
        (r#"{Fn::Length: !Split [",", !Ref Vpc]}"#, r#"<Length(Split(",", Vpc))>"#),
        ("!Select [{Fn::Length: []}, [a]]", r#""a""#),
    ]);
    refuses(&[
        ("{Fn::Length: !Ref Vpc}", "`Fn::Length` takes a list @ !Ref Vpc"),
        ("{Fn::Length: {a: b}}", "`Fn::Length` takes a list @ {a: b}"),
        (
            "{Fn::Length: !Ref Vcp}",
            "there is no resource or parameter `Vcp` @ Vcp | did you mean `Vpc`?",
        ),
    ]);
}

#[test]
fn to_json_string() {
    gives(&[
        (
            r#"{Fn::ToJsonString: {z: 'a "b"', a: [1, true, null, "01"], n: !Ref Name}}"#,
            r#""{\"z\":\"a \\\"b\\\"\",\"a\":[1,true,null,\"01\"],\"n\":\"ada\"}""#,
        ),
        ("{Fn::ToJsonString: [!Ref AWS::NoValue]}", r#""[]""#),
        ("{Fn::ToJsonString: !Ref Names}", r#""[\"a\",\"b\",\"c\"]""#),
        ("{Fn::ToJsonString: {vpc: !Ref Vpc}}", r#"<{"vpc":"${Vpc}"}>"#),
        ("{Fn::ToJsonString: [!Ref Hidden]}", r#"*["hunter2"]*"#),
        ("{Fn::ToJsonString: [!Ref Hidden, !Ref Vpc]}", "<a text with a secret>"),
    ]);
    refuses(&[
        ("{Fn::ToJsonString: a}", "`Fn::ToJsonString` takes a map or a list @ a"),
        ("{Fn::ToJsonString: !Ref Vpc}", "`Fn::ToJsonString` takes a map or a list @ !Ref Vpc"),
    ]);
}

#[test]
fn names_that_functions_give() {
    gives(&[
        ("{Ref: !Sub 'Na${Middle}e'}", r#""ada""#),
        ("{Ref: !If [Yes, Vpc, Role]}", "<Vpc>"),
        ("{Fn::GetAtt: [!Select [0, [Role]], Arn]}", "<Role.Arn>"),
    ]);
    refuses(&[
        (
            "{Ref: !Sub Nam}",
            "there is no resource or parameter `Nam` @ !Sub Nam | did you mean `Name`?",
        ),
        ("{Ref: !Ref Vpc}", "`Ref` takes a name, not a map @ !Ref Vpc"),
        ("{Ref: !Ref Hidden}", "`Ref` takes a name, not a map @ !Ref Hidden"),
    ]);
}

#[test]
fn choice() {
    gives(&[
        ("!If [Yes, a, b]", r#""a""#),
        ("!If [No, a, {b: 1}]", "{b: 1}"),
        // Only the branch that is taken is looked at.
        ("!If [No, !Ref Absent, b]", r#""b""#),
        ("{a: !If [Yes, !Ref AWS::NoValue, b], c: 1}", "{c: 1}"),
        ("!If [No, a, !If [Yes, !Ref Vpc, b]]", "<Vpc>"),
    ]);
    refuses(&[
        ("!If [Yse, a, b]", "there is no condition `Yse` @ Yse | did you mean `Yes`?"),
        (
            "!If [!Equals [a, b], a, b]",
            "`Fn::If` takes the name of a condition, not the function `Fn::Equals` @ !Equals [a, \
             b] | give the condition a name in `Conditions`",
        ),
        (
            "!If [{Condition: Yes}, a, b]",
            "`Fn::If` takes the name of a condition, not a map @ {Condition: Yes} | give the \
             condition a name in `Conditions`",
        ),
        ("!If [Yes, a]", "`Fn::If` takes a condition and two values @ [Yes, a]"),
    ]);
}

#[test]
fn base64() {
    gives(&[
        ("!Base64 a?>ÿ", r#""YT8+w78=""#),
        ("!Base64 ''", r#""""#),
        ("!Base64 12", r#""MTI=""#),
        ("{Fn::Base64: !Ref Vpc}", "<Base64(Vpc)>"),
        ("{Fn::Base64: !Ref Hidden}", "*aHVudGVyMg==*"),
    ]);
    refuses(&[("!Base64 [a]", "`Fn::Base64` takes a text @ [a]")]);
}

#[test]
fn cidr() {
    let six = r#"["192.168.0.0/27" "192.168.0.32/27" "192.168.0.64/27" "192.168.0.96/27" "192.168.0.128/27" "192.168.0.160/27"]"#;
    gives(&[
        ("!Cidr [192.168.0.0/24, 6, 5]", six),
        (r#"!Cidr [192.168.0.0/24, "6", "5"]"#, six),
        // The blocks begin at the network's address.
        ("!Cidr [10.0.9.9/16, 2, 8]", r#"["10.0.0.0/24" "10.0.1.0/24"]"#),
        ("!Cidr [10.0.0.0/24, 1, 8]", r#"["10.0.0.0/24"]"#),
        (
            "!Cidr [10.0.0.0/30, 4, 0]",
            r#"["10.0.0.0/32" "10.0.0.1/32" "10.0.0.2/32" "10.0.0.3/32"]"#,
        ),
        ("!Cidr [0.0.0.0/0, 2, 31]", r#"["0.0.0.0/1" "128.0.0.0/1"]"#),
        ("!Cidr [2001:DB8:0:0::/56, 2, 64]", r#"["2001:db8::/64" "2001:db8:0:1::/64"]"#),
        ("!Cidr [\"::/0\", 1, 128]", r#"["::/0"]"#),
        ("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", r#""10.0.1.0/24""#),
        ("!Cidr [!GetAtt Vpc.CidrBlock, 2, 8]", "<Cidr(Vpc.CidrBlock)>"),
        ("!Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 2, 8]]", "<Select(1, Cidr(Vpc.CidrBlock))>"),
    ]);
    refuses(&[
        (
            "!Cidr [10.0.0.0/24, 3, 7]",
            "`Fn::Cidr`: `10.0.0.0/24` holds 2 blocks of /25, 3 were asked for @ [10.0.0.0/24, 3, 7]",
        ),
        (
            "!Cidr [10.0.0.0/24, 1, 9]",
            "`Fn::Cidr`: a /23 is larger than the block `10.0.0.0/24` itself @ [10.0.0.0/24, 1, 9]",
        ),
        (
            "!Cidr [10.0.0.0/24, 1, 33]",
            "`Fn::Cidr`: 33 host bits do not fit an address of 32 @ [10.0.0.0/24, 1, 33]",
        ),
        (
            "!Cidr [10.0.0.0/8, 257, 8]",
            "`Fn::Cidr`: 257 blocks were asked for: 1 to 256 can be @ [10.0.0.0/8, 257, 8]",
        ),
        (
            "!Cidr [10.0.0.0/8, 0, 8]",
            "`Fn::Cidr`: 0 blocks were asked for: 1 to 256 can be @ [10.0.0.0/8, 0, 8]",
        ),
        (
            "!Cidr [\"2001:db8::/63\", 3, 64]",
            "`Fn::Cidr`: `2001:db8::/63` holds 2 blocks of /64, 3 were asked for @ \
             [\"2001:db8::/63\", 3, 64]",
        ),
        ("!Cidr [10.0.0.0, 1, 8]", "`Fn::Cidr`: `10.0.0.0` is not a CIDR block @ [10.0.0.0, 1, 8]"),
        ("!Cidr [10.0.0.0/8, many, 8]", "`Fn::Cidr` takes a whole number here @ many"),
        ("!Cidr [10.0.0.0/8, 1, -1]", "`Fn::Cidr` takes a whole number here @ -1"),
        (
            "!Cidr [10.0.0.0/8, 1]",
            "`Fn::Cidr` takes a block, a count and the number of host bits @ [10.0.0.0/8, 1]",
        ),
        ("!Cidr [{Ref: Hidden}, 1, 8]", "the block of `Fn::Cidr` cannot be hidden @ {Ref: Hidden}"),
    ]);
}

#[test]
fn zones() {
    gives(&[
        ("!GetAZs ''", r#"["us-east-1a" "us-east-1b"]"#),
        ("{Fn::GetAZs: !Ref AWS::Region}", r#"["us-east-1a" "us-east-1b"]"#),
        ("!Select [1, !GetAZs '']", r#""us-east-1b""#),
    ]);
    let elsewhere = value("!GetAZs eu-west-1", &Nothing);
    assert_eq!(elsewhere.as_deref(), Ok("<GetAZs(eu-west-1)>"));
}

#[test]
fn what_is_no_value() {
    gives(&[
        // A statement of a policy has a key of this name.
        ("{Condition: {StringEquals: {a: b}}}", r#"{Condition: {StringEquals: {a: "b"}}}"#),
        // A dynamic reference stays the text it is.
        ("!Sub '{{resolve:ssm:${Count}}}'", r#""{{resolve:ssm:2}}""#),
    ]);
    refuses(&[
        (
            "!Not [{Condition: Yes}]",
            "`Fn::Not` stands where only a value can @ !Not [{Condition: Yes}] | conditions belong \
             in Conditions; choose by them with `Fn::If`",
        ),
        ("{Fn::Sbu: a}", "`Fn::Sbu` is not supported @ Fn::Sbu | did you mean `Fn::Sub`?"),
    ]);
}

#[test]
fn conditions_hold_or_do_not() {
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method by its path does not fit: its lifetimes are bound earlier"
    )]
    let holds = |expression: &str| {
        with_expression(expression, &Nothing, |evaluator, node| evaluator.condition(node))
    };
    for (expression, expected) in [
        ("!Equals [a, a]", true),
        ("!Equals [a, A]", false),
        ("!Equals [true, 'true']", true),
        ("!Equals [1, '1']", true),
        ("!Equals [01, 1]", false),
        ("!Equals [!Ref Count, '2']", true),
        ("!Equals [!Ref Hidden, hunter2]", true),
        ("!Equals [!Ref Names, [a, b, c]]", true),
        ("!Equals [!Select [0, !Ref Names], a]", true),
        ("!Equals [!Ref AWS::NoValue, !Ref AWS::NoValue]", true),
        ("!Equals [!Ref AWS::NoValue, '']", false),
        ("!Not [!Equals [a, a]]", false),
        ("!And [{Condition: Yes}, !Equals [a, a]]", true),
        ("!And [{Condition: Yes}, {Condition: No}]", false),
        ("!Or [{Condition: No}, {Condition: No}, {Condition: Yes}]", true),
        ("!Or [{Condition: No}, !Not [{Condition: Yes}]]", false),
        ("!Condition Yes", true),
    ] {
        assert_eq!(holds(expression), Ok(Some(expected)), "{expression}");
    }
    for (expression, expected) in [
        ("!And [{Condition: Yes}]", "`Fn::And` takes 2 to 10 conditions @ [{Condition: Yes}]"),
        ("!Not {Condition: Yes}", "`Fn::Not` takes a list of one condition @ {Condition: Yes}"),
        ("!Equals [a]", "`Fn::Equals` takes two values @ [a]"),
        ("!Condition Yse", "there is no condition `Yse` @ Yse | did you mean `Yes`?"),
        (
            "{Fn::Eqals: [a, b]}",
            "`Fn::Eqals` is not a condition @ Fn::Eqals | did you mean `Fn::Equals`?",
        ),
        ("{Fn::Contains: [[a], a]}", "`Fn::Contains` is not a condition @ Fn::Contains"),
        ("yes", "a condition is one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition @ yes"),
        (
            "!Equals [{Ref: Vpc}, a]",
            "a condition can use only what is known before deployment @ {Ref: Vpc} | use \
             parameters, pseudo parameters and mappings",
        ),
        (
            "!Equals [!Ref Nmae, a]",
            "there is no resource or parameter `Nmae` @ Nmae | did you mean `Name`?",
        ),
    ] {
        assert_eq!(holds(expression), Err(expected.to_owned()));
    }
}

#[test]
fn what_aws_has_told_takes_the_place_of_what_was_not_known() {
    let told = Told::of(&[
        ("Vpc", Value::string("vpc-1/a")),
        ("Role.Arn", Value::string("arn:aws:iam::1:role/r")),
        ("Vpc.CidrBlock", Value::string("10.0.0.0/16")),
    ]);
    for (expression, expected) in [
        (r#"!Sub "${Vpc} ${Role.Arn}""#, r#""vpc-1/a arn:aws:iam::1:role/r""#),
        (r#"!Select [1, !Split ["/", !Ref Vpc]]"#, r#""a""#),
        ("!Cidr [!GetAtt Vpc.CidrBlock, 2, 8]", r#"["10.0.0.0/24" "10.0.1.0/24"]"#),
        ("{Fn::Base64: !Ref Vpc}", r#""dnBjLTEvYQ==""#),
    ] {
        assert_eq!(value(expression, &told).as_deref(), Ok(expected), "{expression}");
    }
}
