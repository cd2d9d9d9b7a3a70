/** Connect is loaded by those who serve gRPC, and by nobody else. */
import type * as protobuf from "@bufbuild/protobuf"
import type * as wire from "@bufbuild/protobuf/wire"
import type * as connect from "@connectrpc/connect"
import type * as node from "@connectrpc/connect-node"
import { Effect, Schema } from "effect"

import type * as service from "../../chat_pb.ts"

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
    return `${this.package} cannot be loaded; run: npm install ${this.package} @bufbuild/protobuf @connectrpc/connect`
  }
}

export interface Modules {
  readonly connect: typeof connect
  readonly node: typeof node
  readonly service: typeof service
  readonly protobuf: typeof protobuf
  readonly wire: typeof wire
}

export const modules: Effect.Effect<Modules, PackageMissing> = Effect.tryPromise({
  try: () =>
    Promise.all([
      import("@connectrpc/connect"),
      import("@connectrpc/connect-node"),
      import("../../chat_pb.ts"),
      import("@bufbuild/protobuf"),
      import("@bufbuild/protobuf/wire"),
    ]).then(([first, second, third, fourth, fifth]) => ({
      connect: first,
      node: second,
      service: third,
      protobuf: fourth,
      wire: fifth,
    })),
  catch: (cause) => new PackageMissing({ package: "@connectrpc/connect-node", cause }),
})
