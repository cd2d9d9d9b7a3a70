import { Schema } from "effect"

import { fields } from "./fields.ts"

/**
 * An error of a chat. A program that answers may fail with one to say exactly what the client shall read.
 *
 * @since 0.1.0
 * @category errors
 */
export class ChatError extends Schema.TaggedError<ChatError>("@holdfast/server/ChatError")("ChatError", fields) {}
