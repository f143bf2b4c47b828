// Names are found whatever their case and diacritics.

const LETTERS = {
  ı: 'i', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ß: 'ss', æ: 'ae', œ: 'oe', ə: 'a', ә: 'а',
  ғ: 'г', қ: 'к', ң: 'н', ө: 'о', ұ: 'у', ү: 'у', һ: 'х', і: 'и', ё: 'е', ʼ: '', ʻ: '', '’': '',
  '‘': '', "'": '', '`': '', ʿ: '', ʾ: '', '–': ' ', '—': ' ', '-': ' ', '/': ' ', '.': ' ', ',': ' ',
};

/** Returns the text in lower case, without diacritics, marks of direction and punctuation. */
export function fold(text) {
  let out = '';
  const plain = String(text)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '');
  for (const char of plain) out += char in LETTERS ? LETTERS[char] : char;
  return out.replace(/\s+/g, ' ').trim();
}

/**
 * Makes an index of things that have a name and perhaps aliases.
 * @param {{name: string, aliases?: string[]|string, id?: string}[]} things
 */
export function makeIndex(things) {
  return things.map((thing, order) => {
    const aliases = Array.isArray(thing.aliases)
      ? thing.aliases
      : String(thing.aliases ?? '').split('|');
    const names = [thing.name, thing.id, thing.unlocode, ...aliases].filter(Boolean).map(String);
    return { thing, order, names, folded: names.map((n) => fold(n.slice(0, 200))) };
  });
}

/** Returns [{thing, name}] best first: whole name, start of name, start of a word, anywhere. */
export function search(index, query, limit = 12) {
  const wanted = fold(query);
  if (!wanted) return [];
  const found = [];
  for (const entry of index) {
    let best = 9;
    let by = 0;
    entry.folded.forEach((name, i) => {
      let rank = 9;
      if (name === wanted) rank = 0;
      else if (name.startsWith(wanted)) rank = 1;
      else if (name.includes(' ' + wanted)) rank = 2;
      else if (name.includes(wanted)) rank = 3;
      // the same match counts more in the name than in an alias
      rank = rank === 9 ? 9 : rank + (i > 0 ? 0.5 : 0);
      if (rank < best) {
        best = rank;
        by = i;
      }
    });
    if (best < 9) found.push({ thing: entry.thing, name: entry.names[by], best, order: entry.order });
  }
  found.sort((a, b) => a.best - b.best || (a.thing.weight ?? 9) - (b.thing.weight ?? 9) || a.order - b.order);
  return found.slice(0, limit);
}
