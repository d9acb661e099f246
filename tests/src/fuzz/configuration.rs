//! Configuration files.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;

use cspm::Fleet;
use cspm::config::Configuration;

use super::{SECRET, assert_harmless};
use crate::assert_absent;
use crate::secrets::holds;

/// An input is the file's text. Whatever variable it names holds the credential.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // What the file itself says may come out again.
    let secrets = if holds(text, SECRET) { vec![] } else { vec![SECRET.to_owned()] };
    let environment = |_: &str| Some(OsString::from(SECRET));
    match Configuration::parse(text, Path::new("cspm.toml"), &environment) {
        Ok(configuration) => {
            assert!(!configuration.connections.is_empty(), "a configuration has connections");
            let mut names = HashSet::new();
            for connection in &configuration.connections {
                assert!(names.insert(&connection.name), "{} twice", connection.name);
                let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                assert!(!connection.name.is_empty() && connection.name.bytes().all(is_plain));
                let address = connection.address.as_str();
                assert!(address.starts_with("https://") || connection.address.is_loopback(), "{address}");
            }
            assert_absent(&secrets, "a configuration", &format!("{configuration:?}"));
            for warning in &configuration.warnings {
                assert_harmless("a warning", warning);
            }
            if let Err(errors) = Fleet::connect(&configuration) {
                errors.iter().for_each(super::adapter::assert_sound);
            }
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty());
            told.lines().for_each(|line| assert_harmless("a problem", line));
            assert_absent(&secrets, "the problems", &format!("{told} {error:?}"));
        }
    }
}
