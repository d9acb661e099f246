//! Policy files.

use std::path::Path;

use cspm::policy_file::PolicyFile;

use super::assert_harmless;

/// An input is the file's text. What was understood is written so that it is understood again.
pub fn policy_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = Path::new("baseline.toml");
    match PolicyFile::parse(text, path) {
        Ok(file) => {
            let written = file.to_toml();
            written.lines().for_each(|line| assert_harmless("a policy file", line));
            match PolicyFile::parse(&written, path) {
                Ok(again) => assert_eq!(again, file, "{written}"),
                Err(error) => panic!("what was written cannot be read: {error}\n{written}"),
            }
        }
        Err(error) => error.to_string().lines().for_each(|line| assert_harmless("a problem", line)),
    }
}
