/** Repeatable chance: the same seed gives the same SIDs, tokens, shuffles and coin throws. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, limit). */
  below(limit: number): number;
  hex(length: number): string;
  /** A Twilio SID: two letters and 32 hexadecimal digits. */
  sid(prefix: string): string;
  shuffled<T>(items: readonly T[]): T[];
}

/**
 * `stream` names the purpose. Each purpose draws from its own sequence, so that a fault which throws a coin does
 * not change the SIDs that follow.
 */
export function createRandom(seed: number, stream: string): Random {
  let state = hash(`${seed}/${stream}`);
  // Mulberry32: small, fast, and good enough for anything but secrets.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const hex = (length: number) => {
    let digits = "";
    while (digits.length < length)
      digits += below(2 ** 16)
        .toString(16)
        .padStart(4, "0");
    return digits.slice(0, length);
  };
  return {
    next,
    below,
    hex,
    sid: (prefix) => prefix + hex(32),
    shuffled(items) {
      return items
        .map((item) => ({ item, rank: next() }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ item }) => item);
    },
  };
}

/** FNV-1a over the UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value;
}
