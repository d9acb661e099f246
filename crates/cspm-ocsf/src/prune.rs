//! Cuts an event down to what an older schema knows, and keeps the cuttings by their path.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::check::{OTHER, is_one_of};
use crate::schema::{Attribute, Base, Constraint, Kind, Profiles, Scalar, Schema, Table};
use crate::tree::{Node, Object};

/// A walk over an event that takes out what the target version does not know.
pub(crate) struct Pruner<'a> {
    source: &'static Schema,
    target: &'static Schema,
    profiles: Profiles,
    path: String,
    /// What `resource` was called before.
    resource: Option<String>,
    /// What was taken out, by its path in the event as it was.
    pub(crate) moved: Object<'a>,
}

impl<'a> Pruner<'a> {
    pub(crate) fn new(source: &'static Schema, target: &'static Schema) -> Self {
        let moved = Object::default();
        Self { source, target, profiles: Profiles::default(), path: String::new(), resource: None, moved }
    }

    /// `resource` was the item of `resources` at this place.
    pub(crate) fn resource_was(&mut self, place: usize) {
        self.resource = Some(format!("resources[{place}]"));
    }

    /// The schema that is cut down to.
    pub(crate) const fn target(&self) -> &'static Schema {
        self.target
    }

    /// The profiles that the cut event declares.
    pub(crate) const fn profiles(&self) -> Profiles {
        self.profiles
    }

    /// Cuts the whole event.
    pub(crate) fn event(&mut self, root: &mut Object<'a>) {
        self.declared(root);
        self.object(root, self.target.class(), Some(self.source.class()));
    }

    /// Takes out the profiles that the target does not know, and remembers the others.
    fn declared(&mut self, root: &mut Object<'a>) {
        let profiles = root.object_mut("metadata").and_then(|metadata| metadata.get_mut("profiles"));
        let Some(Node::List(profiles)) = profiles else { return };
        let mut place = 0;
        profiles.retain_mut(|name| {
            let known = name.as_text().and_then(|name| self.target.profile(name));
            match known {
                Some(profile) => self.profiles = self.profiles.with(profile),
                None => self
                    .moved
                    .put_under(format!("metadata.profiles[{place}]"), std::mem::replace(name, Node::Null)),
            }
            place += 1;
            known.is_some()
        });
    }

    /// Cuts an object; says whether what is left is whole enough to stay.
    fn object(
        &mut self,
        object: &mut Object<'a>,
        table: &'static Table,
        before: Option<&'static Table>,
    ) -> bool {
        if table.is_open() {
            return true;
        }
        let mut captions = Vec::new();
        object.retain_mut(|name, value| {
            let length = self.enter(name);
            let stays = match table.attribute(name, self.profiles) {
                Some(attribute) => {
                    // Only enumerations and objects are looked at in both versions.
                    let compared = attribute.values.is_some() || matches!(attribute.kind, Kind::Object(_));
                    let before = before.filter(|_| compared).and_then(|it| it.attribute_of_any_profile(name));
                    captions.extend(self.caption(value, attribute, before));
                    self.attribute(value, attribute, before)
                }
                None => false,
            };
            if !stays {
                self.take(value);
            }
            self.path.truncate(length);
            stays
        });
        for caption in captions {
            self.place_caption(object, table, caption);
        }
        table.required(self.profiles).all(|attribute| object.get(&attribute.name).is_some())
            && table.constraints.iter().all(|(constraint, names)| {
                let count = names.iter().filter(|name| object.get(name).is_some()).count();
                match constraint {
                    Constraint::AtLeastOne => count > 0,
                    Constraint::JustOne => count == 1,
                }
            })
    }

    /// Cuts a value; says whether it fits the target's attribute.
    fn attribute(
        &mut self,
        value: &mut Node<'a>,
        attribute: &'static Attribute,
        before: Option<&'static Attribute>,
    ) -> bool {
        if !attribute.array {
            return self.value(value, attribute, before);
        }
        let Node::List(items) = value else { return false };
        let mut place = 0;
        items.retain_mut(|item| {
            let length = self.path.len();
            // Writing to a String cannot fail.
            let _ = write!(self.path, "[{place}]");
            let stays = self.value(item, attribute, before);
            if !stays {
                self.take(item);
            }
            self.path.truncate(length);
            place += 1;
            stays
        });
        place == 0 || !items.is_empty()
    }

    fn value(
        &mut self,
        value: &mut Node<'a>,
        attribute: &'static Attribute,
        before: Option<&'static Attribute>,
    ) -> bool {
        if attribute.values.as_ref().is_some_and(|values| !is_one_of(values, value)) {
            return false;
        }
        match (&attribute.kind, value) {
            (Kind::Object(_), Node::Object(object)) => {
                let before = before.and_then(|before| self.source.object(before));
                self.target.object(attribute).is_some_and(|table| self.object(object, table, before))
            }
            (Kind::Scalar(scalar), value) => self.scalar(value, scalar),
            (Kind::Object(_), _) => false,
        }
    }

    fn scalar(&mut self, value: &mut Node<'a>, scalar: &Scalar) -> bool {
        match (scalar.base, value) {
            (Base::Any, _) | (Base::Boolean, Node::Bool(_)) => true,
            (Base::Float, Node::Number(number)) => number.is_f64(),
            (Base::Integer, Node::Number(number)) => number.is_i64(),
            (Base::Text, Node::Text(text)) => {
                self.cut(text, scalar.max_len.map_or(usize::MAX, |(most, _)| most));
                true
            }
            _ => false,
        }
    }

    /// Cuts a text to so many characters, and keeps the whole.
    fn cut(&mut self, text: &mut Cow<'a, str>, most: usize) {
        if text.len() <= most {
            return;
        }
        if let Some((end, _)) = text.char_indices().nth(most) {
            let whole = std::mem::take(text);
            *text = Cow::Owned(whole.get(..end).unwrap_or_default().to_owned());
            self.moved.put_under(self.path.clone(), whole);
        }
    }

    /// Makes an unknown number 99 where the target has that; says which caption then belongs beside it.
    fn caption(
        &mut self,
        value: &mut Node<'a>,
        attribute: &'static Attribute,
        before: Option<&'static Attribute>,
    ) -> Option<Caption> {
        let number = value.as_integer()?;
        let sibling = attribute.sibling.as_deref()?;
        let old = before?.caption(number)?;
        match attribute.caption(number) {
            Some(caption) => (caption != old).then_some(Caption { sibling, old, new: caption }),
            None => {
                attribute.caption(OTHER)?;
                self.moved.put_under(self.path.clone(), number);
                *value = Node::from(OTHER);
                Some(Caption { sibling, old, new: old })
            }
        }
    }

    /// Puts the caption beside its number, unless the source's own word is there.
    fn place_caption(&mut self, object: &mut Object<'a>, table: &'static Table, caption: Caption) {
        let Caption { sibling, old, new } = caption;
        let Some(attribute) = table.attribute(sibling, self.profiles) else { return };
        match object.get(&attribute.name).map(Node::as_text) {
            None => object.put(sibling, new),
            Some(Some(text)) if text == old && old != new => {
                let length = self.enter(sibling);
                self.moved.put_under(self.path.clone(), old);
                self.path.truncate(length);
                if let Some(value) = object.get_mut(sibling) {
                    *value = Node::from(new);
                }
            }
            Some(_) => {}
        }
    }

    /// Goes one member deeper; gives the length to cut the path back to.
    fn enter(&mut self, name: &str) -> usize {
        let length = self.path.len();
        match (&self.resource, length) {
            (Some(was), 0) if name == "resource" => self.path.push_str(was),
            (_, 0) => self.path.push_str(name),
            _ => {
                self.path.push('.');
                self.path.push_str(name);
            }
        }
        length
    }

    fn take(&mut self, value: &mut Node<'a>) {
        self.moved.put_under(self.path.clone(), std::mem::replace(value, Node::Null));
    }
}

/// A caption that belongs beside a number.
#[derive(Clone, Copy)]
struct Caption {
    sibling: &'static str,
    /// The caption before.
    old: &'static str,
    /// The caption now.
    new: &'static str,
}
