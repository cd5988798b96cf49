import type { Claim, Config } from './config.js';
import type { Line } from './parse.js';

/** Settings that change what all rules mean. */
export function readSwitch(config: Config, line: Line, claim: Claim, lose: (reason: string) => void): boolean {
  const { text, words } = line;
  const which = /^same-security-traffic permit (?<which>inter|intra)-interface$/.exec(text)?.groups?.which;
  const stops = /^(?:filter|dynamic-filter|url-server|url-cache|url-block)\b/.test(text);
  if (stops || /^(?:no )?zone \S/.test(text)) {
    const reason = stops
      ? 'may stop what the rules let through, and lets nothing through itself'
      : 'a zone of interfaces shares connections';
    claim(line, 'approximated', reason);
  } else if (text === 'no nat-control' || /^no same-security-traffic permit (?:inter|intra)-interface$/.test(text)) {
    claim(line, 'irrelevant');
  } else if (which === undefined && /^same-security-traffic\b/.test(text)) {
    lose('the word behind is not known');
  } else {
    const access = /^management-access (?<name>\S+)$/.exec(text)?.groups?.name;
    if (access !== undefined) {
      config.managementAccess = access;
      config.told.push(line);
    } else if (which === 'inter') config.sameSecurity.inter = line;
    else if (which === 'intra') config.sameSecurity.intra = line;
    else if (text === 'no sysopt connection permit-vpn') config.tunnelsFiltered = line;
    else if (text === 'sysopt connection permit-vpn') config.tunnelsSeen = true;
    else if (text === 'firewall transparent') config.transparent = true;
    else if (words[0] === 'context' && words[1] !== undefined) config.contexts.push(words[1]);
    else if (text !== 'forward-reference enable') return false;
    claim(line, 'modelled');
  }
  return true;
}
