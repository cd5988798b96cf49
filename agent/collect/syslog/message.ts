/** What of a message counts here: who says to have written it, and its text. */
export interface SyslogMessage {
  /** As the header names it; absent where it has none. */
  readonly host?: string;
  readonly text: string;
}

/** RFC 5424 section 6: version, time, host, and then name, process and message id. */
const RFC5424 =
  /^[1-9]\d{0,2} (?:-|\d{4}-\d\d-\d\dT\S{1,40}) (?<host>\S{1,255}) \S{1,48} \S{1,128} \S{1,32} (?<rest>.*)$/s;
/** RFC 3164 section 4.1 as it is met: with and without a year, or with the time of RFC 3339 (Cisco, rsyslog). */
const RFC3164 =
  /^:? ?\*?(?:[A-Z][a-z]{2} [ \d]?\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{2,5})?|\d{4}-\d\d-\d\dT\S{1,40}):? (?:(?<host>[\w.-]{1,255}) ?:? )?(?<rest>.*)$/s;

/**
 * Reads a message leniently: devices write headers as they please, and a header that is not understood is part of the
 * text. Nothing is refused, because whatever it says it is only a reason to look.
 */
export function parseSyslog(message: string): SyslogMessage {
  const body = message.replace(/^\uFEFF/, '').replace(/^<\d{1,3}>/, '');
  for (const form of [RFC5424, RFC3164]) {
    const groups = form.exec(body)?.groups;
    if (groups) return { ...(isName(groups.host) && { host: groups.host }), text: groups.rest! };
  }
  return { text: body };
}

function isName(host: string | undefined): host is string {
  return host !== undefined && host !== '-' && !host.startsWith('%');
}
