//! What the practice agent offers to choose from, for practice: a choice is kept and told
//! (`settings`), and changes nothing else.

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption, SessionMode,
    SessionModeState,
};

const MODES: [(&str, &str); 2] = [("work", "Work"), ("look", "Look")];
const MODELS: [(&str, &str); 2] = [("paper", "Paper boat"), ("haiku", "Haiku boat, the small one")];
const EFFORTS: [(&str, &str); 2] = [("low", "Low"), ("high", "High")];

/// What is chosen in one conversation.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    mode: String,
    model: String,
    effort: String,
}

impl Default for Settings {
    fn default() -> Self {
        let [mode, model, effort] = [MODES, MODELS, EFFORTS].map(|[first, _]| first.0.to_owned());
        Self { mode, model, effort }
    }
}

impl Settings {
    pub(crate) fn modes(&self) -> SessionModeState {
        let modes = MODES.map(|(id, name)| SessionMode::new(id, name));
        SessionModeState::new(self.mode.clone(), modes.to_vec())
    }

    pub(crate) fn options(&self) -> Vec<SessionConfigOption> {
        let values = |list: [(&'static str, &'static str); 2]| {
            list.map(|(id, name)| SessionConfigSelectOption::new(id, name)).to_vec()
        };
        let model =
            SessionConfigOption::select("model", "Model", self.model.clone(), values(MODELS));
        let effort =
            SessionConfigOption::select("effort", "Effort", self.effort.clone(), values(EFFORTS));
        vec![
            model.category(SessionConfigOptionCategory::Model),
            effort.category(SessionConfigOptionCategory::ThoughtLevel),
        ]
    }

    pub(crate) fn select(&mut self, what: &str, id: &str) -> Result<(), Error> {
        let (list, chosen) = match what {
            "mode" => (MODES, &mut self.mode),
            "model" => (MODELS, &mut self.model),
            "effort" => (EFFORTS, &mut self.effort),
            _ => return Err(Error::invalid_params()),
        };
        if !list.iter().any(|(offered, _)| *offered == id) {
            return Err(Error::invalid_params());
        }
        id.clone_into(chosen);
        Ok(())
    }

    /// "mode work, model paper, effort low".
    pub(crate) fn describe(&self) -> String {
        let Self { mode, model, effort } = self;
        format!("mode {mode}, model {model}, effort {effort}")
    }
}
