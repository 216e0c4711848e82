// Builds signaling/web: bundles with content hashes in their names, pages that load them, the embed script.
// `node build.mjs [target folder]`. Same sources, same bytes: CI rebuilds and compares.

import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(process.argv[2] ?? path.join(here, "..", "signaling", "web"));
const EMBED_LIMIT = 5 * 1024; // bytes, gzip

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  metafile: true,
  target: ["es2022", "chrome110", "firefox128", "safari16.4"],
  legalComments: "none",
  logLevel: "warning",
};

async function bundlePages() {
  const result = await build({
    ...common,
    entryPoints: { caller: "caller/main.tsx", workstation: "workstation/main.tsx", style: "styles/main.css" },
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    entryNames: "[name]-[hash]",
    outdir: path.join(target, "static"),
  });
  return Object.fromEntries(
    Object.entries(result.metafile.outputs)
      .filter(([, output]) => output.entryPoint !== undefined)
      .map(([file, output]) => [path.parse(output.entryPoint).base === "main.css" ? "style" : path.dirname(output.entryPoint), path.basename(file)]),
  );
}

async function bundleEmbed() {
  await build({ ...common, entryPoints: ["embed/lsf_call.ts"], format: "iife", outfile: path.join(target, "embed.js") });
  const { gzipSync } = await import("node:zlib");
  const size = gzipSync(await readFile(path.join(target, "embed.js")), { level: 9 }).length;
  if (size > EMBED_LIMIT) throw new Error(`embed.js is ${size} bytes gzipped, more than ${EMBED_LIMIT}`);
}

async function writePage(template, page, script, names) {
  const html = await readFile(path.join(here, "pages", `${template}.html`), "utf8");
  const filled = html.replace("{{script}}", `/static/${names[script]}`).replace("{{style}}", `/static/${names.style}`);
  await writeFile(path.join(target, `${page}.html`), filled);
}

await rm(target, { recursive: true, force: true });
await mkdir(path.join(target, "static"), { recursive: true });
const names = await bundlePages();
await bundleEmbed();
await cp(path.join(here, "pages", "icons"), path.join(target, "static"), { recursive: true });
await writePage("caller", "caller", "caller", names);
await writePage("caller", "embed", "caller", names);
await writePage("workstation", "workstation", "workstation", names);
