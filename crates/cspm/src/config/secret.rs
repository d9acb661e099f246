//! Where a secret comes from: an environment variable or a file, never the configuration itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::problem::BYTE_ORDER_MARK;

/// A secret file larger than this is no secret file.
const LARGEST: u64 = 64 * 1024;

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    Environment(&'a str),
    File(&'a Path),
}

/// A secret, and a warning about how it is kept if there is reason for one.
pub(super) struct Found {
    pub(super) secret: SecretString,
    pub(super) warning: Option<String>,
}

/// Reads a secret and trims white space around it, a byte-order mark too. The error says what to do and holds nothing of the secret.
pub(super) fn read(
    source: &Source<'_>,
    environment: &dyn Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<Found, String> {
    let (text, warning) = match source {
        Source::Environment(name) => {
            let value = environment(name)
                .ok_or_else(|| format!("the environment variable {name} is not set; set it to the secret"))?;
            let text =
                value.into_string().map_err(|_| format!("the environment variable {name} is not UTF-8"))?;
            (Zeroizing::new(text), None)
        }
        Source::File(path) => (read_file(path)?, loose_permissions(path)),
    };
    let trimmed = text.trim_matches(|letter: char| letter.is_whitespace() || letter == BYTE_ORDER_MARK);
    let named = match source {
        Source::Environment(name) => format!("the environment variable {name}"),
        Source::File(path) => format!("the file {}", cspm_core::clean_text(&path.display().to_string(), 200)),
    };
    if trimmed.is_empty() {
        return Err(format!("{named} is empty; put the secret there"));
    }
    if trimmed.contains(char::is_control) {
        return Err(format!(
            "{named} holds a line break or a control character inside the secret; put the secret alone there"
        ));
    }
    Ok(Found { secret: SecretString::from(trimmed), warning })
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let shown = cspm_core::clean_text(&path.display().to_string(), 200);
    let failed = |reason: String| format!("the secret file {shown} cannot be read: {reason}");
    let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is not a regular file".to_owned()));
    }
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(failed("it is larger than 64 KiB".to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not UTF-8".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(unix)]
fn loose_permissions(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = cspm_core::clean_text(&path.display().to_string(), 200);
    (mode & 0o077 != 0).then(|| {
        format!("the secret file {shown} can be read by others (mode {mode:03o}); run: chmod 600 {shown}")
    })
}

#[cfg(not(unix))]
fn loose_permissions(_path: &Path) -> Option<String> {
    None
}
