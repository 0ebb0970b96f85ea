//! What the window may ask for. A command unpacks, makes one call, and hands over the answer
//! or the sentences that say why there is none.

pub(crate) mod agents;
mod batch;
mod endpoints;
#[cfg(test)]
mod names;
mod project;
mod repositories;
mod settings;
mod task;

use regatta_protocol::UserMessage;
use tauri::Runtime;
use tauri::ipc::Invoke;

/// What every command gives.
type CommandResult<T> = Result<T, UserMessage>;

/// Takes a call from the window to its command.
pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        project::home,
        project::check_project,
        project::set_up_project,
        project::practice_project,
        project::choose_project,
        project::show_project,
        project::open_link,
        batch::check_batch,
        batch::start_batch,
        batch::batch,
        batch::batch_request,
        batch::stop_batch,
        batch::history,
        batch::retry_tasks,
        batch::add_to_project,
        task::task,
        task::task_prompt,
        task::needs_you,
        task::read_lines,
        task::search_lines,
        task::read_steps,
        task::read_changes,
        task::read_patch,
        task::save_output,
        task::stop_task,
        task::continue_task,
        task::say_to_task,
        task::resume_agent,
        task::run_next,
        task::answer_question,
        task::look_up_branch,
        task::continue_with,
        endpoints::credentials,
        endpoints::save_endpoint,
        endpoints::remove_endpoint,
        endpoints::set_endpoint_key,
        endpoints::remove_endpoint_key,
        endpoints::test_endpoint,
        repositories::set_github_api,
        repositories::set_github_token,
        repositories::remove_github_token,
        repositories::test_github_token,
        repositories::repositories,
        repositories::branches,
        agents::agents,
        agents::check_agents,
        agents::install_agent,
        agents::set_agent_key,
        agents::remove_agent_key,
        agents::save_agent,
        agents::remove_agent,
        settings::load_draft,
        settings::save_draft,
        settings::templates,
        settings::save_template,
        settings::remove_template,
        settings::settings,
        settings::save_settings,
        settings::set_limit,
        settings::quit,
    ]
}

#[cfg(test)]
mod tests;
