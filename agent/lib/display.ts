/**
 * Text from a device, made safe for a terminal or a page: escape sequences (ECMA-48 CSI, OSC and the like) go, other
 * control characters and the bidirectional overrides, which can make a rule read as its opposite, become U+FFFD.
 */
export function displayText(text: string): string {
  return text
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?/g, '')
    .replace(/\r\n/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
