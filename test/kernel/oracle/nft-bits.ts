import { type Context, familyFor, operator, word } from './nft-rules.js';
import * as words from './words.js';

/** Bits of a header by their place, and addresses under masks that are no prefixes. */
export function bits(context: Context): string {
  const { dice } = context;
  const family = familyFor(context);
  const side = dice.pick(['saddr', 'daddr']);
  const host = family === 'ip4' ? '0.0.0' : ':';
  return dice.pick([
    () =>
      `@nh,${dice.pick(['128,32', '96,32'])} ${operator(dice)}${dice.pick(['0x0a000507', '0xc6336450', '0xcb007109'])}`,
    () => `@nh,72,8 ${operator(dice)}${dice.pick([6, 17])}`,
    () => `@nh,${dice.pick(['128,8', '96,16', '104,4'])} ${operator(dice)}${dice.pick([10, 198, 0])}`,
    () =>
      `meta l4proto ${dice.pick(['tcp', 'udp'])} @th,${dice.pick(['0,32 & 0xffff ==', '16,16', '24,8'])} ${dice.pick(words.ports)}`.replace(
        /24,8 \d+/,
        '24,8 80',
      ),
    () => 'meta l4proto tcp @th,104,8 & 0x12 == 0x2',
    () =>
      `${word(family)} ${side} & ${family === 'ip4' ? dice.pick(['0.0.0.15', '0.0.255.0', '0.170.85.1']) : dice.pick(['::f', '::ffff', '0:0:ffff::'])} ${dice.pick(['==', '!=', '<'])} ${host}${family === 'ip4' ? '.' : ':'}${dice.pick([1, 5, 9])}`,
  ])();
}
