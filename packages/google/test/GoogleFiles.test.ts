import { Files } from "@holdfast/core"
import * as FilesConformance from "@holdfast/testing/FilesConformance"
import { Effect } from "effect"

import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleFiles from "../src/GoogleFiles.ts"
import * as GoogleLanguageModel from "../src/GoogleLanguageModel.ts"
import * as GoogleTokenCounter from "../src/GoogleTokenCounter.ts"

FilesConformance.suite({
  name: "Google",
  vendor: "google",
  dialect: "google",
  files: Effect.flatMap(GoogleFiles.make, Files.make),
  model: GoogleLanguageModel.model("gemini-3.8-flash"),
  counter: (options) => GoogleTokenCounter.make("gemini-3.8-flash", undefined, options),
  layer: (apiUrl, apiKey) => GoogleClient.layer({ apiUrl, apiKey }),
  capabilities: { pieceSize: 8_388_608, resumes: true, processes: true, expires: false },
})
