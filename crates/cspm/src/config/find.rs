//! The four places a configuration may be in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// Finds the configuration: the named file, else `$CSPM_CONFIG`, else `./cspm.toml`, else
/// `$XDG_CONFIG_HOME/cspm/config.toml` (`~/.config/cspm/config.toml` when unset). A named file is returned whether it
/// exists or not: reading it will say.
///
/// # Errors
/// [`ConfigError::NotFound`] if there is none; it names all four places.
pub fn find(
    named: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, ConfigError> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = named.map(Path::to_owned).or_else(|| set("CSPM_CONFIG")) {
        return Ok(path);
    }
    let here = PathBuf::from("cspm.toml");
    if here.exists() {
        return Ok(here);
    }
    let home = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let personal = home.map(|home| home.join("cspm").join("config.toml"));
    match personal {
        Some(path) if path.exists() => Ok(path),
        other => Err(ConfigError::NotFound(other.unwrap_or_else(|| "~/.config/cspm/config.toml".into()))),
    }
}
