import type { Command } from 'commander';
import { loadOptions } from '../app/load-options.js';
import { readScript, type ScannedHop, type Trusting, trusting } from '../app/trust.js';
import { DEFAULT_FILE, loadSettings } from '../config/index.js';

import { atTerminal } from './asking.js';
import { clean, coloured, complain, print, printJson, type SetExit, say, withProgress } from './terminal.js';
import { person } from './with-guard.js';

interface TrustOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly yes: readonly string[];
  readonly revoke: readonly string[];
  readonly replace?: boolean;
  readonly member?: boolean;
  readonly script?: boolean;
}

export function addTrust(program: Command, setExit: SetExit): void {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  program
    .command('trust [device]')
    .description(
      'show the host keys or the certificate of a device that is read over the network, accept them, and try the login',
    )
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}`)
    .option(
      '--yes <fingerprint>',
      'accept exactly this key (SHA256:…) or certificate (AB:CD:…) without a question; may be repeated',
      collect,
      [],
    )
    .option('--replace', 'forget the keys that were accepted before and are not shown any more')
    .option('--member', 'another member of a pair answers now: the keys that were accepted before stay accepted')
    .option('--revoke <fingerprint>', 'never again accept this key, from any device; may be repeated', collect, [])
    .option('--script', 'print the forced command for the account on the device')
    .option('--json', 'one JSON document; asks nothing')
    .action(async (device: string | undefined, options: TrustOptions) => {
      if (options.script) return void process.stdout.write(readScript());
      if (device === undefined) {
        return setExit(complain({ code: 'BAD_CALL', message: 'which device?', expected: 'ecluse trust DEVICE' }));
      }
      const settings = loadSettings(options.config, loadOptions);
      if (!settings.ok) return setExit(complain(settings.error));
      const trust = trusting(settings.value, device, { by: person() });
      if (!trust.ok) return setExit(complain(trust.error));
      setExit(await trustDevice(device, trust.value, options));
    });
}

const FINGERPRINT = /^(?:SHA256:[A-Za-z0-9+/]{43}|(?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/;

async function trustDevice(device: string, trust: Trusting, options: TrustOptions): Promise<number> {
  const wrong = [...options.yes, ...options.revoke].find((one) => !FINGERPRINT.test(one));
  if (wrong !== undefined) {
    const expected =
      'SHA256: and 43 characters, as `ssh-keygen -lf` prints it, or the SHA-256 of a certificate, AB:CD:… with 32 parts';
    return complain({ code: 'BAD_CALL', message: `${wrong} is not a fingerprint`, expected });
  }
  if (options.revoke.length > 0) {
    const problem = trust.revoke(options.revoke);
    if (problem) return complain(problem);
    say(`revoked: ${options.revoke.join(', ')}`);
    if (options.yes.length === 0) return 0;
  }
  // Behind a jump host the device can be asked only once that host's key is accepted: at most two rounds.
  let hops: readonly ScannedHop[] = [];
  for (let round = 0; round < 2; round++) {
    const scanned = await withProgress('asking for host keys', trust.scan());
    if (!scanned.ok) return complain(scanned.error);
    hops = scanned.value;
    if (!options.json) show(hops.slice(round === 0 ? 0 : 1));
    const last = hops.at(-1)!;
    const code = await acceptHop(trust, last, options);
    if (code !== 0) {
      if (options.json) printJson({ device, hops, accepted: false });
      return code;
    }
    if (!last.isJump) break;
  }
  const refusal = await withProgress('logging in', trust.login());
  if (options.json) printJson({ device, hops, accepted: true, ...(refusal && { login: refusal }) });
  if (refusal) return complain(refusal);
  if (!options.json) print(coloured('green', `${device}: the login works; a running guard reads it from now on`));
  return 0;
}

function show(hops: readonly ScannedHop[]): void {
  const colours = { accepted: 'green', new: 'yellow', revoked: 'red' } as const;
  for (const { address, isJump, keys, gone } of hops) {
    print(clean(`${address}${isJump ? ' (jump host)' : ''} shows:`));
    for (const { type, fingerprint, state } of keys)
      print(`  ${coloured(colours[state], state.padEnd(8))}  ${fingerprint}  ${clean(type)}`);
    for (const fingerprint of gone) print(`  ${coloured('red', 'gone    ')}  ${fingerprint}  (accepted before)`);
  }
}

/** 0 when a key of this server is accepted now. */
async function acceptHop(trust: Trusting, hop: ScannedHop, options: TrustOptions): Promise<number> {
  const fresh = hop.keys.filter(({ state }) => state === 'new').map(({ fingerprint }) => fingerprint);
  const accepted = hop.keys.some(({ state }) => state === 'accepted');
  const named = fresh.filter((fingerprint) => options.yes.includes(fingerprint));
  const isChanged = hop.gone.length > 0 && !accepted;
  const chosen = named.length > 0 ? named : accepted || fresh.length === 0 ? [] : await asked(hop, fresh, options);
  if (chosen.length === 0) {
    if (accepted) return 0;
    const message = `no key of ${hop.address} was accepted; nothing is changed`;
    return complain({
      code: isChanged ? 'HOST_KEY_CHANGED' : 'HOST_KEY_UNKNOWN',
      message,
      expected: 'a yes at the terminal, or `--yes SHA256:…` with a key that the server shows',
    });
  }
  const problem = trust.accept(hop, chosen, options.replace ?? (isChanged && !options.member));
  return problem ? complain(problem) : 0;
}

async function asked(hop: ScannedHop, fresh: readonly string[], options: TrustOptions): Promise<readonly string[]> {
  if (options.json || options.yes.length > 0 || !process.stdin.isTTY) return [];
  if (hop.gone.length > 0) {
    print(coloured('red', 'None of the keys accepted before is shown: another machine may stand in its place.'));
  }
  const isCertificate = hop.keys.every(({ type }) => type === 'certificate');
  if (isCertificate)
    print('Compare it with the SHA-256 of the certificate that the appliance’s own administration page shows.');
  else
    print(
      'Compare with what the server itself prints: for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done',
    );
  const question = `Is this what ${clean(hop.address)} shows itself? Type yes to accept them: `;
  const answer = await atTerminal(process.stderr, (line) => line(question));
  return answer?.trim() === 'yes' ? fresh : [];
}
