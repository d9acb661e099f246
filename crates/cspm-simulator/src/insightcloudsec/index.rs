//! What queries need to be fast: each resource's JSON written once, and who fails what.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::stamp;
use super::supported::TYPES;
use super::world::{Cloud, Resource, SourcedId, Tags, World};

/// Everything derived from resources and clouds. Positions are indices into `World::resources`.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The envelopes, one after the other.
    json: Vec<u8>,
    /// Where each envelope ends.
    ends: Vec<usize>,
    /// The organization of each resource; 0 if its cloud does not exist.
    organizations: Vec<i64>,
    failing: HashMap<SourcedId, Vec<u32>>,
    by_id: HashMap<Box<str>, u32>,
    /// Resources of a cloud by type.
    counts: HashMap<i64, HashMap<Arc<str>, i64>>,
    /// Types in use that are not on the vendor's list.
    extra_types: BTreeSet<Arc<str>>,
}

impl Index {
    pub(super) fn build(world: &World) -> Self {
        let clouds: HashMap<i64, &Cloud> = world.clouds.iter().map(|cloud| (cloud.id, cloud)).collect();
        let mut index = Self::default();
        for (position, resource) in (0u32..).zip(&world.resources) {
            let cloud = clouds.get(&resource.cloud).copied();
            write_envelope(&mut index.json, resource, cloud);
            index.ends.push(index.json.len());
            index.organizations.push(cloud.map_or(0, |cloud| cloud.organization));
            index.by_id.insert(resource.id.as_str().into(), position);
            for &insight in &resource.fails {
                index.failing.entry(insight).or_default().push(position);
            }
            let types = index.counts.entry(resource.cloud).or_default();
            let count = types.entry(Arc::clone(&resource.resource_type)).or_default();
            *count += 1;
            if *count == 1 && !TYPES.contains(&&*resource.resource_type) {
                index.extra_types.insert(Arc::clone(&resource.resource_type));
            }
        }
        index
    }

    /// The envelope at a position.
    pub(super) fn envelope(&self, position: u32) -> &[u8] {
        let at = usize::try_from(position).unwrap_or(usize::MAX);
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.json.get(start..end).unwrap_or_default()
    }

    /// The organization of the resource at a position.
    pub(super) fn organization(&self, position: u32) -> i64 {
        let at = usize::try_from(position).unwrap_or(usize::MAX);
        self.organizations.get(at).copied().unwrap_or_default()
    }

    /// Who fails an insight, exempted or not, in world order.
    pub(super) fn failing(&self, insight: SourcedId) -> &[u32] {
        self.failing.get(&insight).map_or(&[], Vec::as_slice)
    }

    /// The position of a resource; ids are compared byte for byte, trailing colon included.
    pub(super) fn position(&self, resource_id: &str) -> Option<u32> {
        self.by_id.get(resource_id).copied()
    }

    /// How many resources of a type a cloud has.
    pub(super) fn count(&self, cloud: i64, resource_type: &str) -> i64 {
        self.counts.get(&cloud).and_then(|types| types.get(resource_type)).copied().unwrap_or(0)
    }

    /// How many resources a cloud has.
    pub(super) fn total(&self, cloud: i64) -> i64 {
        self.counts.get(&cloud).map_or(0, |types| types.values().sum())
    }

    /// Types in use that are not on the vendor's list.
    pub(super) fn extra_types(&self) -> impl Iterator<Item = &str> {
        self.extra_types.iter().map(|name| &**name)
    }
}

/// The two types whose payload has `resource_id` at its top and no `common` (document section 9.4).
fn deviates(resource_type: &str) -> bool {
    matches!(resource_type, "resourcegroup" | "divvyorganizationservice")
}

/// `{"resource_type": T, "<T>": {"common": {...}, ...}}`.
fn write_envelope(out: &mut Vec<u8>, resource: &Resource, cloud: Option<&Cloud>) {
    if let Some(raw) = &resource.raw {
        out.extend_from_slice(raw.as_bytes());
        return;
    }
    out.extend_from_slice(b"{\"resource_type\":");
    write_json(out, &*resource.resource_type);
    out.push(b',');
    write_json(out, &*resource.resource_type);
    if deviates(&resource.resource_type) {
        out.extend_from_slice(b":{\"resource_id\":");
        write_json(out, &resource.id);
    } else {
        out.extend_from_slice(b":{\"common\":");
        write_json(out, &Common { resource, cloud });
    }
    let details = resource.details.trim();
    let inner = details.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
    if !inner.is_empty() {
        out.push(b',');
        out.extend_from_slice(inner.as_bytes());
    }
    out.extend_from_slice(b"}}");
}

fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing plain strings and maps into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// The `common` object of a query result.
struct Common<'a> {
    resource: &'a Resource,
    cloud: Option<&'a Cloud>,
}

impl Serialize for Common<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { resource, cloud } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("resource_id", &resource.id)?;
        map.serialize_entry("resource_name", &resource.name)?;
        map.serialize_entry("resource_type", &*resource.resource_type)?;
        if let Some(cloud) = cloud {
            map.serialize_entry("cloud", &cloud.cloud_type)?;
            map.serialize_entry("account", &cloud.name)?;
            if let Some(account_id) = &cloud.account_id {
                map.serialize_entry("account_id", account_id)?;
            }
            map.serialize_entry("account_status", &cloud.status)?;
        }
        map.serialize_entry("organization_service_id", &resource.cloud)?;
        if let Some(region) = &resource.region {
            map.serialize_entry("region", &**region)?;
            if &*resource.resource_type == "instance" && !region.is_empty() {
                map.serialize_entry("availability_zone", &format_args!("{region}a"))?;
            }
        }
        let created = resource.created.map_or_else(|| "None".to_owned(), stamp::spaced);
        let discovered = stamp::spaced(resource.discovered);
        map.serialize_entry("creation_timestamp", &created)?;
        map.serialize_entry("modified_timestamp", &discovered)?;
        map.serialize_entry("discovered_timestamp", &discovered)?;
        map.serialize_entry("last_harvested_timestamp", &stamp::naive(resource.discovered))?;
        map.serialize_entry("namespace_id", &resource.namespace_id)?;
        match &resource.tags {
            Tags::Map(tags) => map.serialize_entry("tags", &TagMap(tags))?,
            Tags::Null => map.serialize_entry("tags", &())?,
            Tags::Missing => {}
        }
        map.end()
    }
}

/// Tags as an object, in their own order.
struct TagMap<'a>(&'a [(String, String)]);

impl Serialize for TagMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
