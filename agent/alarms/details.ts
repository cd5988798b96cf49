/**
 * The commonest details of an alarm in French. The judge and the collectors say them in English, often behind the name
 * of a device or an address and before words of the device itself: those stay as they are, and so does every sentence
 * that is not among these forms.
 */
const forms: readonly (readonly [RegExp, string])[] = [
  // Why it is over.
  [/^read completely again$/, 'de nouveau lu en entier'],
  [/^read with an accepted host key$/, 'lu avec une clé d’hôte acceptée'],
  [/^not in the configuration any more$/, 'n’est plus dans la configuration'],
  [/^in the configuration again$/, 'de nouveau dans la configuration'],
  [/^no window is open on it any more$/, 'plus aucune intervention n’y est ouverte'],
  [
    /^the onboarding is over: everything is judged from now on$/,
    'la mise en service est finie : tout est jugé dès maintenant',
  ],
  [
    /^each of them is shut, accepted, or no such alarm any more$/,
    'chacune est refermée, acceptée, ou n’est plus une alerte',
  ],
  [/^now declared in the baseline$/, 'désormais déclaré dans le référentiel'],
  [
    /^accepted by (?<who>.+), now declared in the baseline$/,
    'accepté par $<who>, désormais déclaré dans le référentiel',
  ],
  [/^not judged any more$/, 'n’est plus jugé'],
  [/^declares again what was taken$/, 'déclare de nouveau ce qui avait été pris'],
  // What was not read.
  [/(?<=^|: )no reading since the window ended$/, 'aucune lecture depuis la fin de l’intervention'],
  [
    /(?<=^|: )no before snapshot of window (?<window>.+): only compared with the baseline$/,
    'rien de lu avant l’intervention $<window> : comparé au seul référentiel',
  ],
  [/^(?<count>\d+) devices: /, '$<count> équipements : '],
  [/^(?<place>\S+) cannot be reached: /, '$<place> est injoignable : '],
  [/(?<=^|: )no connection after (?<ms>\d+) ms$/, 'pas de connexion au bout de $<ms> ms'],
  [/(?<=^|: )no exchange of keys after (?<ms>\d+) ms$/, 'pas d’échange de clés au bout de $<ms> ms'],
  [
    /(?<=^|: )no answer to the login after (?<ms>\d+) ms$/,
    'pas de réponse à la connexion du compte au bout de $<ms> ms',
  ],
  [/(?<=^|: )no end after (?<ms>\d+) ms, so it was ended$/, 'sans fin au bout de $<ms> ms, donc interrompu'],
  [/(?<=^|: )the connection ended before the login: /, 'la connexion s’est fermée avant l’ouverture de session : '],
  [/^(?<place>\S+) refuses the login of (?<user>\S+)$/, '$<place> refuse le compte $<user>'],
  [
    /^after (?<count>\d+) refusals it is not tried again, so that the account does not lock$/,
    'après $<count> refus il n’y a plus d’essai, pour ne pas bloquer le compte',
  ],
  [
    /^nobody has accepted the host key of (?<place>\S+) yet: it shows /,
    'personne n’a encore accepté la clé d’hôte de $<place> : il montre ',
  ],
  [
    /^the host key of (?<place>\S+) is not the accepted one: it shows /,
    'la clé d’hôte de $<place> n’est pas celle qui est acceptée : il montre ',
  ],
  [
    /^nobody has accepted the certificate of (?<place>\S+) yet: it shows /,
    'personne n’a encore accepté le certificat de $<place> : il montre ',
  ],
  [
    /^the certificate of (?<place>\S+) is not the accepted one: it shows /,
    'le certificat de $<place> n’est pas celui qui est accepté : il montre ',
  ],
  [/^another machine may stand in its place$/, 'une autre machine a peut-être pris sa place'],
  // What stays.
  [/(?<=^|: )perhaps still up: /, 'connexion peut-être encore établie : '],
  [/(?<=^|: )still up: /, 'connexion encore établie : '],
  [/^ends by: /, 'pour y mettre fin : '],
  [/^announced as staying, and refused by (?<who>[^:]+): /, 'annoncé comme devant rester, et refusé par $<who> : '],
  [
    /^announced as staying, and accepted by nobody until (?<until>\S+)$/,
    'annoncé comme devant rester, et accepté par personne avant le $<until>',
  ],
  [
    /^announced as staying, and accepted by only (?<who>.+) until (?<until>\S+)$/,
    'annoncé comme devant rester, et accepté seulement par $<who> avant le $<until>',
  ],
  [/: approved until (?<until>\d{4}-\S+)$/, ' : approuvé jusqu’au $<until>'],
  // Écluse itself.
  [/^(?<count>\d+) records wait for it, none is lost$/, '$<count> messages l’attendent, aucun n’est perdu'],
  [
    /^sink (?<sink>\S+): (?<count>\d+) of (?<all>\d+) records wait for it$/,
    'destination $<sink> : $<count> messages sur $<all> attendent',
  ],
  [/^its other recipients get what it sends$/, 'ses autres destinataires reçoivent ce qui est envoyé'],
  [/^and (?<count>\d+) more$/, 'et $<count> de plus'],
];

export function detailsInFrench(details: string): string {
  return details.split('; ').map(inFrench).join('; ');
}

function inFrench(text: string): string {
  const form = forms.find(([pattern]) => pattern.test(text));
  return form ? text.replace(form[0], form[1]) : text;
}
