//! What is the same in many events is made once and written once.

use std::sync::OnceLock;

use crate::one_line;
use crate::schema::{Attribute, Profiles};
use crate::tree::Node;

/// A value together with its JSON text, lent to every event that has it.
#[derive(Clone, Debug)]
pub struct Part {
    node: Node<'static>,
    text: Vec<u8>,
    /// Where it was checked and nothing was found, so that it need not be checked there again.
    valid: OnceLock<Check>,
}

/// What a value was checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// The attribute by its place in memory: tables are never moved.
    attribute: usize,
    profiles: Profiles,
}

impl Part {
    pub(crate) fn new(node: impl Into<Node<'static>>) -> Self {
        let (node, mut text) = (node.into(), Vec::new());
        one_line::append_node(&mut text, &node);
        Self { node, text, valid: OnceLock::new() }
    }

    pub(crate) const fn node(&self) -> &Node<'static> {
        &self.node
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where it is known to be valid.
    pub(crate) const fn valid(&self) -> &OnceLock<Check> {
        &self.valid
    }
}

impl Check {
    pub(crate) fn of(attribute: &'static Attribute, profiles: Profiles) -> Self {
        Self { attribute: std::ptr::from_ref(attribute).addr(), profiles }
    }
}

impl Eq for Part {}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}
