//! What people and CIs get of the same command: colours, moving lines and questions are for a
//! terminal with somebody in front of it; and how every command ends.

use std::process::Command;

use crate::support::emulator::ministack;
use crate::support::sandbox::{Ran, Sandbox, binary};

/// A terminal in which a command runs, and somebody who answers its question.
const TERMINAL: &str = "
import os, pty, signal, sys
signal.alarm(120)
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown, answered = b'', False
while True:
    try:
        more = os.read(terminal, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
    if b'[y/N]' in shown and not answered:
        os.write(terminal, sys.argv[1].encode())
        answered = True
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

const TEMPLATE: &str = "\
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: terminal, RetentionInDays: 1}
";
const STACK: &str = "stacks/small";

/// What makes text coloured, and what moves the cursor or clears a line.
const COLOR: &str = "\u{1b}[";
const CLEARED: &str = "\u{1b}[2K";

fn project(endpoint: &str) -> Sandbox {
    let sandbox = Sandbox::at(endpoint);
    sandbox.write(&format!("{STACK}/stack.yaml"), TEMPLATE);
    sandbox
}

fn run(mut command: Command, variables: &[(&str, &str)]) -> Ran {
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "GITHUB_ACTIONS"] {
        command.env_remove(name);
    }
    let ran = command.env("TERM", "xterm").envs(variables.iter().copied()).output();
    let ran = ran.expect("it starts");
    Ran {
        code: ran.status.code(),
        out: String::from_utf8_lossy(&ran.stdout).into_owned(),
        err: String::from_utf8_lossy(&ran.stderr).into_owned(),
    }
}

/// Runs `cairn` in a terminal; all that is seen there is its output.
fn seen(sandbox: &Sandbox, arguments: &str, answer: &str, variables: &[(&str, &str)]) -> Ran {
    let like = sandbox.command([""; 0]);
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL, answer]).arg(binary()).args(arguments.split_whitespace());
    command
        .current_dir(sandbox.path(""))
        .envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(command, variables)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_has_colours_moving_lines_and_questions() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let deploy = format!("deploy {STACK}");
    let declined = seen(&sandbox, &deploy, "n", &[]).code(1).out;
    assert!(declined.contains("Deploy this?") && declined.contains(COLOR), "{declined}");
    assert!(declined.contains("nothing was changed: the plan was declined"), "{declined}");

    // A CI's terminal has nobody in front of it.
    let in_ci = seen(&sandbox, &deploy, "y", &[("CI", "true"), ("NO_COLOR", "1")]).code(1).out;
    assert!(in_ci.contains("there is no terminal to ask on") && !in_ci.contains("Deploy this?"));
    assert!(!in_ci.contains('\u{1b}'), "{in_ci}");
    assert!(!sandbox.path(".cairn/test/small/state.json").exists());

    let agreed = seen(&sandbox, &deploy, "y", &[("CI", "false")]).code(0).out;
    assert!(agreed.contains(CLEARED) || agreed.contains("\u{1b}[K"), "lines move: {agreed:?}");
    let yes = format!("{deploy} --yes");
    let teardown = format!("teardown {STACK} --yes");
    for variables in [&[("CI", "1"), ("NO_COLOR", "1")][..], &[("TERM", "dumb")]] {
        let shown = seen(&sandbox, &teardown, "", variables).code(0).out;
        assert!(!shown.contains('\u{1b}') && shown.contains("- Logs"), "{variables:?}: {shown:?}");
        seen(&sandbox, &yes, "", variables).code(0);
    }
    // Lines may move without a colour.
    let shown = seen(&sandbox, &teardown, "", &[("NO_COLOR", "1")]).code(0).out;
    let styles = shown.split(COLOR).skip(1).filter(|rest| {
        rest.trim_start_matches(|one: char| one.is_ascii_digit() || one == ';').starts_with('m')
    });
    assert_eq!(styles.count(), 0, "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_all_is_plain_unless_it_is_forced() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    sandbox.write("wrong/stack.yaml", &TEMPLATE.replace("LogGroupName", "LogGruopName"));
    let commands = [
        "validate wrong".to_owned(),
        format!("plan {STACK} --verbose"),
        format!("deploy {STACK} --yes --verbose"),
        format!("drift {STACK}"),
        format!("teardown {STACK} --yes"),
        "validate --nothing".to_owned(),
    ];
    let told = |command: &str, variables: &[(&str, &str)]| {
        let ran = run(sandbox.command(command.split_whitespace()), variables);
        assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{command}");
        ran.out + &ran.err
    };
    for command in &commands {
        let plain = told(command, &[]);
        assert!(!plain.contains('\u{1b}'), "{command}: {plain:?}");
    }
    for command in &commands {
        let forced = told(command, &[("CLICOLOR_FORCE", "1")]);
        assert!(forced.contains(COLOR), "{command}: {forced:?}");
        assert!(!forced.contains(CLEARED), "{command}: {forced:?}");
    }
    let refused = told(&commands[0], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(!refused.contains('\u{1b}'), "{refused:?}");
}

/// The table in docs/ci.md.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_ends_as_it_is_written() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    sandbox.write("wrong/stack.yaml", &TEMPLATE.replace("LogGroupName", "LogGruopName"));
    let rules = "rules: [{name: none, forbid: 'plan.has_changes', message: nothing may change}]\n";
    sandbox.write("rules.yaml", rules);
    let ends = |code: i32, command: &str| {
        let ran = sandbox.cairn(command);
        assert_eq!(ran.code, Some(code), "{command}:\n{}\n{}", ran.out, ran.err);
        ran
    };
    for command in ["--help", "--version", "plan --help", "types", "completions bash"] {
        ends(0, command);
    }
    // A misspelt option is no change.
    for command in ["plan --detailed-exitcod", "deploy --fast", "nothing", ""] {
        ends(1, command);
    }
    let on = |command: &str| format!("{command} {STACK}");
    let always = ["validate", "synth", "graph"];
    let deployed =
        ["outputs", "drift", "state list", "state show Logs", "state history", "state check"];
    for command in always {
        ends(0, &on(command));
        ends(1, &format!("{command} wrong-name"));
    }
    ends(1, "validate wrong");
    for command in ["plan wrong --detailed-exitcode", "deploy wrong --yes"] {
        ends(1, command);
    }
    ends(1, &on("drift"));
    ends(0, &on("plan"));
    ends(2, &on("plan --detailed-exitcode"));
    ends(3, &on("plan --detailed-exitcode --fail-on any-change"));
    ends(3, &on("plan --policy rules.yaml"));
    ends(3, &on("plan --detailed-exitcode --policy rules.yaml --out plan.cairn"));
    ends(3, "plan show plan.cairn");
    ends(1, "deploy plan.cairn --yes --policy rules.yaml");
    ends(1, &on("deploy"));
    ends(1, &on("deploy --require-approval any-change --yes"));
    ends(0, &on("plan --out plan.cairn"));
    ends(0, "deploy plan.cairn --yes");
    ends(1, "deploy plan.cairn --yes");
    for command in deployed {
        let (command, id) =
            command.strip_suffix(" Logs").map_or((command, ""), |command| (command, "Logs"));
        ends(0, &format!("{} {id}", on(command)));
    }
    ends(0, &on("plan --detailed-exitcode"));
    sandbox.edit(&format!("{STACK}/stack.yaml"), "RetentionInDays: 1", "RetentionInDays: 3");
    ends(2, &on("plan --detailed-exitcode"));
    ends(1, &on("teardown"));
    ends(0, &on("teardown --yes"));
    ends(0, &on("teardown --yes"));
    ends(1, &on("outputs"));
    // Nobody answers.
    sandbox.point_at("http://127.0.0.1:9");
    ends(1, &on("plan --detailed-exitcode"));
}

/// A forge that says where it is gets the findings as annotations, and the plan as a summary.
#[tokio::test(flavor = "multi_thread")]
async fn github_is_told_where() {
    let server = ministack().await;
    let sandbox = project(&server.url);
    let rules = "rules: [{name: 'no:logs,here', when: step.type_name == 'AWS::Logs::LogGroup', forbid: 'true', \
                 message: '100% of it'}]\n";
    sandbox.write("rules.yaml", rules);
    let summary = sandbox.path("summary.md").display().to_string();
    let root = sandbox.path("").display().to_string();
    let on = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_WORKSPACE", root.as_str()),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
    ];
    let told = |arguments: &str, variables: &[(&str, &str)]| {
        run(sandbox.command(arguments.split_whitespace()), variables)
    };
    let annotations = |ran: &Ran| -> Vec<String> {
        ran.err.lines().filter(|line| line.starts_with("::")).map(str::to_owned).collect()
    };
    let plan = format!("plan {STACK} --policy rules.yaml --json");
    let ran = told(&plan, &on).code(3);
    let expected = "::error title=Cairn%3A no%3Alogs%2Chere,file=stacks/small/stack.yaml,line=2,col=3,endColumn=3\
                    ::`Logs`: 100%25 of it";
    assert_eq!(annotations(&ran), [expected]);
    assert!(ran.out.starts_with('{'), "what programs read stays as it is");
    let written = sandbox.read("summary.md");
    assert!(written.contains("### `small` · test") && written.contains("100% of it"), "{written}");

    for (flag, variables, is_told) in [
        ("--annotations never", &on[..], false),
        ("", &[], false),
        ("--annotations always", &[], true),
        ("", &[("CAIRN_ANNOTATIONS", "always")], true),
    ] {
        let ran = told(&format!("{plan} {flag}"), variables).code(3);
        assert_eq!(!annotations(&ran).is_empty(), is_told, "{flag}");
    }
    assert_eq!(sandbox.read("summary.md"), written);

    // What a deploy meets, at the resource that it meets it with.
    let refused = told(&format!("deploy {STACK} --yes --policy rules.yaml"), &on).code(1);
    assert_eq!(annotations(&refused).len(), 2, "{}", refused.err);
    let address = server.url.trim_start_matches("http://").parse().expect("an address");
    let meddler = crate::support::meddler::Meddler::before(address, |request| {
        use crate::support::meddler::Meddling;
        match request.contains("CreateLogGroup") {
            true => Meddling::Answer(
                400,
                r#"{"__type": "InvalidParameterException", "message": "not now"}"#,
            ),
            false => Meddling::Pass,
        }
    });
    sandbox.point_at(&meddler.url);
    let failed = told(&format!("deploy {STACK} --yes"), &on).code(1);
    let failed = annotations(&failed);
    assert!(
        failed.len() == 1
            && failed[0]
                .starts_with("::error title=Cairn%3A deploy,file=stacks/small/stack.yaml,line=2,"),
        "{failed:?}"
    );
    assert!(failed[0].contains("not now"), "{failed:?}");
    let nowhere = sandbox.path("gone/summary.md").display().to_string();
    sandbox.point_at(&server.url);
    let ran =
        told(&format!("plan {STACK}"), &[on[0], ("GITHUB_STEP_SUMMARY", nowhere.as_str())]).code(0);
    assert!(ran.err.contains("cannot be written"), "a summary is no reason to fail: {}", ran.err);
}
