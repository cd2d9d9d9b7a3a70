/**
 * `pnpm consumers`: installs the tarballs of `dist` into an empty project, and uses them there as people do: with their
 * TypeScript, on their Node.js, on Bun and Deno, in a worker and in a browser. Run it after `pnpm tarballs`.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { cpSync, existsSync, globSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { createInterface } from "node:readline"

import { build } from "esbuild"
import { chromium } from "playwright-core"

import { undeclared } from "./declarations.ts"
import { emptyProject, environment, type Manifest, manifests, modulesOf, npm } from "./packed.ts"
import { registry } from "./registry.ts"
import { execute, programsOf, type Runtime, runtimes, workerd } from "./runtimes.ts"
import { complaints, settings } from "./types.ts"

let failed = 0

/** One line for each thing that is tried. */
const attempt = async (name: string, run: () => unknown): Promise<void> => {
  const began = performance.now()
  try {
    await run()
    process.stdout.write(`ok      ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`)
  } catch (cause) {
    failed++
    const { message, stderr } = cause as Error & { readonly stderr?: string }
    process.stdout.write(`FAILED  ${name}\n${stderr || message}\n`)
  }
}

const empty = (found: ReadonlyArray<string>): void => {
  if (found.length > 0) throw new Error(found.join("\n"))
}

/** Modules that are of use only with a package that is not installed by itself. */
const needsPeer = (module: string): boolean => /\/chat_pb$|Conformance$/.test(module)

/** What the others are installed with. */
const peers = {
  "@bufbuild/protobuf": "^2.17.0",
  "@connectrpc/connect": "^2.3.0",
  "@connectrpc/connect-node": "^2.3.0",
  "@effect/platform-node": "^4.1.0",
  "@effect/vitest": "^4.0.5",
  redis: "^6.3.1",
  vitest: "^5.1.1",
}

const served = await registry()
const project = emptyProject(served.origin)
const at = (name: string): string => join(project, name)
process.stdout.write(`The project is ${project}\n`)

const names = globSync("packages/*").map((directory) => `@holdfast/${basename(directory)}`)

await attempt(`npm installs ${names.length} packages, effect and react`, () => {
  npm(project, "install", ...names, "effect@^4.1.0", "react@^19.3.1")
  npm(project, "install", "--save-dev", "@types/node@^24", "@types/react@^19.3.3")
})

const packages = manifests(project)
const modules = packages.flatMap((manifest) => modulesOf(project, manifest))
const alone = modules.filter((module) => !needsPeer(module))

await attempt(`${packages.length} packages declare what they import`, () =>
  empty(packages.flatMap((manifest) => undeclared(project, manifest))),
)

await attempt("each has its README.md and LICENSE", () =>
  empty(
    packages
      .flatMap(({ name }) => ["README.md", "LICENSE"].map((file) => `node_modules/${name}/${file}`))
      .filter((file) => !existsSync(at(file))),
  ),
)

for (const name of ["portable", "main", "worker", "page", "provider", "imports"]) {
  cpSync(resolve(`consumers/programs/${name}.ts`), at(`${name}.ts`))
}
const namespaces = (of: ReadonlyArray<string>): string =>
  of.map((module, index) => `export * as module${index} from "${module}"`).join("\n")
writeFileSync(at("alone.ts"), namespaces(alone))

for (const setting of settings) {
  const { dom, moduleResolution, typescript } = setting
  const lib = dom ? "" : ", without the DOM library, in our own declarations"
  // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
  await attempt(`TypeScript ${typescript} checks ${alone.length} modules, ${moduleResolution}${lib}`, () =>
    empty(
      complaints(
        project,
        setting,
        dom ? ["alone.ts", "main.ts", "worker.ts", "provider.ts", "imports.ts"] : ["alone.ts"],
      ),
    ),
  )
}

const runsOn = ({ node }: Runtime, { engines }: Manifest): boolean =>
  !node?.startsWith("20.") || engines?.node?.includes("^20.") === true

for (const runtime of runtimes) {
  const promised = packages
    .filter((manifest) => runsOn(runtime, manifest))
    .flatMap((manifest) => modulesOf(project, manifest))
    .filter((module) => !needsPeer(module))
  // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
  await attempt(`${runtime.name} loads ${promised.length} modules`, () => runtime.run(project, "imports.js", promised))
  // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
  await attempt(`${runtime.name} runs core, cost and client`, () => runtime.run(project, "main.js"))
}

const bundle = (entry: string, outfile: string, conditions: ReadonlyArray<string>) =>
  build({
    absWorkingDir: project,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: [...conditions],
    logLevel: "error",
  })

const configuration = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.bundle.js")],
  compatibilityDate = "2026-01-01",
);
`

await attempt(`${workerd} runs core, cost and client`, async () => {
  await bundle("worker.ts", "worker.bundle.js", ["worker", "workerd", "import"])
  writeFileSync(at("worker.capnp"), configuration)
  execute({ cwd: project, path: programsOf(workerd) }, "workerd", ["test", "worker.capnp"])
})

await attempt("Chromium runs core, cost and client", async () => {
  await bundle("page.ts", "page.bundle.js", ["browser", "import"])
  const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })
  try {
    const page = await browser.newPage()
    await page.route("https://consumer.test/**", (route) =>
      route.request().url().endsWith(".js")
        ? route.fulfill({ path: at("page.bundle.js"), contentType: "text/javascript" })
        : route.fulfill({ body: `<script type="module" src="/page.js"></script>`, contentType: "text/html" }),
    )
    await page.goto("https://consumer.test/")
    await page.waitForFunction("globalThis.outcome !== undefined")
    const outcome = await page.evaluate("globalThis.outcome")
    if (outcome !== "as expected") throw new Error(String(outcome))
  } finally {
    await browser.close()
  }
})

await attempt("npm installs what is optional, too", () =>
  npm(project, "install", ...Object.entries(peers).map(([name, range]) => `${name}@${range}`)),
)
const rest = modules.filter(needsPeer)
writeFileSync(at("rest.ts"), namespaces(rest))

await attempt(`TypeScript 7.0.2 checks ${rest.length} modules with what they need`, () =>
  empty(complaints(project, settings[0]!, ["rest.ts"])),
)

/** No package is found that is not asked for, and every peer has to be there. */
const strict = `packages: []
hoist: false
autoInstallPeers: false
strictPeerDependencies: true
`

await attempt("pnpm installs core, cost, openai and anthropic strictly", () => {
  const folder = emptyProject(served.origin)
  writeFileSync(join(folder, "pnpm-workspace.yaml"), strict)
  const wanted = ["core", "cost", "openai", "anthropic", "client"].map((name) => `@holdfast/${name}`)
  execute({ cwd: folder, path: programsOf("pnpm@12.21.0") }, "pnpm", ["add", ...wanted, "effect@^4.1.0"])
  cpSync(at("imports.js"), join(folder, "imports.js"))
  runtimes[2]!.run(folder, "imports.js", wanted)
  rmSync(folder, { recursive: true })
})

/** The address of an emulator that runs until it is ended. */
const started = (emulator: ChildProcess): Promise<string> =>
  new Promise((found, missing) => {
    emulator.once("exit", () => missing(new Error("the emulator ended")))
    createInterface({ input: emulator.stdout! }).on("line", (line) => {
      const [, url] = /^OPENAI_BASE_URL=(.*)$/.exec(line) ?? []
      if (url !== undefined) found(url)
    })
  })

const emulator = spawn(process.execPath, [at("node_modules/.bin/holdfast-emulator"), "--text", "They float."], {
  env: environment,
  stdio: ["ignore", "pipe", "inherit"],
})
try {
  const url = await started(emulator)
  for (const runtime of runtimes.filter(({ node }) => !node?.startsWith("20."))) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    await attempt(`${runtime.name} asks a provider through its SDK`, () => {
      const said = runtime.run(project, "provider.js", [url]).trim()
      if (said !== "They float.") throw new Error(said)
    })
  }
} finally {
  emulator.kill()
  served.close()
}

if (failed === 0) rmSync(project, { recursive: true })
process.stdout.write(failed === 0 ? "All of it works.\n" : `${failed} failed.\n`)
process.exitCode = failed === 0 ? 0 : 1
