//! What this vendor can do, known before the first request.

use cspm_core::{Capabilities, Capability, Evaluator, Operation};

use crate::NAME;

/// The table. "Vendor" among the filters means that less is asked for.
pub const CAPABILITIES: Capabilities = Capabilities {
    vendor: NAME,
    rows: &[
        Capability::yes(Operation::Findings, "checks; accounts with more than 10,000 are read in parts"),
        Capability::yes(Operation::PassingFindings, ""),
        Capability::yes(Operation::SuppressedFindings, "without who did it and why"),
        Capability::filter(Operation::FilterOutcome, Evaluator::Vendor, ""),
        Capability::filter(Operation::FilterSeverity, Evaluator::Vendor, "unless unknown is wanted"),
        Capability::filter(Operation::FilterSuppressed, Evaluator::Vendor, ""),
        Capability::filter(
            Operation::FilterAccount,
            Evaluator::Vendor,
            "the vendor's id or the cloud's own; others are not asked for",
        ),
        Capability::filter(
            Operation::FilterRegion,
            Evaluator::Vendor,
            "regions outside its documents: the program",
        ),
        Capability::filter(Operation::FilterRule, Evaluator::Vendor, ""),
        Capability::filter(Operation::FilterService, Evaluator::Vendor, ""),
        Capability::filter(
            Operation::FilterStandard,
            Evaluator::Program,
            "the vendor's own filter misses checks that leave their standards out",
        ),
        Capability::filter(
            Operation::FilterChangedSince,
            Evaluator::Program,
            "the vendor's own filter means less",
        ),
        Capability::yes(Operation::Accounts, ""),
        Capability::yes(Operation::Rules, ""),
    ],
};
