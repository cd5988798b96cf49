import { expect, test } from '@jest/globals';
import { detailsInFrench } from '../../agent/alarms/details.js';
import { letter } from '../../agent/alarms/words.js';
import { told } from './told.js';

test.each([
  ['read completely again', 'de nouveau lu en entier'],
  ['fw1: no reading since the window ended', 'fw1: aucune lecture depuis la fin de l’intervention'],
  [
    'fw1: no before snapshot of window W-7: only compared with the baseline',
    'fw1: rien de lu avant l’intervention W-7 : comparé au seul référentiel',
  ],
  [
    '10.0.0.1:22 cannot be reached: connect ECONNREFUSED 10.0.0.1:22',
    '10.0.0.1:22 est injoignable : connect ECONNREFUSED 10.0.0.1:22',
  ],
  ['10.0.0.1:22: no connection after 10000 ms', '10.0.0.1:22: pas de connexion au bout de 10000 ms'],
  [
    'the host key of fw1:22 is not the accepted one: it shows SHA256:abc; another machine may stand in its place',
    'la clé d’hôte de fw1:22 n’est pas celle qui est acceptée : il montre SHA256:abc; une autre machine a peut-être pris sa place',
  ],
  [
    'fw1: perhaps still up: tcp 198.51.100.7 → 10.0.0.5:22; ends by: conntrack -D -p tcp -s 198.51.100.7',
    'fw1: connexion peut-être encore établie : tcp 198.51.100.7 → 10.0.0.5:22; pour y mettre fin : conntrack -D -p tcp -s 198.51.100.7',
  ],
  ['fw1: still up: tcp 198.51.100.7 → 10.0.0.5:22', 'fw1: connexion encore établie : tcp 198.51.100.7 → 10.0.0.5:22'],
  [
    'announced as staying, and accepted by only RSSI until 2026-12-30T23:00:00.000Z',
    'annoncé comme devant rester, et accepté seulement par RSSI avant le 2026-12-30T23:00:00.000Z',
  ],
])('%s', (english, french) => expect(detailsInFrench(english)).toBe(french));

test('words of a device and sentences without a French form stay as they are', () => {
  const device = 'internet → 10.20.0.10 tcp 104 (wan0 → any); set name "no reading; since the window ended"';
  expect(detailsInFrench(device)).toBe(device);
});

test('a French letter has its details in French, an English one in English', () => {
  const record = { ...told.raise, code: 'GUARD_BLIND', details: 'fw1: no reading since the window ended' };
  const line = (language: 'fr' | 'en'): string | undefined =>
    letter(record, language, () => undefined).lines.find((one) =>
      one.startsWith(language === 'fr' ? 'Détails' : 'Details'),
    );
  expect(line('fr')).toBe('Détails : fw1: aucune lecture depuis la fin de l’intervention');
  expect(line('en')).toBe('Details: fw1: no reading since the window ended');
});
