// Puts the finished scripts and styles where the Python package finds them.
// Same inputs, same bytes: every version is pinned in package-lock.json.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '..', 'src', 'corridors', 'maps', 'assets');
const modules = path.join(here, 'node_modules');

/** Replaces a text that must be there. */
function swap(text, from, to) {
  if (!text.includes(from)) throw new Error(`build: not found: ${from}`);
  return text.split(from).join(to);
}

const withoutMap = (text) => text.replace(/\n?\/[/*]# sourceMappingURL=\S+(\s*\*\/)?\s*$/, '\n');

async function leafletJs() {
  const text = withoutMap(await readFile(path.join(modules, 'leaflet/dist/leaflet.js'), 'utf8'));
  // the file that is written links to nothing
  const [, prefix] = text.match(/,prefix:('<a href="https:\/\/leafletjs\.com".*?Leaflet<\/a>")\}/) ?? [];
  if (!prefix) throw new Error('build: the link in Leaflet\'s attribution is not where it was');
  return swap(text, prefix, '"Leaflet"');
}

async function bundle(entry, options) {
  const result = await esbuild.build({
    absWorkingDir: here, bundle: true, write: false, minify: true, legalComments: 'inline', charset: 'utf8',
    target: ['chrome100', 'firefox100', 'safari15'], loader: { '.png': 'dataurl' }, outdir: out, logLevel: 'warning',
    ...(typeof entry === 'string' ? { entryPoints: [entry] } : entry), ...options,
  });
  return Object.fromEntries(result.outputFiles.map((f) => [path.extname(f.path).slice(1), f.text]));
}

const app = await bundle('src/main.js', { format: 'iife' });
const css = await bundle('node_modules/leaflet/dist/leaflet.css');
const files = {
  'leaflet.js': await leafletJs(),
  'leaflet.css': `/* Leaflet 1.9.3, (c) 2010-2022 Vladimir Agafonkin, (c) 2010-2011 CloudMade; BSD-2-Clause */\n${css.css}`,
  'corridors.js': app.js,
  'corridors.css': app.css,
  'jquery.js': withoutMap(await readFile(path.join(modules, 'jquery/dist/jquery.min.js'), 'utf8')),
};
for (const [name, text] of Object.entries(files)) {
  if (/<\/(script|style)/i.test(text)) throw new Error(`build: ${name} would end the element that holds it`);
}

// whole or not at all: a half-written folder would pass for a finished one
const temporary = path.join(modules, '.assets-new');
await rm(temporary, { recursive: true, force: true });
await mkdir(temporary, { recursive: true });
for (const [name, text] of Object.entries(files)) await writeFile(path.join(temporary, name), text);
await rm(out, { recursive: true, force: true });
await rename(temporary, out);
for (const [name, text] of Object.entries(files)) console.log(`${name}  ${Math.round(text.length / 1024)} kB`);
