//! Adapter for Rapid7 InsightCloudSec.
