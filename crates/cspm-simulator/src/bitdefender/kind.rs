//! The six collections and what differs between them on the outside: path, area and type word.

use super::keys::Area;

/// One collection of the API (inventory of section 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Scans,
    ScanGroups,
    Checks,
    Resources,
    Rules,
    Standards,
}

impl Kind {
    /// The collection at the two path segments behind the base path.
    pub(super) fn at(first: &str, second: &str) -> Option<Self> {
        Some(match (first, second) {
            ("setting", "scans") => Self::Scans,
            ("setting", "scan_groups") => Self::ScanGroups,
            ("cspm", "checks") => Self::Checks,
            ("cspm", "resources") => Self::Resources,
            ("cspm", "rules") => Self::Rules,
            ("cspm", "system_compliance") => Self::Standards,
            _ => return None,
        })
    }

    /// The path behind the base path; the first segment is singular, the second plural (section 1.1).
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Scans => "/setting/scans",
            Self::ScanGroups => "/setting/scan_groups",
            Self::Checks => "/cspm/checks",
            Self::Resources => "/cspm/resources",
            Self::Rules => "/cspm/rules",
            Self::Standards => "/cspm/system_compliance",
        }
    }

    /// The `type` of its items (section 3.2).
    pub(super) fn type_word(self) -> &'static str {
        match self {
            Self::Scans => "scan",
            Self::ScanGroups => "scan_group",
            Self::Checks => "check",
            Self::Resources => "resource",
            Self::Rules => "rule",
            Self::Standards => "system_compliance",
        }
    }

    /// The area a key must cover to read it.
    pub(super) fn area(self) -> Area {
        match self {
            Self::Scans | Self::ScanGroups => Area::Setting,
            Self::Checks | Self::Resources | Self::Rules | Self::Standards => Area::Cspm,
        }
    }

    /// Whether its ids are UUIDs (section 3.3); standards have short names.
    pub(super) fn has_uuids(self) -> bool {
        self != Self::Standards
    }
}

/// One value for each collection.
#[derive(Debug, Default)]
pub(super) struct PerKind<T> {
    pub(super) scans: T,
    pub(super) groups: T,
    pub(super) checks: T,
    pub(super) resources: T,
    pub(super) rules: T,
    pub(super) standards: T,
}

impl<T> PerKind<T> {
    pub(super) fn get(&self, kind: Kind) -> &T {
        match kind {
            Kind::Scans => &self.scans,
            Kind::ScanGroups => &self.groups,
            Kind::Checks => &self.checks,
            Kind::Resources => &self.resources,
            Kind::Rules => &self.rules,
            Kind::Standards => &self.standards,
        }
    }

    pub(super) fn get_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Scans => &mut self.scans,
            Kind::ScanGroups => &mut self.groups,
            Kind::Checks => &mut self.checks,
            Kind::Resources => &mut self.resources,
            Kind::Rules => &mut self.rules,
            Kind::Standards => &mut self.standards,
        }
    }
}
