/** Connect is loaded by those who serve gRPC, and by nobody else. */
import type * as protobuf from "@bufbuild/protobuf"
import type * as wire from "@bufbuild/protobuf/wire"
import type * as connect from "@connectrpc/connect"
import type * as node from "@connectrpc/connect-node"
import { Effect } from "effect"

import type * as service from "../../chat_pb.ts"
import { PackageMissing } from "./packageMissing.ts"

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
