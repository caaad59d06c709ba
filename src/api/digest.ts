/**
 * The name of a cell's text: `src:` and 16 bytes of BLAKE3 in hexadecimal, over
 * UTF-8. It is what the store calls the text (`nbrewind.analysis.source_digest`).
 */

import { blake3 } from '@noble/hashes/blake3.js';

/** Bytes of a digest. */
const LENGTH = 16;

/** All bytes in two hexadecimal digits. */
const HEX = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0')
);

const encoder = new TextEncoder();

/**
 * Return the digest of a text.
 *
 * @param text - The exact text of a cell
 * @returns `src:` and 32 hexadecimal digits
 */
export function sourceDigest(text: string): string {
  let digest = 'src:';
  for (const byte of blake3(encode(text), { dkLen: LENGTH })) {
    digest += HEX[byte];
  }
  return digest;
}

/**
 * Encode a text as UTF-8, with lone surrogates as Python's `surrogatepass` has
 * them: three bytes each, where `TextEncoder` would write a replacement.
 */
function encode(text: string): Uint8Array {
  if (!/[\ud800-\udfff]/.test(text)) {
    return encoder.encode(text);
  }
  const bytes: number[] = [];
  // By code points, so that a pair stays one character.
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) {
      bytes.push(
        0xe0 | (code >> 12),
        0x80 | ((code >> 6) & 0x3f),
        0x80 | (code & 0x3f)
      );
    } else {
      bytes.push(...encoder.encode(character));
    }
  }
  return Uint8Array.from(bytes);
}
