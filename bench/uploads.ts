/**
 * How much memory an upload takes: 500 MB to each vendor, each in a process of its own, to a server on the loopback that throws all of it
 * away. One file is on the disk and has holes for content; one is a stream that is made while it is read.
 */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const fileMegabytes = 500

const vendors = ["openai", "anthropic", "google"] as const

const file = { id: "file-1", name: "files/f", uri: "https://example.com/files/f", state: "ACTIVE" }

/** Answers as the vendors do, without looking at what came. */
const answer = ({ headers, url = "" }: IncomingMessage, response: ServerResponse): void => {
  const command = headers["x-goog-upload-command"]
  if (command === "start") response.setHeader("x-goog-upload-url", `http://${headers.host}${url}?upload_id=1`)
  else if (command !== undefined) response.setHeader("x-goog-upload-status", "active")
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify({ ...file, file }))
}

interface Measured {
  readonly peak: number
  readonly before: number
  readonly seconds: number
}

export interface Upload extends Measured {
  readonly vendor: (typeof vendors)[number]
  readonly from: "path" | "stream"
}

/** Megabytes at most, and before the upload, by vendor and source. */
export const uploads = async (): Promise<ReadonlyArray<Upload>> => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"))
  const path = join(directory, "sparse.bin")
  writeFileSync(path, "")
  truncateSync(path, fileMegabytes * 1e6)
  const server = createServer((request, response) => {
    request.resume()
    request.on("end", () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const measured: Array<Upload> = []
  for (const vendor of vendors) {
    for (const from of ["path", "stream"] as const) {
      const program = new URL("./servers/upload.ts", import.meta.url).pathname
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other is the point
      const { stdout } = await promisify(execFile)(process.execPath, [program, vendor, from, url, path])
      measured.push({ vendor, from, ...(JSON.parse(stdout) as Measured) })
    }
  }
  server.close()
  rmSync(directory, { recursive: true })
  return measured
}

/** Megabytes that an upload adds to what its process had before. */
export const addedBy = ({ before, peak }: Upload): number => peak - before

/** The most that any of them adds, over the size of the file. */
export const peakOverFile = (all: ReadonlyArray<Upload>): number => Math.max(...all.map(addedBy)) / fileMegabytes
