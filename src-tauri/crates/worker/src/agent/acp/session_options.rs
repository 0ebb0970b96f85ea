//! What an agent offers to choose from, as the answer that began its conversation tells it,
//! and how each is asked for. Pure.
//!
//! Agents tell it in three ways: modes, settings (`configOptions`) with a category, and
//! models. Read as plain JSON: each agent has its own ideas of the rest.

use crate::text::one_line;
use regatta_protocol::agent::{AgentCapabilities, AgentOptions, OptionValue};
use serde_json::{Value, json};

const MAX_NAME: usize = 100;
const MAX_ABOUT: usize = 300;
/// The longest id that is offered, in bytes.
const MAX_ID: usize = 200;
/// The most of each that are offered.
const MAX_OFFERS: usize = 200;

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgentOptionKind {
    Model,
    Mode,
    Effort,
}

impl AgentOptionKind {
    /// In the order in which they are set: a model decides how hard it may think.
    pub(super) const ALL: [Self; 3] = [Self::Model, Self::Mode, Self::Effort];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Mode => "mode",
            Self::Effort => "effort",
        }
    }
}

/// One list of things to choose from.
#[derive(Debug)]
struct OptionList {
    kind: AgentOptionKind,
    /// The setting's id; `None` if it has a request of its own.
    config_id: Option<String>,
    values: Vec<OptionValue>,
    current: String,
}

/// What the answer offers.
pub(super) fn read_capabilities(answer: &Value) -> AgentCapabilities {
    let mut offers = AgentCapabilities::default();
    // The first list of a kind counts.
    for list in option_lists(answer).into_iter().rev() {
        let AgentOptions { model, mode, effort } = &mut offers.current;
        let (offered, current) = match list.kind {
            AgentOptionKind::Model => (&mut offers.models, model),
            AgentOptionKind::Mode => (&mut offers.modes, mode),
            AgentOptionKind::Effort => (&mut offers.efforts, effort),
        };
        (*offered, *current) = (list.values, list.current);
    }
    offers
}

/// The request by which `id` is chosen, without its session; `None` if it isn't offered.
pub(super) fn selection_request(
    answer: &Value,
    kind: AgentOptionKind,
    id: &str,
) -> Option<(&'static str, Value)> {
    let lists = option_lists(answer);
    let offered = |list: &&OptionList| list.kind == kind && list.values.iter().any(|o| o.id == id);
    let list = lists.iter().find(offered)?;
    Some(match (&list.config_id, kind) {
        (Some(setting), _) => {
            ("session/set_config_option", json!({ "configId": setting, "value": id }))
        }
        (None, AgentOptionKind::Mode) => set_mode_request(id),
        (None, _) => ("session/set_model", json!({ "modelId": id })),
    })
}

/// The request by which a mode is chosen, whether or not it is offered.
pub(super) fn set_mode_request(id: &str) -> (&'static str, Value) {
    ("session/set_mode", json!({ "modeId": id }))
}

/// All lists, the preferred ones first: modes have a request that every version knows;
/// settings know more than models do.
fn option_lists(answer: &Value) -> Vec<OptionList> {
    let modes = parse_named_list(
        AgentOptionKind::Mode,
        answer.get("modes"),
        ["availableModes", "id", "currentModeId"],
    );
    let settings =
        answer["configOptions"].as_array().into_iter().flatten().filter_map(parse_config_option);
    let names = ["availableModels", "modelId", "currentModelId"];
    let models = parse_named_list(AgentOptionKind::Model, answer.get("models"), names);
    modes.into_iter().chain(settings).chain(models).collect()
}

/// A list that has a request of its own: `names` are those of the list, of an id in it, and
/// of the current one.
fn parse_named_list(
    kind: AgentOptionKind,
    state: Option<&Value>,
    names: [&str; 3],
) -> Option<OptionList> {
    let [list, id, current] = names;
    let state = state?;
    let offers = parse_values(state[list].as_array()?.iter(), id);
    let current = str_field(state, current).to_owned();
    Some(OptionList { kind, config_id: None, values: offers, current })
}

fn parse_config_option(setting: &Value) -> Option<OptionList> {
    let id = str_field(setting, "id");
    let kind = match (str_field(setting, "category"), id) {
        ("model", _) | ("", "model") => AgentOptionKind::Model,
        ("mode", _) | ("", "mode") => AgentOptionKind::Mode,
        ("thought_level", _) | ("", "effort" | "reasoning_effort" | "thought_level") => {
            AgentOptionKind::Effort
        }
        _ => return None,
    };
    // They may stand in groups.
    let options = setting["options"].as_array()?.iter().flat_map(|option| {
        let group = option["options"].as_array();
        group.map_or_else(|| vec![option], |group| group.iter().collect())
    });
    let offers = parse_values(options, "value");
    let current = str_field(setting, "currentValue").to_owned();
    Some(OptionList { kind, config_id: Some(id.to_owned()), values: offers, current })
}

fn parse_values<'a>(options: impl Iterator<Item = &'a Value>, id: &str) -> Vec<OptionValue> {
    let offer = |option: &Value| {
        let id = str_field(option, id);
        let name = one_line(str_field(option, "name"), MAX_NAME);
        let about = one_line(str_field(option, "description"), MAX_ABOUT);
        let name = if name.is_empty() { one_line(id, MAX_NAME) } else { name };
        let fits = !id.is_empty() && id.len() <= MAX_ID;
        fits.then(|| OptionValue { id: id.to_owned(), name, description: about })
    };
    options.filter_map(offer).take(MAX_OFFERS).collect()
}

fn str_field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Value {
        json!({
            "sessionId": "s",
            "modes": { "currentModeId": "ask", "availableModes": [
                { "id": "ask", "name": "Ask\nfirst", "description": "Asks." }, { "id": "code" },
                { "name": "no id" } ] },
            "configOptions": [
                { "id": "m", "category": "mode", "type": "select", "currentValue": "code",
                  "options": [{ "value": "plan", "name": "Plan" }] },
                { "id": "which", "category": "model", "type": "select", "currentValue": "b",
                  "options": [{ "group": "g", "name": "G", "options": [{ "value": "a" }] },
                              { "value": "b", "name": "B" }] },
                { "id": "effort", "type": "select", "currentValue": "low",
                  "options": [{ "value": "low", "name": "Low" }] },
                { "id": "fast", "type": "boolean", "currentValue": true },
                { "id": "x", "category": "_own", "type": "select", "options": [{ "value": "y" }] } ],
            "models": { "currentModelId": "c", "availableModels": [{ "modelId": "c" }] },
        })
    }

    #[test]
    fn all_three_ways_of_telling_are_understood() {
        let offers = read_capabilities(&answer());
        let ids = |offers: &[OptionValue]| offers.iter().map(|o| o.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&offers.modes), ["ask", "code"]);
        assert_eq!(ids(&offers.models), ["a", "b"]);
        assert_eq!(ids(&offers.efforts), ["low"]);
        let first = &offers.modes[0];
        assert_eq!((first.name.as_str(), first.description.as_str()), ("Ask first", "Asks."));
        assert_eq!(offers.modes[1].name, "code", "an id is a name where there is none");
        let AgentOptions { model, mode, effort } = &offers.current;
        assert_eq!([model.as_str(), mode, effort], ["b", "ask", "low"]);
    }

    #[test]
    fn what_is_offered_is_asked_for_in_its_own_way() {
        let answer = answer();
        let table = [
            (
                AgentOptionKind::Mode,
                "code",
                Some(("session/set_mode", json!({ "modeId": "code" }))),
            ),
            (
                AgentOptionKind::Mode,
                "plan",
                Some(("session/set_config_option", json!({ "configId": "m", "value": "plan" }))),
            ),
            (
                AgentOptionKind::Model,
                "a",
                Some(("session/set_config_option", json!({ "configId": "which", "value": "a" }))),
            ),
            (AgentOptionKind::Model, "c", Some(("session/set_model", json!({ "modelId": "c" })))),
            (AgentOptionKind::Effort, "high", None),
            (AgentOptionKind::Model, "ask", None),
        ];
        for (kind, id, expected) in table {
            assert_eq!(selection_request(&answer, kind, id), expected, "{id}");
        }
    }

    #[test]
    fn nothing_and_nonsense_offer_nothing() {
        for answer in [json!({}), json!({ "modes": 3, "configOptions": {}, "models": null })] {
            assert_eq!(read_capabilities(&answer), AgentCapabilities::default());
        }
        let long = json!({ "modes": { "availableModes": [{ "id": "x".repeat(999) }] } });
        assert_eq!(read_capabilities(&long), AgentCapabilities::default());
    }
}
