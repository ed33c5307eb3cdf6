/** Ids as the companion and boxes make them: 26 characters of Crockford's base 32, time first, then 80 random bits. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

export function newId(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  let head = '';
  for (let at = 0; at < 10; at += 1) {
    head = LETTERS[time % 32] + head;
    time = Math.floor(time / 32);
  }
  return head + [...random].map((byte) => LETTERS[byte % 32]).join('');
}
