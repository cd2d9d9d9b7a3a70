export { stepped } from "../../testing/src/internal/policyConformance/stepped.ts"
