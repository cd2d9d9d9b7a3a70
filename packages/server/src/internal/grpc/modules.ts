/** Connect is loaded by those who serve gRPC, and by nobody else. */
import { Effect, Schema } from "effect"

/**
 * A package that is not installed by itself is asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class PackageMissing extends Schema.TaggedError<PackageMissing>("@holdfast/server/PackageMissing")(
  "PackageMissing",
  { package: Schema.String, cause: Schema.Defect() },
) {
  override get message(): string {
    return `${this.package} cannot be loaded; install it beside @holdfast/server, with @bufbuild/protobuf and @connectrpc/connect`
  }
}

export interface Modules {
  readonly connect: typeof import("@connectrpc/connect")
  readonly node: typeof import("@connectrpc/connect-node")
  readonly service: typeof import("../../chat_pb.ts")
}

export const modules: Effect.Effect<Modules, PackageMissing> = Effect.tryPromise({
  try: () =>
    Promise.all([import("@connectrpc/connect"), import("@connectrpc/connect-node"), import("../../chat_pb.ts")]).then(
      ([connect, node, service]) => ({ connect, node, service }),
    ),
  catch: (cause) => new PackageMissing({ package: "@connectrpc/connect-node", cause }),
})
