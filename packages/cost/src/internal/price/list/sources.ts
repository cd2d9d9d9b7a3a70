/**
 * Who else says what a model costs. Histories of price lists tell when a vendor's page changed.
 */

export const genaiPrices = "https://github.com/pydantic/genai-prices"

export const llmPrices = "https://github.com/simonw/llm-prices"

export const modelsDev = "https://github.com/anomalyco/models.dev"
