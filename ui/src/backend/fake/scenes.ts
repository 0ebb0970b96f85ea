import type { AgentChoice, BatchRequest, Draft, ProjectView, TaskRequest } from '../../bindings/protocol';
import { NO_OPTIONS } from '../../lib/agents';
import type { AgentsScene } from './agents';
import { questionsBatch } from './questions';
import { checkoutBatch, longOutputScript } from './checkout';
import { cloudBatch, HOME_SERVER, WORK } from './cloud';
import { NO_PLACES, type Places } from './places';
import { heldBatches, comparisonBatch } from './comparison';
import { PRACTICE, type World } from './world';

/** What the simulation begins with. */
export interface Scene {
  projects: ProjectView[];
  draft: Draft | null;
  /** Endpoints and secrets. By default there is no endpoint and no token. */
  places?: Places;
  /** Which agents there are. By default some, each in another state. */
  agents?: AgentsScene;
  /** Lets batches run up to now. */
  play(world: World): void;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const shop: ProjectView = {
  path: '/home/sam/Projects/acme-shop',
  shown_path: '~/Projects/acme-shop',
  name: 'acme-shop',
  state: 'ready',
  current: 'main',
  branches: ['main', 'winter-sale', 'try/new-search'],
  unsaved: false,
  notice: null,
};

const task = (task_name: string, prompt: string): TaskRequest => ({ task_name, prompt });

/** A batch of the shop with the practice agent. */
function batch(name: string, tasks: TaskRequest[], max_parallel = 3): BatchRequest {
  return {
    name,
    repo_url: shop.path,
    branch: 'main',
    agent: PRACTICE,
    options: NO_OPTIONS,
    safety: 'balanced',
    haiku: false,
    thread_id: '',
    parallel_tasks: tasks,
    max_parallel,
  };
}

function playEarlier(world: World, now: number): void {
  const quick = (name: string) => task(name, `write docs/${name.toLowerCase().replaceAll(' ', '-')}.md: text`);
  world.time = now - 26 * HOUR;
  world.start(batch('Spelling on product pages', ['Bags', 'Shoes', 'Hats', 'Coats'].map(quick)));
  world.run(now - 20 * HOUR);
  world.start(batch('Explain this project', ['How it starts', 'Where data is kept', 'What is tested'].map(quick)));
  world.run(now - 4 * HOUR);
  world.start(batch('Accessibility fixes', ['Contrast', 'Labels', 'Focus', 'Headings', 'Alt texts'].map(quick), 5));
  world.run(now - 3 * HOUR);
}

function playRunning(world: World): void {
  const now = world.time;
  playEarlier(world, now);
  world.limit = 4;
  world.run(now - 4 * MINUTE - 12 * SECOND);
  const { request, scripts } = checkoutBatch(batch);
  world.start(request, scripts);
  world.runNext('Fix total on small screens');
  world.run(now - 2 * MINUTE);
  world.start(
    batch('Help page texts', [
      task('Returns', 'Rewrite it.'),
      task('Delivery', 'Rewrite it.'),
      task('Sizes', 'Rewrite it.'),
    ]),
  );
  world.run(now);
}

/** Tasks that ask, on top of what was before. */
function playQuestions(world: World): void {
  const now = world.time;
  playEarlier(world, now);
  world.limit = 6;
  world.run(now - 3 * MINUTE);
  const { request, scripts } = questionsBatch(batch);
  world.start(request, scripts);
  world.run(now);
}

/** One row done by three agents. */
function playComparison(world: World): void {
  const now = world.time;
  playEarlier(world, now);
  world.run(now - 4 * MINUTE);
  const { request, scripts } = comparisonBatch(batch);
  world.start(request, scripts);
  world.run(now);
}

/** Two agents whose tasks are held. */
function playHeld(world: World): void {
  const { requests, holds } = heldBatches(batch, world.time);
  world.holds = holds;
  for (const request of requests) world.start(request);
}

/** A batch at an endpoint, on top of what runs here. */
function playCloud(world: World): void {
  const now = world.time;
  playRunning(world);
  world.time = now - 3 * MINUTE;
  const { request, scripts } = cloudBatch();
  world.start(request, scripts);
  world.run(now);
}

const places: Places = {
  endpoints: [
    { endpoint: WORK, key: 'kept' },
    { endpoint: HOME_SERVER, key: 'missing' },
  ],
  token: 'kept',
  store: true,
};

const draft: Draft = {
  title: 'Checkout polish, round two',
  project: shop.path,
  start_from: '',
  agent: PRACTICE,
  options: NO_OPTIONS,
  safety: 'balanced',
  endpoint: null,
  haiku: false,
  max_parallel: 3,
  tasks: [
    task(
      'Show the delivery date earlier',
      'On the bag page, show the expected delivery date under each product, before people go to checkout. Use the same wording as the confirmation email. If we don’t know the date, show nothing.\n\nCheck it on a phone-sized screen and with a product that is out of stock.',
    ),
    task(
      'Keep the bag after signing in',
      'When someone signs in, products already in their bag must stay there. Today the bag is emptied.',
    ),
    task(
      'Smaller images on product pages',
      'Serve images in a modern format and the right size. Keep the look the same.',
    ),
    task('Translate the help page to French', 'Translate every text of the help page to French.'),
    task('Translate the help page to German', 'Translate every text of the help page to German.'),
    task('Translate the help page to Spanish', 'Translate every text of the help page to Spanish.'),
    task('Delivery text on receipts', 'Use the new delivery date sentence on printed and emailed receipts.'),
  ],
};

const CLAUDE: AgentChoice = { kind: 'known', id: 'claude-code' };

/** The same batch by an agent that was found; one row of it by two, another with limits. */
const agentsDraft: Draft = {
  ...draft,
  agent: CLAUDE,
  tasks: draft.tasks.map((one, n) => {
    const picks = [CLAUDE, { kind: 'known' as const, id: 'codex' as const }].map((agent) => ({
      agent,
      options: NO_OPTIONS,
    }));
    if (n === 1) return { ...one, agents: picks, times: 3 };
    return n === 2 ? { ...one, time_limit_s: 1800, cost_limit_cents: 200 } : one;
  }),
};

/** A task with very many lines, and a short one beside it. */
function longOutputScene(lines: number): Scene {
  return {
    projects: [shop],
    draft: null,
    play(world) {
      world.start(batch('A long one', [task('Long output', 'print'), task('Short', 'Read it.')]), [
        longOutputScript(lines),
      ]);
      world.run(world.time + 1);
    },
  };
}

const idleScene: Scene = { projects: [], draft: null, play: () => {} };

/** Scenes by the name in the address' `?scene=`. By default it is the first run. */
export const SCENES: Record<string, Scene> = {
  first: idleScene,
  'no-agents': { ...idleScene, agents: 'none' },
  home: { projects: [shop], draft: null, play: (world) => playEarlier(world, world.time) },
  running: { projects: [shop], draft: null, play: playRunning },
  draft: { projects: [shop], draft, play: playRunning },
  asking: { projects: [shop], draft: null, play: playQuestions },
  several: { projects: [shop], draft: null, play: playComparison },
  held: { projects: [shop], draft: null, play: playHeld },
  cloud: { projects: [shop], draft: null, places, play: playCloud },
  'cloud-draft': {
    projects: [shop],
    draft: { ...draft, endpoint: WORK.id, project: 'https://github.com/acme/shop.git', start_from: 'main' },
    places,
    play: playCloud,
  },
  'no-store': { projects: [shop], draft, places: { ...NO_PLACES, store: false }, play: () => {} },
  agents: { projects: [shop], draft: agentsDraft, play: playRunning },
  adapter: { projects: [shop], draft, agents: 'adapter', play: () => {} },
  blank: { projects: [shop], draft: null, play: () => {} },
  unsaved: {
    projects: [{ ...shop, unsaved: true }],
    draft: { ...draft, tasks: draft.tasks.slice(0, 2) },
    play: () => {},
  },
  long: longOutputScene(100_000),
  million: longOutputScene(1_000_000),
};
