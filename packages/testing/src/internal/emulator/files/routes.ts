import { type RouteOf } from "../batch/route.ts"
import { anthropicFiles } from "./anthropic.ts"
import { googleFiles } from "./google.ts"
import { openaiFiles } from "./openai.ts"
import { type FileRoute } from "./route.ts"

/** The call of a file API that a request is, or `undefined`. */
export const fileRouteOf = (method: string, path: string, batches: ReturnType<RouteOf>): FileRoute | undefined =>
  openaiFiles(method, path, batches) ?? anthropicFiles(method, path) ?? googleFiles(method, path, batches)
