//! Cloud resources (section 7), for checks that do not say what they are about.
//!
//! A check is documented to carry its resource's name, type and region. Where one lacks any of them, the listing of
//! resources is read, once a run and only if the vendor says that it has at most [`LARGEST`]; otherwise these stay null
//! and a notice says so. (Two pages under way at the same time may both find that out, and read it twice.)

use std::collections::HashMap;
use std::sync::Arc;

use cspm_core::{Finding, Notice, RawValue, Rejected, Step, clean_text};

use crate::collection::{Collection, Entry};
use crate::error::LIST_RESOURCES;
use crate::{Bitdefender, wire};

/// About 15 MB.
const LARGEST: u64 = 50_000;

/// What is known of resources, by the vendor's id.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    known: HashMap<String, Facts>,
    /// Why they are not known, or not all.
    shortfall: Option<Notice>,
}

/// What a check should have said.
#[derive(Debug)]
pub(crate) struct Facts {
    name: Option<String>,
    kind: Option<Arc<str>>,
    region: Option<Arc<str>>,
}

/// A finding of a page that lacks something about its resource.
pub(crate) struct Lacking {
    /// Its place among the findings.
    pub(crate) place: usize,
    /// The vendor's id of the resource.
    pub(crate) resource: String,
}

impl Bitdefender {
    /// Fills in what the findings of a page lack.
    pub(crate) async fn complete(&self, step: &mut Step<Finding>, lacking: Vec<Lacking>) {
        if lacking.is_empty() {
            return;
        }
        let resources = self.known_resources().await;
        step.notices.extend(resources.shortfall.clone());
        for Lacking { place, resource } in lacking {
            let (Some(finding), Some(facts)) = (step.items.get_mut(place), resources.known.get(&resource))
            else {
                continue;
            };
            finding.resource.name = finding.resource.name.take().or_else(|| facts.name.clone());
            finding.resource.kind = finding.resource.kind.take().or_else(|| facts.kind.clone());
            finding.region = finding.region.take().or_else(|| facts.region.clone());
        }
    }

    async fn known_resources(&self) -> Arc<Resources> {
        if let Some(resources) = self.resources.read() {
            return resources;
        }
        let listing = Collection::new(self, LIST_RESOURCES, "/cspm/resources", facts, LARGEST);
        let gathered = listing.gather().await;
        let shortfall = gathered.shortfall.map(|error| {
            let why = clean_text(&error.to_string(), 300);
            Notice::new(format!(
                "checks lack names, types or regions of resources, and the listing did not help: {why}"
            ))
        });
        let known = gathered.items.into_iter().map(|entry| (entry.id, entry.value)).collect();
        let resources = Arc::new(Resources { known, shortfall });
        self.resources.put(resources.clone());
        resources
    }
}

fn facts(raw: &RawValue, place: usize) -> Result<Entry<Facts>, Rejected> {
    let resource: wire::Resource<'_> = wire::record(raw, "resource", place)?;
    let Some(id) = resource.id.owned() else {
        return Err(wire::rejected(raw, "resource", place, "it has no id"));
    };
    let attributes = &resource.attributes;
    let value = Facts {
        name: attributes.resource_name.owned(),
        kind: attributes.resource_type.get().map(Arc::from),
        region: attributes.resource_region.get().map(Arc::from),
    };
    Ok(Entry { id, value })
}
