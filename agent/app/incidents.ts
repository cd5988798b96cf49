import type { ReplayResult, ReplayRow } from './replay.js';

/** A real incident: how it came to light then, and what of it no reading of a firewall or a host can show. */
interface Incident {
  readonly name: string;
  /** How the ids of its fixtures begin. */
  readonly fixtures: readonly string[];
  readonly found: string;
  readonly cannotSee: string;
}

const incidents: readonly Incident[] = [
  {
    name: 'Troyes, clinique de Champagne, 2012',
    fixtures: ['S1'],
    found: 'early June 2012, through Google; the cause was never established',
    cannotSee: 'a copy on a USB stick, a leak at the outside pathology office, indexing by Google',
  },
  {
    name: 'Béthune, groupe hospitalier privé, 2016',
    fixtures: ['S2'],
    found: '18 February 2016, by a history researcher through search links, after at least three days',
    cannotSee: 'the missing login of the page, indexing, who read what',
  },
  {
    name: 'PACS servers on the internet (Greenbone), 2019-2020',
    fixtures: ['S3'],
    found: 'September 2019, by a scan that had begun in mid-July',
    cannotSee: 'a missing AE-title check or login, unless an active probe is authorised',
  },
  {
    name: 'Saint-Étienne, Hôpital privé de la Loire, 2025',
    fixtures: ['S4'],
    found: '1 July 2025, when the attack that ran since 26 June was discovered',
    cannotSee: 'stolen credentials, queries, the download: what is told is the exposure, not the attack',
  },
  {
    name: 'Marseille, 2013',
    fixtures: ['S5a', 'S5b'],
    found: '11 February 2013, by a mother who found the record, after months',
    cannotSee: 'a form sent through the general proxy, the content of files, indexing at the host',
  },
  {
    name: 'Clamart and Meudon, 2013',
    fixtures: ['S5c'],
    found: 'February 2013, in the press',
    cannotSee: 'the patient file stored by mistake, its content',
  },
  {
    name: 'Foch, 2013',
    fixtures: ['S5d'],
    found: 'February 2013, in the press; the hospital did not know where it came from',
    cannotSee: 'what the undeclared service held, indexing',
  },
];

const HEADINGS = ['incident', 'found then', 'Écluse tells', 'cannot see'] as const;
const WIDTHS = [26, 30, 46, 34] as const;
const GAP = '  ';

/** The incidents side by side: when each was found then, when Écluse tells first, and what it cannot see. */
export function formatBoard(results: readonly ReplayResult[]): string {
  const rows = incidents.flatMap(({ name, fixtures, found, cannotSee }) => {
    const played = results.filter(({ fixture }) => fixtures.some((prefix) => fixture.startsWith(prefix)));
    if (played.length === 0) return [];
    return [[name, found, ...[played.flatMap(({ fixture, findings }) => told(fixture, findings))], cannotSee]];
  });
  return [
    line(HEADINGS.map((heading) => [heading])),
    line(WIDTHS.map((width) => ['-'.repeat(width)])),
    ...rows.map((cells) =>
      line(
        cells.map((cell, column) =>
          (typeof cell === 'string' ? [cell] : cell).flatMap((text) => wrapped(text, WIDTHS[column]!)),
        ),
      ),
    ),
    'Days are those of the incident where they are known; hours, and days that nobody knows, are invented for the replay.',
  ].join('\n');
}

function told(fixture: string, findings: readonly ReplayRow[]): readonly string[] {
  const first = findings.find(({ code, sev }) => sev !== 'info' && code !== 'RESOLVED');
  const [hypothesis = fixture] = /^S\d[a-z]?/.exec(fixture) ?? [];
  if (!first) return [`${hypothesis} nothing`];
  return [`${hypothesis} ${first.t.slice(0, 10)} ${first.t.slice(11, 16)} ${first.code} (${first.sev})`];
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (longer.length > width && current !== '') {
      lines.push(current);
      current = word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
}

/** One row, as many lines high as its highest cell. */
function line(cells: readonly (readonly string[])[]): string {
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, index) =>
    cells
      .map((cell, column) => (cell[index] ?? '').padEnd(WIDTHS[column]!))
      .join(GAP)
      .trimEnd(),
  ).join('\n');
}
