import type {
  AgentChoice,
  AgentsView,
  AgentState,
  AgentView,
  EffectiveSafety,
  KnownAgent,
  SetupHint,
  UserMessage,
  OptionValue,
  AgentCapabilities,
} from '../../bindings/protocol';
import { agentKey, formatAgentCommand, agentName, KNOWN_AGENTS, NO_OPTIONS } from '../../lib/agents';
import type { Subscription } from '../backend';
import { FakePlaces, type Places } from './places';

const MINUTE = 60_000;
const STEP = 600;

const offer = (id: string, name: string, about = ''): OptionValue => ({ id, name, about });
const NO_OFFERS: AgentCapabilities = { models: [], modes: [], efforts: [], current: NO_OPTIONS };

const CLAUDE: AgentCapabilities = {
  models: [
    offer('default', 'Default (recommended)'),
    offer('opus', 'Opus', 'For hard work'),
    offer('haiku', 'Haiku', 'Quick and small'),
  ],
  modes: [
    offer('default', 'Always ask'),
    offer('plan', 'Plan', 'Reads and plans, changes nothing'),
    offer('bypassPermissions', 'Bypass permissions'),
  ],
  efforts: [offer('low', 'Low'), offer('medium', 'Medium'), offer('high', 'High')],
  current: { model: 'default', mode: 'default', effort: 'medium' },
};

/** What differs between the agents of the simulation. */
interface Found {
  state: AgentState;
  program?: string;
  version?: string;
  offers?: AgentCapabilities;
  missing?: SetupHint;
  notice?: UserMessage;
}

const missing = (words: string, packages: string[], sign_in = ''): SetupHint => ({ words, packages, sign_in });

const FOUND_AGENTS: Record<KnownAgent, Found> = {
  'claude-code': { state: 'ready', program: '~/.local/bin/claude', version: '2.1.330', offers: CLAUDE },
  codex: {
    state: 'signed_out',
    program: '~/.nvm/versions/node/v22.11.0/bin/codex',
    version: '0.169.0',
    missing: missing('Nobody is signed in. Sign in in a terminal, or enter a key.', [], 'codex login'),
  },
  gemini: {
    state: 'not_checked',
    program: '~/.nvm/versions/node/v22.11.0/bin/gemini',
    version: '0.61.0',
  },
  opencode: {
    state: 'ready',
    program: '/usr/local/bin/opencode',
    version: '1.18.33',
    offers: { ...NO_OFFERS, models: [offer('big-pickle', 'Big Pickle'), offer('kimi', 'Kimi K2')] },
  },
  copilot: {
    state: 'not_installed',
    missing: missing('Copilot CLI is not on this computer. Regatta can install it.', ['@github/copilot']),
  },
  qwen: {
    state: 'not_installed',
    missing: missing('Qwen Code is not on this computer. Regatta can install it.', ['@qwen-code/qwen-code']),
  },
  aider: { state: 'sign_in_unknown', program: '~/.local/bin/aider', version: '0.86.1' },
};

const ADAPTER: Found = {
  state: 'adapter_missing',
  program: '~/.local/bin/claude',
  version: '2.1.330',
  missing: missing('Claude Code is here; what lets Regatta talk to it is not. Regatta can install it.', [
    '@agentclientprotocol/claude-agent-acp',
  ]),
};

const KEYS: Partial<Record<KnownAgent, string>> = {
  'claude-code': 'ANTHROPIC_API_KEY',
  codex: 'OPENAI_API_KEY',
  gemini: 'GEMINI_API_KEY',
  qwen: 'OPENAI_API_KEY',
};

/** As far as the simulation offers modes. */
const ASKS_IN: Partial<Record<KnownAgent, string[]>> = { 'claude-code': ['default', 'plan'] };

function effectiveSafety(agent: AgentChoice, sandbox: boolean): EffectiveSafety[] {
  const walls = sandbox ? 'It can change only its copy.' : 'Without a sandbox its program could reach other files.';
  if (agent.kind === 'command' || (agent.kind === 'known' && agent.id === 'aider')) {
    const words = `It can’t ask, so it does everything at once. ${walls}`;
    return [
      { level: 'careful', whole: false, words },
      { level: 'balanced', whole: false, words },
      { level: 'hands_off', whole: sandbox, words },
    ];
  }
  return [
    { level: 'careful', whole: true, words: 'Asks before every command and every edit.' },
    {
      level: 'balanced',
      whole: sandbox,
      words: `Edits its copy freely, asks before it installs, deletes or reaches outside. ${walls}`,
    },
    { level: 'hands_off', whole: sandbox, words: `Asks only before what is never safe. ${walls}` },
  ];
}

function makeAgentView(agent: AgentChoice, found: Found, sandbox: boolean): AgentView {
  const id = agent.kind === 'known' ? agent.id : null;
  return {
    agent,
    name: agentName(agent),
    state: found.state,
    program: found.program ?? '',
    version: found.version ?? '',
    offers: found.offers ?? NO_OFFERS,
    goes_on: agent.kind === 'command' || id === 'aider' || id === 'gemini' ? 'anew' : 'same_conversation',
    limits_turns: id === 'claude-code',
    reports_cost: id === 'claude-code' || id === 'opencode',
    missing: found.missing ?? null,
    key_name: (id && KEYS[id]) ?? '',
    key: 'missing',
    asks_in: agent.kind === 'known' ? (ASKS_IN[agent.id] ?? []) : [],
    in_force: effectiveSafety(agent, sandbox),
    checked_at: null,
    busy: '',
    notice: found.notice ?? null,
  };
}

/** What the simulation begins with, of agents. */
export type AgentsScene = 'found' | 'adapter' | 'none';

/** The simulation's agents: asking and installing take a few ticks. */
export class FakeAgents extends FakePlaces {
  protected added: AgentChoice[] = [];
  #view: AgentsView;
  #clock: () => number;
  #later: { at: number; what: () => void }[] = [];
  #listeners = new Set<(view: AgentsView) => void>();

  constructor(places: Places, agents: AgentsScene, clock: () => number) {
    super(places);
    this.#clock = clock;
    const sandbox = agents !== 'none';
    const found = (id: KnownAgent): Found => {
      if (agents === 'none')
        return {
          state: 'not_installed',
          missing: missing(`${agentName({ kind: 'known', id })} is not on this computer. Regatta can install it.`, [
            id,
          ]),
        };
      return agents === 'adapter' && id === 'claude-code' ? ADAPTER : FOUND_AGENTS[id];
    };
    const known = KNOWN_AGENTS.flatMap((agent) =>
      agent.kind === 'known' ? [makeAgentView(agent, found(agent.id), sandbox)] : [],
    );
    this.#view = {
      agents: known.map((view) => ({
        ...view,
        checked_at: view.state === 'not_checked' || agents === 'none' ? null : clock() - 9 * MINUTE,
      })),
      sandbox,
      sandbox_words: sandbox
        ? 'Agents run in a sandbox: they can change only their copy of the project and their own settings.'
        : 'There is no sandbox on this computer, so an agent’s program could reach other files. Installing bubblewrap brings one.',
    };
  }

  async agents(): Promise<AgentsView> {
    return structuredClone(this.#view);
  }

  async checkAgents(agent: AgentChoice | null): Promise<void> {
    const asked = this.#view.agents.filter(
      (one) => one.state !== 'not_installed' && (!agent || agentKey(one.agent) === agentKey(agent)),
    );
    for (const one of asked) {
      this.#change(one.agent, { busy: 'Asking it…', notice: null });
      this.#after(STEP, () => this.#change(one.agent, this.#answered(one)));
    }
  }

  async installAgent(id: KnownAgent): Promise<void> {
    const agent: AgentChoice = { kind: 'known', id };
    const lines = ['Downloading…', 'Unpacking 84 files…', 'Asking it…'];
    for (const [n, busy] of lines.entries()) this.#after(n * STEP, () => this.#change(agent, { busy }));
    const program = `~/.local/share/regatta/agents/${id}`;
    const offers = id === 'claude-code' ? CLAUDE : NO_OFFERS;
    this.#after(lines.length * STEP, () =>
      this.#change(agent, {
        busy: '',
        state: 'ready',
        missing: null,
        program,
        version: '1.0.102',
        offers,
        checked_at: this.#clock(),
      }),
    );
    this.agentsTick();
  }

  async setAgentKey(id: KnownAgent, key: string): Promise<void> {
    if (key.includes(' ')) {
      throw {
        code: 'bad_request',
        what: 'A key has no spaces.',
        safe: 'Nothing was kept.',
        next: 'Enter it again.',
      } satisfies UserMessage;
    }
    this.#change(
      { kind: 'known', id },
      { key: this.placeState.store ? 'kept' : 'for_session', state: 'ready', missing: null },
    );
  }

  async removeAgentKey(id: KnownAgent): Promise<void> {
    this.#change(
      { kind: 'known', id },
      { key: 'missing', state: FOUND_AGENTS[id].state, missing: FOUND_AGENTS[id].missing ?? null },
    );
  }

  async saveAgent(agent: AgentChoice): Promise<void> {
    await this.removeAgent(agent);
    this.added = [agent, ...this.added].slice(0, 10);
    const missing = formatAgentCommand(agent).startsWith('no-such');
    const notice: UserMessage = {
      code: 'agent_missing',
      what: 'Its program was not found.',
      safe: '',
      next: 'Install it, or name it with its folder.',
    };
    const found: Found = missing
      ? { state: 'broken', notice }
      : { state: 'sign_in_unknown', program: formatAgentCommand(agent) };
    this.#emitAgents([...this.#view.agents, makeAgentView(agent, found, this.#view.sandbox)]);
  }

  async removeAgent(agent: AgentChoice): Promise<void> {
    const other = (one: AgentChoice) => agentKey(one) !== agentKey(agent);
    this.added = this.added.filter(other);
    this.#emitAgents(this.#view.agents.filter((one) => other(one.agent)));
  }

  onAgents(listener: (view: AgentsView) => void): Subscription {
    this.#listeners.add(listener);
    return { ready: Promise.resolve(), unsubscribe: () => void this.#listeners.delete(listener) };
  }

  /** Lets everything happen that is due by now. */
  protected agentsTick(): void {
    const due = this.#later.filter(({ at }) => at <= this.#clock());
    this.#later = this.#later.filter((one) => !due.includes(one));
    for (const { what } of due) what();
  }

  #answered(before: AgentView): Partial<AgentView> {
    const state = before.state === 'not_checked' ? 'ready' : before.state;
    return { busy: '', state, checked_at: this.#clock() };
  }

  #after(wait: number, what: () => void): void {
    this.#later.push({ at: this.#clock() + wait, what });
  }

  #change(agent: AgentChoice, change: Partial<AgentView>): void {
    this.#emitAgents(
      this.#view.agents.map((one) => (agentKey(one.agent) === agentKey(agent) ? { ...one, ...change } : one)),
    );
  }

  #emitAgents(agents: AgentView[]): void {
    this.#view = { ...this.#view, agents };
    for (const listener of [...this.#listeners]) listener(structuredClone(this.#view));
  }
}
