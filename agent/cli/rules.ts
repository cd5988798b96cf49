import type { Command } from 'commander';
import { loadOptions } from '../app/load-options.js';
import { failingExamples, loadRules } from '../app/rules.js';
import { DEFAULT_FILE, loadSettings } from '../config/index.js';
import type { ExposureRule, Rules } from '../judge/index.js';
import type { Result } from '../lib/result.js';
import { clean, coloured, complain, print, printJson, printTable, type SetExit } from './terminal.js';

interface RulesOptions {
  readonly config?: string;
  readonly folder?: string;
  readonly json?: boolean;
  readonly lang?: string;
}

/** The rules as they hold here: ours, and those of the folder that is named, else of the configuration. */
function rulesHere({ config, folder }: RulesOptions): Result<Rules> {
  if (folder !== undefined) return loadRules(folder);
  const settings = loadSettings(config, loadOptions);
  return settings.ok ? loadRules(settings.value.rulesFolder) : settings;
}

export function addRules(program: Command, setExit: SetExit): void {
  const rules = program.command('rules').description('what is judged, as data; asks no guard');
  const one = (name: string, description: string): Command =>
    rules
      .command(name)
      .description(description)
      .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}`)
      .option('--folder <folder>', "the hospital's own rules; left out, what the configuration says")
      .option('--json', 'one JSON document');

  one('list', 'every rule, its severity and whose it is').action((options: RulesOptions) => {
    const here = rulesHere(options);
    if (!here.ok) return setExit(complain(here.error));
    if (options.json) return printJson(here.value.exposures.map(shown));
    printTable(
      ['rule', 'severity', 'whose', 'title'],
      here.value.exposures.map((rule) => [rule.id, severityWords(rule), whose(rule), rule.title.en]),
    );
  });

  one('show', 'one rule as a page: why it matters, and how it is shut')
    .argument('<rule>', 'its id, as `ecluse rules list` says it')
    .option('--lang <language>', 'en or fr', 'en')
    .action((id: string, options: RulesOptions) => {
      const here = rulesHere(options);
      if (!here.ok) return setExit(complain(here.error));
      const rule = here.value.exposures.find((other) => other.id === id);
      const { lang } = options;
      if (!rule || (lang !== 'en' && lang !== 'fr')) {
        const problem = rule
          ? { code: 'BAD_CALL', message: `--lang ${lang}`, expected: 'en or fr' }
          : { code: 'NO_RULE', message: `there is no rule ${id}`, remedy: '`ecluse rules list` shows them' };
        return setExit(complain(problem));
      }
      if (options.json) return printJson(shown(rule));
      printPage(rule, lang);
    });

  one('test', 'run the examples of every rule; exit code 0 they say what they should, 1 not').action(
    (options: RulesOptions) => {
      const here = rulesHere(options);
      if (!here.ok) return setExit(complain(here.error));
      const { exposures } = here.value;
      const failing = failingExamples(here.value);
      const examples = exposures.reduce((sum, { examples: { match, not } }) => sum + match.length + not.length, 0);
      if (options.json) printJson({ rules: exposures.length, examples, failing });
      else if (failing.length === 0) print(`${exposures.length} rules, ${examples} examples: as they should`);
      if (!options.json) for (const problem of failing) complain(problem);
      setExit(failing.length === 0 ? 0 : 1);
    },
  );
}

function whose({ own }: ExposureRule): string {
  return own ? 'own' : 'Écluse';
}

function severityWords({ severity }: ExposureRule): string {
  switch (severity.kind) {
    case 'risk':
      return 'risk';
    case 'is':
      return severity.level;
    case 'atLeast':
      return `at least ${severity.level}`;
    case 'atMost':
      return `at most ${severity.level}`;
  }
}

const LEVELS = {
  critical: 'critique',
  high: 'élevée',
  medium: 'moyenne',
  low: 'faible',
  info: 'pour information',
} as const;

function severityInFrench({ severity }: ExposureRule): string {
  switch (severity.kind) {
    case 'risk':
      return 'celle du risque, selon les ports, la source et la destination';
    case 'is':
      return LEVELS[severity.level];
    case 'atLeast':
      return `au moins ${LEVELS[severity.level]}`;
    case 'atMost':
      return `au plus ${LEVELS[severity.level]}`;
  }
}

function shown(rule: ExposureRule) {
  const { id, title, baseline, why, shut, references, file, own } = rule;
  return { id, title, severity: severityWords(rule), baseline, why, shut, references, file, own };
}

const HEADINGS = {
  en: {
    severity: 'Severity',
    colon: ':',
    says: severityWords,
    why: 'Why it matters',
    shut: 'How it is shut',
    references: 'References',
    baseline: 'told also where the baseline declares it',
  },
  fr: {
    severity: 'Gravité',
    colon: ' :',
    says: severityInFrench,
    why: 'Pourquoi',
    shut: 'Comment refermer',
    references: 'Références',
    baseline: 'signalé aussi quand le référentiel le déclare',
  },
} as const;

function printPage(rule: ExposureRule, lang: 'en' | 'fr'): void {
  const words = HEADINGS[lang];
  print(coloured('bold', clean(rule.title[lang])));
  print(`${rule.id} (${whose(rule)}, ${clean(rule.file)})`);
  print('');
  print(`${words.severity}${words.colon} ${words.says(rule)}${rule.baseline ? `; ${words.baseline}` : ''}`);
  for (const part of ['why', 'shut'] as const) {
    print('');
    print(coloured('bold', words[part]));
    print(clean(rule[part][lang]));
  }
  print('');
  print(coloured('bold', words.references));
  for (const reference of rule.references) print(`- ${clean(reference)}`);
}
