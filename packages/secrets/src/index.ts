/**
 * API keys for Holdfast: from the environment, files and AWS Secrets Manager, checked, pooled and rotated.
 *
 * @module @holdfast/secrets
 */
export * as AwsSecretsManager from "./AwsSecretsManager.ts"
export * as ConfigKey from "./ConfigKey.ts"
export * as KeyFormat from "./KeyFormat.ts"
export * as KeyPool from "./KeyPool.ts"
