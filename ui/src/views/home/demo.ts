import type { BatchRequest } from '../../bindings/protocol';
import { NO_OPTIONS } from '../../lib/agents';

/**
 * The demo: three tasks on the practice project. One finishes, one asks, one fails, so that
 * an answer, another try and adding a result are met before anything is paid.
 */
export function demoRequest(project: string): BatchRequest {
  return {
    name: 'Demo',
    repo_url: project,
    branch: '',
    agent: { kind: 'practice' },
    options: NO_OPTIONS,
    safety: 'balanced',
    haiku: false,
    thread_id: '',
    max_parallel: 3,
    parallel_tasks: [
      { task_name: 'Describe the project', prompt: 'Read the project and write a short page about it.' },
      {
        task_name: 'Write a welcome text',
        prompt: [
          'plan Look around; Ask; Write it',
          'say I would like to add a welcome text for people who are new here.',
          'wait 2',
          'ask May I write WELCOME.md? | Yes, write it | No',
          'write WELCOME.md: Welcome! This project was made to try things on.',
          'say The welcome text is in WELCOME.md.',
        ].join('\n'),
      },
      {
        task_name: 'Check the links',
        prompt: [
          'say I look for links that lead nowhere.',
          'run ls',
          'wait 3',
          'write LINKS.md: Links that were checked: none yet.',
          'fail The link checker of this demo is not there, so this task fails on purpose.',
        ].join('\n'),
      },
    ],
  };
}
