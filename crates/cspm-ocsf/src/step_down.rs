//! Rewrites an event for an older schema version without losing a value.

use std::borrow::Cow;

use crate::check::leads_somewhere;
use crate::prune::Pruner;
use crate::schema::Schema;
use crate::tree::{Event, Node, Object};
use crate::version::Version;

/// Rewrites an event for an older version. An event of that version or an older one stays as it is.
///
/// What the older version does not know moves to `unmapped.ocsf_1_8` (the key names the version the event had), under
/// its path: attributes, profiles, the number of an unknown enumeration value (which becomes 99, with its caption as
/// text), the whole of a text that had to be cut, observables that would lead nowhere. `compliance.status_details`
/// becomes `status_detail` below 1.4; the program that mapped the event is named in `metadata.labels` below 1.5.
/// Standards, title, vendor name and observable names, which older versions require, are filled from what is nearest.
///
/// Below 1.3 an event has one resource: an event with several becomes several, each with its own `metadata.uid`.
#[must_use]
pub fn step_down(event: Event<'_>, to: Version) -> Vec<Event<'_>> {
    // No event's version sorts above the newest, so none needs looking at.
    if to == Version::NEWEST {
        return vec![event];
    }
    let from = event.version();
    if from <= to {
        return vec![event];
    }
    let root = event.into_attributes();
    if to < Version::V1_3 && from >= Version::V1_3 {
        let split = one_each(root);
        let of = split.len();
        let shares = split.into_iter().enumerate().map(|(place, root)| (root, Share { place, of }));
        return shares.map(|(root, share)| rewrite(root, from, to, Some(share))).collect();
    }
    vec![rewrite(root, from, to, None)]
}

/// Which part of a split event an event is.
#[derive(Clone, Copy)]
struct Share {
    /// The place of its resource.
    place: usize,
    /// How many parts there are.
    of: usize,
}

/// One event a resource, which stands in the place of `resources`.
fn one_each(mut root: Object<'_>) -> Vec<Object<'_>> {
    let resources = match root.get_mut("resources") {
        Some(Node::List(resources)) if !resources.is_empty() => std::mem::take(resources),
        _ => return vec![root],
    };
    let mut events = Vec::with_capacity(resources.len());
    let mut rest = resources.into_iter().peekable();
    while let Some(resource) = rest.next() {
        let mut event = if rest.peek().is_some() { root.clone() } else { std::mem::take(&mut root) };
        event.set("resources", resource);
        events.push(event);
    }
    events
}

fn rewrite(mut root: Object<'_>, from: Version, to: Version, share: Option<Share>) -> Event<'_> {
    let mut pruner = Pruner::new(Schema::of(from), Schema::of(to));
    if let Some(share) = share {
        take_share(&mut root, share, &mut pruner);
    }
    if to < Version::V1_4 {
        join_status_details(&mut root);
    }
    if to < Version::V1_5 {
        label_mapper(&mut root);
    }
    fill_required(&mut root);
    pruner.event(&mut root);
    drop_lost_observables(&mut root, &mut pruner);
    // A draft or patch of a version, or no version at all, is a value like any other.
    let old = root.object_mut("metadata").and_then(|metadata| metadata.set("version", to.as_str()));
    if let Some(old) = old.filter(|old| old.as_text() != Some(from.as_str())) {
        pruner.moved.put("metadata.version", old);
    }
    keep(&mut root, from, pruner.moved);
    Event::new(root)
}

/// Makes an event of a part: its own resource, its own observables, its own id.
fn take_share<'a>(root: &mut Object<'a>, share: Share, pruner: &mut Pruner<'a>) {
    if let Some(old) = root.remove("resource") {
        pruner.moved.put("resource", old);
    }
    if matches!(root.get("resources"), Some(Node::Object(_))) {
        root.rename("resources", "resource");
        pruner.resource_was(share.place);
    }
    follow_resource(root, share);
    let uid = root.object_mut("metadata").and_then(|metadata| metadata.get_mut("uid"));
    if let (true, Some(Node::Text(uid))) = (share.of > 1, uid) {
        let own = format!("{uid}#{}", share.place);
        pruner.moved.put("metadata.uid", std::mem::replace(uid, Cow::Owned(own)));
    }
}

/// Observables follow their resource; those of the other resources are with the other events, and those of no
/// resource with the first.
fn follow_resource(root: &mut Object<'_>, Share { place, of }: Share) {
    let Some(Node::List(observables)) = root.get_mut("observables") else { return };
    observables.retain_mut(|observable| {
        let Node::Object(observable) = observable else { return true };
        let Some(Node::Text(name)) = observable.get_mut("name") else { return true };
        let Some(rest) = name.strip_prefix("resources") else { return true };
        let (index, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((index, rest)) => (index.parse().ok(), rest),
            None => (None, rest),
        };
        if !(rest.is_empty() || rest.starts_with('.')) {
            return true;
        }
        let own = index.is_none_or(|index: usize| index == place || (place == 0 && index >= of));
        *name = Cow::Owned(format!("resource{rest}"));
        own
    });
}

fn join_status_details(root: &mut Object<'_>) {
    let Some(compliance) = root.object_mut("compliance") else { return };
    if compliance.get("status_detail").is_some() {
        return;
    }
    let Some(details) = compliance.get("status_details").and_then(Node::as_list) else { return };
    let joined = details.iter().filter_map(Node::as_text).collect::<Vec<_>>().join("; ");
    if !joined.is_empty() {
        compliance.put("status_detail", joined);
    }
}

/// `metadata.labels` gets `mapper:<name>/<version>`, which later versions say in `transformation_info_list`.
fn label_mapper(root: &mut Object<'_>) {
    let Some(metadata) = root.object_mut("metadata") else { return };
    let Some(steps) = metadata.get("transformation_info_list").and_then(Node::as_list) else { return };
    let labels: Vec<Node<'_>> = steps
        .iter()
        .filter_map(|step| {
            let product = step.as_object()?.get("product")?.as_object()?;
            let name = product.get("name")?.as_text()?;
            let version = product.get("version").and_then(Node::as_text);
            Some(Node::from(
                version
                    .map_or_else(|| format!("mapper:{name}"), |version| format!("mapper:{name}/{version}")),
            ))
        })
        .collect();
    match metadata.get_mut("labels") {
        Some(Node::List(present)) => present.extend(labels),
        Some(_) => {}
        None => metadata.put_filled("labels", labels),
    }
}

/// Fills what older versions require from what says nearly the same.
fn fill_required(root: &mut Object<'_>) {
    if let Some(product) = root.object_mut("metadata").and_then(|metadata| metadata.object_mut("product")) {
        fill(product, "vendor_name", |product| first_text(product, &["name", "uid"]));
    }
    let product = root.at("metadata.product").and_then(Node::as_object);
    let rules = product.and_then(|product| first_text(product, &["name", "uid"]));
    if let (Some(compliance), Some(rules)) = (root.object_mut("compliance"), rules)
        && compliance.get("standards").is_none()
    {
        compliance.put("standards", vec![Node::from(format!("{rules} rules"))]);
    }
    if let Some(info) = root.object_mut("finding_info") {
        let analytic = |info: &Object<'_>| first_text(info.get("analytic")?.as_object()?, &["name", "uid"]);
        fill(info, "title", |info| analytic(info).or_else(|| first_text(info, &["desc", "uid"])));
    }
}

fn fill(object: &mut Object<'_>, key: &'static str, from: impl Fn(&Object<'_>) -> Option<String>) {
    if object.get(key).is_none()
        && let Some(text) = from(object)
    {
        object.put(key, text);
    }
}

fn first_text(object: &Object<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| object.get(key).and_then(Node::as_text)).map(str::to_owned)
}

/// Observables that point at what was moved away.
fn drop_lost_observables<'a>(root: &mut Object<'a>, pruner: &mut Pruner<'a>) {
    let Some(Node::List(observables)) = root.get_mut("observables") else { return };
    let mut place = 0;
    observables.retain_mut(|observable| {
        let name =
            observable.as_object().and_then(|observable| observable.get("name")).and_then(Node::as_text);
        let leads = name.is_none_or(|name| leads_somewhere(pruner.target(), pruner.profiles(), name));
        if !leads {
            pruner
                .moved
                .put_under(format!("observables[{place}]"), std::mem::replace(observable, Node::Null));
        }
        place += 1;
        leads
    });
    if observables.is_empty() {
        root.remove("observables");
    }
}

/// Puts what was moved under `unmapped`, where nothing else is.
fn keep<'a>(root: &mut Object<'a>, from: Version, moved: Object<'a>) {
    if moved.is_empty() {
        return;
    }
    if !matches!(root.get("unmapped"), Some(Node::Object(_))) {
        root.set("unmapped", Object::with_capacity(1));
    }
    if let Some(unmapped) = root.object_mut("unmapped") {
        let mut key = Cow::Borrowed(from.leftovers());
        while unmapped.get(&key).is_some() {
            key.to_mut().push('_');
        }
        unmapped.put_under(key, moved);
    }
}
