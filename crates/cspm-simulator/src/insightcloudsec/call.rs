//! One authenticated request, taken apart: path segments, query parameters, body, and who is asking.

use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode_str;

use super::failure::Failure;
use super::world::{Access, Rights, Role, User};
use crate::wire::SimRequest;

/// The path, cut at `/` while still encoded and then decoded piece by piece, so that an encoded `/` stays in its
/// segment (document section 3.1). A trailing slash gives a last, empty segment.
pub(super) fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').map(decode).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The first value of a parameter of a raw query string; empty counts as absent.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| decode(key) == name)
        .map(|(_, value)| decode(&value.replace('+', " ")))
        .filter(|value| !value.is_empty())
}

/// The caller, as far as endpoints need to know.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) user: i64,
    pub(super) organization: i64,
    access: Access,
    rights: Rights,
}

/// What a right is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Area {
    Clouds,
    Resources,
    Insights,
    Exemptions,
    Bots,
    Badges,
}

impl Caller {
    pub(super) fn new(user: &User) -> Self {
        Self { user: user.id, organization: user.organization, access: user.access, rights: user.rights }
    }

    /// Refuses a caller that may not read the area.
    pub(super) fn may_read(&self, area: Area) -> Result<(), Failure> {
        self.needs(area, Role::Viewer)
    }

    /// Refuses a caller that may not write in the area.
    pub(super) fn may_write(&self, area: Area) -> Result<(), Failure> {
        self.needs(area, Role::Editor)
    }

    /// Refuses everybody but domain admins.
    pub(super) fn must_be_domain_admin(&self) -> Result<(), Failure> {
        match self.access {
            Access::DomainAdmin => Ok(()),
            _ => Err(Failure::permission("domain admin is required")),
        }
    }

    /// Refuses everybody but administrators and domain viewers.
    pub(super) fn must_administer(&self) -> Result<(), Failure> {
        if self.is_admin() || self.is_domain_user() {
            return Ok(());
        }
        Err(Failure::permission("organization admin is required"))
    }

    /// Whether the caller sees more than one organization.
    pub(super) fn is_domain_user(&self) -> bool {
        matches!(self.access, Access::DomainAdmin | Access::DomainViewer)
    }

    /// Whether the caller administers its organization, or everything.
    pub(super) fn is_admin(&self) -> bool {
        matches!(self.access, Access::DomainAdmin | Access::OrganizationAdmin)
    }

    fn needs(&self, area: Area, role: Role) -> Result<(), Failure> {
        let (name, granted) = match area {
            Area::Clouds => ("clouds", self.rights.clouds),
            Area::Resources => ("resources", self.rights.resources),
            Area::Insights => ("insights", self.rights.insights),
            Area::Exemptions => ("exemptions", self.rights.exemptions),
            Area::Bots => ("botfactory", self.rights.bots),
            Area::Badges => ("tags", self.rights.badges),
        };
        let granted = match self.access {
            Access::DomainAdmin | Access::OrganizationAdmin => Role::Admin,
            Access::DomainViewer => Role::Viewer,
            Access::Basic => granted,
        };
        if granted >= role {
            return Ok(());
        }
        let word = if role == Role::Viewer { "viewer" } else { "editor" };
        Err(Failure::permission(&format!("entitlement {name} with role {word} is required")))
    }
}

/// One authenticated request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) segments: Vec<String>,
    /// The raw query string.
    pub(super) query: String,
    pub(super) body: Bytes,
    pub(super) now: i64,
    pub(super) caller: Caller,
}

impl Call {
    pub(super) fn new(request: &SimRequest, now: i64, caller: Caller) -> Self {
        Self {
            method: request.method.clone(),
            segments: segments(&request.path),
            query: request.query.clone(),
            body: request.body.clone(),
            now,
            caller,
        }
    }

    /// The first value of a query parameter; empty counts as absent.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.query, name)
    }

    /// A query parameter as a list cut at commas; repetition of the parameter is not documented and not read.
    pub(super) fn parameter_list(&self, name: &str) -> Vec<String> {
        let text = self.parameter(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}
