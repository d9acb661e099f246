//! The schema versions this crate knows.

use std::fmt;
use std::str::FromStr;

/// A released version of the OCSF schema, 1.1 to 1.8. Older sorts lower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 1.1.0
    V1_1,
    /// 1.2.0: the last one with a single `resource`.
    V1_2,
    /// 1.3.0: the newest that Amazon Security Lake takes from custom sources.
    V1_3,
    /// 1.4.0
    V1_4,
    /// 1.5.0
    V1_5,
    /// 1.6.0
    V1_6,
    /// 1.7.0
    V1_7,
    /// 1.8.0: the one events are built at.
    #[default]
    V1_8,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 8] =
        [Self::V1_1, Self::V1_2, Self::V1_3, Self::V1_4, Self::V1_5, Self::V1_6, Self::V1_7, Self::V1_8];

    /// The newest version: 1.8.0.
    pub const NEWEST: Self = Self::V1_8;

    /// As `metadata.version` spells it, for example `1.8.0`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_1 => "1.1.0",
            Self::V1_2 => "1.2.0",
            Self::V1_3 => "1.3.0",
            Self::V1_4 => "1.4.0",
            Self::V1_5 => "1.5.0",
            Self::V1_6 => "1.6.0",
            Self::V1_7 => "1.7.0",
            Self::V1_8 => "1.8.0",
        }
    }

    /// The key under `unmapped` that keeps what an event of this version lost when it was stepped down.
    pub(crate) const fn leftovers(self) -> &'static str {
        match self {
            Self::V1_1 => "ocsf_1_1",
            Self::V1_2 => "ocsf_1_2",
            Self::V1_3 => "ocsf_1_3",
            Self::V1_4 => "ocsf_1_4",
            Self::V1_5 => "ocsf_1_5",
            Self::V1_6 => "ocsf_1_6",
            Self::V1_7 => "ocsf_1_7",
            Self::V1_8 => "ocsf_1_8",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no version this crate knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an OCSF version known here (one of 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8)")]
pub struct UnknownVersion;

impl FromStr for Version {
    type Err = UnknownVersion;

    /// Reads `1.8` or `1.8.0`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| {
                let full = version.as_str();
                full == text || full.strip_suffix(".0") == Some(text)
            })
            .ok_or(UnknownVersion)
    }
}

/// How a `metadata.version` stands to a known version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No version number at all.
    Malformed,
    /// Older, or a draft of it.
    Earlier,
    /// The same, patch releases included: they add nothing.
    Same,
    /// Newer.
    Later,
}

impl Standing {
    /// Compares the text of a `metadata.version` with a known version.
    pub(crate) fn of(text: &str, known: Version) -> Self {
        let (numbers, draft) = text.split_once('-').map_or((text, false), |(numbers, _)| (numbers, true));
        let Some(minor) = minor(numbers) else { return Self::Malformed };
        let known_minor = minor_of(known);
        match minor.cmp(&known_minor) {
            std::cmp::Ordering::Less => Self::Earlier,
            std::cmp::Ordering::Equal if draft => Self::Earlier,
            std::cmp::Ordering::Equal => Self::Same,
            std::cmp::Ordering::Greater => Self::Later,
        }
    }

    /// The version an event says it follows, as near as the known ones allow, and how exactly.
    pub(crate) fn nearest(text: &str) -> (Version, Self) {
        let numbers = text.split_once('-').map_or(text, |(numbers, _)| numbers);
        let Some(minor) = minor(numbers) else { return (Version::NEWEST, Self::Malformed) };
        let version = Version::ALL
            .into_iter()
            .rev()
            .find(|version| minor_of(*version) <= minor)
            .unwrap_or(Version::V1_1);
        (version, Self::of(text, version))
    }
}

/// `(major, minor)` of `x.y.z`.
fn minor(numbers: &str) -> Option<(u32, u32)> {
    let mut parts = numbers.split('.').map(|part| {
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten()
    });
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(major)), Some(Some(minor)), Some(Some(_)), None) => Some((major, minor)),
        _ => None,
    }
}

fn minor_of(version: Version) -> (u32, u32) {
    let place = Version::ALL.iter().position(|known| *known == version).unwrap_or(0);
    (1, u32::try_from(place).unwrap_or(0) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_and_without_the_last_zero() {
        for version in Version::ALL {
            assert_eq!(version.as_str().parse(), Ok(version));
            assert_eq!(version.as_str().trim_end_matches(".0").parse(), Ok(version));
            assert_eq!(Standing::nearest(version.as_str()), (version, Standing::Same));
        }
        for wrong in ["1", "1.0", "1.0.0", "1.9", "1.8.1", "1.8.", "", " 1.8", "1.8.0-dev", "v1.8"] {
            assert_eq!(wrong.parse::<Version>(), Err(UnknownVersion), "{wrong}");
        }
    }

    #[test]
    fn other_versions_are_placed() {
        for (text, want) in [
            ("1.0.0", (Version::V1_1, Standing::Earlier)),
            ("1.5.0-dev", (Version::V1_5, Standing::Earlier)),
            ("1.5.3", (Version::V1_5, Standing::Same)),
            ("1.10.0", (Version::V1_8, Standing::Later)),
            ("2.0.0", (Version::V1_8, Standing::Later)),
            ("1.8", (Version::V1_8, Standing::Malformed)),
            ("one", (Version::V1_8, Standing::Malformed)),
        ] {
            assert_eq!(Standing::nearest(text), want, "{text}");
        }
    }
}
