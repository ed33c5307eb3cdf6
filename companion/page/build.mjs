// Builds the page into dist/: hashed modules, one stylesheet, fonts, icons, manifest, service worker, index.html.
// dist/files.json tells the server what there is. `--report` prints what a first load costs.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const fresh = join(here, 'dist.new');
const dist = join(here, 'dist');
const assets = join(fresh, 'assets');
const packed = new Set(['.js', '.css', '.svg', '.html', '.webmanifest']);

rmSync(fresh, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const common = {
  bundle: true,
  minify: true,
  target: ['es2022'],
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
};

const result = await build({
  ...common,
  absWorkingDir: here,
  entryPoints: { page: 'src/main.tsx', style: 'src/styles/page.css' },
  outdir: assets,
  format: 'esm',
  splitting: true,
  metafile: true,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file' },
  publicPath: '/assets',
});

const outputs = Object.entries(result.metafile.outputs);
const entryOf = (point) => basename(outputs.find(([, out]) => out.entryPoint === point)[0]);
const script = entryOf('src/main.tsx');
const style = entryOf('src/styles/page.css');
const font = readdirSync(assets).find((name) => /^inter-latin-wght.*woff2$/.test(name));

// what the first module imports at once, so that the browser fetches all of it together
const first = new Set([script]);
for (const name of first) {
  const [, out] = outputs.find(([path]) => basename(path) === name);
  for (const other of out.imports) if (other.kind === 'import-statement') first.add(basename(other.path));
}
const preloads = [...first].filter((name) => name !== script);

const fill = (text, values) => text.replace(/%(\w+)%/g, (_, name) => values[name]);
const page = fill(readFileSync(join(here, 'static/index.html'), 'utf8'), {
  script: `/assets/${script}`,
  style: `/assets/${style}`,
  font: `/assets/${font}`,
  preloads: preloads.map((name) => `<link rel="modulepreload" href="/assets/${name}">`).join('\n    '),
});
writeFileSync(join(fresh, 'index.html'), page);
for (const name of readdirSync(join(here, 'static')))
  if (name !== 'index.html') copyFileSync(join(here, 'static', name), join(fresh, name));

// everything but the fonts of other scripts is there without a network after the first visit
const shell = readdirSync(assets).filter((name) => !name.endsWith('.woff2') || name === font);
const version = createHash('sha256').update(page).update(shell.sort().join()).digest('hex').slice(0, 12);
await build({
  ...common,
  absWorkingDir: here,
  entryPoints: ['src/worker.ts'],
  outfile: join(fresh, 'sw.js'),
  format: 'iife',
  define: {
    VERSION: JSON.stringify(version),
    SHELL: JSON.stringify(['/', '/manifest.webmanifest', '/icon.svg', ...shell.map((name) => `/assets/${name}`)]),
  },
});

const sizes = {};
for (const folder of [fresh, assets])
  for (const name of readdirSync(folder)) {
    const ending = name.slice(name.lastIndexOf('.'));
    if (!packed.has(ending)) continue;
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const zipped = gzipSync(bytes, { level: 9 });
    sizes[name] = zipped.length;
    writeFileSync(`${path}.gz`, zipped);
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }

rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);
const kB = (names) => (names.reduce((sum, name) => sum + sizes[name], 0) / 1000).toFixed(1);
const scripts = Object.keys(sizes).filter((name) => name.endsWith('.js') && name !== 'sw.js');
console.log(`page: ${kB([...first])} kB of script on first load, ${kB(scripts)} kB in all, ${kB([style])} kB of style (gzip)`);
