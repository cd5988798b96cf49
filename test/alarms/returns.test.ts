import { expect, test } from '@jest/globals';
import { returnsInFrench } from '../../agent/alarms/returns.js';

test.each([
  [
    'at the next start or reload, when firewalld loads /etc/firewalld',
    'au prochain démarrage ou rechargement, quand firewalld chargera /etc/firewalld',
  ],
  [
    'at the next start, which loads the startup configuration',
    'au prochain démarrage, qui charge la configuration enregistrée',
  ],
  ['once the candidate configuration is committed', 'dès que la configuration candidate sera mise en service (commit)'],
  ['at 2026-12-01 08:00:00 UTC, by its own clock', 'le 2026-12-01 08:00:00 UTC, à l’heure de l’équipement'],
  [
    'when the disabled rule is enabled; when what stops it first is gone',
    'quand la règle désactivée sera réactivée ; quand ce qui l’arrête aujourd’hui aura disparu',
  ],
])('%s', (english, french) => expect(returnsInFrench(english)).toBe(french));

test('what has no French form is told as it stands', () => {
  expect(returnsInFrench('when the moon is full')).toBe('when the moon is full');
});
