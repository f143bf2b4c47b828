// Search by any name: a text field with a list under it, by keyboard as by pointer.

import { h, bdi, icon, short } from './dom.js';
import { makeIndex, search } from './fold.js';

let count = 0;

/**
 * @param {object[]} things {name, aliases, hint, weight, ...}
 * @param {object} opt label, placeholder, pick(thing), keep (whether the name stays in the field)
 */
export function makeSearch(things, { label, placeholder, pick, keep = false }) {
  const index = makeIndex(things);
  const id = `cm-find-${(count += 1)}`;
  let found = [];
  let at = -1;
  const list = h('ul', { role: 'listbox', id, 'aria-label': label, class: 'cm-found', hidden: true });
  const input = h('input', {
    type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': id, 'aria-autocomplete': 'list',
    'aria-label': label, placeholder, autocomplete: 'off', spellcheck: 'false', maxlength: 120,
  });
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const choose = (i) => {
    const hit = found[i];
    if (!hit) return;
    input.value = keep ? short(hit.thing.name, 100) : '';
    close();
    pick(hit.thing);
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((li, k) => li.setAttribute('aria-selected', String(k === i)));
    const li = list.children[i];
    if (li) {
      input.setAttribute('aria-activedescendant', li.id);
      li.scrollIntoView({ block: 'nearest' });
    }
  };
  const show = () => {
    found = search(index, input.value);
    list.replaceChildren(...found.map((hit, i) => h('li', {
      role: 'option', id: `${id}-${i}`, 'aria-selected': 'false',
      onmousedown: (e) => e.preventDefault(), onclick: () => choose(i),
    }, h('span', { class: 'cm-hit' }, bdi(short(hit.thing.name, 60)), hit.name !== hit.thing.name && h('small', null, bdi(short(hit.name, 60)))),
    h('span', { class: 'cm-hint' }, hit.thing.hint ?? ''))));
    if (!found.length && input.value.trim()) {
      list.replaceChildren(h('li', { role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false', class: 'cm-none' }, 'Nothing of that name'));
    }
    list.hidden = !list.childElementCount;
    input.setAttribute('aria-expanded', String(!list.hidden));
    at = -1;
    input.removeAttribute('aria-activedescendant');
  };
  input.addEventListener('input', show);
  input.addEventListener('focus', () => input.value && show());
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      if (list.hidden) show();
      const n = found.length;
      if (n) mark((at + (e.key === 'ArrowDown' ? 1 : at < 0 ? 0 : -1) + n) % n);
    } else if (e.key === 'Enter') {
      e.preventDefault();
      choose(at < 0 ? 0 : at);
    } else if (e.key === 'Escape') {
      if (list.hidden) input.value = '';
      close();
    }
    e.stopPropagation();
  });
  const node = h('div', { class: 'cm-search', role: 'search', 'aria-label': label }, icon('M7 2.5a4.5 4.5 0 1 0 .01 0M10.3 10.3 14 14', { class: 'cm-glass' }), input, list);
  return { node, input, index };
}
