/**
 * Options on the messages and parts of a prompt, which are addressed to one provider.
 *
 * @since 0.1.0
 */
import { type Prompt } from "effect/ai"

/**
 * @since 0.1.0
 * @category models
 */
export type Message = Prompt.Prompt["content"][number]

/**
 * What has options: a message, or a part of one.
 *
 * @since 0.1.0
 * @category models
 */
export type Holder = Message | Exclude<Message["content"], string>[number]

/**
 * Hands everything that has options to `refuse`: each message, then its parts, with the message's place in the prompt.
 *
 * @since 0.1.0
 * @category combinators
 */
export const refuseEach = (
  prompt: Prompt.Prompt,
  refuse: (holder: Holder, at: number, message: Message) => void,
): void => {
  prompt.content.forEach((message, at) => {
    refuse(message, at, message)
    if (message.role === "system") return
    for (const part of message.content) refuse(part, at, message)
  })
}
