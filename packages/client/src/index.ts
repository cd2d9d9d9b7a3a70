/**
 * A chat client for browsers, which resumes by itself.
 *
 * @module @holdfast/client
 */
export {
  type AskOptions,
  type Callbacks,
  ChatClient,
  type ChatClientOptions,
  type Completion,
  type FollowOptions,
} from "./ChatClient.ts"
export { ChatError, type FailedModel, type PlainCode, type Policies, type WireError } from "./ChatError.ts"
export { type ChatEvent, type ChatRequest, type Done, type RequestMessage, type Usage } from "./ChatEvent.ts"
