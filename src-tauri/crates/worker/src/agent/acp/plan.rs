//! An agent's plan in our words. Pure. Source:
//! <https://agentclientprotocol.com/protocol/agent-plan>.

use crate::text::one_line;
use agent_client_protocol::v1::schema::{Plan, PlanEntryStatus};
use regatta_protocol::event::{PlanEntry, PlanState};

const MAX_ENTRIES: usize = 50;
const MAX_TEXT: usize = 200;

pub(super) fn to_plan_entries(plan: &Plan) -> Vec<PlanEntry> {
    let entries = plan.entries.iter().take(MAX_ENTRIES);
    let entry = |entry: &agent_client_protocol::v1::schema::PlanEntry| PlanEntry {
        text: one_line(&entry.content, MAX_TEXT),
        state: match entry.status {
            PlanEntryStatus::InProgress => PlanState::Working,
            PlanEntryStatus::Completed => PlanState::Done,
            _ => PlanState::Open,
        },
    };
    entries.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_bounded() {
        let entry = serde_json::json!({
            "content": format!("do\n{}", "x".repeat(999)),
            "priority": "low",
            "status": "in_progress",
        });
        let plan = serde_json::json!({ "entries": vec![entry; 99] });
        let entries = to_plan_entries(&serde_json::from_value(plan).expect("a plan"));
        assert_eq!(entries.len(), MAX_ENTRIES);
        assert!(entries[0].text.starts_with("do x") && entries[0].text.chars().count() == MAX_TEXT);
        assert_eq!(entries[0].state, PlanState::Working);
    }
}
