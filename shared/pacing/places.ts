/** A time in which a sender is taken; `until` is free again. In milliseconds. */
export interface Busy {
  readonly from: number;
  readonly until: number;
}

/** What wants a place: how much it takes, and when it may go. */
export interface Wish {
  /** Segments of an SMS; 1 of a WhatsApp message. */
  readonly size: number;
  /** The first moment from a given one on at which it may go. */
  readonly mayGoAt: (at: Date) => Date;
  /** From then on nobody wants it any more. */
  readonly before: Date | undefined;
}

/** More would make the document grow for ever; the shortest gap between two is closed instead. */
const MOST_BUSY = 50;
/** Where the hours leave so little room, the search ends. */
const MOST_LOOKS = 100;

/**
 * A place for each wish, in their order, in the first time that is free and allowed: nothing of what is taken already is
 * overlapped, so that the rate holds over any window, whatever was reserved before and for when. Undefined for a wish
 * that finds no place in its time; it takes none.
 */
export function placesIn(
  busy: readonly Busy[],
  wishes: readonly Wish[],
  { now, perSecond }: { readonly now: Date; readonly perSecond: number },
): { readonly places: (Date | undefined)[]; readonly busy: Busy[] } {
  let taken = busy.filter(({ until }) => until > now.getTime());
  const places = wishes.map((wish) => {
    const length = Math.ceil((wish.size * 1_000) / perSecond);
    const from = placeFor(wish, length, taken, now);
    if (from === undefined) return undefined;
    taken = withBusy(taken, { from, until: from + length });
    return new Date(from);
  });
  return { places, busy: bounded(taken) };
}

function placeFor(
  { mayGoAt, before }: Wish,
  length: number,
  busy: readonly Busy[],
  now: Date,
): number | undefined {
  let at = now.getTime();
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const allowed = mayGoAt(new Date(at)).getTime();
    const free = firstGap(busy, allowed, length);
    if (before !== undefined && free >= before.getTime()) return undefined;
    if (free === allowed || mayGoAt(new Date(free)).getTime() === free) return free;
    at = free;
  }
  return undefined;
}

/** `busy` is in order, and nothing in it overlaps. */
function firstGap(busy: readonly Busy[], from: number, length: number): number {
  let free = from;
  for (const each of busy) {
    if (each.from >= free + length) return free;
    free = Math.max(free, each.until);
  }
  return free;
}

function withBusy(busy: readonly Busy[], added: Busy): Busy[] {
  const before = busy.filter(({ until }) => until < added.from);
  const after = busy.filter(({ from }) => from > added.until);
  const touching = busy.slice(before.length, busy.length - after.length);
  const from = Math.min(added.from, ...touching.map((each) => each.from));
  const until = Math.max(added.until, ...touching.map((each) => each.until));
  return [...before, { from, until }, ...after];
}

function bounded(busy: readonly Busy[]): Busy[] {
  const [first, ...rest] = busy;
  if (first === undefined || busy.length <= MOST_BUSY) return [...busy];
  const gaps = rest.map((each, index) => each.from - (busy[index]?.until ?? each.from));
  const shortest = gaps.indexOf(Math.min(...gaps));
  const closed = busy.flatMap((each, index) => {
    if (index === shortest) return [{ from: each.from, until: busy[index + 1]?.until ?? each.until }];
    return index === shortest + 1 ? [] : [each];
  });
  return bounded(closed);
}
