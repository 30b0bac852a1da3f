//! What the simulation is held to.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use cairn::plan::{Plan, teardown};
use cairn::state::State;
use serde_json::json;

use super::aws::account::{Account, Record};
use super::aws::wire::Call;
use super::faults::Kind;
use super::oracle::{self, Work};
use super::script::{Chapter, Home, Mishap, Script, Storm};
use super::versions::Version;
use super::{FEW, MANY, MOST, draw, generate, play, play_all, run, scenario, shrink, told};

fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn number(variable: &str) -> Option<u64> {
    given(variable).map(|text| text.parse().expect("a number"))
}

#[test]
fn a_seed_is_the_same_story_each_time() {
    for seed in [3, 7, 12] {
        let story = || {
            let script = draw::script(seed).expect("it can be played");
            run::play(&script).map(|report| report.transcript)
        };
        let first = story();
        assert!(first.as_ref().is_ok_and(|transcript| !transcript.is_empty()), "{first:?}");
        assert_eq!(first, story(), "seed {seed}");
    }
}

#[test]
fn what_was_found_stays_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/kept");
    let mut played = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let text = fs::read_to_string(entry.path()).expect("a script");
        let script = Script::parse(&text);
        assert_eq!(
            script.text(),
            text,
            "{} is not in the form it is kept in",
            entry.path().display()
        );
        assert!(!script.about.is_empty(), "{} says what it showed", entry.path().display());
        if let Err(problem) = run::play(&script) {
            panic!("{}: {}: {problem}", entry.path().display(), script.about);
        }
        played += 1;
    }
    assert!(played > 0, "scripts are kept");
}

#[test]
fn nothing_is_lost_whatever_goes_wrong() {
    if let Some(path) = given("CAIRN_SCRIPT") {
        let played = play(&fs::read_to_string(path).expect("a script"));
        played.unwrap_or_else(|problem| panic!("{problem}"));
        return;
    }
    let seeds = match number("CAIRN_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CAIRN_SEEDS").unwrap_or(FEW),
    };
    let count = seeds.end - seeds.start;
    let started = Instant::now();
    let outcome = play_all(seeds);
    let seconds = started.elapsed().as_secs_f64();
    writeln!(std::io::stderr(), "{seconds:.1} s: {}", outcome.total.told())
        .expect("somebody reads it");
    assert!(outcome.failures.is_empty(), "{}", told(&outcome.failures));
    if count >= MANY {
        assert_eq!(outcome.total.never_together(), Vec::<String>::new(), "never met together");
    }
    if count >= FEW {
        assert_eq!(outcome.total.kinds_never(), Vec::<String>::new(), "kinds never met");
    }
    if count >= MOST {
        assert_eq!(outcome.total.never(), Vec::<String>::new(), "never met");
    }
}

#[test]
fn templates_are_made_up_that_can_be_deployed() {
    for number in 0..60 {
        for template in generate::family(number) {
            if let Err(why) = Version::of(&template) {
                panic!("{number}: {why}: {template:#}");
            }
        }
    }
}

/// What was done to a state and an account.
type Wrong = fn(&mut State, &mut Account);

fn first(account: &Account, table: &str) -> (String, Record) {
    let (id, record) = account.records(table).next().expect("there is one");
    (id.clone(), record.clone())
}

#[test]
fn the_oracle_sees_what_is_wrong() {
    let service = Version::of(&scenario::services()[0]).expect("the template is right");
    let (state, account) = run::scene(&service);
    oracle::owns_all(&state, &account).expect("nothing is wrong");
    let fresh = oracle::fingerprint(&state, &account);
    let judged = |state: &State, account: &Account| {
        oracle::owns_all(state, account)?;
        oracle::same(&oracle::fingerprint(state, account), &fresh)
    };
    let cases: &[(&str, &str, Wrong)] = &[
        ("one more", "subnet: orphans", |_, account| {
            let (_, subnet) = first(account, "subnet");
            account.table("subnet").insert("subnet-more".to_owned(), subnet);
        }),
        ("one less", "lost", |_, account| {
            let (id, _) = first(account, "endpoint");
            account.table("endpoint").remove(&id);
        }),
        ("a lost id", "at rest", |state, _| {
            let entry = state.resources.values_mut().next().expect("there is one");
            entry.intent = entry.current.take();
        }),
        ("one nobody knows", "orphans", |state, _| {
            state.resources.remove("Function");
        }),
        ("another property", "not as a fresh deploy", |_, account| {
            let (id, _) = first(account, "function");
            account.set("function", &id, "Timeout", json!(3));
        }),
    ];
    for (what, said, wrong) in cases {
        let (mut state, mut account) = (state.clone(), account.clone());
        wrong(&mut state, &mut account);
        let problem = judged(&state, &account).expect_err(what);
        assert!(problem.contains(said), "{what}: {problem}");
    }
    let left = oracle::nothing_left(&account).expect_err("everything is there");
    assert!(left.contains("there is a"), "{left}");
}

#[test]
fn a_call_outside_the_plan_is_seen() {
    let service = Version::of(&scenario::services()[0]).expect("the template is right");
    let (state, before) = run::scene(&service);
    let mut after = before.clone();
    let (id, _) = first(&after, "function");
    after.set("function", &id, "Timeout", json!(3));
    let call = Call {
        service: "lambda".to_owned(),
        operation: "UpdateFunctionConfiguration".to_owned(),
        members: json!({}),
    };
    let within = |plan: Option<&Plan>| {
        let work = plan.map(|plan| Work::of(plan, &state));
        oracle::within_plan(&call, &before, &after, work.as_ref())
    };
    let mut plan = teardown(&state);
    within(Some(&plan)).expect("the plan is about everything");
    plan.steps.retain(|step| step.logical_id.as_str() != "Function");
    let without = within(Some(&plan)).expect_err("the plan says nothing of it");
    assert!(without.contains("`Function`"), "{without}");
    within(None).expect_err("there is no plan");
}

/// A crash after a VPC was created, in the second of two storms, and much that does not matter.
fn long_script() -> Script {
    let family = generate::family(1);
    let with_vpc = json!({"Resources": {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {}},
    }});
    let mishap = |on: &str, kind| Mishap { times: 3, ..Mishap::once(on, 1, kind) };
    let storm = |mishaps| Storm { mishaps, pause: 99 };
    let storms = vec![
        storm(vec![mishap("call", Kind::Slow)]),
        storm(vec![
            mishap("call", Kind::Throttled),
            mishap("ec2:CreateVpc", Kind::CrashAfter),
            mishap("write", Kind::Full),
        ]),
    ];
    let chapter = |target, storms| Chapter { storms, ..Chapter::calm(target) };
    Script {
        about: String::new(),
        chance: 77,
        home: Home::Bucket,
        versions: vec![family[0].clone(), with_vpc],
        chapters: vec![chapter(Some(0), vec![]), chapter(Some(1), storms), chapter(None, vec![])],
    }
}

#[test]
fn a_script_is_made_short_and_stays_a_failure() {
    // It fails for as long as a crash comes after a VPC, whatever else there is.
    let play = |script: &Script| {
        let has_crash = script.mishaps().any(|it| it.kind == Kind::CrashAfter);
        let has_vpc = script.chapters.iter().any(|chapter| {
            let version = chapter.target.map(|version| &script.versions[version]["Resources"]);
            version.is_some_and(|resources| resources.get("Vpc").is_some())
                && chapter
                    .storms
                    .iter()
                    .flat_map(|it| &it.mishaps)
                    .any(|it| it.on == "ec2:CreateVpc")
        });
        if has_crash && has_vpc { Err("a VPC is left".to_owned()) } else { Ok(()) }
    };
    let long = long_script();
    let problem = play(&long).expect_err("it fails");
    let (short, why) = shrink::shrink(&long, &problem, &play);
    assert_eq!(why, problem);
    let crash = Mishap::once("ec2:CreateVpc", 1, Kind::CrashAfter);
    let expected = Script {
        about: String::new(),
        chance: 0,
        home: Home::Directory,
        versions: vec![json!({"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {}}}})],
        chapters: vec![Chapter {
            storms: vec![Storm { mishaps: vec![crash], pause: 5 }],
            ..Chapter::calm(Some(0))
        }],
    };
    assert_eq!(short, expected);
    assert_eq!(Script::parse(&short.text()), short, "what is printed can be played");
}
