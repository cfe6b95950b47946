const scratch = new DataView(new ArrayBuffer(8));
const WORD_64 = 1n << 64n;

/** A 64-bit sum of what it was given, in order: equal for equal input, and all but certainly different otherwise. */
export class Digest {
  a = 1;
  b = 1;

  reset(): void {
    this.a = 0x9e3779b9 | 0;
    this.b = 0x85ebca6b | 0;
  }

  /** Any exact integer. */
  number(value: number): void {
    this.mix(value | 0);
    if (value > 0x7fff_ffff || value < -0x8000_0000) this.mix(Math.floor(value / 0x1_0000_0000) | 0);
  }

  bigint(value: bigint): void {
    let rest = value;
    for (;;) {
      scratch.setBigUint64(0, rest);
      this.mix(scratch.getInt32(4));
      this.mix(scratch.getInt32(0));
      if (rest < WORD_64 && rest >= 0n) return;
      rest >>= 64n;
      if (rest === -1n) {
        this.mix(-1);
        return;
      }
    }
  }

  bytes(value: Uint8Array, start = 0, end = value.length): void {
    this.mix(end - start);
    let i = start;
    for (; i + 4 <= end; i += 4) {
      this.mix((value[i] << 24) | (value[i + 1] << 16) | (value[i + 2] << 8) | value[i + 3]);
    }
    for (; i < end; i++) this.mix(value[i]);
  }

  mix(value: number): void {
    const a = Math.imul(this.a ^ value, 0xcc9e2d51 | 0);
    this.a = (a << 13) | (a >>> 19);
    const b = Math.imul((this.b + value) ^ (this.a >>> 15), 0x1b873593);
    this.b = (b << 17) | (b >>> 15);
  }
}

/** Digests by place, 8 bytes each, growing by pieces so that nothing is copied. */
export class DigestList {
  static readonly #PIECE = 1 << 16;
  readonly #pieces: Int32Array[] = [];
  #count = 0;

  get length(): number {
    return this.#count;
  }

  push({ a, b }: Digest): void {
    const at = this.#count % DigestList.#PIECE;
    if (at === 0) this.#pieces.push(new Int32Array(2 * DigestList.#PIECE));
    const piece = this.#pieces[this.#pieces.length - 1];
    piece[2 * at] = a;
    piece[2 * at + 1] = b;
    this.#count++;
  }

  isAt(place: number, { a, b }: Digest): boolean {
    if (place >= this.#count) return false;
    const piece = this.#pieces[Math.floor(place / DigestList.#PIECE)];
    const at = 2 * (place % DigestList.#PIECE);
    return piece[at] === a && piece[at + 1] === b;
  }
}
