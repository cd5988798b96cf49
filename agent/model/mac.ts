/** The last 48-bit hardware address. */
export const LAST_MAC = 0xffff_ffff_ffff;

/** What the field of the hardware address holds for a packet that came in no Ethernet frame (a tunnel, a modem, this device). */
export const NO_FRAME = LAST_MAC + 1;

/** Reads `00:11:22:aa:bb:cc`, with `-` too, as a number. */
export function parseMac(text: string): number | undefined {
  const parts = text.split(/[:-]/);
  if (parts.length !== 6 || parts.some((part) => !/^[0-9a-fA-F]{1,2}$/.test(part))) return undefined;
  return parts.reduce((value, part) => value * 256 + Number.parseInt(part, 16), 0);
}

export function formatMac(value: number): string {
  if (value === NO_FRAME) return 'none';
  return value
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}
