//! Finding things in a world by id, and what the world's references amount to.

use std::collections::HashMap;

use super::{
    kind::PerKind,
    options::Options,
    world::{Check, Control, Id, Resource, Rule, Scan, Standard, World},
};

/// Positions by id. Made anew whenever the world was edited.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The first item of each id.
    pub(super) positions: PerKind<HashMap<Id, usize>>,
    /// For each rule, the standards and controls it is under, as positions.
    controls: HashMap<Id, Vec<(usize, usize)>>,
    /// For each group, its scan accounts, as positions.
    members: HashMap<Id, Vec<usize>>,
    /// The earliest end of an accepted risk: nothing has to be looked at before that day is over.
    pub(super) first_expiry: Option<String>,
}

impl Index {
    pub(super) fn of(world: &World) -> Self {
        let mut index = Self {
            positions: PerKind {
                scans: by_id(world.scans.iter().map(|scan| &scan.id)),
                groups: by_id(world.groups.iter().map(|group| &group.id)),
                checks: by_id(world.checks.iter().map(|check| &check.id)),
                resources: by_id(world.resources.iter().map(|resource| &resource.id)),
                rules: by_id(world.rules.iter().map(|rule| &rule.id)),
                standards: by_id(world.standards.iter().map(|standard| &standard.id)),
            },
            first_expiry: first_expiry(world),
            ..Self::default()
        };
        for (at, scan) in world.scans.iter().enumerate() {
            if let Some(group) = &scan.group {
                index.members.entry(group.clone()).or_default().push(at);
            }
        }
        for (standard, controls) in world.standards.iter().map(|standard| &standard.controls).enumerate() {
            for (control, rules) in controls.iter().map(|control| &control.rules).enumerate() {
                for rule in rules {
                    index.controls.entry(rule.clone()).or_default().push((standard, control));
                }
            }
        }
        index
    }
}

/// The earliest end of an accepted risk.
pub(super) fn first_expiry(world: &World) -> Option<String> {
    let accepted = world.checks.iter().filter(|check| check.status.as_deref() == Some("risk_accepted"));
    accepted.filter_map(|check| check.expires_at.as_ref()).min().cloned()
}

fn by_id<'a>(ids: impl Iterator<Item = &'a Id>) -> HashMap<Id, usize> {
    let mut positions = HashMap::new();
    for (at, id) in ids.enumerate() {
        positions.entry(id.clone()).or_insert(at);
    }
    positions
}

/// A world with its index and the options: all that is needed to filter and to write items.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) index: &'a Index,
    pub(super) options: &'a Options,
}

impl<'a> View<'a> {
    pub(super) fn scan(self, id: &str) -> Option<&'a Scan> {
        self.world.scans.get(*self.index.positions.scans.get(id)?)
    }

    pub(super) fn resource(self, id: &str) -> Option<&'a Resource> {
        self.world.resources.get(*self.index.positions.resources.get(id)?)
    }

    pub(super) fn rule(self, id: &str) -> Option<&'a Rule> {
        self.world.rules.get(*self.index.positions.rules.get(id)?)
    }

    /// The id of the group that the check's scan account is in.
    pub(super) fn group_id(self, check: &Check) -> Option<&'a Id> {
        self.scan(&check.scan)?.group.as_ref()
    }

    pub(super) fn group_name(self, check: &Check) -> Option<&'a str> {
        let position = *self.index.positions.groups.get(self.group_id(check)?)?;
        self.world.groups.get(position)?.name.as_deref()
    }

    /// The scan accounts of a group.
    pub(super) fn members(self, group: &str) -> impl Iterator<Item = &'a Scan> {
        self.index.members.get(group).into_iter().flatten().filter_map(|at| self.world.scans.get(*at))
    }

    /// The controls that a rule is under, each with its standard.
    pub(super) fn controls(self, rule: &str) -> impl Iterator<Item = (&'a Standard, &'a Control)> {
        self.index.controls.get(rule).into_iter().flatten().filter_map(|(standard, control)| {
            let standard = self.world.standards.get(*standard)?;
            Some((standard, standard.controls.get(*control)?))
        })
    }
}
