// Puts the map together: base map, features, routes, panel and controls on one Leaflet map.

import { makeBasemap } from './basemap.js';
import { h, bdi, icon, put, short } from './dom.js';
import { label } from './format.js';
import { readHash, writeHash } from './hash.js';
import { makeLabels } from './labels.js';
import { kindsOf, makeFeatures } from './layers.js';
import { makeLegend } from './legend.js';
import { makePlanner } from './planpanel.js';
import { makePrint } from './print.js';
import { makeRoutePanel } from './routepanel.js';
import { makeRoutes, routeName } from './routes.js';
import { makeSearch } from './searchbox.js';
import { THEMES } from './style.js';

const ICONS = {
  plus: 'M8 3v10M3 8h10', minus: 'M3 8h10', home: 'M2.5 8 8 3l5.5 5M4.2 7v6h7.6V7',
  full: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10', link: 'M6.5 9.5l3-3M7 4.8l1.4-1.4a2.9 2.9 0 0 1 4.2 4.2L11.2 9M9 11.2l-1.4 1.4a2.9 2.9 0 0 1-4.2-4.2L4.8 7',
  print: 'M4.5 6V2.5h7V6M4.5 11.5H2.5V6h11v5.5h-2M4.5 9.5h7v4h-7Z', fold: 'M10 3.5 5.5 8l4.5 4.5', play: 'M5 3.5 12 8l-7 4.5Z', pause: 'M5.5 3.5v9M10.5 3.5v9',
};

let maps = 0;

/** Starts the map on a Leaflet map, or on a layer group that is or will be on one. */
export function start(L, target, payload) {
  if (target instanceof L.Map) return build(L, target, target, payload);
  if (target._map) return build(L, target._map, target, payload);
  target.once('add', () => build(L, target._map, target, payload));
  return null;
}

function build(L, map, parent, payload) {
  const number = (maps += 1);
  const { own, base } = payload; // own: the whole page is ours; base: the base map, unless tiles stand for it
  const theme = payload.theme === 'dark' ? 'dark' : 'light';
  const palette = THEMES[theme];
  const host = map.getContainer();
  host.classList.add('cm-host');
  if (own) host.classList.add('cm-own');
  host.dataset.theme = theme;
  host.setAttribute('role', 'region');
  host.setAttribute('aria-label', `Map: ${short(payload.title, 80)}. Arrow keys move it, plus and minus zoom; the panel lists everything on it.`);

  const pane = (name, z, through) => {
    const p = map.getPane(name) ?? map.createPane(name);
    p.style.zIndex = z;
    if (through) p.style.pointerEvents = 'none';
  };
  pane('cm-features', 390);
  pane('cm-labels', 450, true);
  const renderer = L.canvas({ pane: 'cm-features', padding: 0.25, tolerance: 5 });
  if (base) makeBasemap(L, base, palette).addTo(map);

  const asked = number === 1 ? readHash(hashOf()) : {};
  const kinds = kindsOf(payload);
  const state = {
    off: new Set((asked.off ?? []).filter((k) => kinds.some((x) => x.key === k))),
    year: asked.year ?? payload.year.value ?? null,
    hidden: new Set(),
  };
  const routes = [...payload.routes];
  if (asked.routes) routes.forEach((_, i) => asked.routes.includes(i) || state.hidden.add(i));
  if (state.hidden.size >= routes.length) state.hidden.clear();

  // ---- what is drawn
  const features = makeFeatures(L, map, parent, payload, { renderer, theme, palette, kinds });
  const onRoute = {
    stacked: () => features.raise(),
    hover(route, leg) {
      drawnRoutes.mark(route, leg);
      panel.mark(route, leg, false);
    },
    click(route, leg) {
      open('routes');
      choose(route);
      panel.mark(route, leg, true);
      drawnRoutes.mark(route, leg);
    },
  };
  const drawnRoutes = makeRoutes(L, map, parent, { renderer, theme, palette, on: onRoute });
  const panel = makeRoutePanel({ theme, on: {
    hover(route, leg) {
      drawnRoutes.mark(route, leg);
      panel.mark(route, leg);
    },
    pick(route, leg) {
      fit(drawnRoutes.bounds(route, leg), 8);
    },
    hide(route, off) {
      if (off) state.hidden.add(route);
      else state.hidden.delete(route);
      changed();
    },
    choose,
  } });
  function choose(route) {
    if (route === panel.chosen) return;
    panel.set(routes, { chosen: route, hidden: state.hidden });
  }

  const labels = makeLabels(L, {
    base, palette, graticule: Boolean(base),
    places: (zoom) => [
      ...drawnRoutes.ends().map((e) => ({ lat: e.lat, lon: e.lon, radius: 8, label: short(e.name, 32), order: -2, bold: true })),
      ...features.labels(zoom),
    ].filter(once()),
    near: (lat, lon, zoom) => features.items.some((i) => i.place && i.on && i.record.kind !== 'border_crossing'
      && Math.abs(i.record.y - lat) < 30 / 2 ** zoom && Math.abs(i.record.x - lon) < 40 / 2 ** zoom),
  });
  labels.addTo(map);

  // ---- controls
  const live = h('div', { class: 'cm-sr', role: 'status', 'aria-live': 'polite' });
  const say = (text) => {
    live.textContent = text;
  };
  const kindTitle = new Map(kinds.map((k) => [k.key, k.name]));
  const things = [
    ...features.items.map((item) => ({
      name: item.record.name, aliases: item.record.aliases, id: item.record.id, unlocode: item.record.unlocode,
      hint: label(item.record.kind), weight: item.place ? item.style.weight : 0, item,
    })),
    ...routes.map((r, i) => ({ name: routeName(r), hint: 'Route', weight: 0, route: i })),
    ...(base ? base.city.filter((c) => !features.items.some((i) => i.place && i.record.name === c[0]))
      .map(([name, lon, lat]) => ({ name, hint: 'City', weight: 8, at: [lat, lon] })) : []),
    ...(base ? base.country.map(([name, lon, lat]) => ({ name, hint: 'Country', weight: 8, at: [lat, lon], zoom: 5 })) : []),
  ];
  const finder = makeSearch(things, { label: 'Search the map', placeholder: 'Search places, lines, routes', pick: find });
  const legend = makeLegend(kinds, features.items, { theme, on: {
    toggle(keys, shown) {
      for (const key of keys) {
        if (shown) state.off.delete(key);
        else state.off.add(key);
      }
      changed();
      say(`${keys.map((k) => kindTitle.get(k)).join(', ')} ${shown ? 'shown' : 'hidden'}`);
    },
    pick: (item) => find({ item }),
  } });

  let selected = null;
  function find(thing) {
    if (thing.route !== undefined) {
      open('routes');
      state.hidden.delete(thing.route);
      choose(thing.route);
      changed();
      fit(drawnRoutes.bounds(thing.route));
      return;
    }
    if (thing.at) {
      if (narrow) collapse(true);
      centre(thing.at, thing.zoom ?? 8);
      say(`${short(thing.name, 80)} is in the middle of the map`);
      return;
    }
    const { item } = thing;
    state.off.delete(item.key);
    if (state.year !== null && item.state === 'hidden') setYear(null);
    selected = item;
    features.select(item, state);
    changed();
    const where = item.place ? item.line.getLatLng() : middle(item.line);
    if (narrow) collapse(true);
    if (item.place) centre(where, Math.max(map.getZoom(), 7));
    else fit(item.line.getBounds(), 9, false);
    item.line.openPopup(where);
    say(`${short(item.record.name, 80)} shown on the map`);
  }
  map.on('popupclose', () => {
    if (!selected) return;
    selected = null;
    features.select(null, state);
  });
  const middle = (line) => {
    const parts = line.getLatLngs();
    const part = parts.reduce((a, b) => (b.length > a.length ? b : a));
    const k = part.length / 2;
    if (part.length % 2) return part[Math.floor(k)];
    return L.latLng((part[k - 1].lat + part[k].lat) / 2, (part[k - 1].lng + part[k].lng) / 2);
  };

  // ---- years
  const { min, max } = payload.year;
  const slider = h('input', { type: 'range', min, max, step: 1, 'aria-label': 'Year', value: state.year ?? Math.min(max, Math.max(min, payload.year.now)) });
  const shownYear = h('output', { class: 'cm-year-now' });
  const all = h('button', { type: 'button', class: 'cm-all', 'aria-pressed': 'true', onclick: () => setYear(null) }, 'All years');
  const play = h('button', { type: 'button', class: 'cm-icon', 'aria-label': 'Play the years' }, icon(ICONS.play));
  let playing = null;
  play.addEventListener('click', () => {
    const stop = playing !== null;
    clearInterval(playing);
    playing = null;
    if (!stop) {
      setYear(state.year === null || state.year >= max ? min : state.year);
      playing = setInterval(() => {
        if (state.year === null || state.year >= max) play.click();
        else setYear(state.year + 1);
      }, 600);
    }
    put(play, icon(playing ? ICONS.pause : ICONS.play));
    play.setAttribute('aria-label', playing ? 'Stop' : 'Play the years');
  });
  slider.addEventListener('input', () => setYear(Number(slider.value)));
  function setYear(year) {
    state.year = year;
    changed();
  }
  const years = payload.lines.length + payload.points.length > 0 || payload.hubs
    ? h('div', { class: 'cm-year', role: 'group', 'aria-label': 'Year of the map' }, all, play, h('span', { class: 'cm-end' }, min), slider, h('span', { class: 'cm-end' }, max), shownYear) : null;

  // ---- planner
  let planned = null;
  let planner = null;
  if (payload.hubs) {
    const names = new Map();
    for (const i of features.items) if (i.record.id) names.set(i.record.id, i.record);
    for (const n of payload.hubs.nodes) if (!names.has(n.place ?? n.id)) names.set(n.place ?? n.id, n);
    for (const [id, name] of Object.entries(payload.hubs.names ?? {})) if (!names.has(id)) names.set(id, { name });
    planner = makePlanner(payload.hubs, { names, on: { change(route) {
      planned = route;
      features.insist((route?.legs ?? []).flatMap((l) => l.facilities ?? []), planner?.state.closed ?? new Set(), state);
      redrawRoutes();
      put(planResult, planned ? planPanel.node : null);
      if (planned) planPanel.set([planned], { chosen: 0, hidden: new Set() });
      remember();
      if (planned) fitIfOut(drawnRoutes.bounds(routes.length));
    } } });
  }
  const planResult = h('div');
  const planPanel = makeRoutePanel({ theme, on: {
    hover(_, leg) {
      drawnRoutes.mark(routes.length, leg);
      planPanel.mark(0, leg);
    },
    pick(_, leg) {
      fit(drawnRoutes.bounds(routes.length, leg), 8);
    },
    hide() {}, choose() {},
  } });
  function redrawRoutes() {
    drawnRoutes.set(planned ? [...routes, planned] : routes);
    showRoutes();
    labels.redraw();
  }
  /** While a plan is being made, it is seen alone. */
  function showRoutes() {
    const alone = planned && current === 'plan';
    drawnRoutes.show(alone ? new Set(routes.keys()) : state.hidden);
    features.underRoutes(Boolean(planned) || state.hidden.size < routes.length, state);
  }
  if (planner) {
    for (const item of features.items) {
      if (!item.place || !planner.facilities.has(item.record.id)) continue;
      item.line.on('click', () => {
        if (current === 'plan') planner.toggle(item.record.id);
      });
    }
  }

  // ---- panel
  const about = h('div', { class: 'cm-about' },
    h('h2', null, bdi(short(payload.title, 120))),
    payload.notes.map((n) => h('p', null, bdi(n))),
    h('h3', null, 'Sources'), h('ul', null, payload.attribution.map((a) => h('li', null, a))),
    h('h3', null, 'Keys'), h('p', null, 'Tab reaches every control. On the map: arrow keys move, + and − zoom. The layer lists hold every line and place by name.'));
  const tabs = [
    ['layers', 'Layers', legend.node],
    routes.length && ['routes', routes.length > 1 ? 'Routes' : 'Route', panel.node],
    planner && ['plan', 'Plan', h('div', null, planner.node, planResult)],
    ['about', 'About', about],
  ].filter(Boolean);
  let current = routes.length ? 'routes' : 'layers';
  const buttons = new Map();
  const bodies = new Map();
  const tablist = h('div', { role: 'tablist', 'aria-label': 'Panel', class: 'cm-tabs' }, tabs.map(([key, name, node], i) => {
    const id = `cm${number}-${key}`;
    const button = h('button', { type: 'button', role: 'tab', id, 'aria-controls': id + '-body', 'aria-selected': 'false', tabindex: '-1',
      onclick: () => {
        if (current === key && narrow && !collapsed) {
          collapse(true);
          return;
        }
        open(key);
        // the sheet covers half of a small screen: bring the route into the other half
        if (narrow && key === 'routes') fit(drawnRoutes.bounds(panel.chosen));
        if (narrow && key === 'plan' && planned) fit(drawnRoutes.bounds(routes.length));
      } }, name);
    button.addEventListener('keydown', (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      e.stopPropagation();
      const [next] = tabs[(i + step + tabs.length) % tabs.length];
      open(next);
      buttons.get(next).focus();
    });
    buttons.set(key, button);
    bodies.set(key, h('div', { role: 'tabpanel', id: id + '-body', 'aria-labelledby': id, tabindex: '0', class: 'cm-body', hidden: true }, node));
    return button;
  }));
  let collapsed = false;
  const folder = h('button', { type: 'button', class: 'cm-icon cm-fold', 'aria-expanded': 'true', 'aria-label': 'Fold the panel', onclick: () => collapse(!collapsed) }, icon(ICONS.fold));
  const aside = h('section', { class: 'cm-panel', 'aria-label': 'Layers, routes and sources' }, h('div', { class: 'cm-bar' }, tablist, folder), [...bodies.values()]);
  function open(key) {
    current = key;
    for (const [k, b] of buttons) {
      b.setAttribute('aria-selected', String(k === key));
      b.tabIndex = k === key ? 0 : -1;
      bodies.get(k).hidden = k !== key;
    }
    collapse(false);
    if (planned) showRoutes();
  }
  function collapse(shut) {
    collapsed = shut;
    aside.classList.toggle('cm-shut', shut);
    folder.setAttribute('aria-expanded', String(!shut));
    folder.setAttribute('aria-label', shut ? 'Unfold the panel' : 'Fold the panel');
    const { paddingTopLeft, paddingBottomRight } = padding();
    features.keepClear(paddingTopLeft, paddingBottomRight);
  }

  // ---- tools
  const tool = (name, path, act) => h('button', { type: 'button', class: 'cm-icon', 'aria-label': name, title: name, onclick: act }, icon(path));
  const box = boundsOf(payload.view);
  const tools = h('div', { class: 'cm-tools', role: 'group', 'aria-label': 'Map tools' },
    tool('Zoom in', ICONS.plus, () => map.zoomIn()),
    tool('Zoom out', ICONS.minus, () => map.zoomOut()),
    box && tool('Whole map', ICONS.home, () => fit(box)),
    document.fullscreenEnabled && tool('Full screen', ICONS.full, () => (document.fullscreenElement ? document.exitFullscreen() : host.requestFullscreen())),
    tool('Copy a link to this view', ICONS.link, share),
    tool('Print', ICONS.print, () => window.print()));
  const toast = h('div', { class: 'cm-toast', role: 'status', hidden: true });
  let toasting = 0;
  function tell(text) {
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(toasting);
    toasting = setTimeout(() => {
      toast.hidden = true;
    }, 2600);
  }
  async function share() {
    remember(true);
    const link = String(window.location.href);
    if (link.startsWith('about:')) {
      tell('Save the map to a file to share a link to a view');
      return;
    }
    try {
      await navigator.clipboard.writeText(link);
      tell('Link copied');
    } catch {
      tell('The address of this page now holds the view');
    }
  }

  const credit = h('div', { class: 'cm-credit' }, payload.attribution.join(' · '));
  const print = makePrint(L, map, renderer, { title: payload.title, attribution: payload.attribution, theme, now: {
    seen() {
      const { paddingTopLeft: a, paddingBottomRight: b } = padding();
      const to = map.getSize().subtract(b);
      // of a map so small that its controls cover it, all
      const all = to.x <= a[0] || to.y <= a[1];
      return all ? map.getBounds() : L.latLngBounds(map.containerPointToLatLng(a), map.containerPointToLatLng(to));
    },
    legend: () => kinds.filter((k) => !state.off.has(k.key)),
    routes: () => [...routes, ...(planned ? [planned] : [])].map((route, index) => ({ route, index })).filter((r) => !state.hidden.has(r.index)),
    chosen: () => (planned && current === 'plan' ? routes.length : panel.chosen),
    year: () => state.year,
    redraw: () => labels.redraw(),
  } });
  const ui = h('div', { class: 'cm-ui' },
    h('div', { class: 'cm-left' }, finder.node, aside), tools, years, credit, toast, live, print);
  host.prepend(ui);
  for (const node of [finder.node, aside, tools, years, credit].filter(Boolean)) {
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
    node.addEventListener('keydown', (e) => e.stopPropagation());
  }
  L.control.scale({ position: 'bottomright', imperial: false, maxWidth: 140 }).addTo(map);
  

  let narrow = false;
  const measure = () => {
    const was = narrow;
    narrow = host.clientWidth < 860;
    host.classList.toggle('cm-narrow', narrow);
    host.classList.toggle('cm-low', host.clientHeight < 400);
    if (narrow && !was) collapse(true);
    // what stands above the credits moves up where they need a second line
    host.style.setProperty('--cm-credit', `${credit.offsetHeight || 18}px`);
  };
  measure();
  new ResizeObserver(() => {
    if (host.classList.contains('cm-printing')) return; // print.js has laid it out already
    measure();
    map.invalidateSize({ pan: false });
  }).observe(host);

  // the part of the map that no control covers
  function padding() {
    return narrow
      ? { paddingTopLeft: [20, 64], paddingBottomRight: [60, collapsed ? 112 : aside.offsetHeight + 10] }
      : { paddingTopLeft: [collapsed ? 40 : 424, 30], paddingBottomRight: [60, 76] };
  }
  function fit(bounds, maxZoom = 9, animate = true) {
    if (bounds?.isValid()) map.fitBounds(bounds, { ...padding(), maxZoom, animate });
  }
  function centre(latlng, zoom) {
    const { paddingTopLeft: a, paddingBottomRight: b } = padding();
    const off = L.point((b[0] - a[0]) / 2, (b[1] - a[1]) / 2);
    map.setView(map.unproject(map.project(latlng, zoom).add(off), zoom), zoom, { animate: false });
  }
  function fitIfOut(bounds) {
    if (bounds?.isValid() && !map.getBounds().contains(bounds)) fit(bounds);
  }

  // ---- from state to picture
  function changed() {
    features.refresh(state);
    legend.update(state.off);
    showRoutes();
    panel.set(routes, { hidden: state.hidden });
    planner?.setYear(state.year ?? payload.year.now);
    all.setAttribute('aria-pressed', String(state.year === null));
    shownYear.textContent = state.year === null ? '' : String(state.year);
    slider.setAttribute('aria-valuetext', state.year === null ? 'all years' : String(state.year));
    if (state.year !== null) slider.value = String(state.year);
    years?.classList.toggle('cm-every', state.year === null);
    labels.redraw();
    remember();
  }

  let waiting = 0;
  function remember(now = false) {
    if (number !== 1) return;
    clearTimeout(waiting);
    const write = () => {
      const c = map.getCenter();
      const hash = writeHash({
        lat: c.lat, lon: c.lng, zoom: map.getZoom(), off: [...state.off], year: state.year,
        routes: state.hidden.size ? routes.map((_, i) => i).filter((i) => !state.hidden.has(i)) : null,
        plan: planner?.snapshot() ?? null,
      });
      try {
        window.history.replaceState(null, '', hash);
      } catch {
        // a map inside a notebook has no address of its own
      }
    };
    if (now) write();
    else waiting = setTimeout(write, 250);
  }

  map.on('zoomend', () => {
    features.refresh(state);
    drawnRoutes.look();
    labels.redraw();
  });
  map.on('moveend', () => remember());
  window.addEventListener('hashchange', () => {
    if (number !== 1) return;
    const next = readHash(hashOf());
    state.off = new Set((next.off ?? []).filter((k) => kindTitle.has(k)));
    state.year = next.year ?? null;
    if (next.zoom !== undefined) map.setView([next.lat, next.lon], next.zoom);
    changed();
  });

  open(asked.plan && planner ? 'plan' : current);
  if (narrow) collapse(true);
  drawnRoutes.set(routes);
  if (asked.zoom !== undefined) map.setView([asked.lat, asked.lon], asked.zoom, { animate: false });
  else if (own && box) map.fitBounds(box, { ...padding(), maxZoom: 7, animate: false });
  changed();
  if (asked.plan) planner?.restore(asked.plan);

  const api = { map, state, features, routes, drawnRoutes, panel, planner, planned: () => planned, setYear, find, open, things };
  host.corridors = api;
  return api;

  function boundsOf(v) {
    return v ? L.latLngBounds([v[1], v[0]], [v[3], v[2]]) : null;
  }
}

/** Keeps the first of several things of one name near each other. */
function once() {
  const seen = new Set();
  return (p) => {
    const key = `${p.label}|${Math.round(p.lat * 2)}|${Math.round(p.lon * 2)}`;
    if (!p.label || !seen.has(key)) {
      seen.add(key);
      return true;
    }
    return false;
  };
}

const hashOf = () => {
  try {
    return window.location.hash;
  } catch {
    return '';
  }
};
