//! What this vendor can do, known before the first request.

use cspm_core::{Capabilities, Capability, Evaluator, Operation};

use crate::NAME;

/// The table. "Vendor" among the filters means that less is asked for.
pub const CAPABILITIES: Capabilities = Capabilities {
    vendor: NAME,
    rows: &[
        Capability::yes(Operation::Findings, "one finding for each insight that a resource violates"),
        Capability::no(
            Operation::PassingFindings,
            "InsightCloudSec lists violations only; use --outcome fail, or all for what there is",
        ),
        Capability::partly(
            Operation::SuppressedFindings,
            "by the list of exemptions; not those exempted as members of a whole resource group",
        ),
        Capability::filter(Operation::FilterOutcome, Evaluator::Program, "every finding fails"),
        Capability::filter(
            Operation::FilterSeverity,
            Evaluator::Vendor,
            "other insights are not asked about",
        ),
        Capability::filter(Operation::FilterSuppressed, Evaluator::Vendor, ""),
        Capability::filter(
            Operation::FilterAccount,
            Evaluator::Vendor,
            "with or without divvyorganizationservice:, or the cloud's own id",
        ),
        Capability::filter(Operation::FilterRegion, Evaluator::Program, ""),
        Capability::filter(Operation::FilterRule, Evaluator::Vendor, "<source>:<insight_id>"),
        Capability::partly(
            Operation::FilterService,
            "insights have no service, so nothing is left; use --rule or --standard",
        ),
        Capability::filter(
            Operation::FilterStandard,
            Evaluator::Vendor,
            "a pack's <source>:<pack_id> or name",
        ),
        Capability::filter(
            Operation::FilterChangedSince,
            Evaluator::Program,
            "by the last harvest of the resource, or the start of the exemption",
        ),
        Capability::yes(Operation::Accounts, "cloud accounts and clusters, without their badges"),
        Capability::yes(Operation::Rules, "insights, shipped and custom"),
    ],
};
