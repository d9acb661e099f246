//! What is the same in many events is made once and written once.

use crate::one_line;
use crate::tree::Node;

/// A value together with its JSON text, lent to every event that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    node: Node<'static>,
    text: Vec<u8>,
}

impl Part {
    pub(crate) fn new(node: impl Into<Node<'static>>) -> Self {
        let (node, mut text) = (node.into(), Vec::new());
        one_line::append_node(&mut text, &node);
        Self { node, text }
    }

    pub(crate) const fn node(&self) -> &Node<'static> {
        &self.node
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}
