use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Encryption, Endpoint, Environment, Limits, StateHome, project_root};

/// A project with these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(root.path().join("config")).expect("it is new");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    root
}

fn load(root: &TempDir, name: &str) -> Environment {
    Environment::load(Some(root.path()), name).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// `file:line:column message | hint`, one a line.
fn refused(root: Option<&Path>, name: &str) -> Vec<String> {
    let errors = Environment::load(root, name).expect_err("something is wrong");
    let said = errors.iter().map(|error| {
        let place = error.place.as_ref().map_or(String::new(), |place| {
            let (line, column) = place.line_column();
            let name = Path::new(&place.source.name).file_name().expect("it is a file");
            format!("{}:{line}:{column} ", name.display())
        });
        let said: Vec<_> = [&error.message].into_iter().chain(&error.hints).cloned().collect();
        format!("{place}{}", said.join(" | "))
    });
    said.collect()
}

#[test]
fn without_files_all_is_built_in() {
    let here = std::env::current_dir().expect("there is one");
    let environment = Environment::load(None, "default").expect("no file is fine");
    assert_eq!(environment.state, StateHome::Directory(here.join(".cairn")));
    assert_eq!(environment.limits, Limits::default());
    assert_eq!((environment.account, environment.endpoint), (None, None));
    let root = project(&[("config/default.yaml", "# nothing said\n")]);
    assert_eq!(load(&root, "default").state, StateHome::Directory(root.path().join(".cairn")));
}

#[test]
fn the_environment_wins_over_the_default() {
    let root = project(&[
        (
            "config/default.yaml",
            "account: 012345678901\nregion: eu-central-1\nprofile: work\nstate: state/here\n\
             tags: {team: a, cost: 007}\nlimits: {concurrency: 8}\n\
             parameters:\n  agent: {Name: a, Zones: [x, 1, yes]}\n  other: {X: 1}\n",
        ),
        (
            "config/prod.yaml",
            "account: '999999999999'\nrole: arn:aws:iam::999999999999:role/deploy\n\
             encryption: kms:alias/states\n\
             endpoint: https://vpce.example\ntags: {team: b}\nlimits: {deadline: 90}\n\
             parameters:\n  agent: {Name: true, Persona: {file: stacks/persona.txt}}\n",
        ),
        ("stacks/persona.txt", "be kind\n\n"),
    ]);
    let shared = load(&root, "default");
    assert_eq!(shared.account.as_deref(), Some("012345678901"));
    assert_eq!(shared.parameters["agent"]["Zones"].text, "x,1,yes");
    let prod = load(&root, "prod");
    assert_eq!(prod.name, "prod");
    assert_eq!(prod.account.as_deref(), Some("999999999999"));
    assert_eq!(prod.region.as_deref(), Some("eu-central-1"));
    assert_eq!(prod.profile.as_deref(), Some("work"));
    assert_eq!(prod.role.as_deref(), Some("arn:aws:iam::999999999999:role/deploy"));
    assert_eq!(prod.endpoint, Some(Endpoint::Url("https://vpce.example".to_owned())));
    assert_eq!(prod.state, StateHome::Directory(root.path().join("state/here")));
    assert_eq!(shared.encryption, Encryption::None);
    assert_eq!(prod.encryption, Encryption::Kms("alias/states".to_owned()));
    let tags: Vec<_> = prod.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(tags, ["cost=007", "team=b"]);
    assert_eq!(prod.limits, Limits { concurrency: 8, deadline: Duration::from_mins(90) });
    let agent = &prod.parameters["agent"];
    assert_eq!(agent["Name"].text, "true");
    assert_eq!(agent["Name"].place.line_column(), (8, 17));
    assert_eq!(agent["Zones"].text, "x,1,yes");
    assert_eq!(agent["Persona"].text, "be kind\n");
    assert_eq!(prod.parameters["other"]["X"].text, "1");
}

#[test]
fn the_local_environment_needs_no_file() {
    let bare = Environment::load(None, "local").expect("it is built in");
    assert_eq!(bare.endpoint, Some(Endpoint::Local));
    assert_eq!(bare.account.as_deref(), Some("000000000000"));
    assert_eq!(bare.region.as_deref(), Some("us-east-1"));
    let root = project(&[
        ("config/default.yaml", "account: 123456789012\nprofile: work\ntags: {a: b}\n"),
        ("config/local.yaml", "endpoint: http://127.0.0.1:4567\n"),
    ]);
    let local = load(&root, "local");
    assert_eq!(local.endpoint, Some(Endpoint::Url("http://127.0.0.1:4567".to_owned())));
    assert_eq!(local.account.as_deref(), Some("000000000000"));
    assert_eq!(local.profile, None);
    assert_eq!(local.tags["a"], "b");
}

#[test]
fn mistakes_have_places_in_their_files() {
    let root = project(&[
        ("config/default.yaml", "regoin: eu-west-1\naccount: 12345\nencryption: rot13\n"),
        (
            "config/dev.yaml",
            "region: eu-west1\nendpoint: locl\nrole: admin\nstate: s3://b\nprofile: ''\n\
             tags: {aws:x: y, z: [a]}\nlimits: {concurrency: 0, deadline: soon, other: 1}\n\
             parameters:\n  s:\n    A: {file: none.txt}\n    B: ['a,b']\n    C:\n    D: {fil: x}\n    E: !Ref x\n",
        ),
    ]);
    assert_eq!(
        refused(Some(root.path()), "dev"),
        [
            "default.yaml:1:1 unknown key `regoin` in the environment | did you mean `region`?",
            "default.yaml:2:10 `account` of the environment must be 12 digits, not `12345`",
            "default.yaml:3:13 `encryption` of the environment must be `none`, `passphrase`, `key` or `kms:KEY-ID`, not `rot13`",
            "dev.yaml:1:9 `region` of the environment must be like `eu-central-1`, not `eu-west1`",
            "dev.yaml:2:11 `endpoint` of the environment must be `local` or a URL, not `locl`",
            "dev.yaml:3:7 `role` of the environment must be an ARN like `arn:aws:iam::…:role/…`, not `admin`",
            "dev.yaml:4:8 `state` of the environment must be a directory, or `s3://BUCKET/PREFIX`, not `s3://b`",
            "dev.yaml:5:10 `profile` of the environment is empty",
            "dev.yaml:6:8 the tag `aws:x` begins with `aws:` | AWS keeps that prefix to itself",
            "dev.yaml:6:21 the tag `z` must be a string, not a list",
            "dev.yaml:7:23 `concurrency` of `limits` of the environment must be a number from 1 to 256, not `0`",
            "dev.yaml:7:36 `deadline` of `limits` of the environment must be a number of minutes from 1 to 10080, not `soon`",
            "dev.yaml:7:42 unknown key `other` in `limits` of the environment | known keys: `concurrency` and `deadline`",
            "dev.yaml:10:15 cannot read `none.txt`: No such file or directory (os error 2) | paths begin at the directory that holds `config/`",
            "dev.yaml:11:9 an item of the parameter `B` contains a comma | a list is handed over with commas, so its items cannot have any",
            "dev.yaml:12:5 the parameter `C` must be a string, not null | give it a value or remove it",
            "dev.yaml:13:9 unknown key `fil` in the parameter `D` | did you mean `file`?",
            "dev.yaml:13:14 cannot read `x`: No such file or directory (os error 2) | paths begin at the directory that holds `config/`",
            "dev.yaml:14:8 the parameter `E` must be a string, not the function `Ref` | only literal values can stand here",
        ]
    );
}

#[test]
fn an_unknown_environment_names_the_known_ones() {
    let root = project(&[("config/prod.yaml", ""), ("config/notes.txt", "")]);
    let said = refused(Some(root.path()), "prd");
    assert_eq!(said.len(), 1);
    let expected = "unknown environment `prd` | did you mean `prod`? | environments are `default`, `local` and `prod`; a new one is a file `";
    assert!(said[0].starts_with(expected), "{said:?}");
    assert_eq!(
        refused(None, "prod"),
        [
            "unknown environment `prod` | there is no `config/` directory here or above: create `config/prod.yaml`"
        ]
    );
    assert_eq!(
        refused(None, "../prod"),
        ["`../prod` cannot name an environment | use letters, digits, `-` and `_`"]
    );
}

#[test]
fn the_project_is_the_nearest_directory_above_with_a_config() {
    let root = project(&[("stacks/a/stack.yaml", ""), ("stacks/b/config/x.yaml", "")]);
    let real = root.path().canonicalize().expect("it exists");
    let found = |path: &str| project_root(&real.join(path));
    assert_eq!(found("stacks/a/stack.yaml"), Some(real.clone()));
    assert_eq!(found("stacks/a/not-there.yaml"), Some(real.clone()));
    assert_eq!(found("stacks/b/stack.yaml"), Some(real.join("stacks/b")));
    assert_eq!(found("stacks/b/../a/stack.yaml"), Some(real.clone()));
    assert_eq!(project_root(&PathBuf::from("/nowhere-at-all/x.yaml")), None);
}
