/**
 * When something opens by itself, in French. Drivers and the judge say it in English; what is not among these forms is
 * told as it stands, for an English sentence says more than none.
 */
const forms: readonly (readonly [RegExp, string])[] = [
  [
    /^at the next start(?<reload> or reload)?, when (?<loader>\S+) loads (?<what>.+)$/,
    'au prochain démarrage$<reload>, quand $<loader> chargera $<what>',
  ],
  [
    /^at the next start, which loads the (?:saved|startup) configuration$/,
    'au prochain démarrage, qui charge la configuration enregistrée',
  ],
  [
    /^once the candidate configuration is committed$/,
    'dès que la configuration candidate sera mise en service (commit)',
  ],
  [/^when the disabled rule is enabled$/, 'quand la règle désactivée sera réactivée'],
  [/^when what stops it first is gone$/, 'quand ce qui l’arrête aujourd’hui aura disparu'],
  [/^at (?<at>[\d-]{10} [\d:]{8}) UTC, by its own clock$/, 'le $<at> UTC, à l’heure de l’équipement'],
  [
    /^at (?<at>[\d-]{10} [\d:]{8}) in the time zone of its listing, by its own clock$/,
    'le $<at>, à l’heure locale de l’équipement',
  ],
];

export function returnsInFrench(returnsWhen: string): string {
  return returnsWhen.split('; ').map(inFrench).join(' ; ');
}

function inFrench(text: string): string {
  const form = forms.find(([pattern]) => pattern.test(text));
  return form ? text.replace(form[0], form[1]).replace(' or reload,', ' ou rechargement,') : text;
}
