// Elements from data. Texts become text nodes: nothing that a name holds is ever read as HTML.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on') && typeof value === 'function') node.addEventListener(key.slice(2), value);
    else if (key === 'text') node.textContent = String(value);
    else if (key === 'style' && typeof value === 'object') Object.assign(node.style, value);
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

/** Puts children in place of those that a node has. */
export function put(node, ...children) {
  node.replaceChildren();
  return fill(node, null, children);
}

/** A text cut for a heading or a tooltip; the whole of it stays in the details. */
export function short(text, most = 90) {
  const chars = Array.from(String(text ?? ''));
  return chars.length > most ? chars.slice(0, most - 1).join('') + '…' : chars.join('');
}

/** Isolates a name so that its direction of writing does not disturb what stands beside it. */
export const bdi = (text, props) => h('bdi', props, text);

/** A line icon in a box of 16 by 16. */
export function icon(path, props) {
  return s('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', ...props },
    s('path', { d: path, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }));
}

/** Dots per pixel of the canvases; paper asks for more than a screen. */
export const density = {
  asked: null,
  now: () => density.asked ?? Math.min(2, window.devicePixelRatio || 1),
};
