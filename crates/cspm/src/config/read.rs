//! From TOML to a configuration, collecting every problem on the way.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use cspm_http::BaseUrl;
use secrecy::ExposeSecret as _;
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::secret::{self, Found, Source};
use super::{Configuration, Connection, Credential, VendorKind};
use crate::problem::{Complaints, unknown};
use crate::vendors;

type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The keys of a connection, for "did you mean".
const KEYS: [&str; 14] = [
    "name",
    "vendor",
    "region",
    "base_url",
    "api_key",
    "username",
    "password",
    "ca_file",
    "requests_per_second",
    "timeout_seconds",
    "max_response_mib",
    "accounts",
    "auth_header",
    "organization",
];

pub(super) fn configuration<'t>(
    text: &'t str,
    environment: Environment<'_>,
) -> Result<Configuration, Complaints<'t>> {
    let (document, mut complaints) = Complaints::parse(text);
    let mut configuration = Configuration::default();
    let mut names = HashSet::new();
    for (key, value) in document.get_ref().iter() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("connections", DeValue::Array(connections)) => {
                for connection in connections.iter() {
                    let Some(table) = connection.get_ref().as_table() else {
                        complaints.add(connection.span(), "a connection is a table; write [[connections]]");
                        continue;
                    };
                    let mut reader =
                        Reader { table, place: connection.span(), complaints: &mut complaints, environment };
                    if let Some(connection) = reader.connection(&mut names, &mut configuration.warnings) {
                        configuration.connections.push(connection);
                    }
                }
            }
            ("connections", _) => {
                complaints.add(value.span(), "connections are tables; write [[connections]]")
            }
            (other, _) => complaints.add(key.span(), unknown(other, &["connections"])),
        }
    }
    if complaints.is_empty() && configuration.connections.is_empty() {
        complaints.add(0..0, "no connection; write one, beginning with [[connections]]");
    }
    if complaints.is_empty() { Ok(configuration) } else { Err(complaints) }
}

struct Reader<'r, 't> {
    table: &'r DeTable<'t>,
    place: Range<usize>,
    complaints: &'r mut Complaints<'t>,
    environment: Environment<'r>,
}

impl<'r, 't> Reader<'r, 't> {
    fn connection(&mut self, names: &mut HashSet<String>, warnings: &mut Vec<String>) -> Option<Connection> {
        for (key, _) in self.table.iter() {
            if !KEYS.contains(&key.get_ref().as_ref()) {
                self.complaints.add(key.span(), unknown(key.get_ref(), &KEYS));
            }
        }
        let name = self.name(names);
        let vendor = self.vendor();
        let address = vendor.and_then(|vendor| self.address(vendor));
        let credential = self.credential(vendor, warnings);
        let ca_pem = self.ca_file();
        let requests_per_second = self.number("requests_per_second", 0.001, 1_000_000.0);
        let timeout = self.number("timeout_seconds", 0.01, 86_400.0).map(Duration::from_secs_f64);
        let max_response = self.number("max_response_mib", 1.0, 4096.0);
        let accounts = self.accounts();
        let auth_header = self.auth_header(vendor);
        let organization = self.organization(vendor);
        Some(Connection {
            name: name?,
            vendor: vendor?,
            address: address?,
            credential: credential?,
            ca_pem,
            requests_per_second,
            timeout,
            // At most 4096, so it fits.
            max_response: max_response.map(|mib| (mib * 1_048_576.0) as u64),
            accounts,
            auth_header,
            organization,
        })
    }

    fn get(&self, key: &str) -> Option<&'r Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn text(&mut self, key: &str, example: &str) -> Option<(&'r str, Range<usize>)> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some((text, value.span())),
            Some(_) => {
                self.complaints.add(value.span(), format!("{key} is empty; write for example {example}"));
                None
            }
            None => {
                self.complaints.add(value.span(), format!("{key} is a text; write for example {example}"));
                None
            }
        }
    }

    fn missing(&mut self, what: &str) {
        self.complaints.add(self.place.clone(), what);
    }

    fn name(&mut self, names: &mut HashSet<String>) -> Option<String> {
        if self.get("name").is_none() {
            self.missing("name is missing; write for example name = \"trend-prod\"");
            return None;
        }
        let (name, place) = self.text("name", "name = \"trend-prod\"")?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !name.bytes().all(plain) || name.len() > 64 {
            let message = "a name holds small letters, digits and hyphens only, at most 64; write for example trend-prod";
            self.complaints.add(place, message);
            return None;
        }
        if !names.insert(name.to_owned()) {
            self.complaints
                .add(place, format!("the name {name} is taken by an earlier connection; choose another"));
            return None;
        }
        Some(name.to_owned())
    }

    fn vendor(&mut self) -> Option<VendorKind> {
        const CHOICE: &str = "conformity, insightcloudsec or bitdefender";
        if self.get("vendor").is_none() {
            self.missing(&format!("vendor is missing; write {CHOICE}"));
            return None;
        }
        let (word, place) = self.text("vendor", "vendor = \"conformity\"")?;
        let Some(vendor) = VendorKind::ALL.into_iter().find(|vendor| vendor.as_str() == word) else {
            let shown = cspm_core::clean_text(word, 60);
            self.complaints.add(place, format!("unknown vendor \"{shown}\"; write {CHOICE}"));
            return None;
        };
        if !vendors::is_built_in(vendor) {
            let message = format!("this build does not know {word}; build it with the feature {word}");
            self.complaints.add(place, message);
            return None;
        }
        Some(vendor)
    }

    /// The base URL wins over the region; both have to be right.
    fn address(&mut self, vendor: VendorKind) -> Option<BaseUrl> {
        let region = self.get("region").map(|_| self.region(vendor));
        if self.get("base_url").is_some() {
            let base = self.base_url(vendor);
            return if region == Some(None) { None } else { base };
        }
        if region.is_none() {
            if vendors::regions(vendor).is_empty() {
                self.missing("base_url is missing; write the address of your installation");
            } else {
                self.missing("region or base_url is missing; write one of them");
            }
        }
        region.flatten()
    }

    fn base_url(&mut self, vendor: VendorKind) -> Option<BaseUrl> {
        let (text, place) = self.text("base_url", "base_url = \"https://host.example/v1\"")?;
        let advice = match BaseUrl::parse(text) {
            Err(bad) => bad.to_string(),
            Ok(base) => match vendors::check_path(vendor, base.path()) {
                Some(advice) => advice.to_owned(),
                None => return Some(base),
            },
        };
        self.complaints.add(place, format!("base_url: {advice}"));
        None
    }

    fn region(&mut self, vendor: VendorKind) -> Option<BaseUrl> {
        let regions = vendors::regions(vendor);
        let (region, place) = self.text("region", "region = \"us-west-2\"")?;
        let known = regions.iter().find(|(name, _)| *name == region);
        let base = known.and_then(|(_, base)| BaseUrl::parse(base).ok());
        if base.is_none() {
            let shown = cspm_core::clean_text(region, 60);
            let names: Vec<&str> = regions.iter().map(|(name, _)| *name).collect();
            let instead = if self.get("base_url").is_some() { "or leave it out" } else { "or base_url" };
            let message = if names.is_empty() {
                format!(
                    "{} has no regions; write base_url with the address of your installation",
                    vendor.as_str()
                )
            } else {
                format!("unknown region \"{shown}\"; write one of {}, {instead}", names.join(", "))
            };
            self.complaints.add(place, message);
        }
        base
    }

    fn credential(&mut self, vendor: Option<VendorKind>, warnings: &mut Vec<String>) -> Option<Credential> {
        let key = self.get("api_key").map(|_| self.secret("api_key", warnings));
        let password = self.get("password").map(|_| self.secret("password", warnings));
        let username =
            self.get("username").map(|value| (self.text("username", "username = \"ops\""), value.span()));
        let takes_login = vendor.is_none_or(|vendor| vendor == VendorKind::InsightCloudSec);
        match (key, username, password) {
            (Some(key), None, None) => key.map(Credential::Key),
            (None, Some((username, _)), Some(password)) if takes_login => {
                Some(Credential::Login { username: username?.0.to_owned(), password: password? })
            }
            (Some(_), _, _) if takes_login => {
                self.missing("both api_key and a log-in; keep either api_key, or username and password");
                None
            }
            (None, Some(_), None) if takes_login => {
                self.missing(
                    "password is missing; write password = { env = \"NAME\" } or { file = \"PATH\" }",
                );
                None
            }
            (None, None, Some(_)) if takes_login => {
                self.missing("username is missing; write username = \"…\" beside password");
                None
            }
            (None, None, None) => {
                let or = if vendor == Some(VendorKind::InsightCloudSec) {
                    ", or username and password"
                } else {
                    ""
                };
                self.missing(&format!(
                    "api_key is missing; write api_key = {{ env = \"NAME\" }} or {{ file = \"PATH\" }}{or}"
                ));
                None
            }
            _ => {
                self.missing(
                    "username and password are for insightcloudsec only; write api_key = { env = \"NAME\" }",
                );
                None
            }
        }
    }

    fn secret(&mut self, key: &str, warnings: &mut Vec<String>) -> Option<secrecy::SecretString> {
        let value = self.get(key)?;
        let place = value.span();
        let advice = format!("write {key} = {{ env = \"NAME\" }} or {{ file = \"PATH\" }}");
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("a secret does not belong into this file; {advice}");
            self.complaints.add(place, message);
            return None;
        };
        let mut entries = table.iter();
        let (Some((kind, name)), None) = (entries.next(), entries.next()) else {
            self.complaints.add(place, format!("a secret comes from one place; {advice}"));
            return None;
        };
        let source = match (kind.get_ref().as_ref(), name.get_ref().as_str()) {
            ("env", Some(name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
                Source::Environment(name)
            }
            ("file", Some(path)) if !path.is_empty() && !path.contains('\0') => Source::File(Path::new(path)),
            _ => {
                self.complaints.add(place, advice);
                return None;
            }
        };
        match secret::read(&source, self.environment) {
            Ok(Found { secret, warning }) => {
                warnings.extend(warning);
                // A password travels in a body, which holds any letter.
                if key == "api_key" && !secret.expose_secret().is_ascii() {
                    let message = "api_key: the secret holds a letter beyond ASCII, which no key does; put the key there";
                    self.complaints.add(name.span(), message);
                    return None;
                }
                Some(secret)
            }
            Err(reason) => {
                self.complaints.add(name.span(), format!("{key}: {reason}"));
                None
            }
        }
    }

    fn ca_file(&mut self) -> Option<Vec<u8>> {
        let (path, place) = self.text("ca_file", "ca_file = \"/etc/ssl/private-ca.pem\"")?;
        let shown = cspm_core::clean_text(path, 200);
        let reason = match read_certificates(path) {
            Ok(bytes) => match cspm_http::check_certificates(&bytes) {
                Ok(()) => return Some(bytes),
                Err(error) => format!("{shown}: {}", error.message()),
            },
            Err(reason) => format!("{shown} {reason}; name a PEM file with the root certificate"),
        };
        self.complaints.add(place, format!("ca_file: {reason}"));
        None
    }

    fn number(&mut self, key: &str, least: f64, most: f64) -> Option<f64> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number as f64)
            }
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.complaints.add(value.span(), format!("{key} is a number from {least} to {most}"));
        }
        number
    }

    fn accounts(&mut self) -> Vec<String> {
        const ADVICE: &str =
            "accounts is a list of account ids; write for example accounts = [\"123456789012\"]";
        let Some(value) = self.get("accounts") else { return Vec::new() };
        let Some(list) = value.get_ref().as_array().filter(|list| !list.is_empty()) else {
            self.complaints.add(value.span(), ADVICE);
            return Vec::new();
        };
        let mut accounts = Vec::new();
        for account in list.iter() {
            match account.get_ref().as_str() {
                Some(id) if !id.trim().is_empty() => accounts.push(id.trim().to_owned()),
                _ => self.complaints.add(account.span(), ADVICE),
            }
        }
        accounts
    }

    fn auth_header(&mut self, vendor: Option<VendorKind>) -> Option<String> {
        let (name, place) = self.text("auth_header", "auth_header = \"x-api-key\"")?;
        if vendor.is_some_and(|vendor| vendor != VendorKind::Bitdefender) {
            self.complaints.add(place, "auth_header is for bitdefender only; remove it");
            return None;
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !name.bytes().all(plain) {
            self.complaints
                .add(place, "auth_header is the name of an HTTP header; write for example \"x-api-key\"");
            return None;
        }
        if !cspm_http::can_carry_key(name) {
            let message = format!(
                "the header {name} belongs to HTTP itself and cannot carry a key; write for example \"x-api-key\""
            );
            self.complaints.add(place, message);
            return None;
        }
        Some(name.to_owned())
    }

    fn organization(&mut self, vendor: Option<VendorKind>) -> Option<String> {
        let (name, place) = self.text("organization", "organization = \"Production\"")?;
        if vendor.is_some_and(|vendor| vendor != VendorKind::InsightCloudSec) {
            self.complaints.add(place, "organization is for insightcloudsec only; remove it");
            return None;
        }
        Some(name.trim().to_owned())
    }
}

fn read_certificates(path: &str) -> Result<Vec<u8>, &'static str> {
    // Before it is opened: a pipe would keep us waiting for whoever writes to it.
    if !std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Err("is no file");
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(1 << 20).read_to_end(&mut bytes));
    match read {
        Err(_) => Err("cannot be read"),
        Ok(0) => Err("is empty"),
        Ok(_) => Ok(bytes),
    }
}
