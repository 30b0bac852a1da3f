//! `Code.ZipFile`: a function written in the template, made into the zip that Lambda wants.
//!
//! As CloudFormation does it, the code is `index.py` or `index.js`, and beside it lies the module
//! with which such code answers a custom resource: `cfnresponse` or `cfn-response`. The same code
//! gives the same bytes: times are fixed and nothing is compressed.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The files beside the code, by their paths.
const PYTHON: [(&str, &str); 1] =
    [("cfnresponse.py", include_str!("lambda_inline_code/cfnresponse.py"))];
/// In a folder that Node.js searches for `cfn-response` without being told to.
const NODE_JS: [(&str, &str); 1] =
    [("node_modules/cfn-response/index.js", include_str!("lambda_inline_code/cfn-response.js"))];

/// Readable by all, writable by the owner.
const PERMISSIONS: u32 = 0o644;

/// The zip for some code.
///
/// # Errors
///
/// Why the code cannot be inline.
pub(super) fn zip(runtime: &str, code: &str) -> Result<Vec<u8>, String> {
    let (name, beside) = if runtime.starts_with("python") {
        ("index.py", PYTHON)
    } else if runtime.starts_with("nodejs") {
        ("index.js", NODE_JS)
    } else {
        return Err(format!(
            "`Code.ZipFile` works for Python and Node.js only, and the runtime is `{runtime}`"
        ));
    };
    archive([(name, code)].into_iter().chain(beside)).map_err(|error| error.to_string())
}

fn archive<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(PERMISSIONS);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(name, options)?;
        writer.write_all(text.as_bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn names(runtime: &str) -> Vec<String> {
        let bytes = zip(runtime, "code").unwrap();
        let archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        archive.file_names().map(|name| name.unwrap().into_owned()).collect()
    }

    #[test]
    fn the_module_for_custom_resources_lies_beside_the_code() {
        assert_eq!(names("python3.13"), ["index.py", "cfnresponse.py"]);
        assert_eq!(names("nodejs22.x"), ["index.js", "node_modules/cfn-response/index.js"]);
        assert!(zip("java21", "code").unwrap_err().contains("java21"));
    }

    #[test]
    fn the_same_code_gives_the_same_bytes() {
        let bytes = zip("python3.13", "def handler(event, context): pass").unwrap();
        assert_eq!(zip("python3.12", "def handler(event, context): pass").unwrap(), bytes);
        let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut file = archive.by_name("index.py").unwrap();
        assert_eq!(file.unix_mode(), Some(0o100_644));
        assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "def handler(event, context): pass");
    }
}
