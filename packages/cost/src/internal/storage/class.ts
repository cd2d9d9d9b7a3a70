/** What a ledger is told of tokens that were stored, times the hours of that. Nothing else has such tokens. */
export const storageClass = "cacheTokenHours"
