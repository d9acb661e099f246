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
        Capability::yes(Operation::ListPolicies, "packs, built-in and custom"),
        Capability::yes(Operation::ShowPolicy, "a pack holds insights by id, with no setting of their own"),
        Capability::yes(Operation::CreatePolicy, "custom packs"),
        Capability::partly(Operation::ReplacePolicy, "custom packs; built-in ones are read-only"),
        Capability::partly(
            Operation::MergePolicy,
            "custom packs, by writing the whole pack that was read just before",
        ),
        Capability::partly(Operation::DeletePolicy, "custom packs"),
        Capability::no(
            Operation::ApplyPolicy,
            "a pack is not applied to accounts; its badges say which accounts it is for",
        ),
        Capability::yes(Operation::ListSuppressions, "exemptions of single resources, in force or not"),
        Capability::partly(Operation::Suppress, "by an exemption; its end is the end of a day, UTC"),
        Capability::no(Operation::SuppressFalsePositive, "an exemption has no kind; say it in the reason"),
        Capability::partly(
            Operation::Unsuppress,
            "by deleting its exemptions; not those exempted as members of a whole resource group",
        ),
        Capability::no(Operation::ReadAccountRules, "insights have no settings of single accounts"),
        Capability::no(Operation::WriteAccountRules, "insights have no settings of single accounts"),
        Capability::yes(Operation::CustomRules, "custom insights"),
        Capability::yes(Operation::ListAutomations, "bots; archived ones are not listed by the vendor"),
        Capability::yes(
            Operation::PauseAutomation,
            "a paused bot loses what waits for it; a resumed one does not look at what it missed",
        ),
    ],
};
