use std::fs::{self, File};
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use ::zip::ZipArchive;
use tempfile::TempDir;

use super::{Home, ZipError, collect, file_names, zip_directory, zip_text};
use crate::diagnostic::Source;
use crate::template::{Template, parse};

/// A folder with these files, written in this order.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

/// `name mode content`, in the order of the zip.
fn listed(bytes: &[u8]) -> Vec<String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("it is a zip");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("it is there");
            let mut content = String::new();
            file.read_to_string(&mut content).expect("it is text");
            let name = file.name().expect("it has a name").into_owned();
            format!("{name} {:o} {content}", file.unix_mode().unwrap_or_default() & 0o777)
        })
        .collect()
}

fn zipped(path: &Path) -> Vec<u8> {
    zip_directory(path).unwrap_or_else(|error| panic!("{error}"))
}

const FILES: [(&str, &str); 3] = [("b.py", "b"), ("a.py", "a"), ("deep/er/c.txt", "c")];

#[test]
fn what_is_small_is_stored_and_what_is_large_is_compressed() {
    for (times, smaller) in [(65_536, false), (65_537, true)] {
        let text = "x".repeat(times);
        let code = folder(&[("a.py", &text)]);
        for bytes in [zipped(code.path()), zip_text(&[("a.py", &text)]).expect("a name")] {
            assert_eq!(bytes.len() < times, smaller, "{times}: {}", bytes.len());
            assert_eq!(listed(&bytes).len(), 1);
        }
    }
}

#[test]
fn the_same_content_is_the_same_zip() {
    let first = folder(&FILES);
    let mut backwards = FILES;
    backwards.reverse();
    let second = folder(&backwards);
    for (name, age) in [("a.py", 1), ("deep/er/c.txt", 2)] {
        let file = File::options().write(true).open(second.path().join(name)).expect("a file");
        file.set_modified(UNIX_EPOCH + Duration::from_hours(10_000 * age)).expect("a time");
    }
    let bytes = zipped(first.path());
    assert_eq!(bytes, zipped(second.path()));
    assert_eq!(listed(&bytes), ["a.py 644 a", "b.py 644 b", "deep/er/c.txt 644 c"]);
    assert_eq!(file_names(&bytes), ["a.py", "b.py", "deep/er/c.txt"]);
    assert_eq!(file_names(b"no zip"), Vec::<String>::new());
    for other in
        [[("b.py", "b"), ("a.py", "x"), FILES[2]], [("b.py", "b"), ("x.py", "a"), FILES[2]]]
    {
        assert_ne!(zipped(folder(&other).path()), bytes, "{other:?}");
    }
}

#[test]
fn what_is_no_code_stays_out() {
    let folder = folder(&[
        ("index.py", "code"),
        (".hidden", "kept"),
        ("lib/__pycache__/index.pyc", "debris"),
        ("index.pyc", "debris"),
        (".git/config", "debris"),
        (".DS_Store", "debris"),
        (".gitignore", "index.py"),
        (".cairnignore", "tests/\n*.md"),
        ("tests/test.py", "ignored"),
        ("README.md", "ignored"),
    ]);
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    assert_eq!(
        listed(&zipped(folder.path())),
        [".gitignore 644 index.py", ".hidden 644 kept", "index.py 644 code"]
    );
}

#[test]
fn what_cannot_be_packed_is_said() {
    let empty = folder(&[]);
    assert!(matches!(zip_directory(empty.path()), Err(ZipError::Empty(_))));
    let only_debris = folder(&[("__pycache__/a.pyc", "")]);
    assert!(matches!(zip_directory(only_debris.path()), Err(ZipError::Empty(_))));
    assert!(matches!(zip_directory(&empty.path().join("none")), Err(ZipError::Missing(_))));
}

#[test]
fn a_file_is_packed_unless_it_is_packed_already() {
    let folder = folder(&[("index.py", "code")]);
    assert_eq!(listed(&zipped(&folder.path().join("index.py"))), ["index.py 644 code"]);
    let ready = zip_text(&[("a", "1"), ("b", "2")]).expect("plain names");
    let path = folder.path().join("ready.zip");
    fs::write(&path, &ready).expect("a file");
    assert_eq!(zipped(&path), ready);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn who_may_run_a_file_is_all_that_is_kept_of_its_mode() {
        let folder = folder(&[("run", "1"), ("all", "2"), ("none", "3")]);
        for (name, mode) in [("run", 0o500), ("all", 0o777), ("none", 0o600)] {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.path().join(name), mode).expect("a mode");
        }
        assert_eq!(listed(&zipped(folder.path())), ["all 755 2", "none 644 3", "run 755 1"]);
    }

    #[test]
    fn a_link_stands_for_what_it_leads_to() {
        let shared = folder(&[("common.py", "shared"), ("more/deep.py", "deep")]);
        let code = folder(&[("index.py", "code")]);
        symlink(shared.path().join("common.py"), code.path().join("common.py")).expect("a link");
        symlink(shared.path().join("more"), code.path().join("more")).expect("a link");
        symlink("index.py", code.path().join("same.py")).expect("a link");
        assert_eq!(
            listed(&zipped(code.path())),
            [
                "common.py 644 shared",
                "index.py 644 code",
                "more/deep.py 644 deep",
                "same.py 644 code"
            ]
        );
    }

    #[test]
    fn a_link_that_leads_nowhere_is_an_error() {
        let code = folder(&[("index.py", "code")]);
        symlink("gone.py", code.path().join("broken.py")).expect("a link");
        let error = zip_directory(code.path()).expect_err("it leads nowhere").to_string();
        assert!(error.contains("broken.py"), "{error}");
        let code = folder(&[("index.py", "code")]);
        symlink(".", code.path().join("round")).expect("a link");
        let error = zip_directory(code.path()).expect_err("it leads round").to_string();
        assert!(error.contains("round"), "{error}");
    }
}

fn template(text: &str) -> Template {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: text.to_owned() });
    parse(&source).unwrap_or_else(|findings| panic!("{findings:?}"))
}

#[test]
fn a_function_takes_its_code_from_a_directory() {
    let home = folder(&[("code/index.py", "1"), ("built/index.py", "2")]);
    let template = template(
        "
Resources:
  Own: {Type: AWS::Lambda::Function, Properties: {Code: ./code}}
  Kit:
    Type: AWS::Lambda::Function
    Metadata: {aws:asset:path: built, aws:asset:property: Code}
    Properties: {Code: {S3Bucket: b, S3Key: k}}
  Inline: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: x}}}
  Else: {Type: AWS::EC2::VPC, Properties: {Code: nowhere}}
",
    );
    let collected = collect(&template, Home::Directory(home.path()));
    assert_eq!(collected.errors, []);
    let found: Vec<_> = collected
        .by_resource
        .iter()
        .map(|(id, asset)| (id.as_str(), asset.path.as_str(), asset.property.as_str()))
        .collect();
    assert_eq!(found, [("Kit", "built", "Code"), ("Own", "./code", "Code")]);
    for (id, directory) in [("Own", "code"), ("Kit", "built")] {
        let bytes = zipped(&home.path().join(directory));
        assert_eq!(collected.by_resource[id].sha256, crate::aws::Asset::new(bytes).sha256());
    }
}

#[test]
fn a_missing_directory_is_told_at_its_place() {
    let home = folder(&[]);
    fs::create_dir(home.path().join("bare")).expect("a folder");
    let template = template(
        "
Resources:
  One: {Type: AWS::Lambda::Function, Properties: {Code: ./nowhere}}
  Two: {Type: AWS::Lambda::Function, Properties: {Code: bare}}
",
    );
    let findings = collect(&template, Home::Directory(home.path())).errors;
    let said: Vec<_> = findings
        .iter()
        .map(|finding| {
            let place = finding.place.as_ref().expect("it has a place").line_column();
            (place, finding.message.replace(&home.path().display().to_string(), "HOME"))
        })
        .collect();
    assert_eq!(
        said,
        [
            (
                (3, 57),
                "the code of `One`: there is no directory or file `HOME/./nowhere`".to_owned()
            ),
            ((4, 57), "the code of `Two`: the directory `HOME/bare` holds no files".to_owned()),
        ]
    );
    assert_eq!(findings[0].hints, ["the path is relative to the template's directory"]);
}
