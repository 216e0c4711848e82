// Builds signaling/web: the bundles, the pages that load them, the embed script. The service adds content hashes.
// `node build.mjs [target folder]`. Same sources, same bytes: CI rebuilds and compares.

import { build } from "esbuild";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(process.argv[2] ?? path.join(here, "..", "signaling", "web"));
const EMBED_LIMIT = 5 * 1024; // bytes, gzip

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: ["es2022", "chrome110", "firefox128", "safari16.4"],
  legalComments: "none",
  logLevel: "warning",
};

async function bundlePages() {
  await build({
    ...common,
    entryPoints: { caller: "caller/main.tsx", workstation: "workstation/main.tsx", supervisor: "supervisor/main.tsx", style: "styles/main.css" },
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    outdir: path.join(target, "static"),
  });
}

async function bundleEmbed() {
  await build({ ...common, entryPoints: ["embed/lsf_call.ts"], format: "iife", outfile: path.join(target, "embed.js") });
  const size = gzipSync(await readFile(path.join(target, "embed.js")), { level: 9 }).length;
  if (size > EMBED_LIMIT) throw new Error(`embed.js is ${size} bytes gzipped, more than ${EMBED_LIMIT}`);
}

/** At the root of the site: what a service worker may do ends at its own folder. */
async function bundleServiceWorker() {
  await build({ ...common, entryPoints: ["push/sw.js"], format: "iife", outfile: path.join(target, "sw.js") });
}

await rm(target, { recursive: true, force: true });
await mkdir(path.join(target, "static"), { recursive: true });
await bundlePages();
await bundleEmbed();
await bundleServiceWorker();
await cp(path.join(here, "pages", "icons"), path.join(target, "static"), { recursive: true });
const PAGES = { caller: "caller", embed: "caller", workstation: "workstation", supervisor: "supervisor" };
for (const [page, file] of Object.entries(PAGES)) {
  await cp(path.join(here, "pages", `${file}.html`), path.join(target, `${page}.html`));
}
