/**
 * Chai wraps each assertion in a proxy that finds properties which do not exist. The type checker does so, and property tests
 * make millions of assertions.
 */
import { chai } from "vitest"

chai.config.useProxy = false
