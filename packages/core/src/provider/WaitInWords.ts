/**
 * How long to wait, as vendors say it in words.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"

const amounts = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?!s))?(?:(\d{1,9}(?:\.\d{1,12})?)(ms|s))?/i

/**
 * The duration at the beginning of a text: `34s`, `900.2ms`, `4m59s`, `9h40m33s`. Rounded up to whole milliseconds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const durationIn = (text: string | undefined): Duration.Duration | undefined => {
  const [whole = "", days = "0", hours = "0", minutes = "0", amount = "0", unit = "s"] = amounts.exec(text ?? "") ?? []
  if (whole === "") return undefined
  const millis = Number(amount) * (unit.toLowerCase() === "ms" ? 1 : 1000)
  const longer = (Number(days) * 24 + Number(hours)) * 3_600_000 + Number(minutes) * 60_000
  return Duration.millis(Math.ceil(Math.round((longer + millis) * 1e6) / 1e6))
}

/**
 * When to come back, as OpenAI, Groq and Google say in a message: "Please try again in 7m32.5s", "retry in 900.2ms".
 *
 * @since 0.1.0
 * @category conversions
 */
export const waitIn = (message: string): Duration.Duration | undefined => {
  const match = /\b(?:try again|retry) in (.{1,60})/i.exec(message)
  return durationIn(match?.[1])
}
