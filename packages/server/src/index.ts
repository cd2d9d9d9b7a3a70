/**
 * Chat over SSE, WebSocket, long polling and gRPC, with resume, as layers for an application's own `HttpRouter`.
 *
 * @module @holdfast/server
 */
export * as AnswerLog from "./AnswerLog.ts"
export * as ChatError from "./ChatError.ts"
export * as ChatProtocol from "./ChatProtocol.ts"
export * as ChatServer from "./ChatServer.ts"
