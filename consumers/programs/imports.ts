/** Imports the modules that it is given, and says which of them cannot be. */
import process from "node:process"

const failures: Array<string> = []
for (const module of process.argv.slice(2)) {
  try {
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    await import(module)
  } catch (cause) {
    failures.push(`${module}: ${String(cause)}`)
  }
}
if (failures.length > 0) throw new Error(failures.join("\n"))
