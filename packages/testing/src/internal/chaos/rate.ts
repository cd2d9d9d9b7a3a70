/** What is wrong with chaos, by the name of the option. */
export const mistakeIn = ({ rate, seed }: { readonly seed: number; readonly rate: number }): string | undefined => {
  if (!(rate >= 0 && rate <= 1)) return "rate must be a number from 0 to 1"
  return Number.isFinite(seed) ? undefined : "seed must be a number"
}
